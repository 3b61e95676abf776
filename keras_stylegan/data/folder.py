"""The source 'folder': image files on disk, decoded in parallel into the cache."""

import hashlib
import os
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_stylegan.config import DataConfig
from keras_stylegan.data import cache
from keras_stylegan.data.cache_entry import Entry, Writer, pixel_digest
from keras_stylegan.data.decode import RefusedError, decode, is_grey
from keras_stylegan.data.file_name import NameReader, printable
from keras_stylegan.data.fit import Size, enlarges, to_network
from keras_stylegan.data.image_set import ImageSet, duplicate_images
from keras_stylegan.data.image_table import TableReader
from keras_stylegan.data.listing import ImageFile, Listing, has_splits, list_images, split_folder
from keras_stylegan.data.progress import progress_bar
from keras_stylegan.data.source import SPLITS, Source
from keras_stylegan.data.split import divided
from keras_stylegan.errors import InputError
from keras_stylegan.sizes import in_words

# Files in flight at a time, so that decoded images never pile up in memory.
CHUNK = 64
# A 16-bit set that uses less of its range than this trains on nearly black images.
LEAST_RANGE = 0.25
# Names spelled out in a line of the report.
SHOWN = 10


class Folder(Source):
    """The image files below `data.path`, in the layouts of `list_images`; see `NameReader` for the covariates.

    Grey images are files with one channel or with three equal ones; they are accepted for 1 and for 3 channels (then
    the grey value is repeated). Colour images need 3 channels, and must not be mixed with one-channel files.
    """

    shows_people = True

    @property
    def has_test(self) -> bool:
        """Whether there is a folder test/, or subjects are held out of a folder without; else all is training data."""
        if self._divides:
            return bool(self._listing("test").files)
        return split_folder(self.data.path, "test") is not None

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the class folders, or of the table's labels."""
        classes = list_images(self.data.path, "train").classes
        reader = self._reader()
        return reader.classes(classes) if isinstance(reader, TableReader) else classes

    @property
    def covariates(self) -> tuple[str, ...]:
        """The groups of `data.subject_pattern` besides the subject, and the numbers of `data.table`."""
        return self._reader().covariates

    def load(self, split: str, size: Size, channels: int, progress: bool = True) -> ImageSet:
        """See `Source.load`.

        Raises:
            InputError: See `list_images`; or no file, or too many files, cannot be read; images are smaller than the
                size; colour does not suit the channels; the cache cannot be written.
        """
        data = self.data
        listing = self._listing(split)
        if not listing.files:
            raise InputError(
                f"{listing.root} has no class with two subjects, so data.hold_out {data.hold_out:g} holds none out."
            )
        key = {
            "source": "folder",
            "fit": data.fit,
            "background": data.background,
            "upscale": data.upscale,
            "subject_pattern": data.subject_pattern,
            "classes": listing.classes,
            "files": [[file.name, file.size, file.mtime_ns] for file in listing.files],
        }
        reader = self._reader()
        if isinstance(reader, TableReader):
            key["table"] = hashlib.sha256(data.table.expanduser().read_bytes()).hexdigest()
        # The name is for a person who looks into the cache; it must leave room in what a file may be called.
        name = re.sub(r"[^A-Za-z0-9_.]", "_", listing.root.resolve().name)[:64]
        entry = cache.load_or_build(
            data.cache_dir,
            f"{name}-{split}",
            key,
            (*size, channels),
            lambda writer: _Reading(data, listing, reader, size, channels).into(writer, progress),
            self.covariates,
        )
        refused = [tuple(pair) for pair in entry.notes["refused"]]
        # A cache made with looser limits must not bypass stricter ones.
        _check_refused(refused, len(listing.files), data)
        return entry.image_set(listing.classes, _report(entry, listing, reader, data, split), self.shows_people)

    @property
    def _divides(self) -> bool:
        return bool(self.data.hold_out) and self.data.path is not None and not has_splits(self.data.path)

    def _listing(self, split: str) -> Listing:
        data, reader = self.data, self._reader()
        listing = list_images(data.path, "train" if self._divides else split)
        if isinstance(reader, TableReader):
            there = [name for name in SPLITS if split_folder(data.path, name)]
            reader.require_files([list_images(data.path, name) for name in there] or [listing])
            listing = reader.labelled(listing)
        return divided(listing, reader, data.hold_out, data.hold_out_seed)[split] if self._divides else listing

    def _reader(self) -> NameReader:
        data = self.data
        if data.table is None:
            return NameReader(data.subject_pattern)
        return TableReader(data.subject_pattern, data.table)


