"""The agent's screen: server-rendered pages over the worklists, a request's story and the commands."""
