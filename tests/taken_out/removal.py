"""A rule of the policy that is taken out, to see that a test notices; `__main__.py` does it."""

from __future__ import annotations

from dataclasses import dataclass

INTAKE = "services/intake/src/clic_intake"
DUTY = "services/deadlines/src/clic_deadlines/core/duty.py"
ROUTE = "services/routing/src/clic_routing/core/assignment.py"
CONTRACTS = "contracts/src/clic_contracts"
TOWN = "deploy/towns/mont-saint-hilaire"
T_ROUTE = "tests/routing/core/test_assignment.py"
T_OWES = "tests/deadlines/core/test_obligation.py"
T_CORE = "tests/intake/core"
T_LETTER = "tests/intake/letter"
T_SERVICE = "tests/intake/service"


@dataclass(frozen=True, slots=True)
class Removal:
    """One rule, where it stands, what stands there without it, and the test that then fails."""

    clause: int
    rule: str
    """What holds no longer."""
    path: str
    """The file, from the root of the tree."""
    stands: str
    """Stands in it exactly once."""
    instead: str
    test: str
    """`file::test`; it cites the clause."""

    def applied_to(self, text: str) -> str:
        """The file's text without the rule.

        Raises:
            ValueError: the rule does not stand in it, or more than once.
        """
        if (count := text.count(self.stands)) != 1:
            raise ValueError(
                f"{self.path}: {self.stands!r} stands {count} times in it: name what keeps POL-{self.clause:02}"
            )
        return text.replace(self.stands, self.instead)
