"""`python -m clic_intake`: the desk as a process."""

from clic_chassis.service import run

from .app import wire
from .settings import IntakeSettings


def main() -> None:
    """Run intake until told to stop."""
    run("intake", IntakeSettings, wire, migrations="clic_intake")


if __name__ == "__main__":
    main()
