"""Small volumes and their files, as a scanner's software could have written them."""

import gzip

import nibabel
import numpy as np

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
