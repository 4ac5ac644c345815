"""TLS to PostgreSQL and the mail server, and HTTPS of ours: who is not who they say is not spoken to."""

from __future__ import annotations

import asyncio
import os
import shutil
import ssl
import subprocess
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import uvicorn
from aiosmtpd.smtp import SMTP
from fastapi import FastAPI
from tests.admission.certificate import Authority
from tests.intake.letter.post_office import PostOffice

from clic_chassis.embedded import free_port
from clic_chassis.http_certificate import HttpCertificate
from clic_chassis.mail_relay import NotTakenError, Relay, RelayAddress
from clic_chassis.nats_credential import CredentialError
from clic_chassis.testing import open_folder, wait_until

LOOK_EVERY_S = 0.05


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """The cluster's own."""
    return Authority(tmp_path, "authority")


# -- HTTP ----------------------------------------------------------------------------------------------------------


async def test_https_shows_a_new_certificate_to_new_connections_and_old_ones_go_on(
    tmp_path: Path, authority: Authority
) -> None:
    """Files that do not belong together change nothing: a volume may bring one before the other."""
    files = authority.give("http")
    certificate = HttpCertificate(files.certificate, files.key, look_every_s=LOOK_EVERY_S)
    api = FastAPI()

    @api.get("/")
    async def root() -> dict[str, str]:
        return {"said": "oui"}

    port = free_port()
    config = uvicorn.Config(
        api,
        host="127.0.0.1",
        port=port,
        log_config=None,
        lifespan="off",
        ssl_context_factory=lambda *_: certificate.context,
    )
    server, stop = uvicorn.Server(config), asyncio.Event()
    serving, watching = asyncio.create_task(server.serve()), asyncio.create_task(certificate.run(stop))
    try:
        await wait_until(lambda: server.started, what="the server listens")
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=ssl.create_default_context(cafile=authority.file)
        )
        first = await _shown(port, authority)
        spoiled = files.certificate.read_bytes()
        files.certificate.write_bytes(spoiled[:100])
        await asyncio.sleep(LOOK_EVERY_S * 4)
        assert await _shown(port, authority) == first
        authority.give("http")

        async def changed() -> bool:
            return await _shown(port, authority) != first

        await wait_until(changed, what="another certificate is shown")
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert b"oui" in await reader.read()
        writer.close()
    finally:
        stop.set()
        server.should_exit = True
        await asyncio.gather(serving, watching)


def test_a_certificate_without_its_key_is_told_at_the_start(tmp_path: Path, authority: Authority) -> None:
    other = authority.give("other").key
    with pytest.raises(CredentialError, match="no certificate with its key"):
        HttpCertificate(authority.give().certificate, other)


async def _shown(port: int, authority: Authority) -> bytes:
    """The certificate that a server shows to a new connection."""
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=ssl.create_default_context(cafile=authority.file))
    tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
    shown = tls.getpeercert(binary_form=True)
    writer.close()
    assert shown is not None
    return shown


# -- SMTP ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_mail_goes_out_over_tls_to_a_server_of_a_known_authority_and_to_no_other(
    tmp_path: Path, authority: Authority, tls: str
) -> None:
    """POL-14: a letter is not handed to whoever answers on the port."""
    files, office = authority.give("mail"), PostOffice()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(office, hostname="localhost", loop=loop, tls_context=context if tls == "starttls" else None),
        "127.0.0.1",
        0,
        ssl=context if tls == "implicit" else None,
    )
    port = server.sockets[0].getsockname()[1]
    message = EmailMessage()
    message["Subject"] = "Accusé"
    message.set_content("Bonjour.")

    async def begin() -> bool:
        return True

    try:
        async with Relay(RelayAddress("127.0.0.1", port, tls, ca_file=authority.file), "exemple.invalid") as relay:
            assert await relay.send(message, "ville@exemple.invalid", "a@exemple.invalid", "1", begin)
        assert office.recipients == [["a@exemple.invalid"]]
        for wrong in (None, Authority(tmp_path, "stranger").file):
            with pytest.raises(NotTakenError, match="no connection to the mail server"):
                async with Relay(RelayAddress("127.0.0.1", port, tls, ca_file=wrong), "exemple.invalid"):
                    pass
    finally:
        server.close()
        await server.wait_closed()


# -- PostgreSQL ----------------------------------------------------------------------------------------------------


def debian_postgres() -> Path:
    """The folder of Debian's programs: the wheel's PostgreSQL is built without OpenSSL."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if found:
        return found[-1].parent
    if os.environ.get("CI"):
        pytest.fail("CI installs Debian's postgresql for this test (.ci/run), and it is not there")
    pytest.skip("needs a PostgreSQL with OpenSSL: apt-get install postgresql")


async def test_postgresql_is_spoken_to_with_its_certificate_verified(tmp_path: Path, authority: Authority) -> None:
    """`sslmode=verify-full&sslrootcert=…` in the URL; another authority, or no TLS, is refused."""
    programs, port, files = debian_postgres(), free_port(), authority.give("postgres")
    with open_folder() as folder:
        own = folder / "own"
        own.mkdir(mode=0o700)
        for source, name in ((files.certificate, "server.crt"), (files.key, "server.key")):
            (own / name).write_bytes(source.read_bytes())
            (own / name).chmod(0o600)
        if as_user := _postgres_user():
            for each in (own, *own.iterdir()):
                shutil.chown(each, "postgres", "postgres")
        data = own / "data"
        _tool([programs / "initdb", "-D", data, "-U", "clic", "--auth=trust", "--no-sync"], as_user)
        (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 trust\n", encoding="utf-8")
        options = (
            f"-p {port} -h 127.0.0.1 -c unix_socket_directories='' -c ssl=on "
            f"-c ssl_cert_file={own}/server.crt -c ssl_key_file={own}/server.key"
        )
        _tool([programs / "pg_ctl", "-D", data, "-w", "-o", options, "-l", own / "log", "start"], as_user)
        try:
            url = f"postgresql://clic@127.0.0.1:{port}/postgres"
            connection = await asyncpg.connect(f"{url}?sslmode=verify-full&sslrootcert={authority.file}")
            assert await connection.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
            await connection.close()
            stranger = Authority(tmp_path, "stranger").file
            for wrong in (f"sslmode=verify-full&sslrootcert={stranger}", "sslmode=disable"):
                with pytest.raises((ssl.SSLError, asyncpg.PostgresError, OSError)):
                    await asyncpg.connect(f"{url}?{wrong}")
        finally:
            _tool([programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"], as_user)


def _postgres_user() -> dict[str, Any]:
    """PostgreSQL refuses root."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


def _tool(command: list[object], as_user: dict[str, Any]) -> None:
    done = subprocess.run(
        [str(each) for each in command],
        check=False,
        capture_output=True,
        timeout=60,
        text=True,
        cwd="/",
        **as_user,
    )
    assert done.returncode == 0, done.stdout + done.stderr
