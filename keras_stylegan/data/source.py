"""What every source of images can do and says about itself."""

import abc
from pathlib import Path
from typing import ClassVar

from keras_stylegan.config import DataConfig
from keras_stylegan.data.fit import Size
from keras_stylegan.data.image_set import ImageSet

SPLITS = ("train", "test")


class Source(abc.ABC):
    """A source of images by its options. A new one is a subclass in a file of its own and a line in `SOURCES`.

    Args:
        data: Options.
        seed: Seed of a source that draws its images.

    Attributes:
        shows_people: The images are of real people, and what is made from them is handled like the data.
        reads_path: The images are read from `data.path`.
    """

    shows_people: ClassVar[bool]
    reads_path: ClassVar[bool] = True

    def __init__(self, data: DataConfig, seed: int = 0) -> None:
        self.data, self.seed = data, seed

    @property
    @abc.abstractmethod
    def has_test(self) -> bool:
        """Whether there is a split 'test' of images (of people, if it shows them) that 'train' does not have."""

    @property
    @abc.abstractmethod
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, sorted; the same for both splits.

        Raises:
            InputError: As for `load`.
        """

    @property
    def covariates(self) -> tuple[str, ...]:
        """Names of the numbers that each image has besides its class; the same for both splits."""
        return ()

    @property
    def planned_images(self) -> int | None:
        """Images of both splits together, where they are known before any is read."""
        return None

    @property
    def records(self) -> tuple[Path, ...]:
        """Files that tell of the images and go with a run, without names of people or places."""
        return ()

    @abc.abstractmethod
    def load(self, split: str, size: Size, channels: int, progress: bool = True) -> ImageSet:
        """Reads or draws one split; later calls open the cache.

        Args:
            split: One of `SPLITS`.
            size: (height, width) of the images in pixels.
            channels: 1 (grey) or 3 (RGB).
            progress: Show a progress bar.

        Raises:
            InputError: There is no such split, or the images cannot be had in this size and colour.
        """
