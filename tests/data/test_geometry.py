import json

import numpy as np
import pytest

from keras_stylegan.data.geometry import Geometry, read_geometry
from keras_stylegan.errors import InputError

RECORD = {"plane": "coronal", "spacing_mm": 2, "slice_spacing_mm": 3.5, "middle_mm": [1, -20, 30]}


def write(folder, record):
    (folder / "dataset.json").write_text(record if isinstance(record, str) else json.dumps(record))
    return folder / "dataset.json"


@pytest.mark.parametrize(
    ("plane", "right", "down"),
    # One pixel to the right and one down of a picture: to the left or to the back, downwards or to the back.
    [("axial", (-2, 0, 0), (0, -2, 0)), ("coronal", (-2, 0, 0), (0, 0, -2)), ("sagittal", (0, -2, 0), (0, 0, -2))],
)
def test_the_affine_has_the_middle_and_the_directions_of_the_picture(plane, right, down):
    affine = Geometry(plane, 2.0, 3.5, (1.0, -20.0, 30.0)).affine((5, 8))
    np.testing.assert_allclose(affine @ [3.5, 2, 0, 1], [1, -20, 30, 1])
    np.testing.assert_allclose(affine[:3, 0], right)
    np.testing.assert_allclose(affine[:3, 1], down)
    # The next slice lies further right, in front or above.
    normal = 3 - np.flatnonzero(np.add(right, down)).sum()
    assert affine[normal, 2] == 3.5 and np.count_nonzero(affine[:3, 2]) == 1


def test_what_a_dataset_tells(tmp_path):
    assert read_geometry(write(tmp_path, RECORD)) == Geometry("coronal", 2.0, 3.5, (1.0, -20.0, 30.0))
    assert read_geometry(tmp_path / "nothing.json") is None
    assert read_geometry(write(tmp_path, RECORD | {"plane": None})) is None
    assert read_geometry(write(tmp_path, {"plane": "axial", "spacing_mm": 1})) is None


@pytest.mark.parametrize(
    "record",
    ["{", "[]", RECORD | {"plane": "oblique"}, RECORD | {"spacing_mm": 0}, RECORD | {"middle_mm": [1, 2]},
     RECORD | {"spacing_mm": "wide"}, RECORD | {"middle_mm": [1, 2, float("nan")]}, RECORD | {"plane": ["axial"]}],
)  # fmt: skip
def test_a_damaged_record(tmp_path, record):
    with pytest.raises(InputError, match="dataset.json is damaged"):
        read_geometry(write(tmp_path, record))
