"""A bundle of MONAI (its specification of bundles): configs, the graphs, what runs them, and a card."""

from pathlib import Path

import numpy as np
import onnx

from keras_stylegan import __version__

from ..directions import DIRECTIONS
from ..metadata import INTENDED_USE
from .model import HubModel, copy_runtime, walks, write_json

SCHEMA = "https://github.com/Project-MONAI/MONAI-extra-test-data/releases/download/0.8.1/meta_schema_20240725.json"
TESTED = {"monai_version": "1.6.1", "pytorch_version": "2.13.0"}
"""Versions that the bundle was run with."""
USAGE = """
With MONAI (`pip install monai fire onnxruntime pillow`), in this folder:

```bash
python -m monai.bundle run --config_file configs/inference.json --count 64 --truncation_psi 0.7
```

writes PNG files into outputs/. The network is the ONNX graph `models/model.onnx`; there is no PyTorch network.
"""


def monai(model: HubModel, source: Path) -> Path:
    """<name>/ with configs/, models/, scripts/, docs/ and LICENSE.

    Args:
        model: The model.
        source: The files of its export.

    Returns:
        The folder that holds the bundle, inside `source`.
    """
    folder = source / "monai" / model.name
    copy_runtime(folder / "scripts", '"""Runs the graphs with numpy, Pillow and onnxruntime."""\n')
    script = Path(__file__).parent / "monai_script.py"
    (folder / "scripts" / "write_images.py").write_text(script.read_text(encoding="utf-8"), encoding="utf-8")
    model.place(source, folder / "models", "model.onnx")
    write_json(folder / "configs" / "metadata.json", _metadata(model, onnx.load(folder / "models" / "model.onnx")))
    write_json(folder / "configs" / "inference.json", INFERENCE)
    (folder / "docs").mkdir()
    usage = USAGE + walks(folder / "models" / DIRECTIONS, "python -m scripts models/model.onnx")
    (folder / "docs" / "README.md").write_text(model.card_with(usage), encoding="utf-8")
    for name in ("LICENSE", "docs/license.txt"):
        (folder / name).write_text(model.licence, encoding="utf-8")
    return folder.parent


INFERENCE = {
    "imports": ["$from scripts.write_images import write_images"],
    "bundle_root": ".",
    "model": "$@bundle_root + '/models/model.onnx'",
    "output_dir": "$@bundle_root + '/outputs'",
    "count": 16,
    "seed": 0,
    "truncation_psi": 1.0,
    "label": None,
    "covariates": None,
    "run": ["$write_images(@model, @output_dir, @count, @seed, @truncation_psi, @label, @covariates)"],
}
"""configs/inference.json."""


FORMATS = {"z": "latent", "label": "class", "covariates": "number", "truncation_psi": "number"}
"""What the graph's inputs hold; others are noise."""


def _input(tensor: onnx.ValueInfoProto) -> dict:
    kind = tensor.type.tensor_type
    shape = [side.dim_value for side in kind.shape.dim]
    return {
        "type": "tuples",
        "format": FORMATS.get(tensor.name, "noise"),
        "num_channels": 0,
        "spatial_shape": shape[1:],
        "dtype": onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type).name,
        "value_range": [],
        "is_patch_data": False,
        "channel_def": {},
    }


def _metadata(model: HubModel, graph: onnx.ModelProto) -> dict:
    generator, (height, width) = model.trained.generator, model.size
    figures = {}
    for figure in model.figures():
        figures |= {figure["type"]: figure["value"], f"{figure['type']}_floor": figure["args"]["floor"]}
    uint8 = model.options.output == "uint8"
    channels = 3 if uint8 else generator.channels
    return {
        "schema": SCHEMA,
        "version": __version__,
        "changelog": {__version__: "Exported"},
        **TESTED,
        "numpy_version": np.__version__,
        "required_packages_version": {"onnxruntime": "1.21", "pillow": "10", "fire": "0.7"},
        "supported_apps": {},
        "name": model.name,
        "task": "Generate random images",
        "description": f"{model.network} generator of {height}x{width} pixels, {generator.channels} channel(s), ONNX",
        "authors": "keras-stylegan",
        "copyright": "See LICENSE",
        "intended_use": INTENDED_USE,
        "data_source": model.dataset,
        "data_type": "image",
        "references": [model.paper],
        "eval_metrics": {name: value for name, value in figures.items() if value is not None},
        "network_data_format": {
            "inputs": {tensor.name: _input(tensor) for tensor in graph.graph.input},
            "outputs": {
                "pred": {
                    "type": "image",
                    "format": "magnitude",
                    "num_channels": channels,
                    "spatial_shape": [height, width],
                    "dtype": model.options.output,
                    "value_range": [0, 255] if uint8 else [-1, 1],
                    "is_patch_data": False,
                    "channel_def": {"0": "image"} if channels == 1 else {"0": "red", "1": "green", "2": "blue"},
                }
            },
        },
    }
