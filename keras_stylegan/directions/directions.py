"""The command `directions`: finds directions of a run's latent space and measures what each really changes.

Keras and numpy are imported by the functions that need them, so that the options can be shown at once.
"""

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_stylegan.config.checks import require
from keras_stylegan.errors import InputError

FORMAT = "keras-stylegan directions 1"
"""As in export/directions.py, which reads the file."""


@dataclass(frozen=True)
class DirectionsOptions:
    """Which directions, and how they are measured."""

    sefa: int = 2
    """SeFa directions of every range of layers (coarse, middle, fine), by the generator's weights alone."""
    pca: int = 3
    """Principal components of the styles."""
    count: int = 2000
    """Generated images on which supervised directions are fitted."""
    samples: int = 128
    """New images on which every direction is measured."""
    chance: int = 40
    """Directions without meaning that every one has to beat, for each range of layers."""
    seed: int = 0
    """Seed of all draws."""
    data_path: Path | None = None
    """The images the run was trained on, if they have moved since."""
    heldout_path: Path | None = None
    """Folder with images of subjects that the run has not seen; by default test/ of its own data."""
    output_dir: Path | None = None
    """Folder of directions.json and directions.png; by default directions/ in the run folder, where `export` looks."""

    def __post_init__(self) -> None:
        limits = {"sefa": (0, 100), "pca": (0, 100), "count": (50, 100_000), "samples": (8, 10_000)}
        for name, (least, most) in (limits | {"chance": (20, 1000)}).items():
            value = getattr(self, name)
            require(least <= value <= most, name, f"from {least} to {most:,}", value)
        require(0 <= self.seed < 2**62, "seed", "from 0 to 2^62 − 1", self.seed)


def directions(run_dir: Path | None, options: DirectionsOptions) -> Path:
    """Finds directions, measures them, and writes `directions.json` and a sheet of strips, `directions.png`.

    Factors are the classes and covariates that the real images come with, told from an image by `LinearMeasurer`, and
    the `appearance` of a head. A direction is fitted on generated images that a measurer of the training subjects
    labels, and judged on other generated images by a measurer of the held-out subjects with other features.

    Args:
        run_dir: A run folder; None: the newest run.
        options: See `DirectionsOptions`.

    Returns:
        directions.json.

    Raises:
        InputError: No such run, images that do not suit it, or a folder that cannot be written.
    """
    from rich.console import Console

    from keras_stylegan.atomic import replace_file, require_writable
    from keras_stylegan.data.progress import progress_bar
    from keras_stylegan.directions.effects import Effects
    from keras_stylegan.directions.factors import find_factors
    from keras_stylegan.directions.pictures import sheet
    from keras_stylegan.latent.rendering import Renderer
    from keras_stylegan.training.trained import load_generator

    trained = load_generator(run_dir)
    generator = trained.generator
    folder = options.output_dir or trained.run_dir / "directions"
    console = Console()
    say = functools.partial(console.print, highlight=False, markup=False, soft_wrap=True)
    path = folder / "directions.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write to {folder}: {error.strerror}; choose another --output-dir") from error
    require_writable(path)
    say(f"{trained.run_dir} after {trained.images_seen / 1000:g} kimg → {folder}")
    factors = find_factors(trained, options, say, console.is_terminal)
    record: dict[str, Any] = {
        "format": FORMAT,
        "weights_sha256": trained.weights_sha256,
        "w_dim": generator.w_dim,
        "num_ws": generator.num_ws,
        "range": [-3.0, 3.0],
    }
    renderer = Renderer(generator)
    measured = Effects(trained, renderer, factors, options)
    with progress_bar("Images", measured.images_to_draw, True) as advance:
        measured.begin(lambda images: [advance() for _ in range(images)])
        found = measured.find()
        if not found:
            raise InputError("there is nothing to find: raise --sefa or --pca, or give the run's images")
        entries = [measured.judged(direction) for direction in found]
    record["factors"] = [factor.record(measured.deviation(factor)) for factor in factors]
    record["directions"] = entries
    replace_file(path, (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode())
    strips = sheet(renderer, found, [entry["verdict"] for entry in entries], measured.shown())
    replace_file(folder / "directions.png", strips, sync=False)
    for entry in entries:
        say(f"{entry['name']}: {entry['verdict']}")
    home = trained.run_dir / "directions"
    taken = folder.resolve() == home.resolve()
    say(f"{path}, {folder / 'directions.png'}; " + (
        "the next `export` takes the directions along" if taken
        else f"`export` takes those of {home} alone: copy directions.json there for it"
    ))  # fmt: skip
    return path
