"""The pictures of the command `project`: sheet, film, and two files for each image."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure

from keras_stylegan.atomic import replace_file
from keras_stylegan.data.image_files import enlarge, save_gif, save_image
from keras_stylegan.latent.projection import Projection
from keras_stylegan.latent.residual import LIMIT, in_colour, signed_colours

COLUMNS = 12
"""Images beside each other in the sheet."""
MOST_SHOWN = 48
"""Images in the sheet; further ones have their files only."""
LONGEST_LABEL = 16
FILM_COLUMNS = 4
FILM_PIXELS = 160
"""Side of an image in the film, at least."""
SECONDS_PER_FRAME = 0.1
HELD = 12
"""Times that the last frame of the film is shown."""
ROWS = ("image", "projection", "image − projection")


def write_pictures(
    folder: Path, targets: np.ndarray, found: Projection, labels: list[str], distances: list[float], named: int
) -> list[str]:
    """Writes the pictures.

    Args:
        folder: Where to.
        targets: (N, H, W, C) images that were projected.
        found: Their projections.
        labels: (N,) what each is of: its name, or the kind of people that it is compared with.
        distances: (N,) of the projections.
        named: The first so many images are those that were named, and alone have files of their own.

    Returns:
        Lines that say what was written.

    Raises:
        InputError: The folder cannot be written.
    """
    differences = targets - found.images
    for index in range(named):
        save_image(folder / f"{index:03d}_projection.png", enlarge(found.images[index]))
        save_image(folder / f"{index:03d}_residual.png", enlarge(signed_colours(differences[index])))
    replace_file(folder / "projection.png", _sheet(targets, found.images, labels, distances), sync=False)
    # Those that were named come first.
    shown = min(named, FILM_COLUMNS, found.film.shape[1])
    frames = _film(targets[:shown], found.film[:, :shown])
    save_gif(folder / "projection.gif", frames, SECONDS_PER_FRAME)
    return [
        f"projection.png: {', '.join(ROWS)}; red: the image is brighter than its projection, blue: darker",
        f"projection.gif: the way of the first {shown}; {0:03d}_projection.png, {0:03d}_residual.png, ...: each; "
        "projection.npz, projection.json: styles and distances",
    ]


def _film(targets: np.ndarray, film: np.ndarray) -> np.ndarray:
    """(F, n, H, W, C) to RGB frames: three rows as in the sheet, the last frame held."""
    factor = max(1, FILM_PIXELS // max(targets.shape[1:3]))
    order = [*range(len(film)), *[len(film) - 1] * HELD]
    frames = []
    for images in film:
        rows = (in_colour(targets), in_colour(np.clip(images, -1, 1)), signed_colours(targets - images))
        frame = np.concatenate([np.concatenate(list(row), axis=1) for row in rows], axis=0)
        frames.append(frame.repeat(factor, axis=0).repeat(factor, axis=1))
    return np.stack(frames)[order]


def _sheet(targets: np.ndarray, images: np.ndarray, labels: list[str], distances: list[float]) -> bytes:
    """Three rows for every twelve images, with what they are of, their distances and the scale of the colours."""
    count = min(len(targets), MOST_SHOWN)
    columns = min(count, COLUMNS)
    blocks = -(-count // columns)
    height, width = targets.shape[1:3]
    inches = 1.1
    size = (inches * columns + 1.6, (3 * inches * height / width + 0.5) * blocks + 0.3)
    figure = Figure(figsize=size, dpi=120, layout="constrained")
    axes = figure.subplots(3 * blocks, columns, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for index in range(count):
        block, column = divmod(index, columns)
        shown = (targets[index], images[index], None)
        for row, image in enumerate(shown):
            axis = axes[3 * block + row, column]
            picture = signed_colours(targets[index] - images[index]) if image is None else in_colour(image)
            axis.imshow(np.clip((picture + 1) / 2, 0, 1), interpolation="nearest")
            if column == 0:
                axis.text(-0.08, 0.5, ROWS[row], rotation=90, ha="right", va="center", transform=axis.transAxes, size=7)
        again = column > 0 and labels[index] == labels[index - 1]
        heading = "" if again else labels[index][:LONGEST_LABEL]
        axes[3 * block, column].set_title(f"{heading}\n{distances[index]:.3f}", fontsize=7, loc="left")
    _colour_bar(figure, axes)
    buffer = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _colour_bar(figure: Figure, axes: Any) -> None:
    steps = np.linspace(-LIMIT, LIMIT, 256)[:, None, None]
    colours = ListedColormap((signed_colours(steps) + 1).reshape(-1, 3) / 2)
    scale = ScalarMappable(Normalize(-50 * LIMIT, 50 * LIMIT), colours)
    bar = figure.colorbar(scale, ax=axes.ravel().tolist(), shrink=0.6, aspect=30, extend="both", pad=0.01)
    bar.set_label("image − projection, % of the range from black to white", fontsize=7)
    bar.ax.tick_params(labelsize=7)
