"""What was filled into a form: kept when it is shown again, with what is wrong beside its field and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.datastructures import FormData


@dataclass(frozen=True, slots=True)
class Filled:
    """Values and faults by the name of their field. A fault says what is wrong and how to mend it, to who reads it."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, form: FormData) -> Filled:
        """What came in, files aside; line ends as they are elsewhere (forms send CRLF, HTML Living Standard)."""
        values: dict[str, list[str]] = {}
        for name, value in form.multi_items():
            if isinstance(value, str):
                values.setdefault(name, []).append(value.replace("\r\n", "\n"))
        return cls(values)

    def value(self, name: str) -> str:
        """What stands in a field, "" where nothing does."""
        return next(iter(self.values.get(name, ())), "").strip()

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a field that may have several."""
        return tuple(self.values.get(name, ()))

    def has(self, name: str, choice: str) -> bool:
        """Whether a choice is made."""
        return choice in self.values.get(name, ())

    def fault(self, name: str) -> str:
        """What is wrong with a field, "" where nothing is."""
        return self.faults.get(name, "")

    def with_faults(self, faults: Mapping[str, str]) -> Filled:
        """The same values, and what is wrong with them."""
        return Filled(self.values, dict(faults))

    def kept(self, names: Iterable[str]) -> Iterator[tuple[str, str]]:
        """What earlier steps of a form filled in, for hidden fields."""
        for name in names:
            for value in self.values.get(name, ()):
                yield name, value


NOTHING_FILLED = Filled()
"""A form as it is first shown."""
