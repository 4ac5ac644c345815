"""The desk at work, and the browser that looks at what it makes."""

from __future__ import annotations

from tests.intake.citizen.conftest import browser as browser
from tests.intake.desk_page.conftest import bureau as bureau
from tests.intake.service.conftest import office as office
from tests.intake.service.conftest import runtime as runtime
from tests.intake.service.conftest import settings as settings
