"""Who may see a request, and who may work on it: by roles alone, which add up.

`agent` is the desk's role, a department's code its people's, and a confidential request has one role of its own
(`core.admission.confidential_to`). `analyst`, `administrator` and `direction` read figures elsewhere and nothing here.
"""

from __future__ import annotations

from collections.abc import Collection

from clic_contracts.town import Town
from clic_contracts.vocabulary import Code, DepartmentCode

DESK: Code = "agent"
"""The role of the desk's own agents (POL-10)."""


def is_staff(roles: Collection[str], town: Town) -> bool:
    """Whether somebody works at the desk or in a department, and reads stories in which nothing is opened (POL-28)."""
    return DESK in roles or any(each in town.department_by_code for each in roles)


def may_see(roles: Collection[str], confidential_to: Code | None) -> bool:
    """Whether there is such a request for somebody; what is confidential is not there for others (POL-26)."""
    return confidential_to is None or confidential_to in roles


def may_treat(roles: Collection[str], confidential_to: Code | None, department: DepartmentCode | None) -> bool:
    """Whether somebody may command a request and open its seals: the desk, or who answers for it (POL-30).

    `department` is the one in charge; None: none is yet. A confidential request is its own role's alone (POL-26).
    """
    if confidential_to is not None:
        return confidential_to in roles
    return DESK in roles or (department is not None and department in roles)
