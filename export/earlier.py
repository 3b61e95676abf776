"""What an earlier export left in a folder, where this one did not write it anew."""

import re
from pathlib import Path

from .directions import DIRECTIONS, FORMAT

WEIGHTS = {
    DIRECTIONS: re.compile(rf'"{FORMAT}".*?"weights_sha256":\s*"([0-9a-f]{{64}})"', re.DOTALL),
    "generator.html": re.compile(r"\b([0-9a-f]{64}); stored as float16"),
}
"""Files that not every export writes, and where they tell of which weights they are."""


def remove_of_other_weights(folder: Path, weights_sha256: str) -> list[Path]:
    """Removes directions and the page of other weights; what is not as ours write it stays.

    Args:
        folder: With the graphs of an export.
        weights_sha256: Theirs.

    Returns:
        The files that are gone.
    """
    removed = []
    for name, pattern in WEIGHTS.items():
        path = folder / name
        found = pattern.search(path.read_text(encoding="utf-8", errors="replace")) if path.is_file() else None
        if found and found[1] != weights_sha256:
            path.unlink()
            removed.append(path)
    return removed
