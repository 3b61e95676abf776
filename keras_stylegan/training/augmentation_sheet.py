"""A picture of every operation of augmentation at three strengths, for a person to judge."""

import io
from pathlib import Path

import numpy as np
from keras import ops
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from keras_stylegan.atomic import replace_file
from keras_stylegan.augment.operations import OPERATIONS, chosen
from keras_stylegan.augment.pipeline import Pipeline
from keras_stylegan.data.image_set import ImageSet
from keras_stylegan.data.intensity import to_float

SHARES = (1 / 3, 2 / 3, 1.0)
"""Of the reach of an operation."""
SEED = 0


def draw_sheet(images: ImageSet, names: tuple[str, ...], picture: Path) -> None:
    """Draws a row for every operation: two images, each followed by what a third, two thirds and all of its reach make.

    The first image is changed in one direction and the second one in the other, where an operation has two.

    Args:
        images: The first one, and the one half way through, are shown.
        names: Of operations and groups; none for all operations.
        picture: PNG to write.

    Raises:
        InputError: The picture cannot be written.
    """
    shown = to_float(np.asarray(images.images[[0, len(images) // 2]]))
    names = names or tuple(operation.name for operation in OPERATIONS)
    operations = chosen(names)
    columns = 2 * (1 + len(SHARES))
    figure = Figure(figsize=(1.1 * columns + 1.6, 1.1 * len(operations) + 0.6), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(operations), columns, squeeze=False)
    for row, operation in zip(axes, operations, strict=True):
        for axis, image in zip(row, changed_by(names, operation.name, shown), strict=True):
            grey = np.clip((image + 1) / 2, 0, 1)
            axis.imshow(grey[..., 0] if grey.shape[-1] == 1 else grey, cmap="gray", vmin=0, vmax=1)
            axis.set(xticks=[], yticks=[])
        row[0].set_ylabel(f"{operation.name}\n±{operation.reach:.3g}", rotation=0, ha="right", va="center", fontsize=9)
    for axis, title in zip(axes[0], 2 * ["as it is", *(f"{share:.2f}" for share in SHARES)], strict=True):
        axis.set_title(title, fontsize=9)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    replace_file(picture, buffer.getvalue())


def changed_by(names: tuple[str, ...], operation: str, images: np.ndarray) -> np.ndarray:
    """Two images and what one operation makes of them.

    Args:
        names: Of operations and groups.
        operation: The only one of them that acts.
        images: (2, H, W, C) in [-1, 1].

    Returns:
        (2·(1 + len(SHARES)), H, W, C): each image followed by its changes.
    """
    height, width, channels = images.shape[1:]
    pipeline = Pipeline(names, height, width, channels)
    rng = np.random.default_rng(SEED)
    count = len(SHARES) + 1
    uniform = []
    for row in pipeline.operations:
        # A direction, the last number of which is as large as it can be.
        direction = np.append(rng.uniform(-1, 1, row.values - 1), 1.0)
        numbers = np.concatenate([share * sign * direction for sign in (1, -1) for share in (0, *SHARES)])
        gates = np.tile([1.0, *(0.0 for _ in SHARES)], 2) if row.name == operation else np.ones(2 * count)
        uniform.append(np.column_stack([gates, (numbers.reshape(2 * count, -1) + 1) / 2]))
    noise = rng.standard_normal((2 * count, height, width, 2 * channels)).astype("float32")
    drawn = pipeline.parameters(ops.convert_to_tensor(np.hstack(uniform).astype("float32")), noise, 0.5)
    return ops.convert_to_numpy(pipeline.apply(ops.convert_to_tensor(np.repeat(images, count, axis=0)), drawn))
