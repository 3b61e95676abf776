"""Natural ends of durations: what a run counts in, not what anybody would wait for."""

MOST_KIMG = 2_147_483
"""Images and steps are counted in 32 bits. The longest runs of the papers show 25,000 kimg."""
MOST_EPOCHS = 100_000
"""Passes over the data."""
MOST_STEPS = 1_000_000
"""Steps between two of anything that is counted in steps."""
