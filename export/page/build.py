"""The page: templates, graphs and onnxruntime-web joined to one HTML file that needs no server and no network."""

import base64
import gzip
import hashlib
import html
import itertools
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import onnxruntime

from ..directions import DirectionError, read_directions
from ..runtime import InputError, OnnxGenerator
from .weights import halved

FOLDER = Path(__file__).parent
VENDOR = FOLDER / "vendor"
SCRIPTS = (
    "philox", "normal", "covariates", "model", "picture", "directions", "pad", "state", "names", "controls", "main"
)  # fmt: skip
"""In the order of what needs what."""
LATENTS = 32
"""Images per class that are compared."""
LIMIT = 3
"""Standard deviations that a direction's slider goes each way: styles are within."""
NUMBERS = ("height", "width", "channels", "z_dim", "w_dim", "num_ws", "style_resolutions", "noise_sizes", "classes")
"""Metadata that the page makes its controls of, as JSON."""


class Deviation(NamedTuple):
    """How far the page's images, with weights of float16, are from those of the ONNX files."""

    largest: int
    """Largest difference of a pixel, in grey levels of 255."""
    share: float
    """Share of the pixels that differ by more than one grey level."""
    images: int
    """Images compared."""

    def __str__(self) -> str:
        beyond = f", {self.share:.2%} of the pixels by more than one" if self.largest > 1 else ""
        levels = "grey level" if self.largest == 1 else "grey levels"
        return f"at most {self.largest} {levels} from float32{beyond} ({self.images} images)"


def write_page(folder: Path, dataset: str) -> Path:
    """Writes generator.html beside the ONNX files of an export.

    Args:
        folder: Of generator.onnx, mapping.onnx and synthesis.onnx, exported with float32 and axes NHWC; directions.json
            is taken along if it is there.
        dataset: What the training images are called.

    Returns:
        The path of the page.

    Raises:
        InputError: The files are missing, damaged, of another kind or of several exports.
    """
    generator = OnnxGenerator(folder / "generator.onnx", providers=["CPUExecutionProvider"])
    metadata = generator.metadata
    if metadata["precision"] != "float32" or metadata["output"] != "float32" or metadata["layout"] != "nhwc":
        raise InputError(f"{generator.path}: a page is made of a file with --precision float32 and --layout nhwc")
    graphs = {}
    for part in ("mapping", "synthesis"):
        generator._session(part)  # Refuses what is missing, damaged or of another export.
        graphs[part] = halved(onnx.load(folder / f"{part}.onnx")).SerializeToString()
    deviation = measure(generator, graphs)
    print(f"generator.html: weights as float16, images {deviation}")
    about = _about(metadata, dataset, deviation)
    about["numbers"]["directions"] = _directions(folder / "directions.json", metadata["weights_sha256"])
    path = folder / "generator.html"
    path.write_text(_html(about, graphs), encoding="utf-8", newline="\n")
    return path


def measure(generator: OnnxGenerator, graphs: dict[str, bytes]) -> Deviation:
    """Compares the graphs of a page with the files that they were made of, without truncation.

    Args:
        generator: The exported generator.
        graphs: "mapping" and "synthesis" as ONNX.
    """
    pairs = [
        [generator._session(part) for part in ("mapping", "synthesis")],
        [_session(graphs[part]) for part in ("mapping", "synthesis")],
    ]
    labels = list(range(len(generator.classes))) or [None]
    noise = generator._noise(0, [0])
    largest, beyond, pixels = 0, 0, 0
    # One image at a time: large ones would take all memory.
    for label, (index, z) in itertools.product(labels, enumerate(generator.latents(0, range(LATENTS)))):
        feeds = {"z": z[None], "truncation_psi": np.array(1, np.float32)}
        feeds |= {} if label is None else {"label": np.array([label])}
        if generator.covariates:
            feeds["covariates"] = generator.labels.values(0, [index], [label or 0], {})
        exact, half = (
            _levels(synthesis.run(None, {"w": mapping.run(None, feeds)[0], **noise})[0]) for mapping, synthesis in pairs
        )
        found = np.abs(half - exact)
        largest = max(largest, int(found.max()))
        beyond += np.count_nonzero(found > 1)
        pixels += found.size
    return Deviation(largest, beyond / pixels, LATENTS * len(labels))


def _session(graph):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _levels(images):
    return np.rint((images.astype(np.float64) + 1) * 127.5).astype(np.int64)


