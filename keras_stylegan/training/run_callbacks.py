"""The callbacks of a training run: their order, and who writes."""

from functools import partial
from pathlib import Path

import numpy as np

from keras_stylegan.backend import replicas
from keras_stylegan.config import Config
from keras_stylegan.data.image_set import ImageSet
from keras_stylegan.training.callbacks import (
    Checkpoints,
    LossPlot,
    Progress,
    QuickEvaluation,
    SampleGrid,
    Sitting,
    StopAt,
    StopOnNonFinite,
    StopOnSignal,
    TrainingLog,
)
from keras_stylegan.training.checkpoint import CheckpointFolder
from keras_stylegan.training.journal import Journal
from keras_stylegan.training.record import Record
from keras_stylegan.training.run_folder import RunFolder
from keras_stylegan.training.stages import Stage, current_pass
from keras_stylegan.training.terminal_pictures import TerminalPictures

ONLY_WRITE = (Progress, QuickEvaluation, LossPlot, SampleGrid)
"""What the chief alone needs. All others end the training or change the model (the log starts its means anew), which
must happen after the same step in every process; `TrainingLog` and `Checkpoints` write only where they get a folder."""


class RunCallbacks:
    """The callbacks of a run, the same in every process but for `ONLY_WRITE`.

    Args:
        config: The experiment.
        folder: The run folder.
        record: What a checkpoint says of the run.
        data: The training images.
        heldout: Images of held-out subjects; None for no evaluation during training.
        stages: Of the run.
        journal: What the run says.
        sitting: Ends this part of the run before the run's end.

    Attributes:
        all: The list for `fit`.

    Raises:
        InputError: A file that one of them continues is damaged. Nothing is written yet.
    """

    def __init__(
        self,
        config: Config,
        folder: RunFolder,
        record: Record,
        data: ImageSet,
        heldout: ImageSet | None,
        stages: list[Stage],
        journal: Journal,
        sitting: Sitting | None = None,
    ) -> None:
        options, writes, total_images = config.training, replicas.is_chief(), stages[-1].end
        checkpoints = CheckpointFolder(folder.checkpoints, options.checkpoint_gb * 1e9)
        tensorboard = folder.path / "tensorboard"
        self.non_finite = StopOnNonFinite(journal.say, options.log_kimg)
        self.signal, self.stop = StopOnSignal(), StopAt(total_images)
        self.sitting = sitting
        self.saver = Checkpoints(
            checkpoints if writes else None, record, options.checkpoint_kimg, self.non_finite.healthy
        )
        pictures = TerminalPictures(journal.console) if writes else None

        def show(path: Path, row: np.ndarray) -> None:
            journal.say(f"Samples: {path}")
            with journal.showing():
                pictures.show(row)

        self.samples = SampleGrid(
            folder.samples,
            data.classes,
            options.sample_kimg,
            options.sample_count,
            options.seed,
            tensorboard,
            show,
            record.covariates,
        )
        in_order = [
            self.non_finite,
            self.signal,
            self.stop,
            # Progress reads the running means, the log resets them, and the checkpoint must hold them reset.
            Progress(total_images, journal, options.log_kimg),
            TrainingLog(folder.path if writes else None, options.log_kimg, partial(current_pass, stages)),
        ]
        evaluation = None
        if heldout is not None:
            # Before the checkpoint of the same step, so that a resumed run has the same rows.
            compare = (options.evaluate_kimg, options.evaluate_count, options.best_metric, journal.say)
            evaluation = QuickEvaluation(folder.path, folder.best, record, data, heldout, *compare)
        in_order += [evaluation] * (evaluation is not None) + [self.saver, LossPlot(folder.path), self.samples]
        if sitting is not None:
            sitting.join(total_images, options.log_kimg, evaluation and evaluation.evaluate)
            # What is counted as training ends with the log.
            after_log = 1 + next(i for i, callback in enumerate(in_order) if isinstance(callback, TrainingLog))
            in_order = [*in_order[:after_log], sitting, *in_order[after_log:], sitting.after]
        self.all = [callback for callback in in_order if writes or not isinstance(callback, ONLY_WRITE)]

    @property
    def stopped_early(self) -> bool:
        """Whether the run ends here, whatever is left of it."""
        over = self.sitting is not None and self.sitting.over
        return over or self.signal.received is not None or self.non_finite.stopped_reason is not None
