"""`python -m clic_routing`: routing as a process."""

from clic_chassis.service import run
from clic_chassis.settings import Settings

from .app import wire


def main() -> None:
    """Run routing until told to stop."""
    run("routing", Settings, wire)


if __name__ == "__main__":
    main()
