"""Letters to citizens: written from the town's templates, kept in the log, sent once, and followed until they arrive.

`docs/letters.md` tells how a letter goes, `docs/decisions/0019` what is promised and what SMTP cannot promise.
"""
