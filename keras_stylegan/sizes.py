"""Sizes of images: which ones the networks can have, and the blocks that such a size is made of. Standard library only.

An image is a constant of a·b values, doubled k ≥ 1 times: height a·2^k, width b·2^k. Of all ways to write a size the
networks take the one with the most doublings that leaves 4 or more values on a side: 64x64 is 4x4·2^4, 192x224 is
6x7·2^5, 208x176 is 13x11·2^4. Where more than 16 are left (50 is 25·2) the size is refused: most of such an image
would come from the constant.
"""

import math

LEAST, MOST = 4, 16
"""Values on a side of the constant."""
LONGEST = 1024
"""Pixels on a side of an image."""

Resolution = int | tuple[int, int]
"""Side of a square, or (height, width)."""


def height_width(resolution: Resolution) -> tuple[int, int]:
    """(height, width) in pixels."""
    return (resolution, resolution) if isinstance(resolution, int) else tuple(resolution)


def simplest(resolution: Resolution) -> Resolution:
    """The same size in its one form: the side of a square, (height, width) of anything else."""
    height, width = height_width(resolution)
    return height if height == width else (height, width)


def in_words(resolution: Resolution) -> str:
    """'64x64', '208x176 (height x width)'."""
    height, width = height_width(resolution)
    return f"{height}x{width}" + ("" if height == width else " (height x width)")


def block_sizes(resolution: Resolution) -> dict[int, tuple[int, int]]:
    """The blocks of the networks from coarse to fine: their resolution r to their (height, width).

    r names a block and gives it its channels, min(channel_base / r, channel_max): it is the power of two nearest to
    √(height·width), in ratio, so that a pixel costs what it costs in the square nearest in size. The blocks of 64x64
    are 4: (4, 4), 8: (8, 8) … 64: (64, 64), those of 208x176 are 16: (13, 11), 32: (26, 22) … 256: (208, 176).

    Raises:
        ValueError: No such size, with those that are legal and the nearest one.
    """
    doublings = _doublings(*height_width(resolution))
    if doublings is None:
        raise ValueError(f"resolution must be {legal(resolution)}. Received: {resolution!r}")
    height, width = (side >> doublings for side in height_width(resolution))
    coarsest = 2 ** round(math.log2(height * width) / 2)
    return {coarsest << i: (height << i, width << i) for i in range(doublings + 1)}


def is_legal(resolution: Resolution) -> bool:
    """Whether `block_sizes` takes it."""
    return _doublings(*height_width(resolution)) is not None


def legal(resolution: Resolution) -> str:
    """What a resolution that is refused must be, and the nearest that is legal."""
    height, width = _nearest(*height_width(resolution))
    nearest = f"{height}" if isinstance(resolution, int) else f"{height} {width}"
    return (
        f"the side of a square, or height and width, each {LEAST} to {MOST} times 2^k with the same k ≥ 1 and at most "
        f"{LONGEST}; the nearest is {nearest}"
    )


def _doublings(height: int, width: int) -> int | None:
    """The most halvings that leave `LEAST` values or more on both sides; None if the size is not legal."""
    if min(height, width) < 1:
        return None
    common = math.gcd(height, width)
    doublings = 0
    while common % 2 ** (doublings + 1) == 0 and min(height, width) >> (doublings + 1) >= LEAST:
        doublings += 1
    longest = max(height, width)
    return doublings if doublings and longest >> doublings <= MOST and longest <= LONGEST else None


def _nearest(height: int, width: int) -> tuple[int, int]:
    """The legal size with the least change of both sides, in ratio; of two the one with more doublings."""

    def rounded(side: int, doublings: int) -> int:
        most = min(MOST, LONGEST >> doublings)
        return min(max(round(side / 2**doublings), LEAST), most) << doublings

    def change(size: tuple[int, int]) -> float:
        return sum(abs(math.log(new / max(old, 1))) for new, old in zip(size, (height, width), strict=True))

    sizes = [(rounded(height, k), rounded(width, k)) for k in range((LONGEST // LEAST).bit_length() - 1, 0, -1)]
    return min(sizes, key=change)
