"""`make simulate`: more years, larger ones, or one again in full: `python -m tests.simulation --seed 123`."""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from hashlib import sha256
from multiprocessing import Pool

from tests.simulation.run import wrong_in
from tests.simulation.year import Year

from clic_contracts.envelope import encode_commit


def write(text: str) -> None:
    """To whoever looks on."""
    sys.stdout.write(text)
    sys.stdout.flush()


def digest(year: Year) -> str:
    """Tells one log from another."""
    return sha256(b"\n".join(encode_commit(each.events) for each in year.commits())).hexdigest()


def tell(seed: int, requests: int) -> None:
    """The log of one year."""
    year = Year(seed, requests)
    year.run()
    for commit in year.commits():
        for each in commit.events:
            said = each.data.model_dump(mode="json", exclude_none=True, exclude={"trace", "sealed"})
            write(f"{commit.sequence} {commit.request_id} {each.recorded_at} {each.type} {each.occurred_at} {said}\n")
    write(f"{digest(year)}\n")


def main() -> int:
    """1 where a year ended otherwise than it must."""
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--seed", type=int, help="run this one alone")
    parser.add_argument("--seeds", type=int, default=100, help="how many, from 0 on")
    parser.add_argument("--requests", type=int, default=50, help="of each year")
    parser.add_argument("--tell", action="store_true", help="print the log of --seed")
    given = parser.parse_args()
    if given.tell:
        tell(given.seed or 0, given.requests)
    seeds = range(given.seeds) if given.seed is None else [given.seed]
    failed = 0
    with Pool(min(len(seeds), os.cpu_count() or 1)) as pool:
        for number, lines in enumerate(pool.imap_unordered(partial(wrong_in, requests=given.requests), seeds), 1):
            failed += bool(lines)
            if lines:
                write("\n".join(lines) + "\n")
            elif sys.stdout.isatty():
                write(f"{number} of {len(seeds)} years\r")
    write(f"{len(seeds)} years of {given.requests} requests, {failed} of them otherwise than they must be\n")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
