"""Ways in for mail are closed unless a variable opens them, and say what is wrong with it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.place import TOWN_DIR

from clic_chassis.service import Runtime
from clic_chassis.settings import SettingsError
from clic_contracts.town import Town
from clic_intake.app import wire
from clic_intake.mail.imap import Mailbox, MailboxPoller
from clic_intake.mail.lmtp import MailServer
from clic_intake.mail.settings import MailSettings
from clic_intake.mail.wiring import mailbox_of, ours_of
from clic_intake.settings import IntakeSettings

MAILBOX = "imaps://clic%40exemple.invalid@imap.exemple.invalid/CLIC/Entr%C3%A9e"


def settings_of(**variables: object) -> MailSettings:
    return MailSettings(town_dir=TOWN_DIR).model_copy(update=variables)


async def test_no_way_is_open_by_default(runtime: Runtime[IntakeSettings]) -> None:
    closed = runtime.settings.model_copy(update={"lmtp_port": None, "smtp_in_port": None})
    components = (await wire(dataclasses.replace(runtime, settings=closed))).components
    assert [each.name for each in components if isinstance(each, MailServer | MailboxPoller)] == []


async def test_a_town_that_does_not_know_this_way_in_is_told_at_the_start(runtime: Runtime[IntakeSettings]) -> None:
    """Mail would come in and be brought again for ever."""
    publishers = tuple(each for each in runtime.town.publishers if each.code != "courriel")
    town = Town.model_validate({**runtime.town.model_dump(), "publishers": publishers})
    with pytest.raises(SettingsError, match="courriel"):
        await wire(dataclasses.replace(runtime, town=town))


def test_a_mailbox_is_named_by_a_url() -> None:
    named = settings_of(imap_url=MAILBOX, imap_password=SecretStr("imaginaire"), imap_ca_file=Path("ca.pem"))
    assert mailbox_of(named) == Mailbox(
        "imap.exemple.invalid",
        993,
        "clic@exemple.invalid",
        "imaginaire",
        "CLIC/Entrée",
        ca_file=Path("ca.pem"),
    )
    assert "imaginaire" not in repr(mailbox_of(named))


@pytest.mark.parametrize("url", [MAILBOX, "https://a@exemple.invalid/", "imaps://exemple.invalid/", "imaps://a@/"])
def test_what_is_no_mailbox_is_told_with_how_to_write_one(url: str) -> None:
    password = None if url == MAILBOX else SecretStr("imaginaire")
    with pytest.raises(SettingsError, match=r"imaps://user@host/folder .* CLIC_IMAP_PASSWORD"):
        mailbox_of(settings_of(imap_url=url, imap_password=password))


def test_the_desk_has_the_address_that_writes_and_those_that_are_named(town: Town) -> None:
    ours = ours_of(settings_of(mail_addresses=" Info@Exemple.invalid, ,bonjour@exemple.invalid"), town)
    assert ours.addresses == ("clic@exemple.invalid", "info@exemple.invalid", "bonjour@exemple.invalid")
    assert ours.domain == "exemple.invalid"
