"""Why somebody may not enter."""

from __future__ import annotations

from clic_chassis.error import ClicError


class IdentityError(ClicError):
    """Somebody may not enter; the message says why."""

    code = "refused"


class UnknownTokenError(IdentityError):
    """A token is nobody's: unknown, expired, of another issuer or for another audience."""

    code = "unknown_token"


class NoRoleError(IdentityError):
    """Somebody is known and has no role here."""

    code = "no_role"


class TooManyTriesError(IdentityError):
    """Too many tokens that are none came from one address."""

    code = "too_many_tries"

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"too many tries: wait {wait_s} s")
        self.wait_s = wait_s


class EnterError(IdentityError):
    """Nobody is known behind a page of a browser: it is led to the entrance."""

    code = "enter"
