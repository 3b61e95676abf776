"""Keras generator to ONNX files: `generator.onnx` and its halves `mapping.onnx` and `synthesis.onnx`.

Conversion is Keras's own `Model.export(format="onnx")`, which runs tf2onnx. What is added here: names, symbolic axes,
metadata, float16, and that no file gets its final name before `export.verify` has passed it.
"""

import collections
import hashlib
import json
import os
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
from keras import ops
from onnxruntime.transformers.float16 import convert_float_to_float16
from onnxruntime.transformers.onnx_model import OnnxModel

from keras_stylegan.errors import InputError
from keras_stylegan.sizes import height_width
from keras_stylegan.training.trained import TrainedGenerator, load_generator

from .directions import DIRECTIONS, DirectionError, read_directions
from .earlier import remove_of_other_weights
from .hub import FORMATS, HubModel
from .metadata import dataset_name, metadata
from .options import ExportOptions
from .page.build import write_page
from .runtime import SEAL
from .verify import VERIFICATION, verify

PARTS = ("generator", "mapping", "synthesis")


def export_run(run_dir: Path | None, options: ExportOptions) -> Path:
    """Write the averaged generator of a run as verified ONNX files and as `generator.keras`, or as a hub's folder.

    Args:
        run_dir: A run folder; None: the newest run.
        options: See `ExportOptions`.

    Returns:
        The folder of the files.

    Raises:
        InputError: No such run, a folder that cannot be written, or an ONNX file whose images differ from Keras's.
            Files of an earlier export stay as they were.
    """
    trained = load_generator(run_dir)
    folder = options.output_dir or trained.run_dir / "export" / (options.format if options.format in FORMATS else "")
    print(f"{trained.run_dir} after {trained.images_seen / 1000:g} kimg → {folder}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".export-", dir=folder) as temporary:
            made = Path(temporary)
            _write(trained, options, made)
            if options.page:
                write_page(made, dataset_name(trained, options))
            if options.format in FORMATS:
                made = FORMATS[options.format](HubModel.of(trained, options), made)
            paths = sorted(path for path in made.rglob("*") if path.is_file())
            for path in paths:
                target = folder / path.relative_to(made)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(path, target)
                print(f"{target} ({target.stat().st_size / 1e6:.1f} MB)")
            for place in sorted({(folder / path.relative_to(made)).parent for path in paths if path.suffix == ".onnx"}):
                for path in remove_of_other_weights(place, trained.weights_sha256):
                    print(f"{path} was of other weights: removed")
    except OSError as error:
        raise InputError(f"Cannot write {folder}: {error.strerror or error}; choose another --output-dir") from error
    return folder


def _write(trained: TrainedGenerator, options: ExportOptions, folder: Path) -> None:
    """Write all files into a temporary folder and verify them."""
    paths = [write_part(trained, part, options, folder) for part in PARTS]
    print("Comparing with Keras ...")
    report = verify(trained.generator, folder, options)
    print(report.text())
    for path in paths:
        model = onnx.load(path)
        model.metadata_props.add(key=VERIFICATION, value=json.dumps(report.numbers()))
        save(model, path)
    trained.generator.save(folder / "generator.keras")
    take_directions(trained, folder)


def take_directions(trained: TrainedGenerator, folder: Path) -> None:
    """Copy what `run.py directions` found for these weights; of other weights, or damaged, it is left out and told."""
    source = trained.run_dir / "directions" / DIRECTIONS
    if not source.is_file():
        return
    try:
        read_directions(source, trained.weights_sha256)
    except DirectionError as error:
        print(f"Without directions: {error}")
        return
    (folder / DIRECTIONS).write_bytes(source.read_bytes())


def write_part(trained: TrainedGenerator, part: str, options: ExportOptions, folder: Path) -> Path:
    """Write one graph with its metadata into a folder, not verified yet.

    Args:
        trained: The generator and what is known of it.
        part: "generator", "mapping" or "synthesis".
        options: See `ExportOptions`.
        folder: Of `<part>.onnx`.

    Returns:
        The path of the file.
    """
    model = to_onnx(trained.generator, part, options)
    for key, value in (metadata(trained, options) | {"part": part}).items():
        model.metadata_props.add(key=key, value=value)
    path = folder / f"{part}.onnx"
    save(model, path)
    return path


def save(model: onnx.ModelProto, path: Path) -> None:
    """Write a graph with a checksum of its whole file among its metadata, which `export.runtime` compares."""
    others = [entry for entry in model.metadata_props if not SEAL.startswith(entry.key.encode())]
    del model.metadata_props[:]
    model.metadata_props.extend(others)
    model.metadata_props.add(key=SEAL[:-2].decode(), value=64 * "0")
    content = model.SerializeToString()
    start, seal, rest = content.rpartition(SEAL)
    path.write_bytes(start + seal + hashlib.sha256(content).hexdigest().encode() + rest[64:])


def to_onnx(generator: Any, part: str, options: ExportOptions) -> onnx.ModelProto:
    """One ONNX graph of a generator, not verified yet.

    Args:
        generator: A `keras_stylegan.models.families.GeneratorNetwork`, built.
        part: "generator", "mapping" or "synthesis".
        options: See `ExportOptions`.
    """
    function, inputs, output = _PART[part](generator, options)
    model = _Traced(function, name=part)
    signature = [keras.InputSpec(shape=shape, dtype=dtype, name=name) for name, shape, dtype in inputs]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.onnx"
        with warnings.catch_warnings():
            # Keras's patch of tf2onnx for numpy 2 looks for names that numpy has removed.
            warnings.simplefilter("ignore", FutureWarning)
            model.export(path, format="onnx", input_signature=signature, opset_version=options.opset, verbose=False)
        graph = onnx.load(path)
    _transpose_before_padding(graph.graph)
    _name(graph, *output)
    if options.precision == "float16":
        graph = convert_float_to_float16(graph, keep_io_types=True)
        OnnxModel.graph_topological_sort(graph.graph)
    if generator.covariates and part != "synthesis":
        _standardise(graph.graph, generator.covariates.values())
    graph.producer_name, graph.producer_version = "keras-stylegan with tf2onnx", version("tf2onnx")
    return graph


class _Traced(keras.Model):
    """A function as a model that Keras can export."""

    def __init__(self, function, name):
        super().__init__(name=name)
        self.function = function
        self.built = True

    def call(self, *inputs):
        return self.function(*inputs)


def _generator(generator, options):
    mapping, synthesis = generator.inference()[0], _Images(generator, options)
    latent = _latent_inputs(generator)

    def call(*tensors):
        w = mapping(*_latents(generator, tensors[: len(latent)]))
        return synthesis([w] * generator.num_ws, tensors[len(latent) :])

    return call, latent + synthesis.noise_inputs, ("images", synthesis.shape)


def _mapping(generator, options):
    mapping, _ = generator.inference()

    def call(*tensors):
        w = mapping(*_latents(generator, tensors))
        return ops.tile(ops.expand_dims(w, 1), (1, generator.num_ws, 1))

    return call, _latent_inputs(generator), ("w", ("N", generator.num_ws, generator.w_dim))


def _synthesis(generator, options):
    synthesis = _Images(generator, options)

    def call(w, *noise):
        return synthesis([w[:, i] for i in range(generator.num_ws)], noise)

    inputs = [("w", (None, generator.num_ws, generator.w_dim), "float32")]
    return call, inputs + synthesis.noise_inputs, ("images", synthesis.shape)


_PART = {"generator": _generator, "mapping": _mapping, "synthesis": _synthesis}


def _latent_inputs(generator):
    label = [("label", (None,), "int64")] if generator.c_dim else []
    label += [("covariates", (None, len(generator.covariates)), "float32")] if generator.covariates else []
    return [("z", (None, generator.z_dim), "float32"), *label, ("truncation_psi", (), "float32")]


def _latents(generator, tensors):
    """(z, label or None, covariates or None, truncation_psi)."""
    z, *label, truncation_psi = tensors
    index = label.pop(0) if generator.c_dim else None
    return z, index, label.pop(0) if generator.covariates else None, truncation_psi


class _Images:
    """The synthesis with the noise, pixels and axes of the options."""

    def __init__(self, generator, options):
        _, self.synthesis = generator.inference(float16=options.precision == "float16")
        self.options = options
        self.noise_inputs = []
        if options.noise == "input":
            shapes = generator.synthesis.noise_shapes(None)
            self.noise_inputs = [(f"noise_{i}", shape, "float32") for i, shape in enumerate(shapes)]
        size, self.grey = height_width(generator.resolution), generator.channels == 1
        channels = 3 if options.output == "uint8" else generator.channels
        self.first = options.output == "uint8" or options.layout == "nchw"
        self.shape = ("N", channels, *size) if self.first else ("N", *size, channels)

    def __call__(self, ws, noise):
        if self.options.noise == "input":
            # (N, h, w, 1) to (N, 1, h, w)
            noise = [ops.reshape(tensor, (-1, 1, *tensor.shape[1:3])) for tensor in noise]
        images = ops.clip(self.synthesis(ws, noise or self.options.noise), -1.0, 1.0)
        if self.options.output == "uint8":
            images = ops.cast(ops.round((images + 1.0) * 127.5), "uint8")
            return ops.tile(images, (1, 3, 1, 1)) if self.grey else images
        return images if self.first else ops.transpose(images, (0, 2, 3, 1))


def _transpose_before_padding(graph):
    """Swap Pad and Transpose.

    tf2onnx moves a Transpose behind a Pad, but only a Pad right before a convolution costs nothing: onnxruntime makes
    it the convolution's own.
    """
    users = collections.Counter(name for node in graph.node for name in node.input)
    pads = {node.output[0]: node for node in graph.node if node.op_type == "Pad"}
    values = {weight.name: weight for weight in graph.initializer}
    for node in graph.node:
        pad = pads.get(node.input[0]) if node.op_type == "Transpose" else None
        if pad is None or users[pad.output[0]] != 1:
            continue
        order = next(list(attribute.ints) for attribute in node.attribute if attribute.name == "perm")
        widths = onnx.numpy_helper.to_array(values[pad.input[1]]).reshape(2, -1)[:, order]
        name = f"{pad.name}_transposed"
        graph.initializer.append(onnx.numpy_helper.from_array(widths.reshape(-1), name))
        first, second = pad.input[0], node.output[0]
        moved = onnx.helper.make_node("Transpose", [first], [pad.output[0]], f"{node.name}_first", perm=order)
        padded = onnx.helper.make_node("Pad", [pad.output[0], name, *pad.input[2:]], [second], name)
        pad.CopyFrom(moved)
        node.CopyFrom(padded)
    used = {name for node in graph.node for name in node.input}
    for weight in [weight for weight in graph.initializer if weight.name not in used]:
        graph.initializer.remove(weight)


def _standardise(graph, spreads):
    """Subtract the means from the covariates and divide by the deviations, in float32 whatever follows.

    A year or a position in mm has no digits left in float16 for what tells it from its neighbours.
    """
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name == "covariates":
                node.input[place] = "standardised"
    for name in ("mean", "deviation"):
        values = np.array([[getattr(spread, name) for spread in spreads]], np.float32)
        graph.initializer.append(onnx.numpy_helper.from_array(values, f"covariates_{name}"))
    centre = onnx.helper.make_node("Sub", ["covariates", "covariates_mean"], ["centred"], "centred")
    scale = onnx.helper.make_node("Div", ["centred", "covariates_deviation"], ["standardised"], "standardised")
    graph.node.insert(0, scale)
    graph.node.insert(0, centre)


def _name(graph, output, shape):
    """Name the output, which tf2onnx calls "Identity:0", and the free axis of inputs and output."""
    old = graph.graph.output[0].name
    for node in graph.graph.node:
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                if name == old:
                    names[i] = output
    graph.graph.output[0].name = output
    dims = graph.graph.output[0].type.tensor_type.shape.dim
    del dims[:]
    for size in shape:
        dim = dims.add()
        if isinstance(size, str):
            dim.dim_param = size
        else:
            dim.dim_value = size
    for value in graph.graph.input:
        dims = value.type.tensor_type.shape.dim
        if len(dims):
            dims[0].dim_param = "N"
