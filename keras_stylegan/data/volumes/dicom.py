"""Reading DICOM series. Of a header only geometry, scaling and PatientID, which is then hashed, are made use of."""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_stylegan.data.decode import RefusedError
from keras_stylegan.data.file_name import printable
from keras_stylegan.data.volumes.volume import LEAST_SIDE, MOST_BYTES, Volume, canonical
from keras_stylegan.errors import InputError

MAGIC, OFFSET = b"DICM", 128
BARE_ENDINGS, BARE_GROUPS, STORAGE = (".dcm", ".ima", ""), (b"\x02\0", b"\x08\0"), "1.2.840.10008.5.1.4.1.1."
"""Of files without the preamble and MAGIC: endings of their names, the groups of elements that they begin with, and how
the class of a scanner's object begins (DICOM PS3.6)."""
TAGS = ("SOPClassUID", "SeriesInstanceUID", "PatientID", "StudyDate", "StudyTime", "StudyInstanceUID", "Rows")
PLUGINS = {"JPEG 2000": "pylibjpeg pylibjpeg-openjpeg", "JPEG": "pylibjpeg pylibjpeg-libjpeg"}
"""Beginning of a compression's name, and the packages that undo it."""
OTHER_PLUGIN = "python-gdcm"
SAME, MISSING, UNEVEN = 0.1, 1.5, 0.05
"""Shares of the usual distance of slices: below, two are at one place; above, one is missing; by so much, uneven."""
TO_RAS = np.diag([-1.0, -1.0, 1.0])
"""DICOM counts to the left, to the back and upwards."""


class Series(NamedTuple):
    """The files of one series, sorted by name, and whose it is by its headers."""

    files: tuple[Path, ...]
    subject: str
    session: str


class Frame(NamedTuple):
    """One slice: pixels (rows, columns), where the first one lies, the directions of a row and a column, in mm."""

    pixels: np.ndarray
    position: np.ndarray
    directions: np.ndarray
    spacing: np.ndarray


def is_dicom(path: Path) -> bool:
    """Whether a file begins as DICOM files do or, by its ending and its class, is one without the preamble."""
    try:
        # A pipe would keep the reader waiting.
        if not path.is_file():
            return False
        with path.open("rb") as file:
            beginning = file.read(OFFSET + len(MAGIC))
    except OSError:
        return False
    if beginning[OFFSET:] == MAGIC:
        return True
    if beginning[:2] not in BARE_GROUPS or ending(path) not in BARE_ENDINGS:
        return False
    pydicom = _pydicom()
    try:
        header = pydicom.dcmread(path, force=True, stop_before_pixels=True, specific_tags=["SOPClassUID"])
        return str(header.get("SOPClassUID")).startswith(STORAGE)
    except Exception:  # Whatever it is, it is none.
        return False


def ending(path: Path) -> str:
    """The ending of a file's name in lower case; '' for one without, or of digits as in a UID."""
    return "" if path.suffix[1:].isdigit() else path.suffix.lower()


def find_series(files: Iterable[Path]) -> tuple[list[Series], list[tuple[Path, str]]]:
    """The series that DICOM files belong to, whatever folders they lie in, and what was refused, with reasons.

    Files that hold no picture (reports, directories of a medium) are passed over.
    """
    pydicom = _pydicom()
    groups: dict[str, list[Path]] = {}
    told: dict[str, tuple[str, str]] = {}
    refused = []
    for file in files:
        try:
            header = pydicom.dcmread(file, force=True, stop_before_pixels=True, specific_tags=list(TAGS))
            if "Rows" not in header:
                kind = header.file_meta.get("MediaStorageSOPClassUID", header.get("SOPClassUID"))
                if kind is None or "Image Storage" in kind.name:
                    refused.append((file, "its header is cut short"))
                continue
            series = str(header.SeriesInstanceUID)
            session = " ".join(str(header.get(name, "")) for name in ("StudyDate", "StudyTime", "StudyInstanceUID"))
            told.setdefault(series, (str(header.get("PatientID") or ""), session))
        except Exception as error:  # Not its text: that may quote the header.
            refused.append((file, f"its header cannot be read ({type(error).__name__})"))
            continue
        groups.setdefault(series, []).append(file)
    return [Series(tuple(sorted(own)), *told[series]) for series, own in groups.items()], refused


def read_dicom(files: tuple[Path, ...], root: Path) -> Volume:
    """Reads the slices of one series, in the order of their places, not of their names; multi-frame files too.

    Args:
        files: All of the series.
        root: The folder that a file which cannot be read is named relative to.

    Raises:
        RefusedError: A slice is missing, doubled or unlike the others; pixels are compressed in a way that needs a
            package, or cannot be read; see `canonical`.
    """
    frames: list[Frame] = []
    size = 0
    for file in files:
        for frame in _frames(file, root):
            frames.append(frame)
            size += frame.pixels.nbytes
            if size > 2 * MOST_BYTES:
                raise RefusedError("it has too many voxels for a head")
    if len(frames) < LEAST_SIDE:
        raise RefusedError("it has a single slice, which is no volume")
    shapes = {frame.pixels.shape for frame in frames}
    if len(shapes) > 1:
        shown = " and ".join(sorted(f"{rows}x{columns}" for rows, columns in shapes)[:3])
        raise RefusedError(f"its slices have several sizes, {shown}")
    first = frames[0]
    for frame in frames:
        if not np.allclose(frame.directions, first.directions, atol=1e-3):
            raise RefusedError("its slices have several orientations")
        if not np.allclose(frame.spacing, first.spacing, rtol=1e-3):
            raise RefusedError("its slices have several pixel spacings")
    row, column = first.directions
    normal = np.cross(row, column)
    frames.sort(key=lambda frame: float(frame.position @ normal))
    positions = np.array([frame.position for frame in frames])
    step = _step(positions, normal)
    voxels = np.stack([frame.pixels for frame in frames]).transpose(1, 2, 0)
    affine = np.eye(4)
    affine[:3, :3] = TO_RAS @ np.column_stack([column * first.spacing[0], row * first.spacing[1], step])
    affine[:3, 3] = TO_RAS @ positions[0]
    return canonical(voxels, affine)


