"""Every user's credentials against every subject and stream: the server lets through what the table says, exactly.

The table stands here on its own, and not in the words of `clic.nats_config`: a right that is added there has to be
written down here too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import nats as nats_client
import pytest
from tests.embedded.credential import open_guarded

from clic.nats_config import OPS, users
from clic_chassis.embedded import NatsServer
from clic_chassis.nats_credential import NatsCredential
from clic_chassis.streams import STREAMS

SERVICES = ("intake", "routing", "deadlines", "reporting")
PUBLISHERS = ("portail_web", "telephonie")
EVERYBODY = [each.name for each in users(PUBLISHERS, ["tableau"])]
DURABLES = ("intake", "relay", "letters", "duplicates", "routing", "deadlines", "subscriber-tableau", "passing")
"""Consumers by name: those of services, a subscriber's, and one that is nobody's."""
STREAM_CALLS = ("CREATE", "UPDATE", "DELETE", "PURGE", "INFO", "MSG.GET", "MSG.DELETE", "SNAPSHOT", "RESTORE")
CONSUMER_CALLS = ("CREATE", "DURABLE.CREATE", "DELETE", "INFO", "MSG.NEXT")
BODY = b"?"
"""Which no call of JetStream takes: what is let through changes nothing."""
SAID = (
    *(f"clic.log.{each}.r" for each in (*SERVICES, "stranger")),
    *(f"clic.quarantine.{each}.c.k.1" for each in SERVICES),
    *(f"clic.inbox.{each}.submission.request.v1" for each in PUBLISHERS),
    *(f"clic.receipt.{each}.e" for each in PUBLISHERS),
    "clic.feed.closed.r",
    "clic.attachment.r.a.1",
    "clic.other",
    *(f"$JS.API.STREAM.{call}.{stream}" for call in STREAM_CALLS for stream in (*STREAMS, "MINE")),
    *(f"$JS.API.CONSUMER.{call}.{stream}.{name}" for call in CONSUMER_CALLS for stream in STREAMS for name in DURABLES),
    *(f"$JS.API.CONSUMER.CREATE.{stream}" for stream in STREAMS),
    *(f"$JS.API.DIRECT.GET.{stream}" for stream in STREAMS),
    *(f"$JS.API.DIRECT.GET.CLIC_RECEIPT.clic.receipt.{each}.e" for each in PUBLISHERS),
    *(f"$JS.feed.API.{call}.CLIC_FEED" for call in ("STREAM.INFO", "STREAM.PURGE", "DIRECT.GET")),
    *(
        f"$JS.feed.API.CONSUMER.{call}.CLIC_FEED.{n}"
        for call in CONSUMER_CALLS
        for n in ("subscriber-tableau", "passing")
    ),
    *(f"$JS.ACK.{stream}.{name}.1.1.1.1.0" for stream in STREAMS for name in DURABLES),
    "$SYS.REQ.SERVER.PING",
)
HEARD = (
    ">", "clic.>", "clic.log.>", "clic.inbox.>", "clic.feed.>", "clic.attachment.>", "$JS.API.>", "$JS.EVENT.>",
    "$SYS.>", "_INBOX.>", *(f"_INBOX_{each}.>" for each in EVERYBODY),
    *(f"clic.receipt.{each}.>" for each in (*PUBLISHERS, "*")),
    *(f"clic.quarantine.{each}.>" for each in SERVICES),
)  # fmt: skip
READING = ("$JS.API.STREAM.INFO.{0}", "$JS.API.STREAM.MSG.GET.{0}", "$JS.API.DIRECT.GET.{0}")
CONSUMING = (
    "$JS.API.CONSUMER.CREATE.{0}.{1}", "$JS.API.CONSUMER.DURABLE.CREATE.{0}.{1}", "$JS.API.CONSUMER.INFO.{0}.{1}",
    "$JS.API.CONSUMER.MSG.NEXT.{0}.{1}", "$JS.ACK.{0}.{1}.*",
)  # fmt: skip
FOLLOWING = (
    "$JS.API.CONSUMER.CREATE.CLIC_LOG", "$JS.API.CONSUMER.CREATE.CLIC_LOG.{0}", "$JS.API.CONSUMER.INFO.CLIC_LOG.{0}",
    "$JS.API.CONSUMER.MSG.NEXT.CLIC_LOG.{0}", "$JS.API.CONSUMER.DELETE.CLIC_LOG.{0}",
)  # fmt: skip
"""The log by a consumer without a durable name; here those that are no service's."""
FREE = ("intake", "subscriber-tableau", "passing")


@dataclass(frozen=True)
class May:
    """What a user may, as patterns of a shell."""

    say: tuple[str, ...]
    hear: tuple[str, ...]
    but: tuple[str, ...] = field(default=())


def reading(*streams: str) -> tuple[str, ...]:
    return tuple(each.format(stream) for each in READING for stream in streams)


def consuming(stream: str, *durables: str) -> tuple[str, ...]:
    return tuple(each.format(stream, durable) for each in CONSUMING for durable in durables)


def following() -> tuple[str, ...]:
    return tuple(each.format(name) for each in FOLLOWING for name in FREE)


