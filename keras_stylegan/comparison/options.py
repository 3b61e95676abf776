"""Options of the command `compare`. No framework is imported, so that the command line can show them at once."""

from dataclasses import dataclass
from pathlib import Path

from keras_stylegan.config.checks import require_at_least, require_at_most, require_positive, require_types
from keras_stylegan.config.limits import MOST_KIMG
from keras_stylegan.errors import InputError
from keras_stylegan.evaluation.options import EvaluateOptions

MOST_MINUTES = 100_000
"""Ten weeks."""


@dataclass(frozen=True)
class CompareOptions:
    """How long, how often, and what decides."""

    minutes: float | None = None
    """Minutes of training for every run. Start-up, compilation, evaluations and checkpoints do not count. The schedules
    of an experiment stay as they are; one that is shorter ends early. Either this or --kimg."""
    kimg: float | None = None
    """Thousands of images for every run, in place of its own length: schedules that follow the length end there."""
    seeds: int = 3
    """Runs of every experiment: its training.seed and the next ones. One says nothing about chance."""
    slices: int = 5
    """Parts of every run. Runs take turns after each, so that a machine that is slow for a while is so for all, and
    each ends with a quick evaluation: a point of the curves. Each costs a start-up."""
    count: int = 2000
    """Images to generate for the evaluation at the end of every run."""
    features: tuple[str, ...] = ("random", "domain")
    """Feature extractors of that evaluation, see `evaluate`."""
    metric: str | None = None
    """What decides: a metric and an extractor, such as 'recall_random', or a metric of images, such as 'histogram'. By
    default the Fréchet distance, 'frechet_domain', or of the first extractor where 'domain' is not among them."""
    output_dir: Path | None = None
    """Folder of the runs and of the results; by default comparisons/<experiments>."""
    dry_run: bool = False
    """Check everything, print the plan, and stop."""

    def __post_init__(self) -> None:
        require_types(self)
        require_positive(self, "minutes", "kimg")
        require_at_most(self, MOST_MINUTES, "minutes")
        require_at_most(self, MOST_KIMG, "kimg")
        require_at_least(self, 1, "seeds", "slices")
        require_at_most(self, 100, "seeds")
        require_at_most(self, 1000, "slices")
        self.evaluation()

    def evaluation(self) -> EvaluateOptions:
        """How a run is evaluated at its end."""
        return EvaluateOptions(count=self.count, features=self.features)

    def require_length(self) -> None:
        """Raise an `InputError` unless exactly one of `minutes` and `kimg` is given."""
        if (self.minutes is None) == (self.kimg is None):
            given = "neither" if self.minutes is None else "both"
            raise InputError(f"give either --minutes or --kimg, the length of every run. Received: {given}")
