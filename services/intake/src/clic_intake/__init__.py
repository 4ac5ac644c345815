"""CLIC intake: accepts, judges, registers, acknowledges, answers and closes requests."""
