"""Callbacks of a training run: ordinary `keras.callbacks.Callback`s for `model.fit`.

They read `model.images_seen`, `model.metrics` and, for pictures and quick evaluations, `model.generator_ema`. Their
order counts: the metrics are means since the last row of log.csv, and `TrainingLog` starts them anew. What shows the
means (`Progress`) comes before it; what keeps the state (`QuickEvaluation`, `Checkpoints`) after it, so that the means
are in there started anew and a resumed run writes the same rows. `training/train.py` has the list of a run.
"""

from keras_stylegan.training.callbacks.checkpoints import Checkpoints
from keras_stylegan.training.callbacks.loss_plot import LossPlot
from keras_stylegan.training.callbacks.non_finite import StopOnNonFinite
from keras_stylegan.training.callbacks.progress import Progress
from keras_stylegan.training.callbacks.quick_evaluation import QuickEvaluation
from keras_stylegan.training.callbacks.sample_grid import SampleGrid
from keras_stylegan.training.callbacks.sitting import Sitting
from keras_stylegan.training.callbacks.stop import StopAt, StopOnSignal
from keras_stylegan.training.callbacks.training_log import TrainingLog

__all__ = [
    "Checkpoints",
    "LossPlot",
    "Progress",
    "QuickEvaluation",
    "SampleGrid",
    "Sitting",
    "StopAt",
    "StopOnNonFinite",
    "StopOnSignal",
    "TrainingLog",
]
