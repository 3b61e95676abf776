"""The command `evaluate`: judges a trained run against held-out subjects and writes the report."""
