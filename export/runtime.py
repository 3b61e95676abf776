"""Generates images from `generator.onnx`: this file and labels.py, numpy and onnxruntime; the command needs Pillow too.

python -m export.runtime generator.onnx --count 1000 --seed 0 --label AD --truncation-psi 0.7 --output-dir out

from export.runtime import OnnxGenerator
images = OnnxGenerator("generator.onnx").generate(count=16, seed=0, truncation_psi=0.7, label="AD")
"""

import contextlib
import hashlib
import io
import itertools
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from .labels import InputError, Label, Labels, philox, require

FORMAT = "keras-stylegan generator 2"
SEAL = b"content_sha256\x12\x40"
"""Stands in an exported file before the 64 digits of its SHA-256, taken with zeros in their place."""


class OnnxGenerator:
    """An exported generator.

    Args:
        path: `generator.onnx`. Its halves `mapping.onnx` and `synthesis.onnx` are expected beside it by `map`,
            `synthesize`, `mix` and `interpolate`.
        providers: onnxruntime's execution providers in order of preference; by default CUDA where it works, else CPU.
            `provider` says which one it is.
        batch_size: Images of one run of the graph; by default few, so that they stay in the processor's cache, or 16 on
            a GPU. Smaller batches are filled up, so that an image depends on its seed, index, class and truncation
            alone, never on how many are asked for.
        workers: Runs at the same time; by default one per CPU core, or one on a GPU. On a CPU that is faster than one
            run on all cores, which would wait for each other after every layer.

    Raises:
        InputError: Not a file of `run.py export`, a damaged one, or a provider that this machine lacks.
    """

    def __init__(
        self,
        path: str | Path,
        providers: Sequence[str] | None = None,
        batch_size: int | None = None,
        workers: int | None = None,
    ) -> None:
        for name, value in (("batch_size", batch_size), ("workers", workers)):
            # Every batch is filled up to its size: a slip of the keyboard must not take all memory.
            require(value is None or 1 <= value <= 1024, name, "from 1 to 1024", value)
        self.path = Path(path)
        self._providers = providers
        self._sessions: dict[str, onnxruntime.InferenceSession] = {}
        session = self._session("generator")
        self.provider = session.get_providers()[0]
        self.metadata = session.get_modelmeta().custom_metadata_map
        self.classes: tuple[str, ...] = tuple(self._read("classes"))
        self.covariates: list[dict[str, Any]] = json.loads(self.metadata.get("covariates", "[]"))
        self.labels = Labels(self.classes, self.covariates)
        self.height, self.width, self.channels = map(self._read, ("height", "width", "channels"))
        self.z_dim, self.w_dim, self.num_ws = self._read("z_dim"), self._read("w_dim"), self._read("num_ws")
        self.layout = self.metadata["layout"]
        on_cpu = self.provider == "CPUExecutionProvider"
        self.batch_size = batch_size or (max(1, min(4, 256 // max(self.height, self.width))) if on_cpu else 16)
        # Not every system tells which cores a process may use.
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self.workers = workers or (cores if on_cpu else 1)
        self._pool = ThreadPoolExecutor(self.workers)

    def _read(self, key: str) -> Any:
        return json.loads(self.metadata[key])

    def generate(
        self,
        count: int,
        seed: int = 0,
        truncation_psi: float = 1.0,
        label: Label = None,
        covariates: Mapping[str, float] | None = None,
    ) -> np.ndarray:
        """The first `count` images of a seed.

        Args:
            count: Number of images.
            seed: 0 to 2^64 − 1.
            truncation_psi: Truncation ψ in [-2, 2]: 1 shows what the model learned, 0 is the mean image.
            label: Class by name or number; None: all classes in turn, each with the same latents.
            covariates: Numbers that all images are to have, by their names and within the range that the metadata's
                `covariates` tell; the others are drawn as the training images have them.

        Returns:
            (N, H, W, C) float32 in [-1, 1], or what the file was exported with (`layout`, uint8).

        Raises:
            InputError: A value out of range, or an unknown label; the message lists the known ones.
        """
        images = [image for _, image in self.stream(count, seed, truncation_psi, label, None, covariates)]
        return np.stack(images) if images else self.generate(1, seed, truncation_psi, label, covariates)[:0]

    def stream(
        self,
        count: int,
        seed: int = 0,
        truncation_psi: float = 1.0,
        label: Label = None,
        numbers: Iterable[int] | None = None,
        covariates: Mapping[str, float] | None = None,
        moved: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Like `generate`, but one image after the other: any number needs no more memory than one batch.

        Args:
            count: See `generate`.
            seed: See `generate`.
            truncation_psi: See `generate`.
            label: See `generate`.
            numbers: The images to make; by default all, `range(count)`.
            covariates: See `generate`.
            moved: Function of styles (N, num_ws, w_dim) that gives those to draw, such as `directions.walk`.

        Yields:
            (number, image).
        """
        require(count >= 0, "count", "at least 0", count)
        require(-2 <= truncation_psi <= 2, "truncation_psi", "in [-2, 2]", truncation_psi)
        labels, given = self.labels.chosen(label), self.labels.checked(covariates)
        self.latents(seed, [])
        return self._stream(range(count) if numbers is None else numbers, seed, truncation_psi, labels, given, moved)

    def _stream(self, numbers, seed, truncation_psi, labels, given, moved):
        numbers = iter(numbers)
        while batch := list(itertools.islice(numbers, self.batch_size * self.workers)):
            indices = [number // len(labels) for number in batch]
            groups = [labels[number % len(labels)] for number in batch]
            feeds, noise = {"z": self.latents(seed, indices)}, self._noise(seed, indices)
            feeds |= {"label": np.array(groups, np.int64)} if self.classes else {}
            feeds |= {"covariates": self.labels.values(seed, indices, groups, given)} if self.covariates else {}
            if moved is None:
                images = self._run("generator", feeds | noise, truncation_psi)
            else:
                images = self._run("synthesis", {"w": moved(self._run("mapping", feeds, truncation_psi)), **noise})
            yield from zip(batch, images, strict=True)

    def map(
        self,
        z: np.ndarray,
        truncation_psi: float = 1.0,
        label: Label | Sequence[int] = None,
        covariates: Mapping[str, float | np.ndarray] | None = None,
    ) -> np.ndarray:
        """Latents to styles.

        Args:
            z: (N, z_dim) float32, standard normal; `latents` draws them.
            truncation_psi: See `generate`.
            label: Class of all, or a class number for each; needed if the model has classes.
            covariates: Number of all, or (N,) numbers, of every covariate; `labels.values` draws those of a seed.

        Returns:
            (N, num_ws, w_dim) float32.
        """
        require(-2 <= truncation_psi <= 2, "truncation_psi", "in [-2, 2]", truncation_psi)
        z = _shaped("z", z, self.z_dim)
        feeds = {"z": z}
        if self.classes:
            if label is None or isinstance(label, (str, int, np.integer)):
                chosen = self.labels.chosen(label)
                require(len(chosen) == 1, "label", f"one of {list(self.classes)}", label)
                label = chosen * len(z)
            feeds["label"] = np.asarray(label, np.int64)
            legal = feeds["label"].shape == (len(z),) and ((feeds["label"] >= 0) & (feeds["label"] < len(self.classes)))
            require(np.all(legal), "label", f"{len(z)} numbers from 0 to {len(self.classes) - 1}", label)
        else:
            self.labels.chosen(label)
        feeds |= self.labels.feed(len(z), covariates)
        return self._run("mapping", feeds, truncation_psi)

    def synthesize(self, w: np.ndarray, seed: int = 0) -> np.ndarray:
        """Styles to images.

        Args:
            w: (N, num_ws, w_dim) float32.
            seed: Of the noise, if the file was exported with noise inputs: all images have that of image 0.

        Returns:
            Images, as `generate` returns them.
        """
        w = _shaped("w", w, self.num_ws, self.w_dim)
        return self._run("synthesis", {"w": w, **self._noise(seed, [0] * len(w))})

    def mix(self, w_coarse: np.ndarray, w_fine: np.ndarray, crossover: int) -> np.ndarray:
        """Style mixing: images with the coarse layers of one source and the fine layers of another.

        Args:
            w_coarse: (N, num_ws, w_dim) styles of layers below `crossover`.
            w_fine: (N, num_ws, w_dim) styles of all others.
            crossover: 0 to num_ws; the metadata's `style_resolutions` say on how many pixels each layer acts.

        Returns:
            Images.
        """
        require(0 <= crossover <= self.num_ws, "crossover", f"from 0 to {self.num_ws}", crossover)
        w_coarse = _shaped("w_coarse", w_coarse, self.num_ws, self.w_dim)
        w_fine = _shaped("w_fine", w_fine, self.num_ws, self.w_dim)
        require(len(w_coarse) == len(w_fine), "w_fine", f"as many as w_coarse ({len(w_coarse)})", len(w_fine))
        return self.synthesize(np.concatenate([w_coarse[:, :crossover], w_fine[:, crossover:]], axis=1))

    def interpolate(self, w: np.ndarray, steps: int) -> np.ndarray:
        """Images on the straight path that visits styles in their order.

        Args:
            w: (P, num_ws, w_dim).
            steps: Images from one style to the next.

        Returns:
            (P − 1)·steps + 1 images.
        """
        require(steps >= 1, "steps", "at least 1", steps)
        w = _shaped("w", w, self.num_ws, self.w_dim)
        t = np.arange(steps, dtype=np.float32)[:, None, None] / np.float32(steps)
        path = [start + t * (end - start) for start, end in itertools.pairwise(w)]
        return self.synthesize(np.concatenate([*path, w[-1:]]))

    def latents(self, seed: int, indices: Iterable[int]) -> np.ndarray:
        """z (N, z_dim) of the images `indices` of a seed, the same that training and `run.py generate` draw."""
        require(0 <= seed < 2**64, "seed", "from 0 to 2^64 − 1", seed)
        rows = [philox(seed, index).standard_normal(self.z_dim, dtype=np.float32) for index in indices]
        return np.stack(rows) if rows else np.zeros((0, self.z_dim), np.float32)

    def _noise(self, seed, indices):
        """Noise inputs of the graph, if it has any."""
        if self.metadata["noise"] != "input":
            return {}
        generators = [philox(seed, index, counter=(0, 0, 0, 1)) for index in indices]
        return {
            f"noise_{i}": np.stack([generator.standard_normal((*size, 1), np.float32) for generator in generators])
            for i, size in enumerate(self._read("noise_sizes"))
        }

    def _run(self, part, feeds, truncation_psi=None):
        """Run a graph in batches of constant size; the last one is filled up with its last row."""
        session = self._session(part)
        count = len(next(iter(feeds.values())))
        scalar = {} if truncation_psi is None else {"truncation_psi": np.array(truncation_psi, np.float32)}

        def run(start):
            rows = np.minimum(np.arange(start, start + self.batch_size), count - 1)
            return session.run(None, {name: value[rows] for name, value in feeds.items()} | scalar)[0]

        return np.concatenate(list(self._pool.map(run, range(0, count, self.batch_size))))[:count]

    def _session(self, part):
        if part not in self._sessions:
            path = self.path if part == "generator" else self.path.with_name(f"{part}.onnx")
            session = _load(path, part, self._providers)
            weights = session.get_modelmeta().custom_metadata_map["weights_sha256"]
            if part != "generator" and weights != self.metadata["weights_sha256"]:
                raise InputError(f"{path} has other weights than {self.path}; copy the files of one export")
            self._sessions[part] = session
        return self._sessions[part]


def _load(path, part, providers):
    # Unlike pathlib's, these take names that the system refuses for ones that do not exist.
    if os.path.isdir(path):
        raise InputError(f"{path} is a folder; name the {part}.onnx in it")
    if not (os.path.isfile(path) and os.access(path, os.R_OK)):
        raise InputError(f"{path} does not exist or may not be read; `python run.py export` writes it")
    # A damaged file could still give images, and wrong ones.
    start, seal, rest = path.read_bytes().rpartition(SEAL)
    if not seal or rest[:64] != hashlib.sha256(start + seal + b"0" * 64 + rest[64:]).hexdigest().encode():
        raise InputError(f"{path} is damaged, or no file of a `python run.py export` of this version; export it again")
    available = onnxruntime.get_available_providers()
    if providers is None:
        wanted = [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in available]
    else:
        wanted = list(providers)
        missing = [name for name in wanted if name not in available]
        if missing or not wanted:
            raise InputError(f"this machine's onnxruntime has the providers {available}. Received: {missing or wanted}")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # See `workers`.
    # What goes wrong is told by the exception; that a machine has no CUDA libraries is not wrong.
    options.log_severity_level = 4
    onnxruntime.set_default_logger_severity(4)
    if "CUDAExecutionProvider" in wanted:
        with contextlib.redirect_stdout(io.StringIO()):
            onnxruntime.preload_dlls()  # Finds CUDA libraries that pip installed.
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=wanted)
    except Exception as error:  # onnxruntime's exceptions have no common base of their own.
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"onnxruntime {onnxruntime.__version__} does not load {path} ({reason})") from error
    metadata = session.get_modelmeta().custom_metadata_map
    if metadata.get("format") != FORMAT or metadata.get("part") != part:
        raise InputError(f"{path} is not the {part} of a `python run.py export` of this version")
    if providers is not None and session.get_providers()[0] != wanted[0]:
        raise InputError(f"{wanted[0]} does not work on this machine (driver, CUDA libraries); choose another provider")
    return session


def _shaped(name, array, *shape):
    """A float32 array of at least one row of a shape."""
    array = np.asarray(array, np.float32)
    expected = f"of shape (N ≥ 1, {', '.join(map(str, shape))})"
    require(array.shape[1:] == shape and len(array), name, expected, array.shape)
    return array


if __name__ == "__main__":
    from .command import main

    raise SystemExit(main())
