"""A trained generator, read back from its run folder."""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

from keras_stylegan.config import Config
from keras_stylegan.errors import InputError
from keras_stylegan.latent.covariates import Covariate
from keras_stylegan.models.families import GeneratorNetwork
from keras_stylegan.models.mapping import MappingNetwork
from keras_stylegan.training.checkpoint import CheckpointFolder, load
from keras_stylegan.training.networks import make_generator
from keras_stylegan.training.run_folder import RunFolder, newest_run, shown
from keras_stylegan.training.state import assign, network_state, values


class TrainedGenerator(NamedTuple):
    """What `load_generator` returns."""

    generator: GeneratorNetwork
    """With the averaged weights."""
    config: Config
    """The experiment."""
    classes: tuple[str, ...]
    """Names of the classes, in the order of the labels."""
    images_seen: int
    """Real images shown in training."""
    run_dir: Path
    """The run folder."""
    data_fingerprint: str = ""
    """`ImageSet.fingerprint` of the images it was trained on."""

    covariates: tuple[Covariate, ...] = ()
    """What it is conditioned on besides the class."""

    @property
    def weights_sha256(self) -> str:
        """Names these weights without telling where they were trained."""
        arrays = values(network_state(self.generator, "generator")).values()
        return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


def load_generator(run_dir: Path | None = None, best: bool = False) -> TrainedGenerator:
    """The averaged generator of a run's newest checkpoint.

    Args:
        run_dir: A run folder; the newest run by default.
        best: Load the best state by the run's own evaluations (`QuickEvaluation`) instead of the newest.

    Raises:
        InputError: No such folder, no checkpoint, or a damaged one.
    """
    run_dir = newest_run() if run_dir is None else Path(run_dir)
    # Unlike pathlib's, this takes names that the system refuses for ones that do not exist.
    if not os.path.isdir(run_dir):
        raise InputError(f"run folder {shown(run_dir)} does not exist; name a folder such as models/demo")
    folder = RunFolder(run_dir)
    config = folder.read_config()
    groups = ("generator_ema",)
    if best:
        path = folder.best
        if not path.exists():
            raise InputError(
                f"{path} is missing: the run was trained without --training.evaluate-kimg; use its newest checkpoint"
            )
        arrays, record = load(path, groups)
    else:
        path, arrays, record = CheckpointFolder(folder.checkpoints).load_newest(groups)
    generator = make_generator(config, len(record.classes), covariates=record.covariates)
    assign(network_state(generator, "generator_ema"), arrays, path)
    # Imported weights are truncated towards w_avg, as by those who trained them.
    if isinstance(generator.mapping, MappingNetwork) and not folder.imported.exists():
        generator.mapping.fit_means()
    return TrainedGenerator(
        generator,
        config,
        record.classes,
        record.images_seen,
        run_dir,
        record.data_fingerprint,
        record.covariates,
    )
