"""A repository of Hugging Face: what `keras.saving.load_model("hf://user/name")` reads, the graphs, and a card."""

import json
import re
from pathlib import Path
from typing import Any

import keras

from ..directions import DIRECTIONS
from .model import HubModel, copy_runtime, walks

USAGE = """
```bash
hf upload USER/{name} .        # in this folder: makes the repository, once you have logged in
```

With Keras on TensorFlow, JAX or PyTorch, where keras-stylegan is installed (`pip install .` in its checkout); without
TensorFlow Keras reads no hf:// address: give it `huggingface_hub.snapshot_download("USER/{name}")` there.

```python
import keras
import keras_stylegan.models

generator = keras.saving.load_model("hf://USER/{name}")  # or the path of this folder
z = keras.random.normal((4, generator.z_dim))
images = generator(z{label}, truncation_psi=0.7)  # (4, {height}, {width}, {channels}), about [-1, 1]
```

Without Keras (`pip install numpy pillow onnxruntime`), in this folder:

```python
from runtime import OnnxGenerator

images = OnnxGenerator("onnx/model.onnx").generate(count=4, seed=0, truncation_psi=0.7)
```
"""

INIT = '''"""Generates with numpy, Pillow and onnxruntime."""

from .runtime import OnnxGenerator as OnnxGenerator
'''


def huggingface(model: HubModel, source: Path) -> Path:
    """config.json, metadata.json, model.weights.h5, onnx/, runtime/, README.md and LICENSE.

    Args:
        model: The model.
        source: The files of its export.

    Returns:
        The folder of the repository, inside `source`.
    """
    folder = source / "huggingface"
    keras.saving.save_model(model.trained.generator, folder, zipped=False)
    assets = folder / "assets"
    if assets.is_dir():
        assets.rmdir()  # It has none.
    model.place(source, folder / "onnx", "model.onnx")
    copy_runtime(folder / "runtime", INIT)
    generator = model.trained.generator
    parts = [f"keras.ops.one_hot([0] * 4, {generator.c_dim})"] if generator.c_dim else []
    parts += [f"keras.ops.full((4, 1), {spread.mean:.6g})" for spread in generator.covariates.values()]
    label = ", " + parts[0] if len(parts) == 1 else f", keras.ops.concatenate([{', '.join(parts)}], axis=1)"
    label = label if parts else ""
    height, width = model.size
    usage = USAGE.format(name=model.name, label=label, height=height, width=width, channels=generator.channels)
    usage += walks(folder / "onnx" / DIRECTIONS, "python -m runtime onnx/model.onnx")
    text = f"---\n{_front_matter(model)}---\n\n{model.card_with(usage)}"
    (folder / "README.md").write_text(text, encoding="utf-8")
    (folder / "LICENSE").write_text(model.licence, encoding="utf-8")
    return folder


def _front_matter(model: HubModel) -> str:
    """The card's YAML. A line holds a value as JSON, which is YAML too."""
    values: dict[str, Any] = {"license": "mit"}
    if not model.of_phantoms:
        values = {"license": "other", "license_name": "terms-of-the-training-images", "license_link": "LICENSE"}
    values |= {
        "library_name": "keras",
        "pipeline_tag": "unconditional-image-generation",
        "tags": [model.network.lower(), "gan", "medical-imaging", "synthetic-data", "onnx"],
    }
    # An identifier there; other names would lead nowhere.
    if re.fullmatch(r"[\w.-]+/[\w.-]+", model.options.dataset or ""):
        values["datasets"] = [model.options.dataset]
    if figures := model.figures():
        values["metrics"] = list(dict.fromkeys(key.metric for key in model.record["metrics"]))
        result = {
            "task": {"type": "unconditional-image-generation", "name": "Image generation"},
            "dataset": {"type": model.trained.config.data.source, "name": f"{model.dataset}, held-out subjects"},
            "metrics": figures,
        }
        values["model-index"] = [{"name": model.name, "results": [result]}]
    return "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())
