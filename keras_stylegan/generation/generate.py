"""The command `generate`: pictures from a trained run.

Keras and numpy are imported by the functions that need them, so that the options can be shown at once.
"""

import functools
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from keras_stylegan.config.checks import choices, require
from keras_stylegan.errors import InputError

GRID_LIMIT = 256
"""Most images in a grid; further ones are files only."""
MOST_SOURCES = 100
"""Rows and columns of a style-mixing grid: 10,000 mixtures are more than anybody looks at."""
MOST_FRAMES = 10_000
"""Of an animation: ten minutes."""
ENDINGS = {"nifti": "nii.gz"}
"""Of files that are not called as their format."""
STRIP_COLUMNS = 8
"""Images of an interpolation strip from one latent to the next."""


@dataclass(frozen=True)
class GenerateOptions:
    """What to generate. An image depends on (seed, index, class) and the truncation only, never on the count."""

    count: int = 64
    """Images in total."""
    seed: int = 0
    """Seed of the latents (and of the noise if it is random)."""
    label: str | None = None
    """Class by its name, for a conditional model; by default all classes in turn, each with the same latents."""
    covariate: tuple[str, ...] = ()
    """Covariates for a run that is conditioned on them, each NAME=VALUE in its own unit and within the range of the
    training images (slice=12 age=71); one that is not given is drawn as the training images of the class have it."""
    direction: tuple[str, ...] = ()
    """Directions of the run's directions.json (`directions` finds them) that all styles walk along, each NAME=AMOUNT
    in standard deviations of the styles."""
    truncation_psi: float = 1.0
    """Truncation ψ. 1 shows what the model learned, as the metrics see it; the papers' figures use 0.5 to 0.7: more
    typical images of higher quality, but less variety (0 is the mean image)."""
    truncation_cutoff: int | None = None
    """Style layers that are truncated, counted from the coarsest; by default all."""
    noise: Literal["const", "random", "none"] = "const"
    """Noise inputs: the same fixed maps for all images, drawn for each image, or none."""
    output_dir: Path = Path("stylegan_outputs")
    """Folder of the pictures; files of the same name are replaced."""
    format: Literal["png", "npy", "nifti"] = "png"
    """Images as PNG, as numpy files with float32 values, about [-1, 1], or as 16-bit NIfTI with spacing and affine of
    the training set, for runs on volumes (`prepare SCANS --out`): slices, or, of a run with --model.covariates
    slice_position_mm, volumes of the slices of one latent. Grids are PNG always."""
    bits: Literal[8, 16] = 8
    """Bits per pixel of the PNG images; 16 for grey images only."""
    mixing: int = 5
    """Row sources and column sources of the style-mixing grids; 0 for none."""
    sweep: int = 4
    """Latents of the sweeps, in which a covariate goes from the smallest to the largest value of the training images
    while a latent stays; 0 for none."""
    interpolation: int = 4
    """Latents that the interpolation visits before it returns to the first; 0 for none."""
    interpolation_frames: int = 24
    """Frames of the animation from one latent to the next, and of that of a sweep."""
    interpolation_space: Literal["w", "z"] = "w"
    """Interpolate linearly between styles w, or spherically between latents z."""

    def __post_init__(self) -> None:
        require(self.count >= 1, "count", "at least 1", self.count)
        require(0 <= self.seed < 2**64, "seed", "from 0 to 2^64 − 1", self.seed)
        psi = self.truncation_psi
        require(math.isfinite(psi) and -2 <= psi <= 2, "truncation_psi", "in [-2, 2]", psi)
        cutoff = self.truncation_cutoff
        require(cutoff is None or cutoff >= 0, "truncation_cutoff", "at least 0", cutoff)
        for name, legal in choices(GenerateOptions).items():
            require(getattr(self, name) in legal, name, f"one of {legal}", getattr(self, name))
        require(0 <= self.mixing <= MOST_SOURCES, "mixing", f"from 0 to {MOST_SOURCES}", self.mixing)
        require(0 <= self.sweep <= MOST_SOURCES, "sweep", f"from 0 to {MOST_SOURCES}", self.sweep)
        legal = self.interpolation == 0 or self.interpolation >= 2
        require(legal, "interpolation", "0 or at least 2", self.interpolation)
        frames = self.interpolation_frames
        require(frames >= STRIP_COLUMNS, "interpolation_frames", f"at least {STRIP_COLUMNS}", frames)
        total = self.interpolation * frames
        require(total <= MOST_FRAMES, "interpolation · interpolation_frames", f"at most {MOST_FRAMES}", total)