def _step(positions: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """From one slice to the next, (3,) in mm, of sorted positions (N, 3) that are checked."""
    distances = np.diff(positions @ normal)
    usual = float(np.median(distances))
    doubled = int((distances < max(SAME * usual, 1e-3)).sum())
    if doubled:
        raise RefusedError(f"{doubled} of its {len(positions)} slices lie where another one does")
    widest = float(distances.max())
    if widest > MISSING * usual:
        raise RefusedError(f"slices are missing: two neighbours are {widest:g} mm apart, the others {usual:g} mm")
    step = (positions[-1] - positions[0]) / (len(positions) - 1)
    even = positions[0] + np.arange(len(positions))[:, None] * step
    if np.abs(distances - usual).max() > UNEVEN * usual or np.abs(positions - even).max() > usual / 2:
        raise RefusedError("its slices are unevenly spaced")
    return step


def _frames(file: Path, root: Path) -> list[Frame]:
    pydicom = _pydicom()
    reading = "header"
    try:
        dataset = pydicom.dcmread(file, force=True)
        if not any(name in dataset for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
            raise EOFError
        if not str(dataset.get("PhotometricInterpretation", "")).startswith("MONOCHROME"):
            raise RefusedError("it is in colour")
        count = int(dataset.get("NumberOfFrames") or 1)
        if float(dataset.Rows) * float(dataset.Columns) * count > MOST_BYTES / 2:
            raise RefusedError("it has too many voxels for a head")
        if "TransferSyntaxUID" not in dataset.file_meta:
            # Without the preamble: the bytes have told which of the two it is.
            implicit = dataset.original_encoding[0]
            uid = pydicom.uid.ImplicitVRLittleEndian if implicit else pydicom.uid.ExplicitVRLittleEndian
            dataset.file_meta.TransferSyntaxUID = uid
        syntax = dataset.file_meta.TransferSyntaxUID
        _check_plugin(syntax)
        bits = int(dataset.BitsAllocated) * int(dataset.Rows) * int(dataset.Columns) * count
        if not syntax.is_encapsulated and "PixelData" in dataset and 8 * len(dataset.PixelData) < bits:
            raise EOFError
        reading = "pixels"
        pixels = dataset.pixel_array.reshape(count, dataset.Rows, dataset.Columns)
        reading = "header"
        return [_frame(dataset, pixels[index], index) for index in range(count)]
    except (RefusedError, MemoryError):
        raise
    except Exception as error:  # Not its text: that may quote the header.
        reason = f"its {reading} cannot be read ({type(error).__name__})"
        if isinstance(error, EOFError):
            reason = "it is cut short"
        elif isinstance(error, OSError):
            reason = f"it cannot be opened ({error.strerror})"
        raise RefusedError(f"{printable(file.relative_to(root).as_posix())}: {reason}") from error


def _frame(dataset: Any, pixels: np.ndarray, index: int) -> Frame:
    groups = [dataset]
    for name, place in (("SharedFunctionalGroupsSequence", 0), ("PerFrameFunctionalGroupsSequence", index)):
        if name in dataset:
            groups.append(dataset[name].value[place])

    def value(keyword: str, sequence: str, default: Any = None) -> Any:
        """Of the frame itself, else of all frames, else of the file."""
        for group in reversed(groups):
            inner = group[sequence].value[0] if sequence in group else group
            if inner.get(keyword) is not None:
                return inner.get(keyword)
        return default

    position = value("ImagePositionPatient", "PlanePositionSequence")
    directions = value("ImageOrientationPatient", "PlaneOrientationSequence")
    spacing = value("PixelSpacing", "PixelMeasuresSequence")
    if position is None or directions is None or spacing is None:
        raise RefusedError("it has no orientation (ImagePositionPatient, ImageOrientationPatient, PixelSpacing)")
    slope = float(value("RescaleSlope", "PixelValueTransformationSequence", 1.0))
    intercept = float(value("RescaleIntercept", "PixelValueTransformationSequence", 0.0))
    values = pixels.astype(np.float32) * np.float32(slope) + np.float32(intercept)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        # Its lowest values are white.
        values = -values
    return Frame(values, np.array(position, float), np.array(directions, float).reshape(2, 3), np.array(spacing, float))


def _check_plugin(syntax: Any) -> None:
    if not syntax.is_compressed or syntax.is_deflated:
        return
    from pydicom.pixels import get_decoder

    try:
        available = get_decoder(syntax).is_available
    except NotImplementedError:
        available = False
    if not available:
        plugin = next((packages for name, packages in PLUGINS.items() if syntax.name.startswith(name)), OTHER_PLUGIN)
        raise RefusedError(f"its pixels are compressed ({syntax.name.split('(')[0].strip()}): pip install {plugin}")


def _pydicom() -> Any:
    try:
        import pydicom
    except ImportError as error:
        raise InputError("DICOM files are read by pydicom: pip install pydicom.") from error
    # What it says of odd values quotes them, on the terminal and in logs.
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)
    return pydicom
