"""The access requests of a year as a register and an account of them, to read and as files."""
