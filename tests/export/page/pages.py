"""What tests ask a page."""

import base64
import json
import shutil

import numpy as np

from export.runtime import OnnxGenerator

READY = "document.getElementById('main')?.getAttribute('aria-busy') === 'false'"


def levels(images):
    return np.rint((np.asarray(images, np.float64) + 1) * 127.5).astype(int)


def canvas(tab, name="image"):
    """(H, W, 3) pixels of a canvas."""
    code = f"""(() => {{ const canvas = document.getElementById({name!r}), {{ width, height }} = canvas;
        return [height, width, [...canvas.getContext("2d").getImageData(0, 0, width, height).data]]; }})()"""
    height, width, values = tab.evaluate(code)
    return np.reshape(values, (height, width, 4))[..., :3]


def settle(tab, values="{}"):
    """Set values of the state and wait for the image."""
    tab.evaluate(f"window.generator.set({values})")


def within_one_level(actual, expected):
    assert np.abs(np.asarray(actual, int) - expected).max() <= 1


def copy_of(page, folder):
    return shutil.copytree(page.parent, folder / "export")


def write_directions(folder, vectors, verdict):
    """directions.json of a small generator: vectors by their names, on layers 1 to 3."""
    entries = [{"name": name, "kind": "supervised", "target": name, "layers": [1, 4], "effects": {}, "verdict": verdict,
                "vector": base64.b64encode(vector.tobytes()).decode()} for name, vector in vectors.items()]  # fmt: skip
    weights = OnnxGenerator(folder / "generator.onnx").metadata["weights_sha256"]
    record = {"format": "keras-stylegan directions 1", "weights_sha256": weights, "w_dim": 12, "num_ws": 6,
              "directions": entries}  # fmt: skip
    (folder / "directions.json").write_text(json.dumps(record))
