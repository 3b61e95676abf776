"""Folders that hubs of models read: the files of an export in the hub's order, with what it wants beside them."""

from collections.abc import Callable
from pathlib import Path

from .huggingface import huggingface
from .medigan import medigan
from .model import HubModel
from .monai import monai

FORMATS: dict[str, Callable[[HubModel, Path], Path]] = {
    "huggingface": huggingface,
    "medigan": medigan,
    "monai": monai,
}
"""Name of `ExportOptions.format` to a function of the model and the folder of its files, which gives the new folder."""
