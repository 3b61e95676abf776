"""A dataset while it grows: slices in the images.npy of their splits, and a small file of what is known of each scan.

An interrupted preparation goes on with these: the first scans whose files are there, and whose slices stand at their
places, need not be read again; what comes after them is cut off.
"""

import json
import math
import shutil
import warnings
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

import numpy as np

from keras_stylegan.atomic import replace_file
from keras_stylegan.data.cache_entry import content_hash, write_header
from keras_stylegan.data.dataset import PARTS
from keras_stylegan.data.progress import progress_bar
from keras_stylegan.data.source import SPLITS
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.data.volumes.reading import digest, read_in_order, read_scan
from keras_stylegan.data.volumes.scan import Known, Placed, Scan

IMAGES = "images.npy"
VERSION = 1
"""Change it when the same scan would give other slices."""
LAYOUT = 3
"""Change it when the file of what is known of a scan holds other things."""
DTYPE = np.dtype(np.uint16)


class Parts:
    """The growing dataset in the folder `out`.

    Attributes:
        placed: The scans whose slices are in images.npy, in the order they were given.
        refused: (file, reason) of the others.
        counts: How many images each split has.
        found: How many scans an interrupted preparation had read.
    """

    def __init__(self, out: Path, options: VolumeOptions) -> None:
        self.out, self.options = out, options
        self.shape = (*options.size, 1)
        self.placed: list[Placed] = []
        self.refused: list[tuple[str, str]] = []
        self.counts = dict.fromkeys(SPLITS, 0)
        self.found = 0
        self._files: dict[str, BinaryIO] = {}

    def grow(self, scans: Sequence[Scan], splits: Sequence[str], progress: bool) -> None:
        """Reads the scans and appends the slices of each, in this order, to the images of its split."""
        try:
            # Readers warn of odd headers and quote them; a file is either read or refused by name.
            with warnings.catch_warnings(), progress_bar("Reading scans", len(scans), progress) as advance:
                warnings.simplefilter("ignore")
                done = self._go_on(scans, splits)
                self.found = len(self.placed)
                for _ in range(done):
                    advance()
                with closing(read_in_order(scans[done:], self.options)) as reading:
                    for scan, split, (images, known) in zip(scans[done:], splits[done:], reading, strict=True):
                        if images is not None:
                            self.append(split, images)
                        replace_file(self._path(scan), json.dumps(asdict(known)).encode(), sync=False)
                        self._add(scan, split, known)
                        advance()
        finally:
            for file in self._files.values():
                # A full disk makes the flush at closing fail once more; the first error is already on its way.
                with suppress(OSError):
                    file.close()
        for split, count in self.counts.items():
            if not count:
                shutil.rmtree(self.out / split, ignore_errors=True)
        if self.placed and not self.counts["train"] and all(own.scan.split is None for own in self.placed):
            # All that were to be trained on were refused; what is left is trained on.
            (self.out / "test").rename(self.out / "train")
            self.placed = [own._replace(split="train") for own in self.placed]
            self.counts = {"train": self.counts["test"], "test": 0}

    def append(self, split: str, images: np.ndarray) -> None:
        """Writes (K, H, W) uint16 behind the images of a split; at once, so that what is known of them comes later."""
        file = self._file(split)
        file.write(images.data)
        file.flush()

    def images(self) -> dict[str, np.ndarray]:
        """Memory maps (N, H, W, 1) of the images of each split that has some, once their headers are final."""
        return {split: np.load(self.out / split / IMAGES, "r") for split, count in self.counts.items() if count}

    def _file(self, split: str) -> BinaryIO:
        """The open images.npy of a split, made if it is not there, behind what was read or written last."""
        if split not in self._files:
            path = self.out / split / IMAGES
            path.parent.mkdir(exist_ok=True)
            file = path.open("r+b" if path.exists() else "w+b")
            write_header(file, (0, *self.shape), DTYPE)
            self._files[split] = file
        return self._files[split]

    def _go_on(self, scans: Sequence[Scan], splits: Sequence[str]) -> int:
        """Takes the first scans as an interrupted preparation left them and cuts off what stands behind their slices;
        returns how many these are."""
        ends = {split: self._file(split).tell() for split in SPLITS if (self.out / split / IMAGES).exists()}
        size = math.prod(self.shape) * DTYPE.itemsize
        done = 0
        for scan, split in zip(scans, splits, strict=True):
            known = self._known(scan)
            if known is not None and known.refused:
                # Again: a package may have been missing, or a server away.
                _, known = read_scan(scan, self.options)
            # By their digests: a power cut may have lost some, another split has put others there.
            if known is None or any(digest(self._file(split).read(size)) != own for own in known.digests):
                break
            if known.digests:
                ends[split] = self._file(split).tell()
            self._add(scan, split, known)
            done += 1
        for split, end in ends.items():
            self._file(split).seek(end)
            self._file(split).truncate()
        return done

    def _add(self, scan: Scan, split: str, known: Known) -> None:
        if known.refused:
            self.refused.append((scan.name, known.refused))
        else:
            self.placed.append(Placed(scan, split, self.counts[split], known))
            self.counts[split] += len(known.digests)

    def _known(self, scan: Scan) -> Known | None:
        try:
            return Known(**json.loads(self._path(scan).read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def _path(self, scan: Scan) -> Path:
        """The file of what is known of a scan; one that was changed since, or other options, have another."""
        state = []
        for file in scan.files:
            try:
                status = file.stat()
                state.append([status.st_size, status.st_mtime_ns])
            except OSError:
                state.append([])
        key = content_hash([VERSION, LAYOUT, self.options.of_pixels(), scan.name, state])
        return self.out / PARTS / f"{key[:32]}.json"
