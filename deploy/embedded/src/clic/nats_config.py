"""Who may do what on NATS: one user per service and per publisher, and what the server is told of them.

The log's guard is here: a service appends to its own subjects alone, reporting writes nothing, a publisher knows
only its inbox and its receipts, and nobody at all may delete, purge or update the log. The server is given public
keys alone: whoever reads its configuration gets in nowhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from clic_contracts.subject import (
    ATTACHMENT_PREFIX,
    ATTACHMENT_STREAM,
    FEED_PREFIX,
    FEED_STREAM,
    INBOX_PREFIX,
    INBOX_STREAM,
    LOG_PREFIX,
    LOG_STREAM,
    QUARANTINE_PREFIX,
    QUARANTINE_STREAM,
    RECEIPT_PREFIX,
    RECEIPT_STREAM,
)

OPS = "ops"
PUBLISHER_PREFIX = "publisher-"
SUBSCRIBER_PREFIX = "subscriber-"
SERVICES = ("intake", "routing", "deadlines", "reporting")
DURABLES: dict[str, tuple[tuple[str, str], ...]] = {
    "intake": ((INBOX_STREAM, "intake"), (LOG_STREAM, "relay"), (LOG_STREAM, "letters"), (LOG_STREAM, "duplicates")),
    "routing": ((LOG_STREAM, "routing"),),
    "deadlines": ((LOG_STREAM, "deadlines"),),
    "reporting": (),
}
"""Stream and name of each service's durable consumers, as its `app.py` names them."""

PROJECTING = ("intake", "deadlines", "reporting")
"""Services that fold the log into tables of their own."""
_TAIL_CALLS = ("CREATE", "INFO", "MSG.NEXT", "DELETE")

_NEVER_ON_THE_LOG = tuple(
    f"$JS.API.STREAM.{call}.{LOG_STREAM}" for call in ("DELETE", "PURGE", "UPDATE", "MSG.DELETE", "RESTORE")
)


@dataclass(frozen=True, slots=True)
class NatsUser:
    """A user and its permissions: subjects with NATS wildcards."""

    name: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    deny_publish: tuple[str, ...] = ()

    @property
    def inbox_prefix(self) -> str:
        """Where answers come back to this user alone; clients are told it."""
        return inbox_prefix(self.name)


def inbox_prefix(user: str) -> str:
    """The prefix of a user's inboxes: nobody else may listen there."""
    return f"_INBOX_{user}"


def publisher_user(code: str) -> str:
    """The user of a publisher: apart from services' names, whatever a town calls its publishers."""
    return f"{PUBLISHER_PREFIX}{code}"


def subscriber_user(code: str) -> str:
    """The user of a subscriber of the feed, which is the name of its durable consumer there too."""
    return f"{SUBSCRIBER_PREFIX}{code}"


def users(publishers: Iterable[str], subscribers: Iterable[str] = ()) -> tuple[NatsUser, ...]:
    """Every user of a town with these publishers, and of whoever hears the feed."""
    return (
        _ops(),
        _service("intake", f"{RECEIPT_PREFIX}.>", f"{FEED_PREFIX}.>", *_erasing_the_inbox(), *_attachments()),
        _service("routing"),
        _service("deadlines"),
        _reporting(),
        *(_publisher(code) for code in publishers),
        *(_subscriber(code) for code in subscribers),
    )


def authorization(all_users: Iterable[NatsUser], nkeys: Mapping[str, Sequence[str]]) -> str:
    """The server's configuration of the users, each under every public key of its. Strings are JSON, which NATS reads.

    A user without a key is left out: nobody signs in as it.
    """
    lines = [_user(each, nkey) for each in all_users for nkey in nkeys.get(each.name, ())]
    return "\n".join(("authorization {", "  users: [", *lines, "  ]", "}"))


def _user(user: NatsUser, nkey: str) -> str:
    permissions = {
        "publish": {"allow": list(user.publish), "deny": list(user.deny_publish)},
        "subscribe": {"allow": list(user.subscribe)},
    }
    return f"    # {user.name}\n    " + json.dumps({"nkey": nkey, "permissions": permissions})


def _ops() -> NatsUser:
    """Whoever operates: makes streams, looks everywhere, settles quarantine. Not above the log."""
    return NatsUser(
        OPS,
        publish=("$JS.API.>", "$JS.ACK.>", f"{QUARANTINE_PREFIX}.>"),
        subscribe=(f"{inbox_prefix(OPS)}.>", "$JS.EVENT.>"),
        deny_publish=_NEVER_ON_THE_LOG,
    )


