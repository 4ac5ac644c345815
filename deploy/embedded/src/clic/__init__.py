"""CLIC on one machine: starts everything, seeds a town, imports open data."""
