"""Which code keeps a clause of the policy and which tests prove it, gathered from where they cite it.

`python -m tests.clauses` writes `docs/clauses.md`; a test keeps the page true, and fails where nothing proves a clause.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.place import ROOT
from tests.taken_out.__main__ import REMOVALS

PAGE = ROOT / "docs/clauses.md"
CLAUSE = re.compile(r"POL-([0-9]{2})(?: to POL-([0-9]{2}))?")
LAST = 41

PROMISES = {
    1: "A request or a report: the town has to act, or hears of a harm",
    2: "A complaint: repeated dissatisfaction",
    3: "A comment or a suggestion",
    4: "A request for access to information, with its own path",
    5: "Addressed officially to the town",
    6: "Name of the requester, and an e-mail address or telephone",
    7: "A subject of municipal competence; otherwise where to turn instead",
    8: "Facts rather than rumours: a person judges, never a rule alone",
    9: "Not before the courts: Services juridiques, never answered by the desk",
    10: "The desk centralises and registers every contact and request",
    11: "An elected official passes the person to the desk",
    12: "An official complaint goes to the Direction générale",
    13: "A voice-mail is called back by the end of the next business day",
    14: "An e-mail is acknowledged by the end of the next business day",
    15: "Messenger is treated like e-mail",
    16: "What the first line can answer is not transferred",
    17: "What the knowledge base lacks is looked up, and the citizen answered",
    18: "The citizen is told the steps of the treatment",
    19: "A timetable agreed with the citizen is kept",
    20: "Access requests go to the greffier, written or oral",
    21: "An access request is precise enough to find the document",
    22: "Access is answered within 20 days",
    23: "One extension of 10 days, notified beforehand",
    24: "A refusal of access can be reviewed within 30 days",
    25: "Acknowledgement and decision state the right of review",
    26: "An access request is confidential",
    27: "The citizen is answered before a request is closed",
    28: "The file is documented and followed up",
    29: "Departments work with the desk on delays",
    30: "Confidentiality and neutrality in every procedure",
    31: "Interactions are counted by channel",
    32: "Received, treated and pending, with their balance",
    33: "Complaints directed to the Direction générale",
    34: "What the desk answered itself",
    35: "Departments and main subjects",
    36: "Unusual requests: number and portrait",
    37: "What was learned from exchanges, signed off by a person",
    38: "Confidentiality holds in the report",
    39: "Satisfaction is measured; the citizen may reopen",
    40: "An unusual request can become an article",
    41: "Courtesy: an exchange is marked as abusive, the request treated all the same",
}
LATER: dict[int, str] = {}
"""Clauses that nothing proves yet, and which issue will."""

Citations = Mapping[int, tuple[str, ...]]


def cited(text: str) -> Iterator[int]:
    """The clauses that a text names, each of a range."""
    for match in CLAUSE.finditer(text):
        first, last = int(match[1]), int(match[2] or match[1])
        yield from range(first, last + 1)


def kept_by() -> Citations:
    """For each clause the modules that cite it, code that ships alone."""
    found: dict[int, set[str]] = defaultdict(set)
    for path in sorted((*ROOT.glob("services/*/src/**/*.py"), *ROOT.glob("contracts/src/**/*.py"))):
        for number in cited(path.read_text(encoding="utf-8")):
            found[number].add(".".join(path.relative_to(ROOT).with_suffix("").parts).partition(".src.")[2])
    return {number: tuple(sorted(each)) for number, each in found.items()}


def proved_by() -> Citations:
    """For each clause the tests whose docstrings cite it, as `file: test`."""
    found: dict[int, set[str]] = defaultdict(set)
    for path in sorted(ROOT.glob("tests/**/test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                for number in cited(ast.get_docstring(node) or ""):
                    found[number].add(f"{path.relative_to(ROOT).as_posix()}: {node.name}")
    return {number: tuple(sorted(each)) for number, each in found.items()}


def page() -> str:
    """`docs/clauses.md`: each clause, the modules that keep it, whose tests prove it, what was taken out for it."""
    kept, proved = kept_by(), proved_by()
    lines = [
        "# The policy's clauses: who keeps them, and what proves it",
        "",
        "Gathered by `python -m tests.clauses` from where code and tests cite a clause; change those, not this page.",
        "",
        "That a test notices when a rule of the desk is taken out is tried, not claimed:",
        "",
        "- `python -m tests.intake.mutate` takes out the rules of the decider's tables by itself: each rule that",
        "  refuses, each refusal, each branch of the judgement at the door, each row of the lifecycle. One of each",
        "  sort is tried in the suite; all of them, which takes six minutes, after the decider was changed.",
        "- `python -m tests.taken_out` takes each rule that is called *taken out* below out of a copy of the tree, and",
        "  runs the test named beside it (`--clause 18`: those of one clause). A test of the suite keeps that each of",
        "  them still stands where it is looked for, and that the test beside it is there and cites the clause.",
    ]
    for number in range(1, LAST + 1):
        lines += ["", f"## POL-{number:02} {PROMISES[number]}", ""]
        if number in LATER:
            lines.append(LATER[number])
        lines += [f"- kept by {_listed(kept[number])}"] if number in kept else []
        files = {each.partition(": ")[0] for each in proved.get(number, ())}
        lines += [f"- proved by {_listed(tuple(sorted(files)))}"] if files else []
        lines += [
            f"- taken out: “{each.rule}” (`{each.path}`); noticed by `{each.test}`"
            for each in REMOVALS
            if each.clause == number
        ]
    return "\n".join(lines) + "\n"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{each}`" for each in names)


def main() -> None:
    """Write the page."""
    Path(PAGE).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
