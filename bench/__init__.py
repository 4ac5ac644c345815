"""Benchmarks: what the house does beside what its servers can do bare, in one run. `python -m bench`, from the root.

Never a test: the figures are this machine's. What starts servers is the tests' own house (`tests.system.house`).
"""
