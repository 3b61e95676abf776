"""Pictures of the same latents again and again, to watch the generator learn."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from keras_stylegan.atomic import replace_file
from keras_stylegan.data.image_files import encode_png, enlarge, grid_columns, tile
from keras_stylegan.latent.covariates import Covariate, label_array
from keras_stylegan.latent.latents import draw_latents
from keras_stylegan.latent.rendering import Renderer
from keras_stylegan.sizes import height_width
from keras_stylegan.training.callbacks.interval import Interval
from keras_stylegan.training.callbacks.step_callback import StepCallback
from keras_stylegan.training.callbacks.tensorboard_events import TensorBoardEvents


class SampleGrid(StepCallback):
    """Writes a grid of generated images at every interval, before the first step and after the last one.

    The weights are the moving average's (`model.generator_ema`), the noise is constant, nothing is truncated. Small
    images are enlarged by a whole factor, every pixel to a square. The files `kimg000012.800.png` sort by images seen.
    A conditional model gets one block of rows per class, from top to bottom in the order of the classes, with the same
    latents in every block. With covariates a row is one latent, while the first covariate goes from its smallest to its
    largest value; the others have their median in the class.

    Args:
        directory: Folder of the pictures.
        classes: Names of the classes; used for a conditional model (`generator_ema.c_dim` > 0).
        kimg: Interval in thousands of images.
        count: Images in a grid, shared evenly by the classes.
        seed: Seed of the latents.
        tensorboard_dir: TensorBoard's folder; the pictures go into its subfolder `samples`. None for none.
        show: Called with the file of every picture and its first row of images, (H, W, C) float in [-1, 1].
        covariates: Of the run.
    """

    def __init__(
        self,
        directory: Path,
        classes: tuple[str, ...] = (),
        kimg: float = 20.0,
        count: int = 64,
        seed: int = 0,
        tensorboard_dir: Path | None = None,
        show: Callable[[Path, np.ndarray], None] | None = None,
        covariates: Sequence[Covariate] = (),
    ):
        super().__init__()
        self.directory = Path(directory)
        self.classes = classes
        self.count, self.seed = count, seed
        self.show = show
        self.covariates = covariates
        self._interval = Interval(kimg)
        self._events = TensorBoardEvents(Path(tensorboard_dir) / "samples") if tensorboard_dir else None
        self._renderer = None

    def path(self, images_seen: int) -> Path:
        """File of the picture after so many images."""
        return self.directory / f"kimg{images_seen / 1000:010.3f}.png"

    def on_train_begin(self, logs=None):
        """Draws the initial state."""
        self._interval.start(self.model.images_seen)
        if self.model.images_seen == 0:
            self.draw()

    def on_train_batch_end(self, batch, logs=None):
        """Draws when the interval is over."""
        if self._interval.ends(self.running_model):
            self.draw()

    def on_train_end(self, logs=None):
        """Draws the final state, unless the last batch already did."""
        if not self.path(self.model.images_seen).exists():
            self.draw()
        if self._events:
            self._events.close()

    def draw(self) -> None:
        """Writes the picture of the present state.

        Raises:
            InputError: The file cannot be written.
        """
        if self._renderer is None:
            self._renderer = Renderer(self.model.generator_ema)
        small = self._grid()
        grid = enlarge(small)
        png = encode_png(grid)
        path = self.path(self.model.images_seen)
        replace_file(path, png)
        if self._events:
            self._events.add_picture(self.model.images_seen, "samples", png, grid.shape)
        if self.show:
            self.show(path, small[: height_width(self.model.generator_ema.resolution)[0]])

    def _grid(self):
        generator = self.model.generator_ema
        blocks = max(1, generator.c_dim)
        per_block = max(1, self.count // blocks)
        columns = min(per_block, grid_columns(self.count))
        places = np.tile(np.arange(per_block), blocks)
        classes = np.repeat(np.arange(blocks), per_block)
        numbers = {item.name: np.median(item.quantiles, axis=1)[classes] for item in self.covariates}
        for first in self.covariates[:1]:
            numbers[first.name] = np.linspace(first.minimum, first.maximum, columns)[places % columns]
            places //= columns
        z = draw_latents(self.seed, places.tolist(), generator.z_dim)
        images = self._renderer.images(self._renderer.styles(z, label_array(generator, classes, numbers)))
        parts = [tile(block, columns) for block in images.reshape(blocks, per_block, *images.shape[1:])]
        separator = np.full((max(2, images.shape[1] // 8), *parts[0].shape[1:]), -1, images.dtype)
        rows = [parts[0]]
        for part in parts[1:]:
            rows += [separator, part]
        return np.concatenate(rows)
