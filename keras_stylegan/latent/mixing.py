"""Style mixing: images whose layers take their styles from two sources (StyleGAN, Karras et al. 2018, figure 3)."""

import bisect
from collections.abc import Sequence

import numpy as np

from keras_stylegan.latent.rendering import Renderer


def layer_ranges(style_resolutions: Sequence[int]) -> dict[str, range]:
    """The style layers of figure 3's three rows of blocks.

    Args:
        style_resolutions: Pixels of the features on which each style of the generator acts, from coarse to fine.

    Returns:
        'coarse': the layers of 4² and 8² pixels (pose, shape), 'middle': 16² and 32², 'fine': 64² and up (texture);
        where the coarsest have more than 4² pixels, they and their double, the next two, and all further ones. A range
        without layers is left out. In a StyleGAN2 of 64² they are 0 to 2, 3 to 6 and 7 to 9.
    """
    ends = [times * max(4, style_resolutions[0]) for times in (2, 8)]
    first_middle, first_fine = (bisect.bisect_right(style_resolutions, largest) for largest in ends)
    every = range(len(style_resolutions))
    ranges = {"coarse": every[:first_middle], "middle": every[first_middle:first_fine], "fine": every[first_fine:]}
    return {name: layers for name, layers in ranges.items() if layers}


def mix_styles(ws_rows: np.ndarray, ws_columns: np.ndarray, layers: range) -> np.ndarray:
    """Every row source with some layers of every column source.

    Args:
        ws_rows: (R, num_ws, w_dim), sources of all other layers.
        ws_columns: (C, num_ws, w_dim), sources of `layers`.
        layers: Indices of style layers.

    Returns:
        (R, C, num_ws, w_dim).
    """
    mixed = np.repeat(ws_rows[:, None], len(ws_columns), axis=1)
    mixed[:, :, list(layers)] = ws_columns[None, :, list(layers)]
    return mixed


def style_mixing_grid(
    renderer: Renderer, ws_rows: np.ndarray, ws_columns: np.ndarray, layers: range
) -> tuple[np.ndarray, int]:
    """The images of figure 3: the column sources on top, the row sources on the left, their mixtures between them.

    Args:
        renderer: Draws the images.
        ws_rows: (R, num_ws, w_dim).
        ws_columns: (C, num_ws, w_dim).
        layers: Style layers that come from the column source.

    Returns:
        ((R+1)·(C+1), H, W, C) images row by row, the first one black (−1), and the number of columns, C + 1.
    """
    rows, columns = len(ws_rows), len(ws_columns)
    mixed = mix_styles(ws_rows, ws_columns, layers)
    images = renderer.images(np.concatenate([ws_columns, ws_rows, mixed.reshape(-1, *ws_rows.shape[1:])]))
    grid = np.full((rows + 1, columns + 1, *images.shape[1:]), -1, images.dtype)
    grid[0, 1:] = images[:columns]
    grid[1:, 0] = images[columns : columns + rows]
    grid[1:, 1:] = images[columns + rows :].reshape(rows, columns, *images.shape[1:])
    return grid.reshape(-1, *images.shape[1:]), columns + 1
