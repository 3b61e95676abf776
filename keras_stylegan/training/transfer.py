"""Training that starts from the weights of another run: one centre's model seeds another's (`train --init-from`)."""

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

from keras_stylegan.atomic import replace_file
from keras_stylegan.config import Config
from keras_stylegan.errors import InputError
from keras_stylegan.sizes import in_words
from keras_stylegan.training.checkpoint import CheckpointFolder
from keras_stylegan.training.run_folder import RunFolder, shown
from keras_stylegan.training.state import SEED, network_state

EQUAL = ("network", "channels", "architecture", "z_dim", "w_dim", "mapping_layers", "channel_base", "channel_max")
"""Options of the model that decide the shape of what two runs have in common; resolution and classes may differ."""
PARTS = ("generator", "generator_ema", "discriminator")
IMAGES = "_torgb/"
"""In the path of a layer that adds to the image of a lower resolution."""
OF_SIZE = ("discriminator/fromrgb/", "synthesis/torgb/")
"""In the paths of what reads or makes images of the highest resolution, whatever that is."""
OF_CLASSES = ("/embed/", "generator/mapping/fc0/", "generator_ema/mapping/fc0/", "_out/", "discriminator/mapping/")
"""In the paths of what depends on the number of classes."""


class Origin:
    """The weights of another run.

    Args:
        run_dir: Its folder: a trained run, or an imported generator, whose discriminator starts anew.
        config: The experiment that is to start from it.

    Raises:
        InputError: No run, one without a whole checkpoint, or networks of another family, colour or width.
    """

    def __init__(self, run_dir: Path, config: Config) -> None:
        # Unlike pathlib's, this takes names that the system refuses for ones that do not exist.
        if not os.path.isdir(run_dir):
            raise InputError(f"--init-from: run folder {shown(run_dir)} does not exist; name a folder of models/")
        folder = RunFolder(run_dir)
        try:
            there, here = folder.read_config().model, config.model
            path, arrays, record = CheckpointFolder(folder.checkpoints).load_newest(PARTS)
        except InputError as error:
            raise InputError(f"--init-from: {error}") from error
        for name in EQUAL:
            if getattr(there, name) != getattr(here, name):
                raise InputError(
                    f"--init-from: {shown(run_dir)} has model.{name} {getattr(there, name)!r}, and this run "
                    f"{getattr(here, name)!r}: choose the same, or start from another run"
                )
        self.run_dir, self.images_seen, self.imported = run_dir, record.images_seen, folder.imported.exists()
        self.resolution = there.resolution
        wanted = {"generator_ema"} if self.imported else set(PARTS)
        missing = wanted - {name.split("/")[0] for name in arrays}
        if missing:
            raise InputError(f"--init-from: {path} is not whole: it has no {', '.join(sorted(missing))}")
        if self.imported:
            average = {name.split("/", 1)[1]: array for name, array in arrays.items()}
            # Copies: JAX may take the memory of an array, and can do so once.
            arrays |= {f"generator/{name}": array.copy() for name, array in average.items()}
        self.arrays = arrays

    def give(self, gan: Any, folder: RunFolder | None, say: Callable[[str], None]) -> None:
        """Set what both have in common; optimizers, counters and draws stay at their beginning.

        Blocks of resolutions that the other run has not are new. Where they add to an image ('skip'), what they add
        starts at 0, so that the generator begins with the other's images, enlarged. What belongs to classes is new
        where their number differs.

        Args:
            gan: A compiled `StyleGAN`.
            folder: Where to write init.json; None where another process does.
            say: Called with one line.

        Raises:
            InputError: A variable has another shape.
        """
        taken: dict[str, tuple[Any, np.ndarray]] = {}
        new: dict[str, Any] = {}
        for part in PARTS:
            for path, variable in network_state(getattr(gan, part), part).items():
                if path.endswith(SEED):
                    continue
                array = self.arrays.get(path)
                if array is not None and array.shape == tuple(variable.shape):
                    taken[path] = (variable, array)
                elif array is None or any(name in path for name in OF_CLASSES + OF_SIZE):
                    new[path] = variable
                else:
                    raise InputError(
                        f"--init-from: {shown(self.run_dir)} has other networks: {path} is {array.shape} there and "
                        f"{tuple(variable.shape)} here"
                    )
        for variable, array in taken.values():
            variable.assign(array)
        sums_images = getattr(gan.generator.synthesis, "architecture", None) == "skip"
        for path, variable in new.items():
            if sums_images and IMAGES in path and "/affine/" not in path:
                variable.assign(ops.zeros(variable.shape, variable.dtype))
        size = sum(math.prod(variable.shape) for variable in new.values())
        share = size / (size + sum(array.size for _, array in taken.values()))
        layers = sorted({path.rsplit("/", 1)[0] for path in new})
        other = "" if self.resolution == gan.generator.resolution else f", of {in_words(self.resolution)} pixels"
        text = f"Starting from {shown(self.run_dir)}{other}, after {self.images_seen / 1000:g} kimg: "
        text += f"{1 - share:.0%} of the weights are taken"
        text += f", new are {', '.join(layers[:4])}{' and others' * (len(layers) > 4)}" if layers else ""
        say(text + ("; an imported run has no discriminator" if self.imported else ""))
        if folder is not None:
            record = {"images_seen": self.images_seen, "imported": self.imported, "share_taken": 1 - share}
            replace_file(folder.path / "init.json", (json.dumps(record | {"new": layers}, indent=2) + "\n").encode())
