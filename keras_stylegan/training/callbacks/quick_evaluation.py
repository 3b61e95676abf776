"""A quick evaluation while a run goes on: warns early, and keeps the best state."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from keras_stylegan.data.image_set import ImageSet
from keras_stylegan.errors import InputError
from keras_stylegan.latent.rendering import Renderer
from keras_stylegan.metrics.catalogue import METRICS, measures
from keras_stylegan.metrics.features import extract, make_extractor
from keras_stylegan.metrics.floors import subject_sample
from keras_stylegan.metrics.metric import Key, Measure, Part, Sets
from keras_stylegan.training.callbacks.interval import Interval
from keras_stylegan.training.callbacks.step_callback import StepCallback
from keras_stylegan.training.callbacks.tensorboard_events import TensorBoardEvents
from keras_stylegan.training.checkpoint import save
from keras_stylegan.training.conditioning import labelled
from keras_stylegan.training.evaluation_csv import (
    COLUMNS,
    EXTRACTOR,
    QUICK,
    TRAINING,
    Row,
    read_evaluations,
    write_evaluations,
)
from keras_stylegan.training.record import Record
from keras_stylegan.training.samples import draw_samples
from keras_stylegan.training.state import network_state, values

HELDOUT = Key("frechet", EXTRACTOR)
SIMILARITY = Key("ms_ssim")
BEST = {str(key): METRICS[key.metric].better for key in QUICK if METRICS[key.metric].better != "equal"}
"""The columns that can say which state is best, and their directions."""
TREND = 3
"""Evaluations in a row that make a trend."""
LEAST_CHANGE = 0.02
"""Relative change over a trend that is worth a warning."""
COLLAPSE_RISE, COLLAPSE_MARGIN = 0.1, 0.05
"""MS-SSIM this much above its lowest value so far, and this much above that of real images, is worth a warning."""


class QuickEvaluation(StepCallback):
    """Measures the averaged generator at every interval, on few images with untrained features.

    A row of evaluation.csv has `kimg`, then all metrics of the catalogue that are quick, against the held-out images,
    and the Fréchet distance to training images (`frechet_random/training`). All sets have the same size, generated
    classes and covariates are those of the held-out images that are compared with, and the latents are the
    same every time, so that the curves can be compared; values of the command `evaluate`, at another size, cannot. It
    warns

    - of overfitting, when over the last 3 evaluations the distance to held-out subjects rose every time and the one
      to training images fell every time;
    - of a loss of diversity, when MS-SSIM rose by 0.1 above its lowest value so far, and above the held-out images'.

    A metric that the images do not allow (MS-SSIM needs 11 pixels, precision and recall some subjects) is told once,
    and its cells are 'nan'.

    Nothing that training depends on is drawn or changed. On resuming, rows beyond the state that training continues
    from are dropped. The best averaged generator is kept in `best`, whatever happens to the checkpoints.

    Args:
        run_dir: Folder of the run: evaluation.csv, and the TensorBoard events in `tensorboard/evaluation/`; the values
            of training images in place of the generated ones, a level line each, in `tensorboard/floor/`.
        best: File of the best state.
        record: What `best` says of the run besides its variables, as a checkpoint does.
        training: The training images.
        heldout: Images of subjects that are not in `training`.
        kimg: Interval in thousands of images; None to evaluate only when asked (`evaluate`).
        count: Images of each set; fewer where there are fewer training or held-out ones.
        best_metric: The column that decides which state is best.
        say: Called with a line per evaluation and per warning.
    """

    def __init__(
        self,
        run_dir: Path,
        best: Path,
        record: Record,
        training: ImageSet,
        heldout: ImageSet,
        kimg: float | None = 50.0,
        count: int = 1000,
        best_metric: str = "frechet_random",
        say: Callable[[str], None] = print,
    ):
        super().__init__()
        if best_metric not in BEST:
            raise InputError(f"best_metric must be one of {tuple(BEST)}. Received: {best_metric!r}")
        self.path = Path(run_dir) / "evaluation.csv"
        self.best, self.record = Path(best), record
        self.best_metric = next(key for key in QUICK if str(key) == best_metric)
        self.training, self.heldout = training, heldout
        self.count = min(count, len(training), len(heldout))
        self.say = say
        self._interval = None if kimg is None else Interval(kimg)
        self._events = TensorBoardEvents(Path(run_dir) / "tensorboard" / "evaluation")
        # TensorBoard draws what has the same name in two folders into one chart.
        self._floor_events = TensorBoardEvents(Path(run_dir) / "tensorboard" / "floor")
        # Read here as well, so that a damaged file is refused before anything is written.
        self._rows: list[Row] = read_evaluations(self.path)
        self._renderer: Renderer | None = None
        # Held-out and training images, and the features of both, drawn once.
        self._images: list[Part] | None = None
        self._labels = heldout.labels
        self._features: list[Part] = []
        self._floors: dict[str, float] = {}
        self._real_similarity = math.nan
        self._told: set[str] = set()

    def on_train_begin(self, logs=None):
        """Cuts the file to the state that training continues from.

        Raises:
            InputError: evaluation.csv is damaged or cannot be written.
        """
        if self._interval is not None:
            self._interval.start(self.model.images_seen)
        self._rows = [row for row in read_evaluations(self.path) if round(1000 * row.kimg) <= self.model.images_seen]
        self._write()

    def on_train_batch_end(self, batch, logs=None):
        """Evaluates when the interval is over.

        Raises:
            InputError: The disk is full.
        """
        if self._interval is not None and self._interval.ends(self.running_model):
            self.evaluate()

    def evaluate(self) -> None:
        """Measures the present state and adds its row; a state that cannot be evaluated is told and passed over.

        Raises:
            InputError: The disk is full.
        """
        try:
            values = self.measure()
        except InputError as error:
            self.say(f"No evaluation at {self.model.images_seen / 1000:g} kimg: {error}")
            return
        improved = self._improved(values[self.best_metric])
        self._rows.append(Row(self.model.images_seen / 1000, values))
        self._write()
        measured = _measured(values)
        self._events.add_scalars(self.model.images_seen, measured)
        self._floor_events.add_scalars(self.model.images_seen, self._floors)
        if improved:
            self._save_best(values[self.best_metric])
        numbers = ", ".join(f"{name} {value:.4g}" for name, value in measured.items())
        self.say(f"Evaluation: {numbers}" + (f" (best {self.best_metric} so far)" if improved else ""))
        for warning in warnings(self._rows, self._real_similarity):
            self.say(f"Warning: {warning}")

    def on_train_end(self, logs=None):
        """Closes the TensorBoard events."""
        self._events.close()
        self._floor_events.close()

    def measure(self) -> dict[Key, float]:
        """The values of all columns for the present state; NaN for those that the images do not allow.

        Raises:
            InputError: The generator gives no usable images.
        """
        generator = self.model.generator_ema
        extractor = make_extractor(EXTRACTOR)
        classes = self.heldout.classes if generator.c_dim else ()
        if self._images is None:
            self._renderer = Renderer(generator)
            parts = [_sample(images, self.count) for images in (self.heldout, self.training)]
            compared = self.heldout.labels[subject_sample(self.heldout.subjects, self.count, seed=0)]
            self._labels, remarks = labelled(compared, self.record.covariates, "held-out images")
            for remark in remarks:
                self.say(f"Evaluation: {remark}")
            self._features = [part._replace(values=extract(extractor, part.values)) for part in parts]
            heldout = Part(self.heldout.images, self.heldout.labels["class"], self.heldout.subjects)
            real = self._values(METRICS["ms_ssim"].measure, Sets(heldout, *parts, classes, plain=True))
            self._real_similarity, self._images = real.get(SIMILARITY, math.nan), parts
            people = [part._replace(labels=None) for part in (parts[1], self._features[1])]
            # Two sets of people are as far from each other whichever stands in for the generated images.
            floors = self._all(*people, classes=())
            self._floors = _measured(floors | {TRAINING: floors[HELDOUT]})
        samples = draw_samples(
            generator, self.count, 0, self._labels, self.training.images.dtype, renderer=self._renderer
        )
        generated = Part(samples.images, samples.labels["class"])
        features = generated._replace(values=extract(extractor, samples.images))
        return self._all(generated, features, classes)

    def _all(self, generated: Part, features: Part, classes: tuple[str, ...]) -> dict[Key, float]:
        """All columns for images and their features, against the held-out and the training ones."""
        sets = {
            "features": Sets(features, *self._features, classes, plain=True),
            "images": Sets(generated, *self._images, classes, plain=True),
        }
        found = {}
        for on in sets:
            for measure in measures(on, quick=True):
                found |= self._values(measure, sets[on], EXTRACTOR if on == "features" else "")
        heldout, training = self._features
        to_training = replace(sets["features"], heldout=training, training=heldout)
        found[TRAINING] = self._values(METRICS["frechet"].measure, to_training, EXTRACTOR).get(HELDOUT, math.nan)
        return {key: float(found.get(key, math.nan)) for key in COLUMNS}

    def _values(self, measure: Measure, sets: Sets, extractor: str = "") -> dict[Key, float]:
        """What a function of the catalogue measures; nothing where the images do not allow it, which is told once."""
        try:
            found = measure(sets)
        except InputError as error:
            if str(error) not in self._told:
                self._told.add(str(error))
                self.say(f"Not evaluated: {error}")
            return {}
        return {key._replace(detail=key.detail or extractor): estimate.value for key, estimate in found.items()}

    def _improved(self, value):
        earlier = [row.values[self.best_metric] for row in self._rows]
        earlier = [value for value in earlier if not math.isnan(value)]
        if math.isnan(value) or not earlier:
            return not math.isnan(value)
        return value > max(earlier) if BEST[str(self.best_metric)] == "higher" else value < min(earlier)

    def _save_best(self, value):
        arrays = values(network_state(self.model.generator_ema, "generator_ema"))
        chosen = {"images_seen": self.model.images_seen, "best_metric": str(self.best_metric), "best_value": value}
        save(self.best, arrays, replace(self.record, **chosen))

    def _write(self):
        if self._rows or self.path.exists():
            write_evaluations(self.path, self._rows)


def warnings(rows: list[Row], real_similarity: float) -> list[str]:
    """What the rows of evaluation.csv up to now give reason to warn of.

    Args:
        rows: The evaluations, oldest first.
        real_similarity: Mean MS-SSIM of pairs of held-out images.

    Returns:
        A line per reason; empty when all is well.
    """
    found = []
    recent = rows[-TREND - 1 :]
    if len(recent) == TREND + 1:
        heldout = np.array([row.values[HELDOUT] for row in recent])
        training = np.array([row.values[TRAINING] for row in recent])
        rises = (np.diff(heldout) > 0).all() and heldout[-1] > (1 + LEAST_CHANGE) * heldout[0]
        falls = (np.diff(training) < 0).all() and training[-1] < (1 - LEAST_CHANGE) * training[0]
        if rises and falls:
            found.append(
                f"overfitting: over the last {TREND} evaluations the Fréchet distance to held-out subjects rose from "
                f"{heldout[0]:.4g} to {heldout[-1]:.4g} while the one to training images fell from {training[0]:.4g} "
                f"to {training[-1]:.4g}; stop here, or use the best state (--checkpoint best)"
            )
    similarity = [row.values[SIMILARITY] for row in rows]
    if similarity and similarity[-1] > max(min(similarity) + COLLAPSE_RISE, real_similarity + COLLAPSE_MARGIN):
        found.append(
            f"diversity is collapsing: the MS-SSIM of generated pairs rose from {min(similarity):.3f} to "
            f"{similarity[-1]:.3f} (real images: {real_similarity:.3f})"
        )
    return found


def _measured(values: dict[Key, float]) -> dict[str, float]:
    """Those that are numbers, by their names."""
    return {str(key): value for key, value in values.items() if not math.isnan(value)}


def _sample(images: ImageSet, count: int) -> Part:
    rows = subject_sample(images.subjects, count, seed=0)
    return Part(np.asarray(images.images[rows]), images.labels["class"][rows], images.subjects[rows])
