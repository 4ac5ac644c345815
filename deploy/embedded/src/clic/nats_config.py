"""Who may do what on NATS: one user per service and per publisher, and what the server is told of them.

The log's guard is here: a service appends to its own subjects alone, reporting writes nothing, a publisher knows
only its inbox and its receipts, and nobody at all may delete, purge or update the log. The server is given public
keys alone: whoever reads its configuration gets in nowhere.

Our own users share one account, which has the streams. Whoever is not ours has an account of its own, into which
single subjects are let: permissions do not cover the subject that a message names for its answer, and JetStream
answers anywhere in the account, into the log too (decision 0031).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
from clic_contracts.submission import MAX_SUBMISSION_BYTES

ACCOUNT = "CLIC"
"""Ours, with the streams."""
OPS = "ops"
KEEPER = "keeper"
"""Whoever takes backups."""
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


DOMAIN = "feed"
"""Subscribers name it as JetStream's domain: an account without streams of its own is answered so under `$JS.API`."""
CONNECTIONS_MAX = 16
"""Of one who is not ours, under all its keys."""
SUBSCRIPTIONS_MAX = 1_000
"""Of each of its connections."""
PAYLOAD_BYTES_MAX = 2 * MAX_SUBMISSION_BYTES
"""Room for what is too large: it is refused with a receipt, which says why."""


@dataclass(frozen=True, slots=True)
class Share:
    """Subjects of our account that are let into another's."""

    subjects: str
    is_heard: bool = False
    """What we say there is heard in the other account; otherwise what is said in the other is heard by us, and
    answered."""
    many_answers: bool = False
    known_as: str = ""
    """In the other account, where that is not the same."""

    def exported(self, accounts: Iterable[str]) -> dict[str, Any]:
        """As our account gives it."""
        kind = {"stream": self.subjects} if self.is_heard else {"service": self.subjects}
        answers = {"response": "stream"} if self.many_answers else {}
        return {**kind, **answers, "accounts": list(accounts)}

    def imported(self) -> dict[str, Any]:
        """As the other takes it."""
        kind = {"stream" if self.is_heard else "service": {"account": ACCOUNT, "subject": self.subjects}}
        return {**kind, "to": self.known_as} if self.known_as else kind


@dataclass(frozen=True, slots=True)
class NatsUser:
    """A user and its permissions: subjects with NATS wildcards."""

    name: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    deny_publish: tuple[str, ...] = ()
    shares: tuple[Share, ...] = ()
    """With any the user is not ours, and alone in an account of its own, which reaches no more than these."""

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
        _keeper(),
        _service(
            "intake",
            f"{RECEIPT_PREFIX}.>",
            f"{FEED_PREFIX}.>",
            *_erasing_the_inbox(),
            *_attachments(),
        ),
        _service("routing"),
        _service("deadlines"),
        _reporting(),
        *(_publisher(code) for code in publishers),
        *(_subscriber(code) for code in subscribers),
    )


def authorization(all_users: Iterable[NatsUser], nkeys: Mapping[str, Sequence[str]]) -> str:
    """The server's configuration of the users, each under every public key of its. Strings are JSON, which NATS reads.

    A user without a key cannot sign in; its account stands all the same, so that letting it in changes no account.
    """
    there = list(all_users)
    ours = [line for each in there if not each.shares for line in _signing_in(each, nkeys.get(each.name, ()))]
    others = [each for each in there if each.shares]
    sharing: dict[Share, list[str]] = {}
    for each in others:
        for share in each.shares:
            sharing.setdefault(share, []).append(each.name)
    exports = [json.dumps(share.exported(accounts)) for share, accounts in sharing.items()]
    return "\n".join(
        (
            "accounts {",
            *_account(ACCOUNT, "jetstream: enabled", _listed("users", ours), _listed("exports", exports)),
            *(line for each in others for line in _guest(each, nkeys.get(each.name, ()))),
            "}",
        )
    )


