"""How mail comes in: every way is closed unless a variable opens it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

from clic_chassis.settings import Settings


class MailSettings(Settings):
    """How mail comes in."""

    lmtp_host: str = Field(default="127.0.0.1", description="Where mail servers bring mail, by LMTP or SMTP.")
    lmtp_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    smtp_in_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    mail_addresses: str = Field(
        default="", description="Addresses of the desk besides the one that writes its letters, separated by commas."
    )
    imap_url: str | None = Field(
        default=None, repr=False, description="imaps://user@host/folder: a mailbox to poll; no folder: INBOX."
    )
    imap_password: SecretStr | None = None
    imap_done_folder: str | None = Field(
        default=None, description="Where taken mail is moved; deleted if left out, since the log has it."
    )
    imap_ca_file: Path | None = Field(default=None, description="Certificates to trust instead of the system's.")
    imap_poll_s: Annotated[float, Field(gt=0, le=3600)] = 60.0
