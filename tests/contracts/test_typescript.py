"""The types for TypeScript: they are made from the AsyncAPI document, and a compiler holds programs to them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.node.installed import FOLDER, Node
from tests.place import ROOT

from clic_contracts.artifact import ASYNCAPI
from clic_contracts.asyncapi import VERSION
from clic_contracts.event import RequestClosed
from clic_contracts.schema import EXAMPLE_RECEIPT, example_heard, example_submission
from clic_contracts.submission import SUBMISSIONS

PACKAGE = ROOT / "contracts" / "typescript"
TYPES = (PACKAGE / "index.d.ts").read_text(encoding="utf-8")


def test_the_types_are_what_the_generator_makes(node: Node, tmp_path: Path) -> None:
    """Issue 6: generated from the schemas; who changes a model runs `make fix`."""
    made = tmp_path / "index.d.ts"
    ran = node.run(str(FOLDER / "types.mjs"), str(ROOT / ASYNCAPI), str(made), cwd=FOLDER)

    assert ran.returncode == 0, ran.stderr
    assert made.read_text(encoding="utf-8") == TYPES


def test_the_package_has_the_version_of_the_contracts() -> None:
    """One version for all that is published."""
    assert json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))["version"] == VERSION


EXAMPLES = [
    f"export const event{number}: SubmissionEvent = {example_submission(each).decode()};"
    for number, each in enumerate(SUBMISSIONS)
]
HEARD = f"const heard: FeedEvent = {json.dumps(example_heard(RequestClosed))};"
GOOD = f"""
import type {{ FeedEvent, FeedEventOf, Receipt, SubmissionEvent }} from "clic-contracts";
{chr(10).join(EXAMPLES)}
export const receipt: Receipt = {json.dumps(EXAMPLE_RECEIPT)};
{HEARD}
export function told(event: FeedEvent): string {{
  switch (event.type) {{
    case "request.closed.v1":
      return event.data.reason;
    case "request.received.v1":
      return event.data.kind;
    default:
      return event.subject;
  }}
}}
export const closed: FeedEventOf<"request.closed.v1">["data"]["reason"] = "withdrawn";
console.log(told(heard));
"""
IMPORT = 'import type { FeedEvent, Receipt, RequestSubmission } from "clic-contracts";\n'
WRONG = {
    "a field of a submission that there is not": (
        'export const it: RequestSubmission = { kind: "report", channel: "phone", txt: "" };',
        "'txt' does not exist in type 'RequestSubmission'",
    ),
    "a value that is not in the list": (
        'export const it: RequestSubmission = { kind: "rumour", channel: "phone" };',
        "'\"rumour\"' is not assignable to type 'Kind'",
    ),
    "a field that is missing": (
        'export const it: RequestSubmission = { kind: "report" };',
        "Property 'channel' is missing",
    ),
    "a field that the feed leaves out": (
        'export const it = (event: FeedEvent) => event.type === "request.received.v1" && event.data.sealed;',
        "Property 'sealed' does not exist on type 'RequestReceivedHeardData'",
    ),
    "a type of event that the feed does not tell": (
        'export const it = (event: FeedEvent) => event.type === "obligation.missed.v1";',
        "This comparison appears to be unintentional",
    ),
    "a receipt's field that may be absent": (
        "export const it = (receipt: Receipt): string => receipt.reference;",
        "is not assignable to type 'string'",
    ),
}


def _project(node: Node, folder: Path, files: dict[str, str]) -> Path:
    made = node.project(folder, files)
    options = json.loads((made / "tsconfig.json").read_text(encoding="utf-8"))
    options["compilerOptions"]["paths"] = {"clic-contracts": [str(PACKAGE / "index.d.ts")]}
    (made / "tsconfig.json").write_text(json.dumps(options), encoding="utf-8")
    return made


def test_a_program_that_keeps_to_the_types_compiles_and_runs(node: Node, tmp_path: Path) -> None:
    """Every example of a submission, a receipt, and the feed told apart by type."""
    project = _project(node, tmp_path, {"program.ts": GOOD})
    compiled = node.compile(project)
    assert compiled.returncode == 0, compiled.stdout

    ran = node.run("out/program.js", cwd=project)
    assert (ran.returncode, ran.stdout.strip()) == (0, RequestClosed.EXAMPLE["reason"])


def test_programs_that_do_not_are_refused_by_the_compiler(node: Node, tmp_path: Path) -> None:
    """A wrong field is found before anything is sent."""
    files = {f"wrong{number}.ts": IMPORT + text for number, (text, _) in enumerate(WRONG.values())}
    compiled = node.compile(_project(node, tmp_path, files))

    said = {name: [line for line in compiled.stdout.splitlines() if line.startswith(name)] for name in files}
    for (what, (_, says)), lines in zip(WRONG.items(), said.values(), strict=True):
        assert [line for line in lines if says in line], f"{what}: the compiler said {compiled.stdout or 'nothing'}"
