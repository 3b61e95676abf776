"""Which sizes the networks can have, and their blocks."""

import pytest

from keras_stylegan.sizes import block_sizes, height_width, in_words, is_legal, legal, simplest


@pytest.mark.parametrize(
    ("resolution", "blocks"),
    [
        (8, {4: (4, 4), 8: (8, 8)}),
        (64, {4: (4, 4), 8: (8, 8), 16: (16, 16), 32: (32, 32), 64: (64, 64)}),
        ((192, 224), {8: (6, 7), 16: (12, 14), 32: (24, 28), 64: (48, 56), 128: (96, 112), 256: (192, 224)}),
        # Sides that leave more than 7 values, as further halving is not possible.
        ((208, 176), {16: (13, 11), 32: (26, 22), 64: (52, 44), 128: (104, 88), 256: (208, 176)}),
        ((8, 32), {8: (4, 16), 16: (8, 32)}),
        (48, {8: (6, 6), 16: (12, 12), 32: (24, 24), 64: (48, 48)}),
        ((80, 80), {4: (5, 5), 8: (10, 10), 16: (20, 20), 32: (40, 40), 64: (80, 80)}),
    ],
)
def test_blocks_by_hand(resolution, blocks):
    assert list(block_sizes(resolution).items()) == list(blocks.items())


def test_the_resolution_of_a_block_is_the_power_of_two_nearest_in_ratio():
    for height in range(8, 257, 8):
        for width in range(8, 257, 8):
            if is_legal((height, width)):
                for r, (h, w) in block_sizes((height, width)).items():
                    assert r & (r - 1) == 0 and 0.5 <= r**2 / (h * w) <= 2


@pytest.mark.parametrize(
    ("resolution", "nearest"),
    [
        (4, "8"),
        (50, "48"),
        (2048, "1024"),
        (0, "8"),
        (-5, "8"),
        ((209, 176), "208 176"),
        ((218, 182), "224 176"),
        ((6, 30), "8 30"),
        ((64, 2000), "256 1024"),
    ],
)
def test_what_is_not_legal_is_refused_with_the_nearest_that_is(resolution, nearest):
    assert not is_legal(resolution)
    with pytest.raises(ValueError, match=rf"resolution must be .*the nearest is {nearest}\. Received: "):
        block_sizes(resolution)
    assert is_legal(tuple(map(int, nearest.split())) if " " in nearest else int(nearest))


def test_every_size_that_is_a_constant_doubled_is_legal():
    """Read off the rule, and by trying all ways to write a size."""
    for height in range(1, 140):
        for width in range(1, 140):
            ways = [k for k in range(1, 9) if height % 2**k == width % 2**k == 0
                    and all(4 <= side >> k <= 16 for side in (height, width))]  # fmt: skip
            assert is_legal((height, width)) == bool(ways)
            if ways:
                assert next(iter(block_sizes((height, width)).values())) == (height >> max(ways), width >> max(ways))


def test_forms():
    assert height_width(64) == (64, 64) and height_width([208, 176]) == (208, 176)
    assert simplest((64, 64)) == 64 and simplest([208, 176]) == (208, 176) and simplest(64) == 64
    assert in_words(64) == "64x64" and in_words((208, 176)) == "208x176 (height x width)"
    assert legal(50).startswith("the side of a square, or height and width, each 4 to 16 times 2^k")
