"""The command `compare`: experiments side by side, on held-out subjects."""
