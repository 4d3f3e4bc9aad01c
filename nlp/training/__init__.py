"""Making the models that are shipped, and measuring them. Needs the labelled sets; see docs/models.md."""
