"""The sheet of samples: a labelled row of every contender, from the same latents."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from keras_stylegan.atomic import replace_file
from keras_stylegan.comparison.results import Standing
from keras_stylegan.data.image_files import encode_png, tile
from keras_stylegan.data.intensity import to_float

ROW = "samples.png"
"""A run's row, in its folder evaluation/."""
HEIGHT = 96
"""Small rows are enlarged to about so many pixels, by a whole factor."""
GAP = 6
FONT = 16


def save_row(folder: Path, images: np.ndarray) -> None:
    """Write a run's row.

    Args:
        folder: Where.
        images: (N, H, W, C) integers.
    """
    factor = max(1, round(HEIGHT / images.shape[1]))
    row = tile(to_float(images), len(images), pad=1)
    replace_file(Path(folder) / ROW, encode_png(row.repeat(factor, axis=0).repeat(factor, axis=1)))


def draw(standings: Sequence[Standing]) -> bytes | None:
    """The rows of the first seed that is evaluated of every contender, one below the other, as PNG; None of none."""
    rows = []
    for standing in standings:
        done = next((result for result in standing.results if result.record is not None), None)
        path = done and done.run.folder.evaluation / ROW
        if path and path.is_file():
            with Image.open(path) as image:
                label = f"{standing.name}, seed {done.run.seed}, {done.moment.images / 1000:g} kimg"
                rows.append((label, image.convert("RGB")))
    if not rows:
        return None
    font = ImageFont.load_default(FONT)
    label_height = FONT + 2 * GAP
    width = max(max(row.width, round(font.getlength(label))) for label, row in rows) + 2 * GAP
    sheet = Image.new("RGB", (width, sum(label_height + row.height for _, row in rows) + GAP), "white")
    draw, top = ImageDraw.Draw(sheet), 0
    for label, row in rows:
        draw.text((GAP, top + GAP), label, fill="black", font=font)
        sheet.paste(row, (GAP, top + label_height))
        top += label_height + row.height
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG")
    return buffer.getvalue()
