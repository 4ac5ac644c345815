"""Who is let in, by which keys and within which quota: one file that operators keep, without a secret in it.

The NATS server gets its users from it (`clic nats-users`), intake the quotas. The town's `publishers.yaml` says which
publishers there are; this says how they prove it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from clic_chassis.error import ClicError
from clic_contracts.submission import MAX_SUBMISSION_BYTES
from clic_contracts.vocabulary import Code

Nkey = Annotated[str, Field(pattern=r"^U[A-Z2-7]{55}$")]
"""The public half of a user's nkey."""
Nkeys = tuple[Nkey, ...]

MESSAGES_PER_MINUTE = 6_000
PENDING = 10_000


class AdmissionError(ClicError):
    """The file cannot be used; the message names it."""


class Quota(BaseModel):
    """What one publisher may ask of the desk; the same for all where nothing else is said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    messages_per_minute: int = Field(default=MESSAGES_PER_MINUTE, ge=1, le=1_000_000)
    """Over HTTP, on one instance."""
    pending: int = Field(default=PENDING, ge=1, le=1_000_000)
    """Submissions that wait in the inbox; what comes beyond is refused with a receipt."""
    bytes_max: int = Field(default=MAX_SUBMISSION_BYTES, ge=1_000, le=MAX_SUBMISSION_BYTES)
    """Of one submission."""


class Admitted(Quota):
    """A publisher, and by what it is known on NATS: several keys while one is replaced, none once it is removed."""

    nkeys: Nkeys = ()

    @property
    def quota(self) -> Quota:
        """Its quota alone."""
        return Quota.model_validate(self.model_dump(exclude={"nkeys"}))


class Admission(BaseModel):
    """Everybody who is let in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    services: dict[str, Nkeys] = {}
    """Our own users by name, whoever operates among them."""
    publishers: dict[Code, Admitted] = {}
    subscribers: dict[Code, Nkeys] = {}
    """Who hears the feed."""

    def quota(self, publisher: str) -> Quota:
        """A publisher's quota, or what holds for all."""
        admitted = self.publishers.get(publisher)
        return Quota() if admitted is None else admitted.quota

    def with_service(self, name: str, nkeys: Nkeys) -> Self:
        """The same with the keys of a user of ours."""
        return self.model_copy(update={"services": {**self.services, name: nkeys}})

    def with_publisher(self, code: str, admitted: Admitted) -> Self:
        """The same with a publisher, which may stand there already."""
        return self.model_copy(update={"publishers": {**self.publishers, code: admitted}})

    def with_subscriber(self, code: str, nkeys: Nkeys) -> Self:
        """The same with a subscriber; without any key it is gone."""
        others = {each: keys for each, keys in self.subscribers.items() if each != code}
        return self.model_copy(update={"subscribers": {**others, code: nkeys} if nkeys else others})

    def to_json(self) -> str:
        """The file's text."""
        return json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def read_admission(file: Path) -> Admission:
    """What the file says; a file that is not there lets nobody in.

    Raises:
        AdmissionError: it cannot be read, or says what cannot be.
    """
    try:
        return Admission.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return Admission()
    except OSError as error:
        raise AdmissionError(f"{file}: cannot be read ({error.strerror})") from error
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise AdmissionError(f"{file}: {said}") from error


class Quotas:
    """Quotas as the file says now: read again when it changes, kept as they were while it cannot be read."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._stamp: tuple[int, int] | None = None
        self._quotas: Mapping[str, Quota] = {}
        self._look()

    def of(self, publisher: str) -> Quota:
        """A publisher's quota."""
        self._look()
        return self._quotas.get(publisher, Quota())

    def _look(self) -> None:
        if self._file is None:
            return
        try:
            stat = self._file.stat()
            stamp = (stat.st_mtime_ns, stat.st_ino)
            if stamp != self._stamp:
                self._quotas = {code: each.quota for code, each in read_admission(self._file).publishers.items()}
                self._stamp = stamp
        except (OSError, AdmissionError):
            return
