"""The table of operations."""

import typing

import pytest

from keras_stylegan.augment.operations import GROUPS, OPERATIONS, chosen
from keras_stylegan.config import augment


def test_groups_and_single_ones_are_put_in_the_order_of_the_table():
    names = [row.name for row in chosen(("intensity", "rotation", "blit", "flip"))]
    assert names == ["flip", "shift", "rotation", "gain", "brightness", "gamma", "contrast"]
    assert chosen(()) == ()


def test_diffaugment_has_its_own_ranges():
    """Zhao et al. 2020, their code: shifts of 1/8, cut-out of 1/2, brightness ± 0.5 of [-1, 1], contrast to 1.5."""
    reach = {row.name: row.reach for row in chosen(("diffaugment",))}
    assert reach == {"shift": 0.125, "brightness": 0.25, "contrast": pytest.approx(0.585), "cutout": 0.5}
    assert 2 ** reach["contrast"] == pytest.approx(1.5, rel=1e-3)


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="Received: 'invert'"):
        chosen(("flip", "invert"))


def test_the_config_offers_all_of_them():
    assert set(typing.get_args(augment.Operation)) == {*(row.name for row in OPERATIONS), *GROUPS}


def test_what_no_brain_survives_is_not_offered():
    assert not {"rotate90", "invert", "hue"} & {row.name for row in OPERATIONS}
