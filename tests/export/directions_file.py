"""A file of directions, made here."""

import base64
import json

import numpy as np

from export.directions import FORMAT


def record(generator_or_sizes, weights="w", **changes):
    num_ws, w_dim = generator_or_sizes
    vector = np.linspace(-1, 1, w_dim).astype("<f4")
    entry = {
        "name": "slice",
        "kind": "supervised",
        "target": "slice",
        "layers": [0, num_ws],
        "vector": base64.b64encode(vector.tobytes()).decode(),
        "effects": {"slice": {"value": 2.0, "low": 1.5, "high": 2.5, "chance": 0.5}},
        "verdict": "changes slice",
    }
    entry |= {key: value for key, value in changes.items() if key in entry}
    top = {"format": FORMAT, "weights_sha256": weights, "w_dim": w_dim, "num_ws": num_ws, "directions": [entry]}
    return top | {key: value for key, value in changes.items() if key not in entry}


def write(path, content):
    path.write_text(json.dumps(content))
    return path
