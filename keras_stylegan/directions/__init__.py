"""`directions`: ways through the styles of a model, each with what it really changes."""
