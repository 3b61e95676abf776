"""What `torch.save` writes, in both of its formats, read without PyTorch.

Until 1.5, and inside of other pickles until today: five pickles in a row (magic number, protocol, system, content, keys
of the storages), then for every key a count of 8 bytes and the raw numbers. Since 1.6: a zip archive with `data.pkl`
and a member for every storage.
"""

import io
import sys
import zipfile
from pathlib import Path
from typing import Any

from keras_stylegan.importing.pickle_machine import LONGEST_KEY, Budget, load, shown
from keras_stylegan.importing.torch_tensors import STORAGES, Storage, known, storage_of

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
LEGACY_START = b"\x8a\x0a" + MAGIC.to_bytes(10, "little")
"""The magic number as the first pickle has it, behind the two bytes of its protocol."""
ENCRYPTED = 0x1
"""Bit of a member's flags."""


class _Storages:
    """The storages that persistent ids of a pickle name."""

    def __init__(self) -> None:
        self.found: dict[str, Storage] = {}

    def __call__(self, identity: Any) -> Storage:
        if type(identity) is not tuple or len(identity) not in (5, 6) or identity[0] != "storage":
            raise ValueError("a persistent id is none of a storage")
        _, kind, key, _, count, *view = identity
        if type(key) is not str or len(key) > LONGEST_KEY or view not in ([], [None]):
            raise ValueError("a storage is a view of another, as PyTorch before 1.0 wrote it")
        storage = self.found.setdefault(key, storage_of(kind, count))
        if storage.count != count:
            raise ValueError(f"storage {shown(key)} has two lengths")
        return storage


def load_legacy(content: bytes, budget: Budget | None = None) -> Any:
    """The content of a file of the old format; tensors are `Tensor`, storages `Storage`.

    Args:
        content: The file.
        budget: Of the file that it is nested in.

    Raises:
        ValueError: See `pickle_machine.load`; also a count that is not that of the storage, or bytes that are missing.
    """
    budget, file = budget or Budget(), io.BytesIO(content)
    if load(file, {}, budget) != MAGIC or load(file, {}, budget) != PROTOCOL:
        raise ValueError("it is no file of torch.save")
    system = load(file, {}, budget)
    if type(system) is not dict or system.get("little_endian") is not True:
        raise ValueError("its numbers are not little-endian")
    storages = _Storages()
    root = load(file, known(budget) | STORAGES, budget, storages)
    keys = load(file, {}, budget)
    texts = type(keys) is list and all(type(key) is str for key in keys)
    if not texts or sorted(keys) != sorted(storages.found):
        raise ValueError("its list of storages is not that of its tensors")
    raw, start = memoryview(content), file.tell()
    for key in keys:
        storage = storages.found[key]
        count = int.from_bytes(raw[start : start + 8], "little", signed=True)
        end = start + 8 + storage.size
        if count != storage.count:
            raise ValueError(f"a storage of {storage.count} numbers is stored with {count}")
        if end > len(raw):
            raise ValueError(f"it ends {end - len(raw)} bytes too early, within a storage")
        storage.fill(raw[start + 8 : end])
        start = end
    return root


def load_zip(path: Path) -> Any:
    """The content of a file of the new format; see `load_legacy`."""
    size = path.stat().st_size
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise ValueError("its zip archive is incomplete or damaged: fetch the file again") from error
    with archive:
        members = {info.filename: info for info in archive.infolist()}
        if sum(info.file_size for info in archive.infolist()) > size:
            raise ValueError("its members claim more bytes than it has")
        found = [name for name in members if name == "data.pkl" or name.endswith("/data.pkl")]
        if len(found) != 1:
            raise ValueError("it is no file of torch.save: a zip archive without data.pkl")
        folder = found[0].removesuffix("data.pkl")

        def content(name: str) -> bytes:
            info = members[folder + name]
            if info.flag_bits & ENCRYPTED or info.compress_type != zipfile.ZIP_STORED:
                raise ValueError(f"its member {shown(name)} is encrypted or compressed")
            return archive.read(info)

        if content("byteorder") != b"little" if f"{folder}byteorder" in members else sys.byteorder != "little":
            raise ValueError("its numbers are not little-endian")
        storages, budget = _Storages(), Budget()
        root = load(content("data.pkl"), known(budget) | STORAGES, budget, storages)
        for key, storage in storages.found.items():
            name = f"data/{key}"
            if folder + name not in members:
                raise ValueError(f"its member {shown(name)} is missing")
            storage.fill(content(name))
    return root
