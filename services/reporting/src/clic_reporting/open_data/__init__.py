"""The town's open data: requests and contacts in the layout of Montréal's « Requêtes 311 », anonymised."""
