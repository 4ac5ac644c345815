"""This machine: files that must be secret, the disk, certificates, the mail server, backups."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import shutil
import stat
from contextlib import suppress
from urllib.parse import urlsplit

from aiosmtplib import SMTP, SMTPException
from nats.errors import Error as NatsError

from clic.scrape import largest
from clic_chassis.certificate import expires_at, presented_by
from clic_chassis.error import ClicError

from .finding import Finding, unknown, warning, well, wrong
from .place import Place

SMTP_TIMEOUT_S = 5.0
FREE_WRONG_BYTES, FREE_WARNING_SHARE = 512 * 1024**2, 0.10
CERTIFICATE_WARNING, CERTIFICATE_WRONG = dt.timedelta(days=21), dt.timedelta(days=3)
BACKUP_WARNING, BACKUP_WRONG = dt.timedelta(hours=26), dt.timedelta(days=3)


async def secrets(place: Place) -> list[Finding]:
    """Whether files that hold secrets are there, and for their owner alone."""
    if not place.secrets:
        return [unknown("files that hold secrets", "run this where they are")]
    findings: list[Finding] = []
    for path in place.secrets:
        try:
            mode = await asyncio.to_thread(os.stat, path)
        except OSError as error:
            mend = "restore it from the backup of keys; `clic up` makes tokens anew, and never the deployment's key"
            findings.append(wrong(f"{path} cannot be read ({error.strerror})", "who needs it does not start", mend))
            continue
        if mode.st_mode & (stat.S_IRWXG | stat.S_IRWXO) and not _mounted(mode):
            findings.append(
                wrong(
                    f"{path} can be read by others ({stat.filemode(mode.st_mode)})",
                    "whoever is on this machine can act as CLIC, or read what citizens wrote",
                    f"chmod 600 {path}",
                )
            )
    return findings or [well(f"{len(place.secrets)} secret files are for their owner alone")]


def _mounted(mode: os.stat_result) -> bool:
    """A secret that Kubernetes mounts belongs to root, and its group is the pod's own (`fsGroup`)."""
    return mode.st_uid == 0 and os.geteuid() != 0 and not mode.st_mode & stat.S_IRWXO


async def disk(place: Place) -> list[Finding]:
    """Whether the disk of the installation's folder has room."""
    if place.folder is None:
        return [unknown("the disks of NATS and PostgreSQL", "the alert ClicVolumeFilling watches volumes in a cluster")]
    usage = await asyncio.to_thread(shutil.disk_usage, place.folder)
    told = f"{usage.free / 1024**3:.1f} GiB of {usage.total / 1024**3:.0f} are free where {place.folder} is"
    why = "a full disk stops NATS and PostgreSQL: nothing is registered any more"
    mend = "make room, or move the folder to a larger disk while CLIC is down"
    if usage.free < FREE_WRONG_BYTES:
        return [wrong(told, why, mend)]
    if usage.free / usage.total < FREE_WARNING_SHARE:
        return [warning(told, why, mend)]
    return [well(told)]


async def certificates(place: Place) -> list[Finding]:
    """How long certificates are still good: in files here, NATS' own, and those that services tell."""
    ends: dict[str, dt.datetime] = {}
    findings: list[Finding] = []
    for name, path in place.certificates.items():
        try:
            ends[name] = await asyncio.to_thread(expires_at, path)
        except (OSError, ValueError) as error:
            mend = "put the certificate there, as PEM"
            findings.append(wrong(f"{path} holds no certificate ({error})", "nobody can connect", mend))
    for told in await place.told():
        for sample in told.values("clic_certificate_expiry_timestamp_seconds"):
            name = f"{sample.labels['certificate']} of {told.service}"
            ends[name] = dt.datetime.fromtimestamp(sample.value, dt.UTC)
    if place.ops is not None:
        with suppress(ClicError, NatsError, OSError):  # That it is away is found by itself.
            async with place.nats() as client:
                if (at := presented_by(client)) is not None:
                    ends["that NATS shows"] = at
    for name, at in sorted(ends.items()):
        left = at - place.now
        if left < CERTIFICATE_WARNING:
            said = (
                f"the certificate {name} ends on {at:%Y-%m-%d}"
                if left > dt.timedelta()
                else f"{name} ended on {at:%Y-%m-%d}"
            )
            why = "from then on connections are refused"
            mend = "renew it and put it in the same place: services read it again by themselves"
            findings.append((wrong if left < CERTIFICATE_WRONG else warning)(said, why, mend))
    if findings or not (ends or place.services):
        return findings or [unknown("which certificates are in use", "run this where they are, or name the services")]
    good = f"{len(ends)} certificates are good for more than {CERTIFICATE_WARNING.days} days"
    return [well(good if ends else "no certificates are in use")]


async def smtp(place: Place) -> list[Finding]:
    """Whether the mail server takes connections."""
    if place.smtp_url is None:
        return [unknown("whether the mail server answers", "set CLIC_SMTP_URL here as it is set for the services")]
    parts = urlsplit(place.smtp_url)
    client = SMTP(hostname=parts.hostname, port=parts.port or 25, timeout=SMTP_TIMEOUT_S, start_tls=False)
    try:
        await client.connect()
        await client.quit()
    except (SMTPException, OSError, ValueError) as error:
        return [
            wrong(
                f"the mail server {parts.hostname}:{parts.port or 25} does not answer: {error}",
                "letters wait: citizens are not told that their request was received",
                "start it, open the way to it, or mend CLIC_SMTP_URL",
            )
        ]
    return [well(f"the mail server {parts.hostname} answers")]


async def backup(place: Place) -> list[Finding]:
    """How old the newest good backups are."""
    told = await place.told()
    ages = {each.labels["part"]: each.value for one in told for each in one.values("clic_backup_age_seconds")}
    if not ages:
        return (
            [
                warning(
                    "no service knows of a backup",
                    "a lost disk would be the end of the town's record, and a lost key of what citizens wrote",
                    "make one each day (docs/ops/backup.md)",
                )
            ]
            if largest(told, "clic_build_info", service="intake")
            else [unknown("backups", "start intake: it tells")]
        )
    findings: list[Finding] = []
    for part, seconds in ages.items():
        age = dt.timedelta(seconds=seconds)
        if age > BACKUP_WARNING:
            told_age = f"the newest good backup of the {part} is {age.total_seconds() / 3600:.0f} h old"
            why = "what came since would be lost with the disk"
            mend = "see why the daily backup did not end (docs/ops/backup.md), and make one now"
            findings.append((wrong if age > BACKUP_WRONG else warning)(told_age, why, mend))
    return findings or [well(f"backups: {', '.join(f'{part} {s / 3600:.0f} h' for part, s in ages.items())} old")]
