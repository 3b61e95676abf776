"""Reading one image file."""

import os
import re
import stat

import numpy as np
from PIL import Image, ImageOps

# What the ending of an image file may be, in lower case.
ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
# Largest difference between the channels of a grey scan that was stored as colour (rounding of JPEG's conversion).
GREY_TOLERANCE = 3
# Pillow's names of modes stored with 16 bits per channel; the "BGR;16" of BMP files has 16 bits per pixel.
DEEP_MODE = re.compile(r";16[BLN]$")


class RefusedError(ValueError):
    """A file that cannot be used as an image; the message is the reason, without the name of the file."""


def decode(path: str) -> np.ndarray:
    """Reads a PNG, JPEG, TIFF or BMP file.

    The orientation of the EXIF header is applied, a palette is resolved and transparent pixels are laid over black.

    Args:
        path: The file.

    Returns:
        (H, W, 1) for a file with one channel, (H, W, 3) for a colour file; uint16 for 16-bit grey, uint8 otherwise.

    Raises:
        RefusedError: Not an image, truncated, or of a kind that would lose precision.
    """
    try:
        # A pipe would keep the reader waiting, a device has no end.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise RefusedError("not a regular file")
        with Image.open(path) as image:
            _check_kind(image)
            image.load()
            return _to_array(ImageOps.exif_transpose(image))
    except (RefusedError, MemoryError):
        raise
    except PermissionError:
        raise RefusedError("permission denied") from None
    # A damaged file can raise nearly anything inside Pillow (OSError, SyntaxError, struct.error, IndexError, ...).
    except Exception as error:
        reason = str(error).replace(str(path), "it").replace("\n", " ") or type(error).__name__
        raise RefusedError("cannot identify image file" if "cannot identify" in reason else reason) from error


def is_grey(image: np.ndarray) -> bool:
    """Whether an image has no colour: one channel, or three that are equal up to rounding.

    Args:
        image: (H, W, C) integers.
    """
    if image.shape[-1] == 1:
        return True
    values = image.astype(np.int32)
    return bool(
        np.abs(values[..., 0] - values[..., 1]).max() <= GREY_TOLERANCE
        and np.abs(values[..., 2] - values[..., 1]).max() <= GREY_TOLERANCE
    )


def _check_kind(image: Image.Image) -> None:
    if image.format == "TIFF" and getattr(image, "n_frames", 1) > 1:
        raise RefusedError(f"{image.n_frames} pages; one image per file is expected")
    if image.mode == "F":
        raise RefusedError("floating-point pixels have no known range; store 8 or 16 bits")
    # Pillow reads 16-bit colour as 8-bit without a word.
    if not image.mode.startswith("I") and any(DEEP_MODE.search(_raw_mode(tile[3])) for tile in image.tile):
        raise RefusedError("16-bit colour is not supported; store 8-bit colour or 16-bit grey")


def _raw_mode(arguments: str | tuple | None) -> str:
    """How the pixels are stored, e.g. 'RGB;16B', from the arguments of Pillow's decoder."""
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return first if isinstance(first, str) else ""


def _to_array(image: Image.Image) -> np.ndarray:
    if image.mode.startswith("I"):
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > np.iinfo(np.uint16).max:
            raise RefusedError(f"values {values.min()} to {values.max()} do not fit into 16 bits")
        return values.astype(np.uint16)[..., None]
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L"))[..., None]
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        grey = image.mode in ("LA", "La")
        visible = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), visible)
        if grey:
            return np.asarray(image.convert("RGB"))[..., :1]
    return np.asarray(image.convert("RGB"))
