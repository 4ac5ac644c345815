"""A town that never was, at any size: a log of millions of facts out of a seed, as the four services would write it.

    python -m bench.generated_town --events 1000000 --dir FOLDER

Stories of requests and contacts begin at a steady rate, on days and at hours as people come, last days to weeks, and
interleave in the log by when the log took them. A smaller town is the beginning of a larger one. Sizes, shapes and the
mix of facts follow a log that `clic seed` plays through the services (1,119 bytes and 1.49 facts a commit, 4.8 facts a
story); what is sealed is random text as long as theirs. `tests/bench` holds it to the contracts: every commit decodes,
every fact may happen in its phase, every due date is the calendar's.
"""