KEPT = ("LOG", "ATTACHMENT", "QUARANTINE", "INBOX")
MAY = {
    OPS: May(
        ("$JS.API.*", "$JS.ACK.*", "clic.quarantine.*"),
        ("_INBOX_ops.>", "$JS.EVENT.>"),
        tuple(f"$JS.API.STREAM.{each}.CLIC_LOG" for each in ("UPDATE", "DELETE", "PURGE", "MSG.DELETE", "RESTORE")),
    ),
    "keeper": May(
        (
            *(f"$JS.API.STREAM.{call}.CLIC_{each}" for call in ("INFO", "SNAPSHOT") for each in KEPT),
            *following(),
        ),
        ("_INBOX_keeper.>",),
    ),
    "intake": May(
        (
            "clic.log.intake.r", "clic.quarantine.intake.*", "clic.receipt.*", "clic.feed.*", "clic.attachment.*",
            *reading("CLIC_LOG", "CLIC_INBOX", "CLIC_QUARANTINE"), *consuming("CLIC_INBOX", "intake"),
            *consuming("CLIC_LOG", "relay", "letters", "duplicates"), *following(),
            "$JS.API.STREAM.MSG.DELETE.CLIC_INBOX", "$JS.API.STREAM.PURGE.CLIC_INBOX",
            "$JS.API.STREAM.PURGE.CLIC_ATTACHMENT", "$JS.API.DIRECT.GET.CLIC_ATTACHMENT",
        ),
        ("_INBOX_intake.>", "clic.quarantine.intake.>"),
    ),
    "routing": May(
        ("clic.log.routing.r", "clic.quarantine.routing.*", *reading("CLIC_LOG", "CLIC_QUARANTINE"),
         *consuming("CLIC_LOG", "routing")),
        ("_INBOX_routing.>", "clic.quarantine.routing.>"),
    ),
    "deadlines": May(
        ("clic.log.deadlines.r", "clic.quarantine.deadlines.*", *reading("CLIC_LOG", "CLIC_QUARANTINE"),
         *consuming("CLIC_LOG", "deadlines"), *following()),
        ("_INBOX_deadlines.>", "clic.quarantine.deadlines.>"),
    ),
    "reporting": May((*reading("CLIC_LOG"), *following()), ("_INBOX_reporting.>",)),
    **{
        f"publisher-{each}": May(
            (f"clic.inbox.{each}.*", f"$JS.API.DIRECT.GET.CLIC_RECEIPT.clic.receipt.{each}.e"),
            (f"_INBOX_publisher-{each}.>", f"clic.receipt.{each}.>"),
        )
        for each in PUBLISHERS
    },
    "subscriber-tableau": May(
        ("$JS.feed.API.STREAM.INFO.CLIC_FEED", "$JS.feed.API.DIRECT.GET.CLIC_FEED",
         "$JS.feed.API.CONSUMER.INFO.CLIC_FEED.subscriber-tableau",
         "$JS.feed.API.CONSUMER.MSG.NEXT.CLIC_FEED.subscriber-tableau", "$JS.ACK.CLIC_FEED.subscriber-tableau.*"),
        ("_INBOX_subscriber-tableau.>", "clic.feed.>"),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Guarded:
    """A server that knows everybody."""

    server: NatsServer
    credentials: dict[str, NatsCredential]

    async def let_through(self, user: str) -> tuple[set[str], set[str]]:
        """What a user may say and hear, by the server's own word."""
        denied: dict[str, set[str]] = {"publish": set(), "subscription": set()}

        async def hear(error: Exception) -> None:
            if found := re.search(r'(publish|subscription) to "([^"]+)"', str(error).lower()):
                denied[found[1]].add(found[2])

        client = await nats_client.connect(self.server.url, error_cb=hear, **self.credentials[user].options())
        try:
            for subject in SAID:
                await client.publish(subject, BODY, reply=client.new_inbox())
            for subject in HEARD:
                await client.subscribe(subject)
            await client.flush()
            await client.flush()
        finally:
            await client.close()
        return (
            {each for each in SAID if each.lower() not in denied["publish"]},
            {each for each in HEARD if each.lower() not in denied["subscription"]},
        )


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    """A server of its own: junk is said on it."""
    with open_guarded(users(PUBLISHERS, ["tableau"])) as (server, credentials):
        yield Guarded(server, credentials)


def test_the_table_knows_everybody() -> None:
    """A user that is added is in no test otherwise."""
    assert set(MAY) == set(EVERYBODY)
    assert set(SERVICES) < set(EVERYBODY)


@pytest.mark.parametrize("user", sorted(MAY))
async def test_a_user_may_what_the_table_says_and_nothing_else(guarded: Guarded, user: str) -> None:
    """Some 400 subjects each."""
    may = MAY[user]
    expected = {each for each in SAID if _any(each, may.say) and not _any(each, may.but)}
    said, heard = await guarded.let_through(user)

    assert sorted(said - expected) == []
    assert sorted(expected - said) == []
    assert heard == set(may.hear)


def _any(subject: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(subject, each) for each in patterns)
