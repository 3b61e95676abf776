"""What is compared: the run's training images and the images of subjects it has not seen."""

import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_stylegan.config import Config
from keras_stylegan.data.image_set import ImageSet
from keras_stylegan.data.listing import has_splits
from keras_stylegan.data.sources import load_images, source_of
from keras_stylegan.errors import InputError
from keras_stylegan.evaluation.options import EvaluateOptions
from keras_stylegan.metrics.duplicates import SHOWN, shared_subjects
from keras_stylegan.metrics.floors import split_by_subject
from keras_stylegan.sizes import in_words
from keras_stylegan.training.conditioning import labelled
from keras_stylegan.training.run_folder import RunFolder
from keras_stylegan.training.trained import TrainedGenerator

STAND_IN_SHARE = 0.2
"""Share of the training subjects that stand in for held-out ones where there are none."""
NO_HELDOUT = (
    "There are no held-out subjects: the run was trained on all images of its data, which no later split can undo. "
    "{count} of {total} training subjects stand in for them, so good values may mean that the model copied its "
    "training images, and copies of the stand-ins escape the audit. Put other subjects into test/ or name their "
    "folder with --heldout-path"
)
IMPORTED = (
    "The weights were imported: it is not known whether these training images are those that they come from. The "
    "memorisation audit finds copies of these images only"
)
OTHER_KIND = (
    "Only the training or only the held-out images show people: the floors say how far the two kinds are apart, not "
    "what a perfect generator reaches, and the audit has no new images of the training's kind to compare with"
)


@dataclass(frozen=True)
class Material:
    """The real images of an evaluation, of disjoint subjects.

    Attributes:
        train: The images the run was trained on, without those of `heldout`.
        heldout: Images of subjects that the run has not seen.
        seen: True if there are none, and training subjects stand in for them.
        remarks: Lines for the reader about what is not as it should be. They name no file and no subject.
        named: Lines that do.
        labels: Those of the held-out images that generated ones take over: with all covariates of the run.
    """

    train: ImageSet
    heldout: ImageSet
    seen: bool
    labels: np.ndarray
    remarks: tuple[str, ...] = ()
    named: tuple[str, ...] = ()


def load_material(trained: TrainedGenerator, options: EvaluateOptions, progress: bool = False) -> Material:
    """Loads the real images and checks that they suit the run.

    Args:
        trained: The run.
        options: `data_path` and `heldout_path` are used.
        progress: Show progress bars.

    Raises:
        InputError: The images cannot be read, are smaller or of other colour than the run's, belong to other classes,
            or are all the same constant; or `data_path` is given for a run that draws its images itself.
    """
    config = trained.config
    if options.data_path is not None:
        if not source_of(config).reads_path:
            raise InputError(
                "--data-path names the training images of a run; this one was trained on images that are drawn anew "
                f"({config.data.source}): leave it out, or name images to compare with by --heldout-path. "
                f"Received: {str(options.data_path)!r}"
            )
        config = _with_data(config, path=options.data_path)
    remarks, named = [], []
    if RunFolder(trained.run_dir).imported.exists():
        remarks.append(IMPORTED)
    train = _load(config, "train", progress)
    _check_classes(train, trained, "training images")
    if trained.data_fingerprint not in ("", train.fingerprint):
        remarks.append(
            "The training images are not those that the run was trained on (files were added, removed or changed): "
            "the memorisation audit misses the others"
        )
    heldout = _load_heldout(config, trained, options, progress)
    seen = heldout is None
    if heldout is None:
        train, heldout = _stand_in(train)
        counts = [len(set(images.subjects.tolist())) for images in (heldout, train)]
        remarks.append(NO_HELDOUT.format(count=counts[0], total=sum(counts)))
    else:
        shared = shared_subjects(train.subjects, heldout.subjects)
        if shared:
            remarks.append(
                f"{len(shared)} of {len(set(heldout.subjects.tolist()))} held-out subjects stand in the training "
                "images too: their images are left out of the reference"
            )
            named.append(f"Subjects in the held-out and the training images: {_some(shared)}")
            heldout = _without_subjects(heldout, shared)
    if train.shows_people != heldout.shows_people:
        remarks.append(OTHER_KIND)
    for images, name in ((train, "training"), (heldout, "held-out")):
        _check_not_constant(images, name)
    labels, lines = labelled(heldout.labels, trained.covariates, "stand-in images" if seen else "held-out images")
    return Material(train, heldout, seen, labels, (*remarks, *lines), tuple(named))


