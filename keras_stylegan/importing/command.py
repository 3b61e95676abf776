"""The command `import`: a file of weights to a run folder that `generate`, `evaluate` and `export` take."""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import keras
import numpy as np

from keras_stylegan.atomic import replace_file
from keras_stylegan.config import Config, ModelConfig, TrainingConfig
from keras_stylegan.errors import InputError
from keras_stylegan.importing.fit import fit
from keras_stylegan.importing.pickle_machine import shown
from keras_stylegan.importing.read import LONGEST_NAME, read_weights
from keras_stylegan.importing.weights import Weights
from keras_stylegan.latent.covariates import label_array
from keras_stylegan.models.reference import assign_generator, generator_sizes
from keras_stylegan.program import program
from keras_stylegan.resources import CLASSES, parameters
from keras_stylegan.training.checkpoint import save
from keras_stylegan.training.networks import CONV_CLAMP, make_generator
from keras_stylegan.training.record import Record
from keras_stylegan.training.run_folder import RunFolder
from keras_stylegan.training.state import network_state, values

BUFFERS = (".noise_const", ".w_avg")
"""Ends of names of what is not trained."""
DRAWS = 10_000
"""Latents whose mean style is taken where a file has none."""
UNNAMED = "all"
"""The class of a generator without classes."""


def import_weights(
    path: Path,
    run_dir: Path,
    channels: int | None = None,
    resolution: int | None = None,
    classes: Sequence[str] = (),
    say: Callable[[str], None] = print,
) -> None:
    """Read a file and write a run folder. Nothing is written before all has been checked.

    Args:
        path: See `read_weights`.
        run_dir: The run folder; must hold no run.
        channels: 1 makes a grey generator out of an RGB one.
        resolution: Cuts a generator to a lower resolution.
        classes: Names of the classes, in the order of the labels; by default class0, class1, ...
        say: Called with every line of the report.

    Raises:
        InputError: The file cannot be imported, or the folder cannot be written.
    """
    folder = RunFolder(run_dir)
    _require_new(folder)
    weights = read_weights(path)
    with _refusing(path):
        fit(weights, channels, resolution)
        config, c_dim = _config(weights)
    names = _class_names(classes, c_dim)
    generator = make_generator(config, c_dim)
    with _refusing(path):
        assign_generator(generator, _reference(weights))
    if "mapping.w_avg" not in weights.arrays:
        _estimate_w_avg(generator)
        weights.notes.append(f"the mean style (w_avg) is not in the file: the mean of {DRAWS:,} latents is taken")
    with folder.lock():
        _require_new(folder)
        record = {
            "format": weights.format,
            "file_sha256": _sha256(path),
            "source_sha256": weights.sources,
            "notes": weights.notes,
        }
        replace_file(folder.imported, (json.dumps(record, indent=2) + "\n").encode())
        arrays = values(network_state(generator, "generator_ema"))
        save(folder.checkpoints / "checkpoint_0000000000.npz", arrays, Record(config, names, "", images_seen=0))
        folder.write_config(config)
    for line in _report(weights, config, c_dim, run_dir):
        say(line)


@contextlib.contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """What is wrong with weights, as an `InputError` that names the file."""
    name = shown(str(path), LONGEST_NAME)
    try:
        yield
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"{name} cannot be imported: {error}") from error
    except IndexError as error:  # A scalar where a kernel belongs has no shape[0].
        raise InputError(f"{name} cannot be imported: one of its parameters has too few axes") from error


def _require_new(folder: RunFolder) -> None:
    if folder.has_config():
        raise InputError(f"{shown(str(folder.path), LONGEST_NAME)} holds a run already; choose another --run-dir")


def _reference(weights: Weights) -> dict[str, np.ndarray]:
    arrays = {f"G/{name}": array for name, array in weights.arrays.items()}
    arrays.setdefault("G/mapping.w_avg", np.zeros(_w_dim(weights), np.float32))
    return arrays


def _w_dim(weights: Weights) -> int:
    if "mapping.fc0.bias" not in weights.arrays:
        raise ValueError("the reference parameter mapping.fc0.bias is missing")
    return weights.arrays["mapping.fc0.bias"].size


def _config(weights: Weights) -> tuple[Config, int]:
    """The config of a run with such a generator, and the number of its classes."""
    sizes = generator_sizes(_reference(weights))
    if sizes["architecture"] == "skip" and "synthesis.b4.torgb.weight" not in weights.arrays:
        raise ValueError("its architecture is 'orig', an image of the last layer alone; ours are 'skip' and 'resnet'")
    c_dim = sizes.pop("c_dim")
    limits = [limit for limit in CONV_CLAMP.values() if limit is not None]
    if weights.conv_clamp not in (None, *limits):
        raise ValueError(f"its layers are limited to {weights.conv_clamp}; ours to {limits[0]} or not at all")
    # The limit belongs to float16; `generate` and `export` compute with it in float32.
    precision = "float32" if weights.conv_clamp is None else "float16"
    model = ModelConfig(**sizes, conditional=c_dim > 0)
    wanted = parameters(model)[0] + (c_dim - CLASSES) * model.w_dim * (c_dim > 0)
    found = sum(array.size for name, array in weights.arrays.items() if not name.endswith(BUFFERS))
    # Before a network is built: a few odd shapes could ask for one of any size.
    if found != wanted:
        raise ValueError(f"it has {found:,} parameters, where a generator of its sizes has {wanted:,}")
    return Config(model=model, training=TrainingConfig(precision=precision)), c_dim


def _class_names(classes: Sequence[str], c_dim: int) -> tuple[str, ...]:
    if not classes:
        return tuple(f"class{number}" for number in range(c_dim)) or (UNNAMED,)
    if len(classes) != c_dim or len(set(classes)) != c_dim:
        wanted = f"{c_dim} different names" if c_dim else "left out: the generator has none"
        raise InputError(f"--classes must be {wanted}. Received: {', '.join(classes)}")
    return tuple(classes)


def _estimate_w_avg(generator) -> None:
    z = np.random.default_rng(0).normal(size=(DRAWS, generator.z_dim)).astype(np.float32)
    label = label_array(generator, np.arange(DRAWS) % max(1, generator.c_dim), {})
    ws = keras.ops.convert_to_numpy(generator.mapping(z, label)[:, 0])
    generator.mapping.w_avg.assign(ws.mean(axis=0))


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _report(weights: Weights, config: Config, c_dim: int, run_dir: Path) -> list[str]:
    model = config.model
    size = f"{model.resolution}x{model.resolution}x{model.channels}"
    classes = f", {c_dim} classes" if c_dim else ""
    limit = f", layers limited to {weights.conv_clamp:g}" if weights.conv_clamp else ""
    return [
        f"{weights.format}: {model.architecture} generator {size}, z {model.z_dim}, w {model.w_dim}{classes}{limit}",
        *weights.notes,
        f"Written to {run_dir}. Next: {program()} generate {run_dir}",
    ]
