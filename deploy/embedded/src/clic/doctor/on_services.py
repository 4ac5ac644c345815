"""The services: that they run and are ready, of one version, under the same rules, and that mail leaves."""

from __future__ import annotations

from importlib import metadata

from clic.scrape import largest
from clic_chassis.error import ClicError
from clic_chassis.town_file import read_town

from .finding import Finding, unknown, warning, well, wrong
from .place import Place

NAME = "set CLIC_DIR to the folder of `clic up`, or name them: --service SERVICE=http://…"
LETTER_OLDEST_MAX_S = 3600.0


async def ready(place: Place) -> list[Finding]:
    """Whether each service answers, and is ready."""
    if not place.services:
        return [unknown("where the services are", NAME)]
    findings: list[Finding] = []
    for told in await place.told():
        why = "; ".join(f"{name}: {reason}" for name, reason in told.why.items())
        if not told.answers:
            findings.append(
                wrong(
                    f"{told.service} does not answer at {told.url} ({why})",
                    "what is for it waits in the log",
                    "start it (`clic up`; in a cluster, see why its pod does not run); its log's last lines say more",
                )
            )
        elif not told.ready:
            findings.append(
                wrong(
                    f"{told.service} is not ready: {why}",
                    "it does nothing, or shows what is old",
                    "each reason names what it waits for; `clic status --watch` shows when it goes on",
                )
            )
    return findings or [well(f"{', '.join(place.services)} are ready")]


async def versions(place: Place) -> list[Finding]:
    """Whether all services are of one version, and of the version of this command."""
    own = metadata.version("clic")
    running = {told.service: told.version for told in await place.told() if told.version is not None}
    if not running:
        return [unknown("which versions run", NAME)]
    if set(running.values()) == {own}:
        return [well(f"version {own}")]
    told = ", ".join(f"{service} {version}" for service, version in running.items())
    return [
        warning(
            f"versions differ: {told}; this command is {own}",
            "side by side is right while an upgrade rolls, and not for long",
            "finish the upgrade: start the services anew, or upgrade them",
        )
    ]


async def town(place: Place) -> list[Finding]:
    """Whether the town's folder can be read, and every service decides by it."""
    version: str | None = None
    findings: list[Finding] = []
    if place.town_dir is not None:
        try:
            version = read_town(place.town_dir).version
        except ClicError as error:
            findings.append(
                wrong(
                    f"the town's folder cannot be used: {error}",
                    "a service that is started anew does not start",
                    f"mend what `clic town check {place.town_dir}` names",
                )
            )
    running = {told.service: told.town for told in await place.told() if told.town is not None}
    if len(set(running.values())) > 1:
        findings.append(
            wrong(
                f"services decide by different rules: {', '.join(f'{k} {v}' for k, v in running.items())}",
                "one may route by a department that another does not know",
                "start every service anew from the same folder",
            )
        )
    elif version is not None and running and set(running.values()) != {version}:
        findings.append(
            warning(
                f"the town's folder is {version}, the services decide by {next(iter(running.values()))}",
                "the change is not in force yet",
                "start the services anew: they read the folder at their start",
            )
        )
    if findings or (version is None and not running):
        return findings or [unknown("the town's rules", "set CLIC_TOWN_DIR")]
    return [well(f"the town's rules {version or next(iter(running.values()))} everywhere")]


async def mail(place: Place) -> list[Finding]:
    """Whether letters have a way out, and leave."""
    told = await place.told()
    if (relay_set := largest(told, "clic_letter_relay_set")) is None:
        return [unknown("whether letters leave", "start intake: it tells" if place.services else NAME)]
    findings: list[Finding] = []
    waiting = largest(told, "clic_letters", state="waiting") or 0
    oldest_s = largest(told, "clic_letter_oldest_seconds") or 0.0
    doubtful = (largest(told, "clic_letters", state="doubtful") or 0) + (
        largest(told, "clic_letters", state="failed") or 0
    )
    if not relay_set:
        make = wrong if waiting else warning
        findings.append(
            make(
                f"no mail server is set, and {waiting:.0f} letters wait",
                "citizens are not told that their request was received (POL-13)",
                "set CLIC_SMTP_URL to the town's mail server, and start intake and deadlines anew",
            )
        )
    elif oldest_s > LETTER_OLDEST_MAX_S:
        findings.append(
            wrong(
                f"the oldest letter has waited {oldest_s / 3600:.1f} h",
                "citizens are not told that their request was received (POL-13)",
                "intake's log says why (`mail_server_away`); mend the mail server, letters then leave by themselves",
            )
        )
    if doubtful:
        findings.append(
            warning(
                f"{doubtful:.0f} letters are in doubt or failed",
                "a citizen may have had no answer, or would have two",
                "an agent looks at them on the desk's page of letters, and says sent or to be sent again",
            )
        )
    return findings or [well(f"letters leave; {waiting:.0f} wait")]
