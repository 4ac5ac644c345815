"""By when the town owes what: pure, without clock, randomness or I/O."""