@dataclass(frozen=True)
class _Decoded:
    image: np.ndarray
    digest: bytes
    size: str
    kind: str
    enlarged: bool


class _Reading:
    """One pass over the files of a listing."""

    def __init__(self, data: DataConfig, listing: Listing, reader: NameReader, size: Size, channels: int) -> None:
        self.data, self.listing, self.size, self.channels = data, listing, size, channels
        self.reader = reader
        self.refused: list[tuple[str, str]] = []
        self.sizes: Counter[str] = Counter()
        self.first_of_kind: dict[str, str] = {}
        self.kinds: Counter[str] = Counter()
        self.enlarged = 0

    def into(self, writer: Writer, progress: bool) -> dict[str, Any]:
        unmatched, lowest, highest = 0, np.inf, 0
        with warnings.catch_warnings(), progress_bar("Reading images", len(self.listing.files), progress) as advance:
            # Pillow warns of odd headers; a file is either read or refused by name.
            warnings.simplefilter("ignore")
            for file, result in self._decoded():
                advance()
                if isinstance(result, RefusedError):
                    self.refused.append((printable(file.name), str(result)))
                    _check_refused(self.refused, len(self.listing.files), self.data)
                    continue
                self._check_size(file, result)
                self.sizes[result.size] += 1
                self.kinds[result.kind] += 1
                self.first_of_kind.setdefault(result.kind, file.name)
                lowest, highest = min(lowest, int(result.image.min())), max(highest, int(result.image.max()))
                subject, covariates = self.reader.read(file.name)
                unmatched += subject is None
                own = os.path.splitext(file.name)[0]
                writer.append(
                    result.image,
                    label=file.label,
                    subject=printable(subject or own),
                    name=printable(file.name),
                    digest=result.digest,
                    covariates=covariates,
                )
        self._check_kinds()
        return {
            "refused": self.refused,
            "sizes": dict(self.sizes.most_common()),
            "kinds": dict(self.kinds),
            "enlarged": self.enlarged,
            "unmatched": unmatched,
            "values": [lowest, highest],
        }

    def _decoded(self) -> Iterator[tuple[ImageFile, _Decoded | RefusedError]]:
        # Pillow releases the interpreter lock while it decodes and resizes, so threads do use all cores.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            files = self.listing.files
            for start in range(0, len(files), CHUNK):
                chunk = files[start : start + CHUNK]
                yield from zip(chunk, pool.map(self._decode, chunk), strict=True)

    def _decode(self, file: ImageFile) -> _Decoded | RefusedError:
        try:
            image = decode(str(self.listing.root / file.name))
        except RefusedError as error:
            return error
        height, width, depth = image.shape
        grey = is_grey(image)
        kind = "one-channel" if depth == 1 else "grey stored as colour" if grey else "colour"
        enlarged = enlarges(height, width, self.size, self.data.fit)
        digest = pixel_digest(image)
        fitted = to_network(image, self.size, self.channels, self.data.fit, self.data.background)
        return _Decoded(fitted, digest, f"{height}x{width}", kind, enlarged)

    def _check_size(self, file: ImageFile, result: _Decoded) -> None:
        if not result.enlarged:
            return
        self.enlarged += 1
        if not self.data.upscale:
            raise InputError(
                f"{file.name} is smaller ({result.size} pixels) than the resolution {in_words(self.size)}: "
                "choose a lower --model.resolution, or enlarge such images with --data.upscale."
            )

    def _check_kinds(self) -> None:
        if not self.kinds:
            name, reason = self.refused[0]
            raise InputError(f"none of the {len(self.refused)} images could be read, e.g. {name} ({reason}).")
        if "colour" not in self.kinds:
            return
        colour = self.first_of_kind["colour"]
        if "one-channel" in self.kinds:
            raise InputError(
                f"{self.data.path} mixes {self.kinds['one-channel']} grey images ({self.first_of_kind['one-channel']}) "
                f"and {self.kinds['colour']} colour images ({colour}): separate or convert them."
            )
        if self.channels == 1:
            raise InputError(
                f"{colour} is a colour image, one of {self.kinds['colour']}, but model.channels is 1: "
                "use --model.channels 3 or convert the images to grey."
            )