def generate(run_dir: Path | None, options: GenerateOptions) -> None:
    """Writes images, grids, style-mixing grids, an interpolation strip and its animation.

    Files in `options.output_dir`: `[<class>_]seed<seed>_<index>.png` (or .npy, .nii.gz) for every image, `grid.png`,
    `grid_<class>.png`, `style_mixing_coarse.png`, `..._middle.png`, `..._fine.png` (StyleGAN, figure 3),
    `interpolation.png`, `interpolation.gif`, for a run with covariates `sweep_<covariate>.png`, `....gif` and
    `labels.csv` (path, label and covariates of every image), and `generate.json` with all it takes to draw them again
    but the place of the run: the files may be shared, and tell nothing of this machine or of the data.

    Args:
        run_dir: Folder of a training run; None: the newest run.
        options: See `GenerateOptions`.

    Raises:
        InputError: No such run, a label, covariate or direction that the run does not have, a value that it was not
            trained on, directions of other weights, more than this machine has room for, or a folder that cannot be
            written. Images that were already written stay.
    """
    from rich.console import Console

    from keras_stylegan.atomic import replace_file
    from keras_stylegan.config.public import public
    from keras_stylegan.data.geometry import read_geometry
    from keras_stylegan.generation.asked_images import AskedImages
    from keras_stylegan.generation.picture_room import require_room
    from keras_stylegan.generation.slice_stacks import positions, write_volumes
    from keras_stylegan.latent.rendering import Renderer
    from keras_stylegan.training.trained import load_generator, newest_run

    trained = load_generator(newest_run() if run_dir is None else run_dir)
    generator = trained.generator
    asked = AskedImages(trained, options.seed, options.label, options.covariate)
    if options.bits == 16 and options.format == "png" and generator.channels != 1:
        raise InputError(f"bits must be 8 for RGB images (or use --format npy). Received: {options.bits}")
    geometry = read_geometry(trained.run_dir / "dataset.json") if options.format == "nifti" else None
    if options.format == "nifti" and (geometry is None or generator.channels != 1):
        raise InputError(
            "format nifti needs the spacing of grey training images, which datasets made of volumes have (prepare "
            f"SCANS --out DATASET); {trained.run_dir} has none: choose png or npy. Received: 'nifti'"
        )
    cutoff, layers = options.truncation_cutoff, generator.num_ws
    require(cutoff is None or cutoff <= layers, "truncation_cutoff", f"at most {layers}, the run's layers", cutoff)
    moved = _walk(trained, options.direction)
    heights = positions(asked, geometry) if geometry else ()
    require_room(options, generator, len(heights))
    record = {
        "weights_sha256": trained.weights_sha256,
        "images_seen": trained.images_seen,
        "classes": list(trained.classes),
        "options": public(options),
    }
    # First of all: it finds out at once whether the folder can be written.
    replace_file(options.output_dir / "generate.json", json.dumps(record, indent=2).encode())
    say = functools.partial(Console().print, highlight=False, markup=False, soft_wrap=True)
    say(f"{trained.run_dir} after {trained.images_seen / 1000:g} kimg → {options.output_dir}")

    renderer = Renderer(
        generator,
        noise=options.noise,
        seed=options.seed,
        truncation_psi=options.truncation_psi,
        truncation_cutoff=options.truncation_cutoff,
        moved=moved,
    )
    if len(heights):
        written = [write_volumes(renderer, asked, options, geometry, heights)]
    else:
        written = [_write_images(renderer, asked, options, geometry, record)]
    if options.mixing:
        written += _write_style_mixing(renderer, asked, options)
    if options.sweep:
        written += _write_sweeps(renderer, asked, options)
    if options.interpolation:
        written += _write_interpolation(renderer, asked, options)
    for line in written:
        say(line)


def _walk(trained, direction):
    """Function of styles that moves them as asked; None if nothing is asked."""
    from keras_stylegan.folders import export_module

    if not direction:
        return None
    directions = export_module("directions")
    try:
        path = trained.run_dir / "directions" / directions.DIRECTIONS
        return directions.walk(direction, path, trained.weights_sha256)
    except directions.DirectionError as error:
        raise InputError(str(error)) from error


def _write_images(renderer, asked, options, geometry, record) -> str:
    import numpy as np
    from rich.progress import track

    from keras_stylegan.atomic import replace_file
    from keras_stylegan.data.image_files import encode_png, save_grid
    from keras_stylegan.data.volumes.synthetic import encode_nifti
    from keras_stylegan.generation.slice_stacks import POSITION
    from keras_stylegan.latent.rendering import BATCH_SIZE

    def encoded(image, number) -> bytes:
        if options.format != "nifti":
            return _npy(image) if options.format == "npy" else encode_png(image, options.bits)
        own = {
            "weights_sha256": record["weights_sha256"],
            "seed": options.seed,
            "index": number // len(asked.classes),
            "label": asked.class_name(number),
            "truncation_psi": options.truncation_psi,
        }
        return encode_nifti(image[None], geometry, own, asked.given.get(POSITION))

    ending = ENDINGS.get(options.format, options.format)
    shown: dict[int | None, list] = {label: [] for label in asked.classes}
    first: list = []
    start = time.perf_counter()
    starts = range(0, options.count, BATCH_SIZE)
    for begin in track(starts, description="Images", total=len(starts)):
        numbers = range(begin, min(begin + BATCH_SIZE, options.count))
        images = renderer.images(renderer.styles(*asked.inputs(numbers)), asked.indices(numbers))
        if not np.isfinite(images).all():
            raise InputError("The run's generator gives values that are not finite: choose an earlier checkpoint.")
        for number, image in zip(numbers, images, strict=True):
            replace_file(options.output_dir / f"{asked.name(number)}.{ending}", encoded(image, number), sync=False)
            if len(first) < GRID_LIMIT:
                first.append(image)
            of_class = shown[asked.class_of(number)]
            if len(of_class) < GRID_LIMIT:
                of_class.append(image)
    seconds = time.perf_counter() - start
    save_grid(options.output_dir / "grid.png", np.stack(first))
    for label, images in shown.items():
        if label is not None and images:
            save_grid(options.output_dir / f"grid_{asked.trained.classes[label]}.png", np.stack(images))
    if asked.trained.covariates:
        _write_labels(asked, options, ending)
    rate = f"{options.count} images in {seconds:.1f} s ({options.count / seconds:.1f} images/s with start-up)"
    return f"{rate}: {asked.name(0)}.{ending} ..., all in grid*.png"


