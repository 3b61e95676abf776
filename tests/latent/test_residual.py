import numpy as np
import pytest

from keras_stylegan.latent.residual import COLOURS, LIMIT, in_colour, signed_colours


def test_white_is_no_difference_red_is_brighter_and_blue_is_darker():
    colours = signed_colours(np.array([0.0, LIMIT, -LIMIT, 9.0, -9.0, LIMIT / 2])[:, None, None, None])[:, 0, 0]
    levels = np.rint((colours + 1) * 127.5)
    assert levels.tolist()[:3] == [[247, 247, 247], [103, 0, 31], [5, 48, 97]]
    assert np.array_equal(colours[3:5], colours[1:3])  # Beyond the scale its end.
    assert levels[5].tolist() == [214, 96, 77]


def test_both_signs_are_told_apart_without_red_and_green():
    """Machado et al. 2009, full deuteranopia: the ends of the scale stay far apart, and so does each from white."""
    simulate = np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    )
    linear = ((COLOURS + 1) / 2) ** 2.2
    seen = np.clip(linear @ simulate.T, 0, 1) ** (1 / 2.2)
    for number in (0, 1):
        assert np.linalg.norm(seen[number] - seen[4 - number]) > 0.25
        assert np.linalg.norm(seen[number] - seen[2]) > 0.25


def test_colour_images_count_by_the_mean_of_their_channels():
    difference = np.array([0.3, 0.0, 0.0]).reshape(1, 1, 1, 3)
    assert signed_colours(difference) == pytest.approx(signed_colours(np.full((1, 1, 1, 1), 0.1)))
    assert in_colour(np.zeros((2, 4, 4, 1))).shape == in_colour(np.zeros((2, 4, 4, 3))).shape == (2, 4, 4, 3)
