"""Who may see a request, and who may work on it: by roles alone, which add up.

`agent` is the desk's role, a department's code its people's, and a confidential request has one role of its own
(`confidential_to`). `analyst`, `administrator` and `direction` read figures elsewhere and nothing here.
"""

from __future__ import annotations

from collections.abc import Collection

from .event import RequestReceived
from .town import Town
from .vocabulary import Code, DepartmentCode, Kind

DESK: Code = "agent"
"""The role of the desk's own agents (POL-10)."""

ACCESS_ROLE: Code = "greffe"
"""The role of whoever is responsible for access to information: the clerk, *le greffier* (POL-20, A-2.1 art. 8)."""


def confidential_to(kind: Kind, subject_code: str | None, town: Town) -> Code | None:
    """The role that an agent needs to see such a request; None: every agent may.

    Source: POL-26 for access to information; subjects that the town calls confidential are their department's alone.
    """
    if kind is Kind.ACCESS_TO_INFORMATION:
        return ACCESS_ROLE
    subject = town.subject_by_code.get(subject_code or "")
    return subject.department if subject is not None and subject.confidential else None


def roles_needed(town: Town) -> tuple[tuple[str | None, ...], list[list[Code | None]]]:
    """The subjects of a town, None among them, and for each kind the role that each of them needs (POL-26)."""
    subjects = (None, *(each.code for each in town.subjects))
    return subjects, [[confidential_to(kind, subject, town) for subject in subjects] for kind in Kind]


def role_needed(received: RequestReceived, town: Town) -> Code | None:
    """The role that an agent needs to see a request as it was registered; None: every agent may (POL-26)."""
    return confidential_to(received.kind, received.subject, town) if received.confidential else None


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
