"""`clic-contracts validate` and the desk's dry run say the same of a file, of all that needs no server."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.intake.service.office import Office
from tests.intake.service.test_api import BATCH, STRUCTURED
from tests.intake.service.test_dry_run import DRY_RUN, TOLD
from tests.place import ROOT

from clic_chassis.http import PROBLEM_TYPE
from clic_contracts.problem import Problem
from clic_contracts.submission import MAX_BATCH, Receipt
from clic_contracts.validation import files_of, verdicts
from clic_contracts.vocabulary import Language

NEEDS_NO_SERVER = {
    f"urn:clic:problem:{each}"
    for each in ("not-json", "not-a-cloudevent", "not-a-batch", "unknown-type", "too-large", "invalid-submission")
}
BODIES = [body for _, body in TOLD]
BATCHES = [
    json.dumps([json.loads(each) for each in BODIES if each.startswith(b"{")]).encode(),
    b"[",
    json.dumps([{}] * (MAX_BATCH + 1)).encode(),
]
SCHEMAS = ROOT / "contracts" / "schemas"


def examples() -> Iterator[tuple[str, bytes]]:
    """Every published submission, and every example of what is wrong: in folders that are named for their type."""
    for path in files_of([SCHEMAS]):
        where = path.relative_to(SCHEMAS)
        if any(part.startswith("submission.") for part in where.parts[:-1]):
            yield str(where), path.read_bytes()


async def test_a_file_has_the_same_problems_here_and_at_the_desk_in_either_language(office: Office) -> None:
    files = [*examples(), *(("", body) for body in (*BODIES, *BATCHES))]
    assert len(files) > len(BODIES) + len(BATCHES), "the published examples were not found"
    wrong = 0
    for name, body in files:
        for language in Language:
            here = [each.problem for each in verdicts(name, body, language)]
            at_desk = await _said(office, body, language)
            assert here == at_desk, (name, body[:200])
            wrong += sum(each is not None for each in here)
    assert wrong > len(BODIES) // 4


async def _said(office: Office, body: bytes, language: Language) -> list[Problem | None]:
    """What the desk says of each, of what needs no server."""
    headers = [*(BATCH if body.startswith(b"[") else STRUCTURED), ("Accept-Language", language.value)]
    answer = await office.ask(DRY_RUN, content=body, token="portal", headers=headers)
    if answer.headers["content-type"] == PROBLEM_TYPE:
        return [Problem.model_validate_json(answer.content)]
    said = answer.json()
    problems = [Receipt.model_validate(each).problem for each in (said if isinstance(said, list) else [said])]
    return [each if each is not None and each.type in NEEDS_NO_SERVER else None for each in problems]
