"""Reading scans in parallel: their slices, in the order of the scans, and what is known of each."""

import hashlib
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import numpy as np

from keras_stylegan.data.decode import RefusedError
from keras_stylegan.data.volumes.dicom import read_dicom
from keras_stylegan.data.volumes.nifti import ENDINGS as NIFTI
from keras_stylegan.data.volumes.nifti import read_nifti
from keras_stylegan.data.volumes.npy import ENDING as NPY
from keras_stylegan.data.volumes.npy import read_npy
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.data.volumes.pictures import is_picture, read_picture
from keras_stylegan.data.volumes.scan import Known, Scan
from keras_stylegan.data.volumes.slices import Slices, slices_of

MOST_WORKERS = 8
AHEAD = 2
"""Scans that may wait, read, for the ones before them."""


OF_SLICES = [field.name for field in fields(Known) if field.name not in ("digests", "refused")]


def read_in_order(scans: Sequence[Scan], options: VolumeOptions) -> Iterator[tuple[np.ndarray | None, Known]]:
    """`read_scan` of every scan, in parallel; only a few are ahead of the one that is yielded."""
    workers = options.workers or min(os.cpu_count() or 1, MOST_WORKERS)
    # Unpacking and numpy release the interpreter lock, so threads do use all cores.
    pool = ThreadPoolExecutor(workers)
    running = deque()
    try:
        for scan in scans:
            if len(running) == workers + AHEAD:
                yield running.popleft().result()
            running.append(pool.submit(read_scan, scan, options))
        while running:
            yield running.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def read_scan(scan: Scan, options: VolumeOptions) -> tuple[np.ndarray | None, Known]:
    """The slices (K, H, W) uint16 of a scan, none if it is refused, and what is known of it."""
    try:
        slices = _slices(scan, options)
    except RefusedError as error:
        return None, Known(refused=str(error))
    facts = {name: np.asarray(getattr(slices, name)).tolist() for name in OF_SLICES}
    return slices.images, Known(**facts, digests=[digest(image) for image in slices.images])


def digest(image: np.ndarray | bytes) -> str:
    """As `pixel_digest`, in hexadecimal digits, by the hash that processors have instructions for: twice as fast, and
    all slices are of one size."""
    value = hashlib.sha256(image).digest()[:16]
    return (value[:-1] + bytes([value[-1] | 1])).hex()


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
        # The scan's name is the path of its first file below the source.
        volume = read_dicom(scan.files, file.parents[scan.name.count("/")])
    return slices_of(volume, options)