def _service(name: str, *more: str) -> NatsUser:
    consumers = [subject for stream, durable in DURABLES[name] for subject in _consuming(stream, durable)]
    streams = {LOG_STREAM, QUARANTINE_STREAM, *(stream for stream, _ in DURABLES[name])}
    return NatsUser(
        name,
        publish=(
            f"{LOG_PREFIX}.{name}.*",
            f"{QUARANTINE_PREFIX}.{name}.>",
            *(subject for stream in sorted(streams) for subject in _reading(stream)),
            *consumers,
            *(_tailing() if name in PROJECTING else ()),
            *more,
        ),
        # Its own quarantine: it hears there when somebody asks it to try again.
        subscribe=(f"{inbox_prefix(name)}.>", f"{QUARANTINE_PREFIX}.{name}.>"),
        deny_publish=(*_NEVER_ON_THE_LOG, *(_not_of_others(name) if name in PROJECTING else ())),
    )


def _reporting() -> NatsUser:
    """Reads the log by consumers without a durable name, and writes nothing."""
    return NatsUser(
        "reporting",
        publish=(*_reading(LOG_STREAM), *_tailing()),
        subscribe=(f"{inbox_prefix('reporting')}.>",),
        deny_publish=(*_NEVER_ON_THE_LOG, *_not_of_others("reporting")),
    )


def _tailing() -> tuple[str, ...]:
    """What a projector follows the log by: consumers without a durable name."""
    return (
        f"$JS.API.CONSUMER.CREATE.{LOG_STREAM}",
        *(f"$JS.API.CONSUMER.{call}.{LOG_STREAM}.>" for call in _TAIL_CALLS),
    )


def _not_of_others(name: str) -> tuple[str, ...]:
    """Consumers of others stand on the same stream and are not this one's to touch; nobody deletes its own."""
    return tuple(
        f"$JS.API.CONSUMER.{call}.{stream}.{durable}{tail}"
        for service, pairs in DURABLES.items()
        for stream, durable in pairs
        if stream == LOG_STREAM
        for call in (("DELETE",) if service == name else _TAIL_CALLS)
        for tail in ("", ".>")
    )


def _publisher(code: str) -> NatsUser:
    """Its inbox, and its receipts: heard as they are written, and asked for one by one."""
    receipts = f"{RECEIPT_PREFIX}.{code}.>"
    user = publisher_user(code)
    return NatsUser(
        user,
        publish=(f"{INBOX_PREFIX}.{code}.>", f"$JS.API.DIRECT.GET.{RECEIPT_STREAM}.{receipts}"),
        subscribe=(f"{inbox_prefix(user)}.>", receipts),
    )


def _subscriber(code: str) -> NatsUser:
    """The feed alone, by a durable consumer that an operator made for it: where that delivers to is not its to say."""
    user = subscriber_user(code)
    return NatsUser(
        user,
        publish=(
            f"$JS.API.STREAM.INFO.{FEED_STREAM}",
            f"$JS.API.DIRECT.GET.{FEED_STREAM}",
            f"$JS.API.DIRECT.GET.{FEED_STREAM}.>",
            f"$JS.API.CONSUMER.INFO.{FEED_STREAM}.{user}",
            f"$JS.API.CONSUMER.MSG.NEXT.{FEED_STREAM}.{user}",
            f"$JS.ACK.{FEED_STREAM}.{user}.>",
            f"$JS.ACK.*.*.{FEED_STREAM}.{user}.>",
        ),
        subscribe=(f"{inbox_prefix(user)}.>", f"{FEED_PREFIX}.>"),
    )


def _reading(stream: str) -> tuple[str, ...]:
    return (
        f"$JS.API.STREAM.INFO.{stream}",
        f"$JS.API.STREAM.MSG.GET.{stream}",
        f"$JS.API.DIRECT.GET.{stream}",
        f"$JS.API.DIRECT.GET.{stream}.>",
    )


def _consuming(stream: str, durable: str) -> tuple[str, ...]:
    return (
        f"$JS.API.CONSUMER.CREATE.{stream}.{durable}",
        f"$JS.API.CONSUMER.CREATE.{stream}.{durable}.>",
        f"$JS.API.CONSUMER.DURABLE.CREATE.{stream}.{durable}",
        f"$JS.API.CONSUMER.INFO.{stream}.{durable}",
        f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}",
        f"$JS.ACK.{stream}.{durable}.>",
        f"$JS.ACK.*.*.{stream}.{durable}.>",  # as servers with a domain, and newer ones, name it
    )


def _erasing_the_inbox() -> tuple[str, ...]:
    """What was judged is erased: the inbox is a way in, not a second archive."""
    return (f"$JS.API.STREAM.MSG.DELETE.{INBOX_STREAM}", f"$JS.API.STREAM.PURGE.{INBOX_STREAM}")


def _attachments() -> tuple[str, ...]:
    """They are written, read, and purged with their request's key; nobody else comes near them."""
    return (
        f"{ATTACHMENT_PREFIX}.>",
        f"$JS.API.STREAM.PURGE.{ATTACHMENT_STREAM}",
        f"$JS.API.DIRECT.GET.{ATTACHMENT_STREAM}",
        f"$JS.API.DIRECT.GET.{ATTACHMENT_STREAM}.>",
    )