def material_or_reason(
    trained: TrainedGenerator, data_path: Path | None, heldout_path: Path | None, progress: bool
) -> tuple[Material | None, str]:
    """As `load_material`, for commands that can do without the run's own images: None, and why they cannot be had.

    Raises:
        InputError: As there, of images that were named.
    """
    try:
        wanted = EvaluateOptions(data_path=data_path, heldout_path=heldout_path)
        return load_material(trained, wanted, progress), ""
    except InputError as error:
        if data_path or heldout_path:
            raise
        return None, str(error)


def _some(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def _stand_in(train: ImageSet) -> tuple[ImageSet, ImageSet]:
    if len(set(train.subjects.tolist())) < 2:
        raise InputError(
            "there are no held-out subjects and the training images are of one subject only: name a folder with "
            f"--heldout-path. Received: subject {str(train.subjects[0])!r}"
        )
    stand_in, rest = split_by_subject(train.subjects, STAND_IN_SHARE, seed=0)
    return _part(train, rest, "rest"), _part(train, stand_in, "stand-in")


def _part(images: ImageSet, rows: np.ndarray, name: str) -> ImageSet:
    # Other images than before, so another fingerprint: a cached encoder of all images must not pass for one of these.
    fingerprint = hashlib.sha256(f"{images.fingerprint} {name} {STAND_IN_SHARE}".encode()).hexdigest()
    return dataclasses.replace(select(images, rows), fingerprint=fingerprint[: len(images.fingerprint)])


def _load_heldout(
    config: Config, trained: TrainedGenerator, options: EvaluateOptions, progress: bool
) -> ImageSet | None:
    if options.heldout_path is not None:
        root = options.heldout_path.expanduser()
        other = _with_data(config, source="folder", path=options.heldout_path, hold_out=0.0, table=None)
        try:
            heldout = _load(other, "test" if has_splits(root) else "train", progress)
        except InputError as error:
            # The readers know the folder as data.path only.
            raise InputError(f"--heldout-path: {error}") from error
        if trained.generator.c_dim:
            _check_classes(heldout, trained, "held-out images")
        return heldout
    return _load(config, "test", progress) if source_of(config).has_test else None


def _with_data(config: Config, **options: object) -> Config:
    return dataclasses.replace(config, data=dataclasses.replace(config.data, **options))


def _load(config: Config, split: str, progress: bool) -> ImageSet:
    model = config.model
    try:
        return load_images(config, split, progress)
    except InputError as error:
        size = f"{in_words(model.resolution)}, {model.channels} channel{'s' * (model.channels > 1)}"
        # The readers know the folder by the option of training.
        reason = str(error).replace("--data.path", "--data-path")
        raise InputError(f"no {split} images for a run of {size}: {reason}") from error


def _check_classes(images: ImageSet, trained: TrainedGenerator, what: str) -> None:
    if not (trained.generator.c_dim or trained.data_fingerprint):
        # An imported generator without classes: nothing is known of its data.
        return
    if images.classes != trained.classes:
        raise InputError(
            f"the {what} must have the classes of the run, {list(trained.classes)}. Received: {list(images.classes)}"
        )


def _without_subjects(images: ImageSet, left_out: list[str]) -> ImageSet:
    keep = ~np.isin(images.subjects, left_out)
    if not keep.any():
        raise InputError(
            f"every held-out subject stands in the training images too, e.g. {left_out[0]}: name a folder of other "
            "subjects with --heldout-path"
        )
    return select(images, np.flatnonzero(keep))


def select(images: ImageSet, rows: np.ndarray) -> ImageSet:
    """The images of the given rows, in their order."""
    digests = images.digests[rows] if len(images.digests) else images.digests
    return dataclasses.replace(
        images,
        images=np.asarray(images.images[rows]),
        labels=images.labels[rows],
        subjects=images.subjects[rows],
        names=images.names[rows],
        digests=digests,
    )


def _check_not_constant(images: ImageSet, name: str) -> None:
    first = images.images[0]
    lowest, highest = first.min(), first.max()
    if lowest == highest and all(image.min() == lowest and image.max() == lowest for image in images.images):
        raise InputError(f"all {len(images)} {name} images are constant. Received: every pixel is {lowest}")
