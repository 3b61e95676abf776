"""The slices of every scan, read in parallel and kept in files until all are there: an interruption loses little."""

import hashlib
import os
import warnings
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import numpy as np

from keras_stylegan.atomic import replacing
from keras_stylegan.data.cache_entry import content_hash
from keras_stylegan.data.decode import RefusedError
from keras_stylegan.data.progress import progress_bar
from keras_stylegan.data.volumes.dicom import read_dicom
from keras_stylegan.data.volumes.nifti import ENDINGS as NIFTI
from keras_stylegan.data.volumes.nifti import read_nifti
from keras_stylegan.data.volumes.npy import ENDING as NPY
from keras_stylegan.data.volumes.npy import read_npy
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.data.volumes.pictures import is_picture, read_picture
from keras_stylegan.data.volumes.scan import Scan
from keras_stylegan.data.volumes.slices import Slices, slices_of

VERSION = 1
"""Change it when the same scan would give other slices."""
LAYOUT = 2
"""Change it when the file of a scan's slices holds other things."""
MOST_WORKERS = 8


class Parts:
    """The slices of every scan, kept in a file of their own until all are there."""

    def __init__(self, folder: Path, options: VolumeOptions) -> None:
        self.folder, self.options = folder, options
        self.found = 0

    def all(self, scans: list[Scan], progress: bool) -> tuple[list[Scan], list[tuple[str, str]]]:
        """The scans that could be read, and (file, reason) of the others."""
        waiting = [scan for scan in scans if not self.part(scan).exists()]
        self.found = len(scans) - len(waiting)
        refused: dict[str, str] = {}
        workers = self.options.workers or min(os.cpu_count() or 1, MOST_WORKERS)
        # Unpacking and numpy release the interpreter lock, so threads do use all cores.
        pool = ThreadPoolExecutor(workers)
        try:
            # Readers warn of odd headers and quote them; a file is either read or refused by name.
            with warnings.catch_warnings(), progress_bar("Reading scans", len(scans), progress) as advance:
                warnings.simplefilter("ignore")
                for _ in range(self.found):
                    advance()
                futures = {pool.submit(self._read, scan): scan for scan in waiting}
                for future in as_completed(futures):
                    reason = future.result()
                    if reason is not None:
                        refused[futures[future].name] = reason
                    advance()
        finally:
            pool.shutdown(cancel_futures=True)
        return [scan for scan in scans if scan.name not in refused], list(refused.items())

    def part(self, scan: Scan) -> Path:
        """The file of a scan's slices; a scan that was changed since, or other options, have another."""
        state = []
        for file in scan.files:
            try:
                status = file.stat()
                state.append([status.st_size, status.st_mtime_ns])
            except OSError:
                state.append([])
        key = content_hash([VERSION, LAYOUT, self.options.of_pixels(), scan.name, state])
        return self.folder / f"{key[:32]}.npy"

    def _read(self, scan: Scan) -> str | None:
        """Writes the slices of a scan; returns why it was refused, if it was."""
        try:
            slices = _slices(scan, self.options)
        except RefusedError as error:
            return str(error)
        facts = [*slices.window, *slices.spacing_mm, slices.tilt_degrees, *slices.middle_mm]
        with replacing(self.part(scan), sync=False) as file:
            # Not an archive, whose checksums cost as much as the slices themselves.
            digests = [_digest(image) for image in slices.images]
            for values in (slices.images, slices.position_mm, slices.share, slices.brain, digests, facts):
                np.save(file, values, allow_pickle=False)
        return None

    def slices(self, scan: Scan) -> list[np.ndarray]:
        """What was kept of a scan: images, position_mm, share, brain, digests; its window, spacing, tilt and middle."""
        with self.part(scan).open("rb") as file:
            return [np.load(file, allow_pickle=False) for _ in range(6)]


def _digest(image: np.ndarray) -> bytes:
    """As `pixel_digest`, by the hash that processors have instructions for: twice as fast, and all are of one size."""
    digest = hashlib.sha256(image).digest()[:16]
    return digest[:-1] + bytes([digest[-1] | 1])


def _slices(scan: Scan, options: VolumeOptions) -> Slices:
    file = scan.files[0]
    name = file.name.lower()
    if is_picture(file):
        return read_picture(file, options)
    if name.endswith(NIFTI):
        volume = read_nifti(file)
    elif name.endswith(NPY):
        volume = read_npy(file, options)
    else:
        volume = read_dicom(scan.files)
    return slices_of(volume, options)
