"""What an exported file says about itself."""

import dataclasses
import json
from importlib.metadata import version
from typing import Any

import numpy as np
import onnxruntime

from keras_stylegan.config.public import public
from keras_stylegan.data.geometry import read_geometry
from keras_stylegan.errors import InputError
from keras_stylegan.sizes import height_width
from keras_stylegan.training.samples import shares
from keras_stylegan.training.trained import TrainedGenerator

from .options import ExportOptions

FORMAT = "keras-stylegan generator 2"
"""Value of the metadata key `format`: what `export.runtime` accepts."""
PACKAGES = ("keras", "tensorflow", "tf2onnx", "onnx", "numpy")
LICENCE = "Software: MIT. The weights are subject to the terms of the images they were trained on."
PHANTOM_LICENCE = "Software and weights: MIT."
INTENDED_USE = "Research on image synthesis. Not a medical device: not for diagnosis or treatment decisions."


def metadata(trained: TrainedGenerator, options: ExportOptions) -> dict[str, str]:
    """Keys and values of the file's metadata; lists and objects as JSON. Nothing tells where the data lay.

    Args:
        trained: The generator and what is known of it.
        options: See `ExportOptions`.

    Raises:
        InputError: The run's evaluation/metrics.json is damaged.
    """
    generator, config = trained.generator, trained.config
    height, width = height_width(generator.resolution)
    uint8 = options.output == "uint8"
    geometry = read_geometry(trained.run_dir / "dataset.json")
    record = evaluation(trained) or {}
    numbers = {
        "height": height,
        "width": width,
        "channels": 3 if uint8 else generator.channels,
        "z_dim": generator.z_dim,
        "w_dim": generator.w_dim,
        "num_ws": generator.num_ws,
        "style_resolutions": generator.style_resolutions,
        "noise_sizes": [shape[1:3] for shape in generator.synthesis.noise_shapes(1)],
        "classes": trained.classes if generator.c_dim else [],
        "covariates": [dataclasses.asdict(item) for item in trained.covariates],
        "value_range": [0, 255] if uint8 else [-1, 1],
        "images_seen": trained.images_seen,
        # onnxruntime is installed as onnxruntime or as onnxruntime-gpu.
        "versions": {name: version(name) for name in PACKAGES} | {"onnxruntime": onnxruntime.__version__},
        "pixel_size_mm": options.pixel_size_mm or (geometry and geometry.spacing_mm),
        "slice_spacing_mm": geometry and geometry.slice_spacing_mm,
        "metrics": record.get("metrics"),
        "audit": _audit(trained, record),
    }
    return {
        "format": FORMAT,
        **{key: json.dumps(value) for key, value in numbers.items() if value is not None},
        **({"plane": geometry.plane} if geometry else {}),
        "layout": "nchw" if uint8 else options.layout,
        "output": options.output,
        "noise": options.noise,
        "precision": options.precision,
        "weights_sha256": trained.weights_sha256,
        "dataset": config.data.source,
        "config": json.dumps(public(config), indent=2),
        "licence": PHANTOM_LICENCE if of_phantoms(trained) else LICENCE,
        "intended_use": INTENDED_USE,
    }


def dataset_name(trained: TrainedGenerator, options: ExportOptions) -> str:
    """What the training images are called."""
    known = {"phantom": "procedural phantoms", "cifar10": "CIFAR-10"}
    return options.dataset or known.get(trained.config.data.source, "unnamed images")


def of_phantoms(trained: TrainedGenerator) -> bool:
    """Whether nobody's images are in the weights, so that they have the licence of the software."""
    return trained.config.data.source == "phantom"


def _audit(trained, record):
    """What the memorisation audit found, as far as it is meant for everybody; None if it was not made.

    verdict; threshold: root mean square difference to the nearest training image that 99 % of new people's images
    exceed; share of the `count` generated images below it; named: [class, image number] of single images of `seed` that
    resemble one training subject far more than any other, and, of a model with covariates, what these were drawn for
    (a list; null from an evaluation that did not keep it).
    """
    try:
        audit = record.get("audit")
        if not audit:
            return None
        count, seed = record["evaluation"]["count"], record["evaluation"]["seed"]
        counts = np.array([count])
        if trained.generator.c_dim:
            heldout = record["data"]["heldout"]["classes"]
            counts = shares(count, np.array([heldout.get(name, 0) for name in trained.classes]))
        ends = np.cumsum(counts)
        pixel = audit["spaces"]["pixel"]
        named = sorted({index for space in audit["spaces"].values() for index in space["outliers"]})
        labels = np.searchsorted(ends, named, side="right").tolist()
        names = [item.name for item in trained.covariates]
        known = audit.get("covariates", {})
        asked = [[float(known[str(i)][name]) for name in names] if str(i) in known else None for i in named]
        return {
            "verdict": audit["verdict"],
            "threshold": float(pixel["threshold"]),
            "share": float(pixel["share"]["value"]),
            "count": count,
            # JavaScript's numbers have 53 bits.
            "seed": str(seed),
            "named": [
                [k, int(i - ends[k] + counts[k]), *([values] if names else [])]
                for k, i, values in zip(labels, named, asked, strict=True)
            ],
        }
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        path = trained.run_dir / "evaluation" / "metrics.json"
        raise InputError(f"{path} is damaged; evaluate the run again or remove the file") from error


def evaluation(trained: TrainedGenerator) -> dict[str, Any] | None:
    """The run's metrics.json (`keras_stylegan.evaluation.ledger`) if it is of these weights, else None.

    Raises:
        InputError: It is damaged.
    """
    path = trained.run_dir / "evaluation" / "metrics.json"
    if not path.exists():
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        weights, _ = record["run"]["weights_sha256"], dict(record["metrics"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{path} is damaged; evaluate the run again or remove the file") from error
    return record if weights == trained.weights_sha256 else None
