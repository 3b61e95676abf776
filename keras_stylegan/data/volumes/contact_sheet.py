"""One picture by which a person sees whether left is right: slices of some volumes, with marks of orientation."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

VOLUMES, SLICES = 8, 6
TILE = 192
"""Longest side of a slice on the sheet, in pixels."""
GAP = 4


def chosen(count: int, most: int) -> list[int]:
    """Up to `most` of `count` indices, evenly spread, first and last among them."""
    return sorted({round(place) for place in np.linspace(0, count - 1, min(count, most))})


def contact_sheet(rows: Sequence[np.ndarray], titles: Sequence[str], marks: str) -> Image.Image:
    """Draws the sheet.

    Args:
        rows: For each volume (K, H, W) uint16, its slices in order.
        titles: One line above each row.
        marks: Letters for top, bottom, left and right.
    """
    height, width = rows[0].shape[1:]
    zoom = TILE / max(height, width)
    tall, wide = max(1, round(zoom * height)), max(1, round(zoom * width))
    font = ImageFont.load_default(13)
    line = 18
    columns = max(len(row) for row in rows)
    sheet = Image.new("L", (columns * (wide + GAP) + GAP, len(rows) * (tall + line + GAP) + GAP), 40)
    draw = ImageDraw.Draw(sheet)
    for index, (row, title) in enumerate(zip(rows, titles, strict=True)):
        top = GAP + index * (tall + line + GAP)
        draw.text((GAP, top), title, fill=200, font=font)
        for column, picture in enumerate(row):
            left = GAP + column * (wide + GAP)
            tile = Image.fromarray((picture >> 8).astype(np.uint8)).resize((wide, tall), Image.Resampling.BILINEAR)
            sheet.paste(tile, (left, top + line))
            places = ((wide / 2, 2, "ma"), (wide / 2, tall - 2, "md"), (3, tall / 2, "lm"), (wide - 3, tall / 2, "rm"))
            for mark, (x, y, anchor) in zip(marks, places, strict=True):
                draw.text((left + x, top + line + y), mark, fill=255, font=font, anchor=anchor,
                          stroke_width=2, stroke_fill=0)  # fmt: skip
    return sheet
