"""Callbacks of a training run: ordinary `keras.callbacks.Callback`s for `model.fit`.

They read `model.images_seen`, `model.metrics` and, for the samples, `model.generator_ema`. The metrics are means since
the last row of log.csv. `TrainingLog` starts them anew, so whoever looks at them comes before it in the list:
StopOnNonFinite, Progress, TrainingLog, LossPlot, SampleGrid.
"""

from keras_stylegan.training.callbacks.checkpoints import Checkpoints
from keras_stylegan.training.callbacks.loss_plot import LossPlot
from keras_stylegan.training.callbacks.non_finite import StopOnNonFinite
from keras_stylegan.training.callbacks.progress import Progress
from keras_stylegan.training.callbacks.quick_evaluation import QuickEvaluation
from keras_stylegan.training.callbacks.sample_grid import SampleGrid
from keras_stylegan.training.callbacks.stop import StopAt, StopOnSignal
from keras_stylegan.training.callbacks.training_log import TrainingLog

__all__ = [
    "Checkpoints",
    "LossPlot",
    "Progress",
    "QuickEvaluation",
    "SampleGrid",
    "StopAt",
    "StopOnNonFinite",
    "StopOnSignal",
    "TrainingLog",
]
