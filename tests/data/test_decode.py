import struct

import numpy as np
import pytest
from PIL import Image

from keras_stylegan.data.decode import RefusedError, decode, is_grey

GREY = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5
COLOUR = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)


def save(tmp_path, image, name="image.png", **options):
    path = tmp_path / name
    image.save(path, **options)
    return str(path)


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.TIFF"])
def test_lossless_grey_and_colour(tmp_path, name):
    grey = decode(save(tmp_path, Image.fromarray(GREY), name))
    assert grey.dtype == np.uint8
    np.testing.assert_array_equal(grey, GREY[..., None])
    np.testing.assert_array_equal(decode(save(tmp_path, Image.fromarray(COLOUR), name)), COLOUR)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_16_bit_grey_is_exact(tmp_path, name):
    values = np.linspace(0, 65535, 48).astype(np.uint16).reshape(6, 8)
    image = decode(save(tmp_path, Image.fromarray(values), name))
    assert image.dtype == np.uint16
    np.testing.assert_array_equal(image, values[..., None])


def test_grey_jpeg_stored_as_colour_counts_as_grey(tmp_path):
    smooth = np.add.outer(np.arange(32) * 4, np.arange(32) * 4).astype(np.uint8)
    image = decode(save(tmp_path, Image.fromarray(smooth).convert("RGB"), "a.jpeg", quality=95))
    assert image.shape == (32, 32, 3)
    assert is_grey(image)
    assert is_grey(GREY[..., None])
    assert not is_grey(COLOUR)
    # A tint in a single pixel is colour.
    tinted = np.full((4, 4, 3), 90, np.uint8)
    tinted[2, 2, 2] = 120
    assert not is_grey(tinted)


def test_palette_is_resolved_and_transparency_lies_over_black(tmp_path):
    palette = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    palette.putpalette([10, 20, 30, 200, 100, 50])
    assert decode(save(tmp_path, palette)).tolist() == [[[10, 20, 30], [200, 100, 50]]]
    assert decode(save(tmp_path, palette, transparency=1)).tolist() == [[[10, 20, 30], [0, 0, 0]]]
    rgba = np.array([[[200, 100, 50, 255], [200, 100, 50, 0]]], np.uint8)
    assert decode(save(tmp_path, Image.fromarray(rgba))).tolist() == [[[200, 100, 50], [0, 0, 0]]]
    grey_alpha = np.array([[[80, 255], [80, 0]]], np.uint8)
    assert decode(save(tmp_path, Image.fromarray(grey_alpha))).tolist() == [[[80], [0]]]


def test_bilevel_becomes_black_and_white(tmp_path):
    assert decode(save(tmp_path, Image.fromarray(GREY > 100))).max() == 255


def test_exif_orientation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # The camera was turned: rotate by 90 degrees clockwise to show it upright.
    image = decode(save(tmp_path, Image.fromarray(GREY), exif=exif))
    np.testing.assert_array_equal(image[..., 0], np.rot90(GREY, -1))


def test_truncated_and_foreign_files_are_refused(tmp_path):
    whole = tmp_path / "whole.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)).save(whole)
    cut = tmp_path / "cut.png"
    cut.write_bytes(whole.read_bytes()[:1500])
    with pytest.raises(RefusedError, match="truncated"):
        decode(str(cut))
    text = tmp_path / "text.png"
    text.write_text("no image")
    with pytest.raises(RefusedError, match="cannot identify image file"):
        decode(str(text))
    with pytest.raises(RefusedError, match="No such file"):
        decode(str(tmp_path / "missing.png"))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_every_cut_of_a_file_is_refused(tmp_path):
    path = tmp_path / "a.tif"
    Image.fromarray(GREY).save(path)
    content = path.read_bytes()
    for end in range(0, len(content), 7):
        path.write_bytes(content[:end])
        with pytest.raises(RefusedError):
            decode(str(path))


def test_no_permission_is_refused(tmp_path, monkeypatch):
    def deny(*_):
        raise PermissionError(13, "Permission denied")

    path = save(tmp_path, Image.fromarray(GREY), "a.png")
    monkeypatch.setattr(Image, "open", deny)
    with pytest.raises(RefusedError, match="permission denied"):
        decode(path)


def test_what_would_lose_precision_is_refused(tmp_path):
    with pytest.raises(RefusedError, match="floating-point"):
        decode(save(tmp_path, Image.fromarray(GREY.astype(np.float32)), "a.tif"))
    with pytest.raises(RefusedError, match="values 0 to 70000 do not fit"):
        decode(save(tmp_path, Image.fromarray(np.array([[0, 70000]], np.int32)), "a.tif"))
    with pytest.raises(RefusedError, match="2 pages"):
        stack = [Image.fromarray(GREY), Image.fromarray(GREY)]
        decode(save(tmp_path, stack[0], "a.tif", save_all=True, append_images=stack[1:]))


def test_a_row_of_16_bytes_is_not_16_bit_colour(tmp_path):
    image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(decode(save(tmp_path, Image.fromarray(image), "a.bmp"))[..., 0], image)


def test_a_bmp_with_16_bits_per_pixel_is_8_bit_colour(tmp_path):
    masks = struct.pack("<III", 0xF800, 0x07E0, 0x001F)  # 5 bits of red, 6 of green, 5 of blue.
    header = struct.pack("<IiiHHIIiiII", 40, 1, 1, 1, 16, 3, 4, 0, 0, 0, 0)
    content = header + masks + struct.pack("<HH", 0xF800, 0)
    path = tmp_path / "a.bmp"
    path.write_bytes(b"BM" + struct.pack("<IHHI", 14 + len(content), 0, 0, 14 + 40 + 12) + content)
    assert decode(str(path)).tolist() == [[[255, 0, 0]]]


def test_16_bit_colour_is_refused(tmp_path):
    import zlib

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0)
    content = zlib.compress(b"\0" + struct.pack(">HHH", 256, 512, 1024))
    path = tmp_path / "deep.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", content) + chunk(b"IEND", b""))
    with pytest.raises(RefusedError, match="16-bit colour"):
        decode(str(path))
