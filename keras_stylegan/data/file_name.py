"""What a file's name says of its image: the subject, and numbers such as the slice."""

import math
import os
import re

NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


class NameReader:
    """Reads names by a regular expression with a group 'subject'.

    Every other named group is a covariate, whatever the names of a split hold, so that all splits have the same ones:
    `(?P<subject>.+)_(?P<slice>\\d+)` has the covariate 'slice'.

    Args:
        pattern: For the name alone, without folders and ending; it has to match as a whole.

    Attributes:
        covariates: Names of the covariates in the order of the pattern.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern)
        self.covariates = tuple(name for name in self._pattern.groupindex if name != "subject")

    def read(self, name: str) -> tuple[str | None, dict[str, float]]:
        """The subject, None if the pattern does not match, and the covariates; NaN for what is no finite number.

        Args:
            name: File name with folders and ending, such as 'train/AD/1005_14.jpeg': ('1005', {'slice': 14.0}).
        """
        match = self._pattern.fullmatch(os.path.splitext(name.rpartition("/")[2])[0])
        if match is None:
            return None, dict.fromkeys(self.covariates, math.nan)
        return match["subject"], {group: _number(match[group]) for group in self.covariates}


def _number(text: str | None) -> float:
    value = float(text) if text and NUMBER.fullmatch(text) else math.nan
    # What float32 cannot hold would become infinite.
    return value if abs(value) < 1e38 else math.nan


def printable(name: str) -> str:
    """A file's name as a report can hold it: line breaks and bytes that are no text are written out."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in name)
