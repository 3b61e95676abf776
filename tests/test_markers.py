"""The search for markers finds them wherever a file may hold them."""

import gzip
import io
import json
import zipfile

import keras
import numpy as np
import onnx
import pytest
from markers import find_markers
from PIL import Image
from PIL.PngImagePlugin import PngInfo

MARKER = "Ward7/Zoë Öz"


def write_png(path):
    texts = PngInfo()
    texts.add_itxt("Comment", "of " + MARKER, zip=True)
    Image.new("L", (8, 8)).save(path, pnginfo=texts)


def write_keras(path):
    inputs = keras.Input((2,))
    keras.Model(inputs, keras.layers.Dense(1)(inputs), name=MARKER.replace("/", "_")).save(path)


def write_onnx(path):
    graph = onnx.helper.make_graph([], "nothing", [], [])
    model = onnx.helper.make_model(graph)
    model.metadata_props.add(key="config", value=json.dumps({"path": MARKER}))
    onnx.save(model, path)


def write_zip_in_zip(path):
    buffer = io.BytesIO()
    for target, name, content in ((buffer, "text", 100 * MARKER), (path, "inner.zip", buffer)):
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content if name == "text" else content.getvalue())


WRITERS = {
    "a.json": lambda path: path.write_text(json.dumps([MARKER.upper()])),
    "a.txt": lambda path: path.write_bytes(MARKER.encode("utf-16-le")),
    "a.npz": lambda path: np.savez_compressed(path, text=np.array([MARKER])),
    "a.png": write_png,
    "a.onnx": write_onnx,
    "a.zip": write_zip_in_zip,
    "a.nii.gz": lambda path: path.write_bytes(gzip.compress(1000 * MARKER.encode())),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_marker_is_found(tmp_path, name):
    WRITERS[name](tmp_path / name)
    found = find_markers(tmp_path, [MARKER, "elsewhere"])
    assert found and {marker for _, marker in found} == {MARKER} and all(part.startswith(name) for part, _ in found)
    assert find_markers(tmp_path / name, [MARKER]) == found


def test_markers_in_a_keras_file_and_in_names_are_found(tmp_path):
    write_keras(tmp_path / "a.keras")
    assert find_markers(tmp_path, [MARKER.replace("/", "_")])
    (tmp_path / "subject_4711").mkdir()
    (tmp_path / "subject_4711" / "empty").touch()
    assert find_markers(tmp_path, ["subject_4711"]) == [("subject_4711/empty", "subject_4711")]
    assert find_markers(tmp_path, ["nowhere"]) == []
