"""What citizens see: a form to ask the town for something, and a page that shows what became of it (POL-18, POL-39)."""
