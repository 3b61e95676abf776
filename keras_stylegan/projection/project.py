"""The command `project`: which latent makes this image, how well, and what is left out.

Keras and numpy are imported by the functions that need them, so that the options can be shown at once.
"""

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from keras_stylegan.config.checks import choices, require
from keras_stylegan.errors import InputError

MOST_STEPS = 100_000
MOST_REFERENCES = 1000
FILM_FRAMES = 48
FORMAT = "keras-stylegan projection 1"
PRIVATE = "The pictures show the images that were projected: keep them where these may be."
HELDOUT, OWN = "held-out people", "own samples"


@dataclass(frozen=True)
class ProjectOptions:
    """How to project, and what to compare with. The optimiser is that of StyleGAN2's appendix D."""

    space: Literal["w", "w+"] = "w"
    """'w': one style for all layers, as the model draws them. 'w+': one for each layer, which fits more closely, also
    what the model was never trained to make."""
    steps: int = 500
    """Steps of the optimiser."""
    noise: Literal["optimised", "const"] = "optimised"
    """Let the noise maps be found too, kept noise by a penalty, or take the network's own."""
    seed: int = 0
    """Seed of what is drawn on the way, and of the choice of references."""
    references: int = 8
    """Images of held-out people, and of the model's own samples, that are projected in the same way to compare with; 0
    for none."""
    data_path: Path | None = None
    """The images the run was trained on, if they have moved since."""
    heldout_path: Path | None = None
    """Folder with images of subjects that the run has not seen; by default test/ of its own data."""
    output_dir: Path | None = None
    """Folder of what is written; by default projection/ in the run folder."""

    def __post_init__(self) -> None:
        require(1 <= self.steps <= MOST_STEPS, "steps", f"from 1 to {MOST_STEPS:,}", self.steps)
        require(0 <= self.seed < 2**64, "seed", "from 0 to 2^64 − 1", self.seed)
        count = self.references
        require(0 <= count <= MOST_REFERENCES, "references", f"from 0 to {MOST_REFERENCES:,}", count)
        for name, legal in choices(ProjectOptions).items():
            require(getattr(self, name) in legal, name, f"one of {legal}", getattr(self, name))


def project(run_dir: Path | None, paths: tuple[Path, ...], options: ProjectOptions) -> Path:
    """Projects images and says how well, relative to held-out people and to the model's own samples.

    Files in the output folder, all of which show or describe the images: `projection.png` (each image, what the model
    makes of it, and the signed difference), `projection.gif` (the way of the first ones), `<number>_projection.png` and
    `<number>_residual.png`, `projection.npz` (`ws` (N, num_ws, w_dim) and the noise maps `noise_0`, ... (N, h, w, 1),
    which `export.runtime` and Keras's synthesis take) and `projection.json`.

    Args:
        run_dir: A run folder; None: the newest run.
        paths: Image files and folders of them.
        options: See `ProjectOptions`.

    Returns:
        The output folder.

    Raises:
        InputError: No such run or image, or one that does not suit the run; a folder that cannot be written.
    """
    import numpy as np
    from rich.console import Console

    from keras_stylegan.atomic import replace_file
    from keras_stylegan.data.given_images import read_given
    from keras_stylegan.data.progress import progress_bar
    from keras_stylegan.latent.projection import Projector
    from keras_stylegan.projection.pictures import write_pictures
    from keras_stylegan.training.trained import load_generator

    trained = load_generator(run_dir)
    images, names = read_given(paths, trained.config)
    folder = options.output_dir or trained.run_dir / "projection"
    console = Console()
    say = functools.partial(console.print, highlight=False, markup=False, soft_wrap=True)
    references, remark = _references(trained, images, options, console.is_terminal)
    targets = np.concatenate([images, *references.values()])
    counts = ", ".join([f"{len(images)} images", *(f"{len(part)} {name}" for name, part in references.items())])
    say(f"{trained.run_dir} after {trained.images_seen / 1000:g} kimg: {counts} into {options.space} → {folder}")
    if remark:
        say(remark)
    # First of all: it finds out at once whether the folder can be written.
    record: dict[str, Any] = {"format": FORMAT, "weights_sha256": trained.weights_sha256, "images": []}
    replace_file(folder / "projection.json", json.dumps(record).encode())

    projector = Projector(trained.generator, options.space, options.steps, options.noise, options.seed)
    film = sorted({round(frame * options.steps / FILM_FRAMES) for frame in range(FILM_FRAMES + 1)})
    with progress_bar("Projecting", len(targets) * options.steps, True) as advance:
        found = projector.project(targets, lambda made: [advance() for _ in range(made)], film)
    if not np.isfinite(found.images).all():
        raise InputError("the run's generator gives values that are not finite: choose an earlier checkpoint")
    record |= _result(names, targets, found, references, options)
    replace_file(folder / "projection.json", json.dumps(record, indent=2, ensure_ascii=False).encode())
    replace_file(folder / "projection.npz", _npz(record, found, len(images)))
    labels = [*names, *(name for name, part in references.items() for _ in part)]
    written = write_pictures(folder, targets, found, labels, found.distances.tolist(), len(images))
    for line in (*_lines(record), *written, PRIVATE):
        say(line)
    return folder


