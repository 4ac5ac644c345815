"""CLIC deadlines: by when a request is to be acknowledged and answered."""
