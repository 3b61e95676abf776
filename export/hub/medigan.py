"""A model of medigan (Osuala et al. 2023): a Python package with `generate`, and the JSON that describes it."""

from pathlib import Path

from keras_stylegan import __version__

from ..directions import DIRECTIONS
from ..metadata import INTENDED_USE
from .model import HubModel, copy_runtime, walks, write_json

REQUIREMENTS = ["numpy>=1.26", "pillow>=10", "onnxruntime>=1.21"]
USAGE = """
With medigan (`pip install medigan`), in a Python session that was started in the folder above this one:

```python
from medigan import Generators

generators = Generators()
generators.add_model_contributor("{model_id}", init_py_path="{name}/__init__.py")
generators.add_metadata_from_file("{model_id}", "{name}/metadata.json")
generators.test_model("{model_id}")
images = generators.generate("{model_id}", num_samples=8, save_images=False, truncation_psi=0.7)
```

`generators.contribute(...)` sends it to medigan: choose its number first, the digits of the identifier.
Its options are `seed` (by default new images at every call), `truncation_psi`, `label`, the name of a class, and
`covariates`, a dictionary of numbers by name; what is not given is drawn as the training images have it.
"""


def medigan(model: HubModel, source: Path) -> Path:
    """<name>/ with `__init__.py`, the graph, metadata.json, README.md and LICENSE.

    Args:
        model: The model.
        source: The files of its export.

    Returns:
        The folder that holds the package, inside `source`.
    """
    folder = source / "medigan" / model.name
    package = (Path(__file__).parent / "medigan_package.py").read_text(encoding="utf-8")
    copy_runtime(folder, package.replace("A generator", f"A {model.network} generator", 1))
    model.place(source, folder)
    model_id = f"00000_{model.network.upper()}_{model.trained.weights_sha256[:8].upper()}"
    write_json(folder / "metadata.json", {model_id: _metadata(model)})
    usage = USAGE.format(model_id=model_id, name=model.name)
    usage += walks(folder / DIRECTIONS, f"python -m {model.name} {model.name}/generator.onnx")
    (folder / "README.md").write_text(model.card_with(usage), encoding="utf-8")
    (folder / "LICENSE").write_text(model.licence, encoding="utf-8")
    return folder.parent


def _metadata(model: HubModel) -> dict:
    config, (height, width) = model.trained.config, model.size
    figures = {figure["type"]: {"value": figure["value"], **figure["args"]} for figure in model.figures()}
    audit = (model.record or {}).get("audit")
    classes = list(model.trained.classes) if model.trained.generator.c_dim else []
    return {
        "execution": {
            "package_name": model.name,
            "package_link": "",
            "model_name": "generator",
            "extension": ".onnx",
            "image_size": [height, width],
            "dependencies": REQUIREMENTS,
            "generate_method": {
                "name": "generate",
                "args": {
                    "base": ["model_file", "num_samples", "output_path", "save_images"],
                    "custom": {"seed": None, "truncation_psi": 1.0, "label": None, "covariates": None},
                },
            },
        },
        "selection": {
            "performance": figures,
            "use_cases": ["research", "teaching"],
            "function": ["image generation"],
            "condition": classes,
            "dataset": [model.dataset],
            "generates": ["images"],
            "height": height,
            "width": width,
            "depth": None,
            "type": model.network,
            "license": "MIT" if model.of_phantoms else "terms of the training images",
            "privacy_preservation": f"memorisation audit: {audit['verdict']}" if audit else "not audited",
            "tags": [model.network.lower(), "onnx", "grey" if config.model.channels == 1 else "RGB"],
        },
        "description": {
            "title": f"{model.network} of {height}x{width} pixels",
            "version": __version__,
            "comment": INTENDED_USE,
        },
    }