def _check_refused(refused: list[tuple[str, str]], count: int, data: DataConfig) -> None:
    if not refused:
        return
    name, reason = refused[0]
    if data.strict:
        raise InputError(f"{name} cannot be read ({reason}), and data.strict is on: repair or remove it.")
    if len(refused) > data.max_refused:
        raise InputError(
            f"more than data.max_refused={data.max_refused} of {count} images cannot be read, e.g. {name} ({reason}): "
            "repair or remove them, or raise --data.max-refused."
        )


def _report(entry: Entry, listing: Listing, reader: NameReader, data: DataConfig, split: str) -> list[str]:
    notes, images, columns = entry.notes, entry.images, entry.columns
    sizes = [f"{size} ({count})" for size, count in notes["sizes"].items()]
    lines = [
        f"{listing.root} {split}: {entry.description} of {entry.subject_count} subjects; "
        f"{entry.class_counts(listing.classes)}.",
        f"Original height x width: {_some(sizes, 3)}. Brought to this size by: {data.fit}. "
        f"Other files ignored: {listing.ignored}.",
    ]
    lines += _split_in_words(listing.root, data, split)
    if notes["kinds"].keys() <= {"one-channel", "grey stored as colour"} and images.shape[-1] == 3:
        lines.append("All images are grey; the grey value is repeated in the 3 channels.")
    if notes["unmatched"] == len(images):
        lines.append("No file name matches data.subject_pattern, so every image counts as its own subject.")
    elif notes["unmatched"]:
        lines.append(f"{notes['unmatched']} file names do not match data.subject_pattern; each is its own subject.")
    if notes["enlarged"]:
        lines.append(f"Warning: {notes['enlarged']} images were smaller than this size and enlarged.")
    lowest, highest = notes["values"]
    if images.dtype == np.uint16 and highest < LEAST_RANGE * np.iinfo(np.uint16).max:
        lines.append(f"Warning: the 16-bit values end at {highest} of 65535; rescale the files to the full range.")
    elif lowest == highest:
        lines.append(f"Warning: every pixel has the value {lowest}.")
    if notes["refused"]:
        refused = [f"{name} ({reason})" for name, reason in notes["refused"]]
        lines.append(f"Warning: {len(refused)} unreadable files skipped: {_some(refused)}.")
    copies = [f"{copy} = {first}" for first, copy in duplicate_images(columns["digests"], columns["names"])]
    if copies:
        lines.append(f"Warning: {len(copies)} exact copies of other images: {_some(copies)}.")
    lines += _subject_warning(listing, columns["subjects"], reader, data, split)
    return lines


def _split_in_words(root: Path, data: DataConfig, split: str) -> list[str]:
    """What the split is, where that is not said by the names of the folders."""
    if has_splits(root):
        name = split_folder(root, split)
        return [] if name == split else [f"The {split} split is the folder {name}/."]
    if data.hold_out:
        return [f"Split by subject: {data.hold_out:g} of every class held out, seed {data.hold_out_seed}."]
    return ["Nothing is held out: --data.hold-out 0.2 takes a fifth of the subjects of every class to evaluate with."]


def _subject_warning(
    listing: Listing, subjects: np.ndarray, reader: NameReader, data: DataConfig, split: str
) -> list[str]:
    """Warns of subjects with images in both splits; their names suffice, so the other split is not decoded."""
    other = SPLITS[1 - SPLITS.index(split)]
    if split_folder(listing.root, other) is None:
        return []
    try:
        files = list_images(data.path, other).files
    except InputError as error:  # A split that is not being used must not stop the one that is.
        return [f"Warning: {other}/ cannot be used: {error}"]
    shared = sorted(set(subjects.tolist()) & {printable(reader.read(file.name)[0] or "") for file in files})
    if not shared:
        return []
    return [f"Warning: {len(shared)} subjects have images in train/ and test/: {_some(shared)}."]


def _some(items: list[str], shown: int = SHOWN) -> str:
    more = len(items) - shown
    return ", ".join(items[:shown]) + (f" and {more} more" if more > 0 else "")
