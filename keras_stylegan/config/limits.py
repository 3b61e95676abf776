"""Natural ends of options: what a run counts in, not what anybody would wait for."""

MOST_KIMG = 2_147_483
"""Images and steps are counted in 32 bits. The longest runs of the papers show 25,000 kimg."""
MOST_EPOCHS = 100_000
"""Passes over the data."""
MOST_STEPS = 1_000_000
"""Steps between two of anything that is counted in steps."""
MOST_SEED = 2**31 - 1
"""Some backends hold seeds in 32 bits."""
MOST_EVALUATED = 1_000_000
"""Generated images of an evaluation; the papers take 50,000."""