def _guest(user: NatsUser, nkeys: Sequence[str]) -> list[str]:
    limits = {
        "max_connections": CONNECTIONS_MAX,
        "max_subscriptions": SUBSCRIPTIONS_MAX,
        "max_payload": PAYLOAD_BYTES_MAX,
    }
    imports = [json.dumps(share.imported()) for share in user.shares]
    return _account(
        user.name,
        f"limits: {json.dumps(limits)}",
        _listed("users", _signing_in(user, nkeys)),
        _listed("imports", imports),
    )


def _account(name: str, *parts: str) -> list[str]:
    return [f"  {json.dumps(name)}: {{", *(f"    {each}" for each in parts), "  }"]


def _listed(name: str, lines: Iterable[str]) -> str:
    return "\n".join((f"{name}: [", *(f"      {each}" for each in lines), "    ]"))


def _signing_in(user: NatsUser, nkeys: Sequence[str]) -> list[str]:
    permissions = {
        "publish": {"allow": list(user.publish), "deny": list(user.deny_publish)},
        "subscribe": {"allow": list(user.subscribe)},
    }
    return [f"# {user.name}", *(json.dumps({"nkey": nkey, "permissions": permissions}) for nkey in nkeys)]


def _ops() -> NatsUser:
    """Whoever operates: makes streams, looks everywhere, settles quarantine. Not above the log."""
    return NatsUser(
        OPS,
        publish=("$JS.API.>", "$JS.ACK.>", f"{QUARANTINE_PREFIX}.>"),
        subscribe=(f"{inbox_prefix(OPS)}.>", "$JS.EVENT.>"),
        deny_publish=_NEVER_ON_THE_LOG,
    )


def _keeper() -> NatsUser:
    """Reads whole streams, and changes none; it restores nothing: that is done where nothing of CLIC is yet."""
    kept = (ATTACHMENT_STREAM, INBOX_STREAM, LOG_STREAM, QUARANTINE_STREAM)
    calls = ("$JS.API.STREAM.INFO.{}", "$JS.API.STREAM.SNAPSHOT.{}", "$JS.SNAPSHOT.ACK.{}.>")
    return NatsUser(
        KEEPER,
        publish=(*(call.format(stream) for stream in kept for call in calls), *_tailing()),
        subscribe=(f"{inbox_prefix(KEEPER)}.>",),
        deny_publish=(*_NEVER_ON_THE_LOG, *_not_of_others(KEEPER)),
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
    return _outside(
        publisher_user(code),
        Share(f"{INBOX_PREFIX}.{code}.>"),
        Share(f"$JS.API.DIRECT.GET.{RECEIPT_STREAM}.{receipts}"),
        Share(receipts, is_heard=True),
    )


def _subscriber(code: str) -> NatsUser:
    """The feed alone, by a durable consumer that an operator made for it: where that delivers to is not its to say."""
    user = subscriber_user(code)
    calls = {
        f"STREAM.INFO.{FEED_STREAM}": False,
        f"CONSUMER.INFO.{FEED_STREAM}.{user}": False,
        f"CONSUMER.MSG.NEXT.{FEED_STREAM}.{user}": True,
        f"DIRECT.GET.{FEED_STREAM}": True,
        f"DIRECT.GET.{FEED_STREAM}.>": True,
    }
    return _outside(
        user,
        *(
            Share(f"$JS.API.{call}", many_answers=many, known_as=f"$JS.{DOMAIN}.API.{call}")
            for call, many in calls.items()
        ),
        Share(f"$JS.ACK.{FEED_STREAM}.{user}.>"),
        Share(f"{FEED_PREFIX}.>", is_heard=True),
    )


def _outside(user: str, *shares: Share) -> NatsUser:
    """Somebody with an account of its own, who may do there what is shared and nothing else."""
    return NatsUser(
        user,
        publish=tuple(each.known_as or each.subjects for each in shares if not each.is_heard),
        subscribe=(f"{inbox_prefix(user)}.>", *(each.subjects for each in shares if each.is_heard)),
        shares=shares,
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
