"""A quick evaluation while a run goes on: warns early, and keeps the best state."""

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from keras_stylegan.atomic import replace_file
from keras_stylegan.data.image_set import ImageSet
from keras_stylegan.errors import InputError
from keras_stylegan.latent.rendering import Renderer
from keras_stylegan.metrics.diversity import ms_ssim_diversity
from keras_stylegan.metrics.features import extract, make_extractor
from keras_stylegan.metrics.floors import subject_sample
from keras_stylegan.metrics.frechet import frechet_distance
from keras_stylegan.metrics.precision_recall import precision_recall
from keras_stylegan.training.callbacks.interval import Interval
from keras_stylegan.training.callbacks.step_callback import StepCallback
from keras_stylegan.training.callbacks.tensorboard_events import TensorBoardEvents
from keras_stylegan.training.checkpoint import save
from keras_stylegan.training.samples import draw_samples
from keras_stylegan.training.state import network_state, values

COLUMNS = (
    "frechet_random",
    "frechet_random_training",
    "precision_random",
    "recall_random",
    "density_random",
    "coverage_random",
    "ms_ssim",
)
HIGHER_IS_BETTER = ("precision_random", "recall_random", "density_random", "coverage_random")
TREND = 3
"""Evaluations in a row that make a trend."""
LEAST_CHANGE = 0.02
"""Relative change over a trend that is worth a warning."""
COLLAPSE_RISE, COLLAPSE_MARGIN = 0.1, 0.05
"""MS-SSIM this much above its lowest value so far, and this much above that of real images, is worth a warning."""


class QuickEvaluation(StepCallback):
    """Measures the averaged generator at every interval, on few images with untrained features.

    A row of evaluation.csv has `kimg`, then the Fréchet distance to held-out subjects (`frechet_random`) and to
    training images (`frechet_random_training`), precision, recall, density and coverage against the held-out images,
    and the mean MS-SSIM of generated pairs. All sets have the same size, and the latents are the same every time, so
    that the curves can be compared; values of the command `evaluate`, at another size, cannot. It warns

    - of overfitting, when over the last 3 evaluations the distance to held-out subjects rose every time and the one
      to training images fell every time;
    - of a loss of diversity, when MS-SSIM rose by 0.1 above its lowest value so far, and above the held-out images'.

    A metric that the images do not allow (MS-SSIM needs 11 pixels, precision and recall some subjects) is told once,
    and its cells are 'nan'.

    Nothing that training depends on is drawn or changed. On resuming, rows beyond the state that training continues
    from are dropped. The best averaged generator is kept in `best`, whatever happens to the checkpoints.

    Args:
        run_dir: Folder of the run: evaluation.csv, and the TensorBoard events in `tensorboard/evaluation/`.
        best: File of the best state.
        record: What `best` says of the run besides its variables, as a checkpoint does.
        training: The training images.
        heldout: Images of subjects that are not in `training`.
        kimg: Interval in thousands of images.
        count: Generated images, and at most as many training and held-out ones.
        best_metric: The column that decides which state is best.
        say: Called with a line per evaluation and per warning.
    """

    def __init__(
        self,
        run_dir: Path,
        best: Path,
        record: dict[str, Any],
        training: ImageSet,
        heldout: ImageSet,
        kimg: float = 50.0,
        count: int = 1000,
        best_metric: str = "frechet_random",
        say: Callable[[str], None] = print,
    ):
        super().__init__()
        if best_metric not in COLUMNS:
            raise InputError(f"best_metric must be one of {COLUMNS}. Received: {best_metric!r}")
        self.path = Path(run_dir) / "evaluation.csv"
        self.best, self.record, self.best_metric = Path(best), record, best_metric
        self.training, self.heldout, self.count = training, heldout, count
        self.say = say
        self._interval = Interval(kimg)
        self._events = TensorBoardEvents(Path(run_dir) / "tensorboard" / "evaluation")
        self._rows: list[dict[str, float]] = []
        self._renderer: Renderer | None = None
        self._references: list[tuple[np.ndarray, np.ndarray]] | None = None
        self._real_similarity = math.nan
        self._told: set[str] = set()

    def on_train_begin(self, logs=None):
        """Cuts the file to the state that training continues from.

        Raises:
            InputError: evaluation.csv is damaged or cannot be written.
        """
        self._interval.start(self.model.images_seen)
        self._rows = [row for row in _read(self.path) if round(1000 * row["kimg"]) <= self.model.images_seen]
        self._write()

    def on_train_batch_end(self, batch, logs=None):
        """Evaluates when the interval is over; a state that cannot be evaluated is told and passed over.

        Raises:
            InputError: The disk is full.
        """
        if not self._interval.ends(self.running_model):
            return
        try:
            values = self.measure()
        except InputError as error:
            self.say(f"No evaluation at {self.model.images_seen / 1000:g} kimg: {error}")
            return
        improved = self._improved(values[self.best_metric])
        self._rows.append({"kimg": self.model.images_seen / 1000, **values})
        self._write()
        measured = {name: value for name, value in values.items() if not math.isnan(value)}
        self._events.add_scalars(self.model.images_seen, measured)
        if improved:
            self._save_best(values[self.best_metric])
        numbers = ", ".join(f"{name} {value:.4g}" for name, value in measured.items())
        self.say(f"Evaluation: {numbers}" + (f" (best {self.best_metric} so far)" if improved else ""))
        for warning in warnings(self._rows, self._real_similarity):
            self.say(f"Warning: {warning}")

    def on_train_end(self, logs=None):
        """Closes the TensorBoard events."""
        self._events.close()

    def measure(self) -> dict[str, float]:
        """The values of all columns for the present state; NaN for those that the images do not allow.

        Raises:
            InputError: The generator gives no usable images.
        """
        generator = self.model.generator_ema
        extractor = make_extractor("random")
        if self._references is None:
            self._renderer = Renderer(generator)
            size = min(self.count, len(self.training), len(self.heldout))
            references = []
            for images in (self.heldout, self.training):
                rows = subject_sample(images.subjects, size, seed=0)
                references.append((extract(extractor, np.asarray(images.images[rows])), images.subjects[rows]))
            heldout_labels = self.heldout.labels["class"] if generator.c_dim else None
            real = self._allowed(
                lambda: {"ms_ssim": ms_ssim_diversity(self.heldout.images, heldout_labels, self.heldout.subjects).value}
            )
            self._real_similarity = real.get("ms_ssim", math.nan)
            self._references = references
        frequencies = np.bincount(self.training.labels["class"], minlength=len(self.training.classes))
        samples = draw_samples(
            generator, self.count, 0, frequencies, self.training.images.dtype, renderer=self._renderer
        )
        features = extract(extractor, samples.images)
        (heldout, heldout_subjects), (training, _) = self._references
        labels = samples.labels if generator.c_dim else None

        def shares():
            found = precision_recall(features, heldout, heldout_subjects)
            return {f"{name}_random": estimate.value for name, estimate in found.items()}

        values = {
            **self._allowed(lambda: {"frechet_random": frechet_distance(features, heldout)}),
            **self._allowed(lambda: {"frechet_random_training": frechet_distance(features, training)}),
            **self._allowed(shares),
            **self._allowed(lambda: {"ms_ssim": ms_ssim_diversity(samples.images, labels).value}),
        }
        return {name: float(values.get(name, math.nan)) for name in COLUMNS}

    def _allowed(self, measure: Callable[[], dict[str, float]]) -> dict[str, float]:
        """The values, or none where the images do not allow them; every reason is told once."""
        try:
            return measure()
        except InputError as error:
            if str(error) not in self._told:
                self._told.add(str(error))
                self.say(f"Not evaluated: {error}")
            return {}

    def _improved(self, value):
        earlier = [row[self.best_metric] for row in self._rows if not math.isnan(row[self.best_metric])]
        if math.isnan(value):
            return False
        if self.best_metric in HIGHER_IS_BETTER:
            return not earlier or value > max(earlier)
        return not earlier or value < min(earlier)

    def _save_best(self, value):
        self.best.parent.mkdir(parents=True, exist_ok=True)
        arrays = values(network_state(self.model.generator_ema, "generator_ema"))
        chosen = {"images_seen": self.model.images_seen, "best_metric": self.best_metric, "best_value": value}
        save(self.best, arrays, self.record | chosen)

    def _write(self):
        if not self._rows and not self.path.exists():
            return
        lines = [",".join(["kimg", *COLUMNS])]
        lines += [",".join(repr(row[name]) for name in ("kimg", *COLUMNS)) for row in self._rows]
        replace_file(self.path, ("\n".join(lines) + "\n").encode())