def _references(trained: Any, images: Any, options: ProjectOptions, progress: bool) -> tuple[dict[str, Any], str]:
    """Images to compare with by what they are of, and a remark on what is missing."""
    import numpy as np

    from keras_stylegan.data.intensity import to_float
    from keras_stylegan.evaluation.material import material_or_reason
    from keras_stylegan.metrics.floors import spread_sample
    from keras_stylegan.training.conditioning import own_labels
    from keras_stylegan.training.samples import draw_samples

    if not options.references:
        return {}, ""
    found, remark = {}, ""
    indices, classes = range(options.references), np.arange(options.references) % max(1, len(trained.classes))
    labels = own_labels(trained.covariates, options.seed + 1, indices, classes)
    material, reason = material_or_reason(trained, options.data_path, options.heldout_path, progress)
    if material is None:
        remark = f"There are no held-out people to compare with: {reason}"
    else:
        heldout = material.heldout
        # An image that is held out itself must not be its own measure.
        given = np.rint((images + 1) * 127.5).reshape(len(images), 1, -1)
        rows = spread_sample(heldout.subjects, options.references + len(images), options.seed)
        people = to_float(np.asarray(heldout.images[rows]))
        flat = np.rint((people + 1) * 127.5).reshape(1, len(people), -1)
        people = people[~np.any(np.all(given == flat, axis=-1), axis=0)]
        found[HELDOUT] = people[np.random.default_rng(options.seed).permutation(len(people))[: options.references]]
        labels = material.labels
        if material.seen:
            remark = "Training subjects stand in for held-out people, of whom there are none: see `evaluate`."
    # Beyond the latents that `generate` and `evaluate` draw by default.
    own = draw_samples(trained.generator, options.references, options.seed + 1, labels)
    return found | {OWN: to_float(own.images)}, remark


def _result(names: list[str], targets: Any, found: Any, references: dict[str, Any], options: ProjectOptions) -> dict:
    """What projection.json says: distances of images, and their multiples of the references' medians."""
    import numpy as np

    distances = found.distances.astype(float)
    errors = np.sqrt(np.mean((found.images - targets) ** 2, axis=(1, 2, 3))) / 2
    start, compared = len(names), {}
    for name, part in references.items():
        values = distances[start : start + len(part)]
        start += len(part)
        compared[name] = {"count": len(part), "median": float(np.median(values)), "distances": values.tolist()}
    entries = [
        {
            "name": name,
            "distance": distances[index],
            "rms_error": float(errors[index]),
            "relative_to": {key: distances[index] / part["median"] for key, part in compared.items()},
            "as_far_or_farther": {
                key: float(np.mean(np.array(part["distances"]) >= distances[index])) for key, part in compared.items()
            },
        }
        for index, name in enumerate(names)
    ]
    chosen = {name: getattr(options, name) for name in ("space", "steps", "noise", "seed")}
    return {"options": chosen, "images": entries, "references": compared}


def _npz(record: dict[str, Any], found: Any, count: int) -> bytes:
    import io

    import numpy as np

    buffer = io.BytesIO()
    arrays = {f"noise_{index}": noise[:count] for index, noise in enumerate(found.noise)}
    np.savez_compressed(buffer, ws=found.ws[:count], weights_sha256=record["weights_sha256"], **arrays)
    return buffer.getvalue()


def _lines(record: dict[str, Any]) -> list[str]:
    """The result in words."""
    lines = []
    for name, part in record["references"].items():
        low, high = min(part["distances"]), max(part["distances"])
        lines.append(
            f"{name}: distance {part['median']:.3f} (median of {part['count']}, {low:.3f} to {high:.3f})"
        )  # fmt: skip
    # The number begins the names of the image's files; its own name may be a patient's, and stands in no other.
    for number, entry in enumerate(record["images"]):
        ratios = ", ".join(f"{ratio:.2f} times that of {name}" for name, ratio in entry["relative_to"].items())
        lines.append(
            f"{number:03d} {entry['name']}: distance {entry['distance']:.3f}" + (f", {ratios}" if ratios else "")
            + f"; grey values differ by {entry['rms_error']:.1%} of the range (rms)"
        )  # fmt: skip
    return lines
