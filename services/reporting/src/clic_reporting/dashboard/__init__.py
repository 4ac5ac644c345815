"""The dashboard: what the desk and the departments see of today, of the quarter so far, and of what is late."""