def warnings(rows: list[dict[str, float]], real_similarity: float) -> list[str]:
    """What the rows of evaluation.csv up to now give reason to warn of.

    Args:
        rows: One dictionary per evaluation with the columns of the file, oldest first.
        real_similarity: Mean MS-SSIM of pairs of held-out images.

    Returns:
        A line per reason; empty when all is well.
    """
    found = []
    recent = rows[-TREND - 1 :]
    if len(recent) == TREND + 1:
        heldout = np.array([row["frechet_random"] for row in recent])
        training = np.array([row["frechet_random_training"] for row in recent])
        rises = (np.diff(heldout) > 0).all() and heldout[-1] > (1 + LEAST_CHANGE) * heldout[0]
        falls = (np.diff(training) < 0).all() and training[-1] < (1 - LEAST_CHANGE) * training[0]
        if rises and falls:
            found.append(
                f"overfitting: over the last {TREND} evaluations the Fréchet distance to held-out subjects rose from "
                f"{heldout[0]:.4g} to {heldout[-1]:.4g} while the one to training images fell from {training[0]:.4g} "
                f"to {training[-1]:.4g}; stop here, or use the best state (--checkpoint best)"
            )
    similarity = [row["ms_ssim"] for row in rows]
    if similarity and similarity[-1] > max(min(similarity) + COLLAPSE_RISE, real_similarity + COLLAPSE_MARGIN):
        found.append(
            f"diversity is collapsing: the MS-SSIM of generated pairs rose from {min(similarity):.3f} to "
            f"{similarity[-1]:.3f} (real images: {real_similarity:.3f})"
        )
    return found


def _read(path: Path) -> list[dict[str, float]]:
    if not path.exists():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file)) or [[]]
    try:
        if header != ["kimg", *COLUMNS]:
            raise ValueError(f"columns {header}")
        return [dict(zip(header, map(float, row), strict=True)) for row in rows]
    except ValueError as error:
        raise InputError(f"{path} is damaged: move it away. Received: {error}") from error
