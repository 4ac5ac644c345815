"""What every CLIC service stands on: log, process runner, projector, telemetry."""
