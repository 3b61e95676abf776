"""Small volumes and their files, as a scanner's software could have written them."""

import gzip

import nibabel
import numpy as np
import pydicom

RAS_2MM = np.diag([2.0, 2.0, 2.0, 1.0])


def head(shape=(12, 14, 10), seed=0):
    """(X, Y, Z) float32: a box of values from 50 to 100, two voxels of 0 on each side."""
    voxels = np.zeros(shape, np.float32)
    inner = tuple(side - 4 for side in shape)
    voxels[2:-2, 2:-2, 2:-2] = np.random.default_rng(seed).integers(50, 101, inner)
    return voxels


def save_nifti(path, voxels, affine=RAS_2MM, kind=nibabel.Nifti1Image, endianness="<", **fields):
    """Writes a file; `fields` are then set in its header as they are, whether they make sense or not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    header = kind.header_class(endianness=endianness)
    header.set_data_dtype(voxels.dtype)
    image = kind(voxels, affine, header)
    image.header.set_xyzt_units("mm")
    image.to_filename(path)
    if fields:
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rb") as file:
            content = file.read()
        size = header.template_dtype.itemsize
        header = kind.header_class(content[:size], endianness=endianness, check=False)
        for name, value in fields.items():
            header[name] = value
        with opened(path, "wb") as file:
            file.write(header.binaryblock + content[size:])
    return path


def _dataset(kind, **fields):
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = kind
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = pydicom.uid.generate_uid()
    common = {"SeriesInstanceUID": "1.2.3", "StudyInstanceUID": "1.2", "PatientID": "P1", "SamplesPerPixel": 1,
              "PhotometricInterpretation": "MONOCHROME2", "BitsAllocated": 16, "BitsStored": 16, "HighBit": 15,
              "PixelRepresentation": 0}  # fmt: skip
    # What pydicom would warn of is what these files are for.
    with pydicom.config.disable_value_validation():
        for name, value in {**common, **fields}.items():
            setattr(dataset, name, value)
    return dataset


def _save(dataset, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def save_series(folder, voxels, order=None, **fields):
    """Writes voxels (X, Y, Z) along right, anterior, superior, 2 mm apart from 0, as axial DICOM slices.

    The files are named in the order of `order`, which says nothing of where they lie; `fields` are set in all of them.
    """
    paths = []
    for number, z in enumerate(range(voxels.shape[2]) if order is None else order):
        # Rows go from front to back, columns from right to left, as a scanner writes them: both against RAS.
        pixels = np.ascontiguousarray(voxels[::-1, ::-1, z].T).astype(np.uint16)
        x, y = 2.0 * (voxels.shape[0] - 1), 2.0 * (voxels.shape[1] - 1)
        own = {
            "Rows": pixels.shape[0],
            "Columns": pixels.shape[1],
            "PixelSpacing": [2.0, 2.0],
            "ImageOrientationPatient": [1.0, 0, 0, 0, 1, 0],
            "ImagePositionPatient": [-x, -y, 2.0 * z],
            "PixelData": pixels.tobytes(),
        }
        dataset = _dataset("1.2.840.10008.5.1.4.1.1.4", **{**own, **fields})
        paths.append(_save(dataset, folder / f"i{number:03d}.dcm"))
    return paths


def save_multiframe(path, voxels):
    """The same voxels as one enhanced multi-frame file, its frames from top to bottom."""
    pixels = np.ascontiguousarray(voxels[::-1, ::-1, ::-1].transpose(2, 1, 0)).astype(np.uint16)
    x, y = 2.0 * (voxels.shape[0] - 1), 2.0 * (voxels.shape[1] - 1)

    def item(**fields):
        dataset = pydicom.Dataset()
        for name, value in fields.items():
            setattr(dataset, name, value)
        return dataset

    shared = item(
        PlaneOrientationSequence=[item(ImageOrientationPatient=[1.0, 0, 0, 0, 1, 0])],
        PixelMeasuresSequence=[item(PixelSpacing=[2.0, 2.0])],
        PixelValueTransformationSequence=[item(RescaleSlope=2, RescaleIntercept=-1)],
    )
    frames = [
        item(PlanePositionSequence=[item(ImagePositionPatient=[-x, -y, 2.0 * z])])
        for z in reversed(range(voxels.shape[2]))
    ]
    dataset = _dataset(
        "1.2.840.10008.5.1.4.1.1.4.1", Rows=pixels.shape[1], Columns=pixels.shape[2], NumberOfFrames=len(pixels),
        SharedFunctionalGroupsSequence=[shared], PerFrameFunctionalGroupsSequence=frames, PixelData=pixels.tobytes(),
    )  # fmt: skip
    return _save(dataset, path)
