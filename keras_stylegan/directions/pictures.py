"""The sheet of strips of the command `directions`."""

import io
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from keras_stylegan.latent.residual import in_colour, signed_colours
from keras_stylegan.sizes import height_width

AMOUNTS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
MOST_ROWS = 60
INCHES = 0.95
"""Height of a strip."""
TEXT_INCHES = 3.4


def sheet(renderer: Any, directions: Sequence[Any], verdicts: Sequence[str], ws: np.ndarray) -> bytes:
    """One strip for each direction: the same image from -3 to +3, what changes between the ends, and the verdict.

    Args:
        renderer: Draws the images.
        directions: `keras_stylegan.latent.directions.Direction`.
        verdicts: One line for each.
        ws: (1, num_ws, w_dim) the styles of the image.

    Returns:
        A PNG file.
    """
    shown = list(zip(directions, verdicts, strict=True))[:MOST_ROWS]
    paths = np.concatenate(
        [direction.moved(np.repeat(ws, len(AMOUNTS), 0), np.array(AMOUNTS)) for direction, _ in shown]
    )
    shape = (*height_width(renderer.generator.resolution), renderer.generator.channels)
    # As they would be written to files, and as the effects are measured: beyond black nothing changes.
    images = np.clip(renderer.images(paths), -1, 1).reshape(len(shown), len(AMOUNTS), *shape)
    height, width = images.shape[2:4]
    inches = INCHES * width / height
    columns = len(AMOUNTS) + 1
    figure = Figure(figsize=(TEXT_INCHES + inches * columns, INCHES * 1.06 * len(shown) + 0.4), dpi=110)
    left = TEXT_INCHES / figure.get_figwidth()
    axes = figure.subplots(
        len(shown), columns, squeeze=False,
        gridspec_kw={"left": left, "right": 0.995, "top": 1 - 0.35 / figure.get_figheight(), "bottom": 0.005,
                     "wspace": 0.03, "hspace": 0.05},
    )  # fmt: skip
    for row, (direction, text) in enumerate(shown):
        for column, image in enumerate(images[row]):
            axes[row, column].imshow((in_colour(image) + 1) / 2, interpolation="nearest")
        change = signed_colours(images[row, -2] - images[row, 1], limit=1.0)
        axes[row, -1].imshow((change + 1) / 2, interpolation="nearest")
        words = "\n".join(textwrap.wrap(text, 58)[:5])
        axes[row, 0].text(-TEXT_INCHES / inches + 0.1, 1.0, direction.name, transform=axes[row, 0].transAxes,
                          va="top", size=8, weight="bold")  # fmt: skip
        axes[row, 0].text(-TEXT_INCHES / inches + 0.1, 0.82, words, transform=axes[row, 0].transAxes, va="top", size=6)
    for axis in axes.flat:
        axis.set_axis_off()
    for column, amount in enumerate(AMOUNTS):
        axes[0, column].set_title(f"{amount:+g}" if amount else "0", fontsize=8)
    axes[0, -1].set_title("−2 to +2", fontsize=8)
    buffer = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
