"""Markers planted in what must stay private, and the search for them in every file that may be shared."""

import gzip
import io
import json
import zipfile
from pathlib import Path
from urllib.parse import quote

from PIL import Image


def find_markers(folder, markers):
    """Where markers are, in files of any kind, inside archives, compressed picture texts and protobufs too.

    Args:
        folder: A folder that is searched with all below it, or a file.
        markers: Strings of at least five characters, found in any case and as files write text: UTF-8, UTF-16, UTF-32
            (numpy's), escaped as in JSON or in a URL.

    Returns:
        List of (path, marker), the members of an archive as `archive!member`; names of files count too.
    """
    folder = Path(folder)
    paths = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if path.is_file())
    forms = {marker: _forms(marker) for marker in markers}
    found = []
    for path in paths:
        name = path.name if path == folder else str(path.relative_to(folder))
        for part, content in _parts(name, path.read_bytes()):
            content = (part.encode() + b"\n" + content).lower()
            found += [(part, marker) for marker, looks in forms.items() if any(look in content for look in looks)]
    return found


def _forms(marker):
    assert len(marker) >= 5, f"{marker!r} would be found by chance"
    cases = {marker, marker.lower(), marker.upper()}
    texts = {text for case in cases for text in (case, json.dumps(case)[1:-1], quote(case))}
    # The letters outside ASCII have their cases above: bytes know none.
    return {text.encode(code).lower() for text in texts for code in ("utf-8", "utf-16-le", "utf-32-le")}


def _parts(name, content):
    """(name, bytes) of a file and of what it packs: members of archives, what gzip packed, texts of pictures."""
    yield name, content
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.namelist():
                yield from _parts(f"{name}!{member}", archive.read(member))
    elif content.startswith(b"\x1f\x8b"):
        yield from _parts(f"{name}!unpacked", gzip.decompress(content))
    elif content.startswith((b"\x89PNG", b"GIF8")):
        with Image.open(io.BytesIO(content)) as image:
            image.load()  # PNG has texts behind the pixels too.
            yield f"{name}!texts", repr(image.info).encode() + str(image.getexif()).encode()
