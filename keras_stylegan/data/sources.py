"""All sources by their names in the config."""

from keras_stylegan.config import Config
from keras_stylegan.data.cifar10 import Cifar10
from keras_stylegan.data.dataset import Dataset, is_dataset
from keras_stylegan.data.folder import Folder
from keras_stylegan.data.image_set import ImageSet
from keras_stylegan.data.listing import split_folder
from keras_stylegan.data.phantom_source import PhantomSource
from keras_stylegan.data.source import SPLITS, Source
from keras_stylegan.errors import InputError
from keras_stylegan.sizes import height_width

SOURCES: dict[str, type[Source]] = {"folder": Folder, "cifar10": Cifar10, "phantom": PhantomSource}


def source_of(config: Config) -> Source:
    """The source that `config.data` names; a folder that `prepare` made of volumes tells so itself.

    Raises:
        InputError: A path is given for a source that reads none.
    """
    data = config.data
    if data.path is not None and not SOURCES[data.source].reads_path:
        raise InputError(
            f"data.path: data.source {data.source!r} draws its images and reads no folder; name an experiment "
            f"that does, such as adni64, or --data.source folder. Received: {str(data.path)!r}"
        )
    prepared = data.source == "folder" and is_dataset(data.path)
    if data.hold_out and (prepared or data.source != "folder" or split_folder(data.path, "test")):
        raise InputError(
            "data.hold_out is for a folder of images that has no held-out part; this source has one, or was prepared "
            f"with --split. Received: {data.hold_out:g}"
        )
    if data.table is not None and (prepared or data.source != "folder"):
        raise InputError(
            "data.table is for a folder of images; this source has what it knows of its own, or was prepared from a "
            f"table. Received: {str(data.table)!r}"
        )
    kind = Dataset if prepared else SOURCES[data.source]
    return kind(data, config.training.seed)


def load_images(config: Config, split: str, progress: bool = True) -> ImageSet:
    """One split of the config's source, in the size and colour of the networks; see `Source.load`."""
    if split not in SPLITS:
        raise InputError(f"split must be one of {SPLITS}. Received: {split!r}")
    model = config.model
    return source_of(config).load(split, height_width(model.resolution), model.channels, progress)
