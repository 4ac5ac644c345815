"""The desk on real servers, as its own tests have it."""

from __future__ import annotations

from tests.intake.service.conftest import office as office
from tests.intake.service.conftest import runtime as runtime
from tests.intake.service.conftest import settings as settings