def _write_labels(asked, options, ending) -> None:
    """labels.csv, a table as `data.table` takes it."""
    import csv
    import io

    from keras_stylegan.atomic import replace_file

    text, numbers = io.StringIO(), range(options.count)
    columns = asked.covariates(numbers)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["path", *(["label"] if asked.class_name(0) else []), *columns])
    for number, values in zip(numbers, zip(*columns.values(), strict=True), strict=True):
        label = asked.class_name(number)
        writer.writerow([f"{asked.name(number)}.{ending}", *([label] if label else []), *(f"{v:.6g}" for v in values)])
    replace_file(options.output_dir / "labels.csv", text.getvalue().encode())


def _write_style_mixing(renderer, asked, options) -> list[str]:
    from keras_stylegan.data.image_files import save_grid
    from keras_stylegan.latent.mixing import layer_ranges, style_mixing_grid

    count = options.mixing
    ws = renderer.styles(*asked.inputs(range(2 * count)))
    lines = []
    for name, layers in layer_ranges(renderer.generator.style_resolutions).items():
        images, columns = style_mixing_grid(renderer, ws[:count], ws[count:], layers)
        save_grid(options.output_dir / f"style_mixing_{name}.png", images, columns, pad=2)
        lines.append(
            f"style_mixing_{name}.png: the left column with the {name} styles of the top row (layers {list(layers)})"
        )
    return lines


def _write_sweeps(renderer, asked, options) -> list[str]:
    import numpy as np

    from keras_stylegan.data.image_files import save_gif, save_grid, tile
    from keras_stylegan.latent.sweep import sweep, there_and_back

    lines, frames = [], options.interpolation_frames
    for place, item in enumerate(asked.trained.covariates):
        z, label = asked.inputs(range(options.sweep))
        values = np.linspace(item.minimum, item.maximum, frames)
        images = sweep(renderer, z, label, asked.trained.generator.c_dim + place, values)
        shown = np.round(np.linspace(0, frames - 1, STRIP_COLUMNS)).astype(int)
        save_grid(options.output_dir / f"sweep_{item.name}.png", np.concatenate(images[:, shown]), STRIP_COLUMNS)
        film = np.stack([tile(frame, options.sweep) for frame in images.swapaxes(0, 1)])
        save_gif(options.output_dir / f"sweep_{item.name}.gif", there_and_back(film), seconds_per_frame=0.06)
        lines.append(
            f"sweep_{item.name}.png, sweep_{item.name}.gif: {options.sweep} latents, each with {item.name} from "
            f"{item.minimum:g} to {item.maximum:g}"
        )
    return lines


def _write_interpolation(renderer, asked, options) -> list[str]:
    from keras_stylegan.data.image_files import save_gif, save_grid
    from keras_stylegan.latent.interpolation import interpolate

    points, frames = options.interpolation, options.interpolation_frames
    z, label = asked.inputs(range(points))
    if options.interpolation_space == "z":
        path = interpolate(z, frames, spherical=True, closed=True)
        # The embedding of a label is linear, so that a class fades into the other one.
        labels = None if label is None else interpolate(label, frames, closed=True)
        ws = renderer.styles(path, labels)
    else:
        ws = interpolate(renderer.styles(z, label), frames, closed=True)
    images = renderer.images(ws)
    shown = [
        point * frames + round(k * frames / STRIP_COLUMNS) for point in range(points) for k in range(STRIP_COLUMNS)
    ]
    save_grid(options.output_dir / "interpolation.png", images[shown], STRIP_COLUMNS)
    save_gif(options.output_dir / "interpolation.gif", images, seconds_per_frame=0.06)
    return [f"interpolation.png, interpolation.gif: through {points} images and back, in {options.interpolation_space}"]


def _npy(image) -> bytes:
    import io

    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, image)
    return buffer.getvalue()
