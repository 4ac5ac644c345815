"""The desk's worklists: a projection of the log into the schema `desk`, and the lists that agents read of it."""
