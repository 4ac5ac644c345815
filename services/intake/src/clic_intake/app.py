"""Intake's wiring."""

from __future__ import annotations

from clic_chassis.agents import read_agents
from clic_chassis.identity import Identity
from clic_chassis.identity.configured import provider_of
from clic_chassis.measurement import Measurement
from clic_chassis.process import Process
from clic_chassis.projector import Projector
from clic_chassis.relay import Relay
from clic_chassis.service import Runtime, Wiring
from clic_contracts.subject import INBOX_PREFIX, INBOX_STREAM, LOG_PREFIX
from clic_contracts.vocabulary import Service

from .api import make_api
from .api.staff import entering
from .backup import BackupAge
from .citizen.wiring import add_first_line
from .core.learning import REVIEWER
from .desk import Desk
from .desk_page.wiring import add_agents_desk
from .duplicate.index import Duplicates
from .duplicate.wiring import add_judging
from .eraser import InboxEraser
from .fair_share import FairShare
from .inbox import Inbox, inbox_key
from .learning import Learnings
from .letter.wiring import add_letters
from .mail.wiring import add_mail
from .name_index import NameIndex, OlderNames
from .open311.wiring import add_open311
from .personal.keys import open_keys
from .personal.wiring import add_personal
from .publication import Publications
from .publisher_admission import Quotas
from .publisher_key import PublisherKeys
from .register import Register
from .rehearsal import rehearsals
from .scan import Scanner
from .seal import MasterKey
from .settings import IntakeSettings
from .worklist.projection import WorklistProjection

INBOX_DURABLE = "intake"
RELAY_DURABLE = "relay"
WORKLISTS_FLUSH_EVERY_S = 0.2
"""Transactions of the worklists begin no closer than this: what happens to a request meanwhile is one row written.
A lone fact is seen at once; in a steady stream nobody reads a list faster than this."""


async def wire(runtime: Runtime[IntakeSettings]) -> Wiring:
    """Put intake together."""
    master = MasterKey.read(runtime.settings.master_key_file)
    register = Register(runtime.pool, master)
    await register.check_not_lost((await runtime.log.identity()).last_sequence)
    await open_keys(runtime.pool, master, runtime.clock.now())
    agents = read_agents(runtime.settings.agents_file)
    decisions = runtime.decisions(Service.INTAKE)
    duplicates = Duplicates(runtime.pool, runtime.log, master, runtime.town)
    desk = Desk(decisions, register, duplicates, runtime.town, runtime.clock)
    learnings = Learnings(runtime.pool, decisions, desk, register, runtime.log, town=runtime.town, clock=runtime.clock)
    scanner = Scanner(NameIndex(runtime.pool, master), runtime.town)
    publications = Publications(
        runtime.pool,
        master,
        decisions,
        runtime.log,
        scanner,
        town=runtime.town,
        clock=runtime.clock,
        reviewers={each.agent for each in agents.values() if REVIEWER in each.roles},
    )
    quotas = Quotas(runtime.settings.admission_file)
    inbox = Inbox(desk, runtime.nats, runtime.clock, runtime.town.publisher_by_code, quotas)
    submissions = Process(
        runtime,
        durable=INBOX_DURABLE,
        stream=INBOX_STREAM,
        filters=[f"{INBOX_PREFIX}.>"],
        handle_delivery=inbox.handle,
        key=inbox_key,
        on_parked=inbox.parked,
    )
    relay = Relay(runtime.nats, runtime.log)
    keys = PublisherKeys(runtime.pool)
    http = make_api(
        desk,
        register,
        learnings,
        publications,
        log=runtime.log,
        town=runtime.town,
        clock=runtime.clock,
        identity=Identity(
            agents,
            runtime.clock,
            name="clic_desk",
            provider=provider_of(runtime.settings, runtime.clock),
            may_enter=entering(runtime.town, REVIEWER),
        ),
        keys=keys,
        quotas=quotas,
        rehearse=rehearsals(runtime, master),
    )
    await add_first_line(http, runtime, decisions, desk, register, scanner)
    add_open311(http, runtime, desk, keys, agents)
    following = add_judging(http, runtime, desk, register, duplicates)
    beside = add_personal(http, runtime, master, register, decisions)
    add_agents_desk(
        http, runtime, decisions, master=master, desk=desk, register=register, duplicates=duplicates, scanner=scanner
    )
    letters = await add_letters(http, runtime, decisions, register)
    mail = add_mail(http, runtime, master, register, decisions, desk)
    return Wiring(
        components=[
            submissions,
            FairShare(runtime.nats, inbox, quotas, INBOX_DURABLE, is_busy=submissions.is_busy, process=submissions),
            InboxEraser(runtime.nats, runtime.quarantine, INBOX_DURABLE),
            Process(
                runtime,
                durable=RELAY_DURABLE,
                filters=[f"{LOG_PREFIX}.*.*"],
                handle=relay.handle,
                skip=relay.skips,
            ),
            following,
            *letters,
            *mail,
            OlderNames(runtime.pool, register, runtime.log, runtime.clock),
            *beside,
            Projector(
                runtime.nats,
                runtime.pool,
                WorklistProjection(runtime.town),
                flush_every_s=WORKLISTS_FLUSH_EVERY_S,
                is_vital=False,
            ),
        ],
        http=http,
        measurements=[Measurement("backups", BackupAge(runtime.pool, runtime.clock).take)],
    )