def _about(metadata, dataset, deviation):
    """What the page knows of its model; the script makes its controls of `numbers`."""
    values = {key: json.loads(metadata[key]) for key in NUMBERS}
    values["covariates"] = _covariates(metadata)
    images = f"{json.loads(metadata['images_seen']):,}"
    family = json.loads(metadata["config"])["model"]["network"].replace("stylegan", "StyleGAN")
    size = f"{values['height']} × {values['width']} pixels"
    return {
        "numbers": values,
        "audit": json.loads(metadata.get("audit", "null")),
        "title": f"Synthetic images: {dataset}",
        "summary": f"{family}, {size}, weights {metadata['weights_sha256'][:8]}",
        "facts": [
            ["Trained on", f"{dataset}; {images} images shown"],
            ["Network", f"{family}, {size}, z {values['z_dim']}, w {values['w_dim']}, {values['num_ws']} layers"],
            ["Weights", f"{metadata['weights_sha256']}; stored as float16: {deviation}"],
            ["Random numbers", "Philox and ziggurat as numpy draws them, covariates too: an image number of a seed and "
             f"class is the same here, in `python run.py generate{_noise_option(metadata)}` and in the ONNX runtime"],
            ["Use", metadata["intended_use"]],
            ["Licence", metadata["licence"]],
            ["Runs on", f"onnxruntime-web {_version()} (MIT), built in"],
        ],
    }  # fmt: skip


def _noise_option(metadata):
    """With which noise `generate` makes the images of an export; its default is that of exports."""
    return {"const": "", "input": " --noise random", "none": " --noise none"}[metadata["noise"]]


def _directions(path, weights):
    """Name, layers [first, last), vector, largest amount and verdict of each; none without the file."""
    if not path.is_file():
        return []
    try:
        found = read_directions(path, weights).values()
    except DirectionError as error:
        raise InputError(str(error)) from error
    return [
        {
            "name": direction.name,
            "first": direction.layers[0],
            "last": direction.layers[1],
            # All digits of float32.
            "vector": [float(f"{value:.9g}") for value in direction.vector],
            "limit": LIMIT,
            "note": direction.verdict,
        }
        for direction in found
    ]


def _covariates(metadata):
    """Numbers that an image is drawn for: name, range, a slider's step, and what export/labels.py draws by."""
    return [
        {
            "name": item["name"],
            "low": item["minimum"],
            "high": item["maximum"],
            "step": slider_step(item),
            "quantiles": item["quantiles"],
            "correlations": item["correlations"],
        }
        for item in json.loads(metadata.get("covariates", "[]"))
    ]


def slider_step(item: Mapping[str, Any]) -> float:
    """The step of a covariate's slider: 1 for whole numbers, else the largest 1, 2 or 5 times a power of ten of which
    its range has 100.

    Args:
        item: Of the metadata's `covariates`. Quantiles i/16 of whole numbers are sixteenths, as they lie between two.
    """
    low, high = float(item["minimum"]), float(item["maximum"])
    sixteenths = 16 * np.array(item["quantiles"])
    if low.is_integer() and high.is_integer() and np.allclose(sixteenths, np.rint(sixteenths), rtol=0, atol=1e-6):
        return 1.0
    power = 10.0 ** math.floor(math.log10((high - low) / 100))
    return max(power * factor for factor in (1, 2, 5) if power * factor <= (high - low) / 100 * (1 + 1e-9))


def _version():
    return re.search(r"onnxruntime-web (\S+)", (VENDOR / "README.md").read_text(encoding="utf-8"))[1]


def _html(about, graphs):
    """The page. Inline scripts and styles are allowed by their hashes alone: whatever else got in would not run."""
    script = '"use strict";\n(() => {\n' + "\n".join(_text(f"{name}.js") for name in SCRIPTS) + "})();\n"
    style = _text("page.css")
    # The map of its source is not here.
    runtime = re.sub(r"//# sourceMappingURL=\S*", "", _text("vendor/ort.wasm.min.js"))
    allowed = " ".join(map(_hash, (runtime, script)))
    # `blob:` is where the page keeps what it has unpacked. Nothing may be asked of any network.
    policy = (
        f"default-src 'none'; script-src {allowed} 'wasm-unsafe-eval'; style-src {_hash(style)}; img-src data: blob:; "
        "connect-src blob:; base-uri 'none'; form-action 'none'"
    )
    parts = {
        "policy": policy,
        "title": html.escape(about["title"]),
        "notice": _text("vendor/LICENSE").replace("--", "- -"),
        "style": style,
        # No text of a model can end the element: JSON may write < as an escape.
        "model": json.dumps(about, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c"),
        **{part: _base64(gzip.compress(graph, 9, mtime=0)) for part, graph in graphs.items()},
        "runtime": _base64((VENDOR / "ort-wasm-simd.wasm.gz").read_bytes()),
        "onnxruntime": runtime,
        "script": script,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _text("page.html"))


def _text(name):
    return (FOLDER / name).read_text(encoding="utf-8")


def _base64(content):
    return base64.b64encode(content).decode()


def _hash(text):
    return f"'sha256-{_base64(hashlib.sha256(text.encode()).digest())}'"
