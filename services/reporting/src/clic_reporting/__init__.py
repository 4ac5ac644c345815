"""CLIC reporting: folds the log into tables and serves the town's indicators."""
