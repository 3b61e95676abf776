"""Seeds of initial weights."""

import zlib


def derive_seed(seed, name):
    """A seed for one weight: two weights of one network must not start with the same numbers.

    Args:
        seed: Integer seed of the whole, or None for a random one.
        name: Name of the part.

    Returns:
        An integer in [0, 2^31), or None.
    """
    return None if seed is None else zlib.crc32(f"{seed}/{name}".encode()) & 0x7FFFFFFF
