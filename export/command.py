"""The command `python -m export.runtime`: writes the images of an exported generator into a folder."""

import argparse
import contextlib
import hashlib
import io
import json
import math
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from .directions import DIRECTIONS, DirectionError, walk
from .labels import InputError, given_values
from .runtime import OnnxGenerator

GRID_LIMIT = 256
"""Most images in the grid; further ones are files only."""
RECORD = "generate.json"
BLOCK = 4096
"""Bytes by which a file grows on disk."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command line.

    Returns:
        The exit code: 2 for bad input, which is told in one line, 128 + n after signal n.
    """
    try:
        options = _parser().parse_args(arguments)
        with _interruptible():
            return _write_images(options)
    except (InputError, DirectionError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as error:
        print("Interrupted.", file=sys.stderr)
        return _exit_code(error)


def _exit_code(error):
    return 128 + (error.args[0] if error.args else signal.SIGINT)


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise InputError(f"{message}; see --help")


def _parser():
    parser = _Parser(prog="python -m export.runtime", description="Generate images from an exported generator.")
    parser.add_argument("model", type=Path, help="generator.onnx of `python run.py export`")
    parser.add_argument("--count", type=int, default=64, help="images in total (64)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the latents (0)")
    parser.add_argument("--label", help="class by its name; by default all in turn, each with the same latents")
    parser.add_argument("--covariate", action="append", default=[], metavar="NAME=VALUE", help="number that all images "
                        "are to have; may be repeated. By default as the training images have it")  # fmt: skip
    parser.add_argument("--direction", action="append", default=[], metavar="NAME=AMOUNT", help="walk all images along "
                        f"a direction of {DIRECTIONS} beside the model, in standard deviations of the styles; may be "
                        "repeated")  # fmt: skip
    parser.add_argument("--truncation-psi", type=float, default=1.0, help="truncation ψ; 0 is the mean image (1.0)")
    parser.add_argument("--output-dir", type=Path, default=Path("stylegan_outputs"), help="folder of the images")
    parser.add_argument("--format", choices=("png", "npy"), default="png", help="PNG, or numpy files as generated")
    parser.add_argument("--bits", type=int, choices=(8, 16), default=8, help="bits of a PNG's pixel, 16 for grey (8)")
    parser.add_argument("--grid", action="store_true", help=f"also write grid.png of the first {GRID_LIMIT} images")
    parser.add_argument("--resume", action="store_true", help="keep the images that an earlier call wrote")
    parser.add_argument("--batch-size", type=int, help="images of one run of the graph")
    parser.add_argument("--workers", type=int, help="runs at the same time; by default one per CPU core")
    parser.add_argument("--provider", action="append", help="execution provider of onnxruntime; may be repeated")
    return parser


def _write_images(options):
    generator = OnnxGenerator(options.model, options.provider, options.batch_size, options.workers)
    if options.bits == 16 and (generator.channels != 1 or generator.metadata["output"] == "uint8"):
        raise InputError("--bits: 16 is for grey images that were exported as float32. Received: 16")
    # Checks every value before the first file is touched.
    given = given_values(options.covariate)
    moved = None
    if options.direction:
        moved = walk(options.direction, options.model.with_name(DIRECTIONS), generator.metadata["weights_sha256"])
    generator.stream(options.count, options.seed, options.truncation_psi, options.label, None, given)
    _require_room(options, generator)
    folder = _Folder(options, generator)
    todo = folder.missing()
    print(f"{options.model} on {generator.provider} → {options.output_dir}")
    if len(todo) < options.count:
        print(f"{options.count - len(todo)} of {options.count} images are there already")
    stream = generator.stream(options.count, options.seed, options.truncation_psi, options.label, todo, given, moved)
    progress = _Progress(len(todo))
    try:
        for number, image in stream:
            folder.write(number, image)
            progress.advance()
    except KeyboardInterrupt as error:
        progress.close()
        print(f"Interrupted: {progress.done} images were written. Continue with --resume.", file=sys.stderr)
        return _exit_code(error)
    progress.close()
    if options.grid:
        folder.write_grid()
    return 0


def _require_room(options, generator):
    """Raise an `InputError` if the images cannot fit the disk; those of an earlier call count as room."""
    values = generator.height * generator.width * generator.channels
    # A PNG of a slice has at least half its pixels' bytes, and a file takes whole blocks.
    of_array = 1 if generator.metadata["output"] == "uint8" else 4
    content = of_array * values if options.format == "npy" else values * options.bits // 16
    count = options.count
    path = options.output_dir.absolute()
    # Unlike pathlib's, these take names that the system refuses for ones that do not exist.
    if options.resume and os.path.isdir(path):
        count = max(0, count - len(os.listdir(path)))
    size = count * max(1, -(-content // BLOCK)) * BLOCK
    free = shutil.disk_usage(next(folder for folder in (path, *path.parents) if os.path.exists(folder))).free
    if size > free:
        raise InputError(
            f"--count: about {size / 1e9:.3g} GB of disk are needed, and {options.output_dir} has {free / 1e9:.3g} GB "
            f"left; lower it or choose another --output-dir. Received: {options.count}"
        )


class _Folder:
    """The output folder: file names, and a record of what the images depend on, so that none are mixed up."""

    def __init__(self, options, generator):
        self.options, self.path = options, options.output_dir
        if options.label is not None:
            self.classes = [options.label]
        else:
            self.classes = list(generator.classes) or [None]
        pixel = json.loads(generator.metadata.get("pixel_size_mm", "null"))
        # PNG counts pixels per metre, Pillow per inch.
        self.resolution = {"dpi": (25.4 / pixel, 25.4 / pixel)} if pixel else {}
        for name in filter(None, self.classes):
            if set("/\\") & set(name) or name.startswith(".") or not name.isprintable():
                raise InputError(f"{options.model} has a class that cannot begin the name of a file: {name[:100]!r}")
        record = {
            "model_sha256": hashlib.sha256(options.model.read_bytes()).hexdigest(),
            "seed": options.seed,
            "label": options.label,
            **({"covariate": sorted(options.covariate)} if generator.covariates else {}),
            "direction": sorted(options.direction),
            "truncation_psi": options.truncation_psi,
            "format": "png16" if options.format == "png" and options.bits == 16 else options.format,
        }
        if not (options.resume and self._is_continued_by(record)):
            self._replace(RECORD, json.dumps(record, indent=2).encode())

    def _is_continued_by(self, record):
        path = self.path / RECORD
        if not os.path.isfile(path):
            return False
        try:
            # Records of before there were directions have none.
            earlier = {"direction": []} | json.loads(path.read_text())
            different = [key for key in record if earlier[key] != record[key]]
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise InputError(f"{path} is damaged; leave out --resume or choose another --output-dir") from error
        if different:
            key = different[0]
            raise InputError(
                f"{self.path} holds images of another {key} ({earlier[key]}); leave out --resume or choose another "
                f"--output-dir. Received: {record[key]}"
            )
        return True

    def name(self, number):
        """The name that `run.py generate` gives the same image."""
        label = self.classes[number % len(self.classes)]
        prefix = "" if label is None else f"{label}_"
        return f"{prefix}seed{self.options.seed}_{number // len(self.classes):05d}.{self.options.format}"

    def missing(self):
        """Numbers of the images to make."""
        numbers = range(self.options.count)
        if not self.options.resume:
            return numbers
        # What is older than the record may be of another model or truncation.
        start = (self.path / RECORD).stat().st_mtime_ns
        there = {entry.name for entry in os.scandir(self.path) if entry.stat().st_mtime_ns >= start}
        return [number for number in numbers if self.name(number) not in there]

    def write(self, number, image):
        buffer = io.BytesIO()
        if self.options.format == "npy":
            np.save(buffer, image)
        else:
            to_pillow(image, self.options.bits).save(buffer, format="PNG", **self.resolution)
        self._replace(self.name(number), buffer.getvalue())

    def write_grid(self):
        """About square, black where there is no image."""
        paths = [self.path / self.name(number) for number in range(min(self.options.count, GRID_LIMIT))]
        if not paths:
            return
        images = list(map(_read_image, paths))
        columns = math.ceil(math.sqrt(len(images)))
        width, height = images[0].size
        grid = Image.new(images[0].mode, (columns * width, math.ceil(len(images) / columns) * height))
        for i, image in enumerate(images):
            grid.paste(image, (i % columns * width, i // columns * height))
        buffer = io.BytesIO()
        grid.save(buffer, format="PNG")
        self._replace("grid.png", buffer.getvalue())

    def _replace(self, name, content):
        """Write a file as a whole: nobody ever sees half of one."""
        path = self.path / name
        temporary = path.with_name(f".{name}.{os.getpid()}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(content)
            os.replace(temporary, path)
        except OSError as error:
            with contextlib.suppress(OSError):  # The first error says more than a second one about the remains.
                temporary.unlink()
            raise InputError(
                f"cannot write {path}: {error.strerror}; make room or choose another --output-dir. "
                "Images already written are kept: continue with --resume"
            ) from error


def _read_image(path):
    try:
        if path.suffix == ".npy":
            return to_pillow(np.load(path))
        with Image.open(path) as image:
            image.load()
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)) if image.mode == "I;16" else image
    except Exception as error:  # With --resume somebody else may have written it; what Pillow raises is not said.
        raise InputError(f"{path} is damaged: delete it and continue with --resume") from error


def to_pillow(image: np.ndarray, bits: int = 8) -> Image.Image:
    """An image as the generator gives it, whatever it was exported with, as a picture, grey or RGB."""
    if image.dtype == np.uint8:
        image = image.transpose(1, 2, 0)
    else:
        image = image.transpose(1, 2, 0) if image.shape[0] in (1, 3) else image
        white, kind = (255, np.uint8) if bits == 8 else (65535, np.uint16)
        image = np.clip(np.rint((image.astype(np.float64) + 1) * (white / 2)), 0, white).astype(kind)
    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


class _Progress:
    """Images, images/s and time left on one line of the terminal."""

    def __init__(self, total):
        self.total, self.done = total, 0
        self.start = self.shown = time.perf_counter()
        self.visible = sys.stderr.isatty()

    def advance(self):
        self.done += 1
        now = time.perf_counter()
        if self.visible and now - self.shown > 0.2:
            self.shown = now
            rate = self.done / (now - self.start)
            left = (self.total - self.done) / rate
            filled = 30 * self.done // self.total
            bar = "█" * filled + "░" * (30 - filled)
            text = f"{bar} {self.done}/{self.total}  {rate:.1f} images/s  {left:.0f} s left"
            print(f"\r{text:<90}", end="", file=sys.stderr, flush=True)

    def close(self):
        if self.visible:
            print("\r" + " " * 90 + "\r", end="", file=sys.stderr, flush=True)
        seconds = time.perf_counter() - self.start
        if self.done:
            print(f"{self.done} images in {seconds:.1f} s ({self.done / seconds:.1f} images/s)")


@contextlib.contextmanager
def _interruptible():
    """Let SIGTERM and a closed terminal end the block as Ctrl-C does.

    What was ignored when the process started stays so: SIGHUP under nohup, SIGINT after a script's `&`.
    """

    def interrupt(number, frame):
        raise KeyboardInterrupt(number)

    former = {}
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP.
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            former[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
