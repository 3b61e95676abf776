import pytest

from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.errors import InputError


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"spacing": 0.0}, r"spacing must be at least 0.05. Received: 0\.0"),
        ({"spacing": 0.049}, r"spacing must be at least 0.05. Received: 0\.049"),
        ({"spacing": 100.0}, r"spacing must be at most 20. Received: 100\.0"),
        ({"size": (0, 64)}, r"size must be two numbers from 4 to 4096. Received: \(0, 64\)"),
        (
            {"percentiles": (99.0, 1.0)},
            r"percentiles must be two rising numbers from 0 to 100. Received: \(99\.0, 1\.0\)",
        ),
        ({"window": (5.0, 5.0)}, r"window must be two rising numbers. Received: \(5\.0, 5\.0\)"),
        ({"range_mm": (0.0, float("nan"))}, "range_mm must be two rising numbers"),
        ({"range_mm": (0.0, 1.0), "range_percent": (0.0, 1.0)}, "either range_mm or range_percent, not both"),
        ({"min_brain": 2.0}, r"min_brain must be at most 1. Received: 2\.0"),
        ({"split": "0.8"}, "split must be two shares that add up to 1, such as 0.8/0.2. Received: '0.8'"),
        ({"split": "0.8/0.3"}, "split must be two shares"),
        ({"split": "0/1"}, "split must be two shares"),
        ({"plane": "oblique"}, "plane must be one of"),
        ({"name_pattern": "(?P<subject>"}, "name_pattern is not a regular expression"),
        ({"name_pattern": ".*"}, "name_pattern must be a regular expression with a group"),
    ],
)
def test_bad_options(changes, message):
    with pytest.raises(InputError, match=message):
        VolumeOptions(**changes)


@pytest.mark.parametrize(("split", "share"), [("0.8/0.2", 0.2), ("1/0", 0), (".75/.25", 0.25), ("1.0/0.0", 0)])
def test_shares(split, share):
    assert VolumeOptions(split=split).test_share == share
