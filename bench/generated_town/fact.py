"""What facts say, as the text that the log holds, from templates: pydantic would take far longer for the same bytes."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from random import Random

from clic_contracts.town_time import Delay

from .day import Due


class Writer:
    """Writes ids, digests and sealed texts out of chance."""

    def __init__(self, chance: Random) -> None:
        self._bits = chance.getrandbits
        self._bytes = chance.randbytes

    def uuid(self) -> str:
        """A UUID in the form of those that are derived."""
        h = f"{self._bits(128):032x}"
        return f"{h[:8]}-{h[8:12]}-5{h[13:16]}-a{h[17:20]}-{h[20:]}"

    def sealed(self, length: int) -> str:
        """Something sealed whose ciphertext has about so many characters: as random, and as hard to compress."""
        text = urlsafe_b64encode(self._bytes(12 + length * 3 // 4 // 3 * 3)).decode()
        return f'{{"algorithm":"A256GCM","nonce":"{text[:16]}","ciphertext":"{text[16:]}"}}'

    def digest(self) -> str:
        """A content digest under a request's key."""
        return f"hmac-sha256:{self._bits(256):064x}"


def within(delay: Delay | None, *, stops: bool) -> str:
    """The end of the data of `obligation.set.v1`: how long the delay is, and whether it stands still meanwhile."""
    length = "" if delay is None else f'"within":{{"amount":{delay.amount},"unit":"{delay.unit}"}},'
    return f'{length}"stops_while_waiting":{"true" if stops else "false"}'


def obligation_set(
    obligation_id: str, starts: str, due: Due, warn: str, rule: str, calendar: str, *, length: str
) -> str:
    """The data of `obligation.set.v1`; `length` is that of `within`."""
    return (
        f'{{"obligation_id":"{obligation_id}","obligation":"{obligation_id[:-2]}","starts_at":"{starts}",{due.limit},'
        f'"warn_at":"{warn}","rule":{{"code":"{rule}"}},"calendar_version":"{calendar}","trace":{due.trace},'
        f"{length}}}"
    )


def obligation_met(obligation_id: str, met: str, *, in_time: bool) -> str:
    """The data of `obligation.met.v1`."""
    return (
        f'{{"obligation_id":"{obligation_id}","obligation":"{obligation_id[:-2]}","met_at":"{met}",'
        f'"in_time":{"true" if in_time else "false"},"assumed":false}}'
    )


def obligation_passed(obligation_id: str, due: str) -> str:
    """The data of `obligation.warned.v1` and `obligation.missed.v1`."""
    return f'{{"obligation_id":"{obligation_id}","obligation":"{obligation_id[:-2]}","due_at":"{due}"}}'


def obligation_lifted(obligation_id: str, reason: str) -> str:
    """The data of `obligation.lifted.v1`."""
    return f'{{"obligation_id":"{obligation_id}","obligation":"{obligation_id[:-2]}","reason":"{reason}"}}'


def delivery(channel: str, proof: str = "publisher") -> str:
    """That the citizen was told."""
    return f'{{"channel":"{channel}","proof":"{proof}"}}'
