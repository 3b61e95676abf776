"""A run as stages: one for every resolution of progressive growing (Karras et al. 2017, section 2), else a single one.

A stage has one batch size and one compiled step. Its plan depends on the options and on the number of images only, so
that a run can go on at any step of any of them.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from keras_stylegan.config import Config, TrainingConfig


@dataclass(frozen=True)
class Stage:
    """A part of a run."""

    batch_size: int
    """Images per step, of all replicas together."""
    start: int
    """Images seen before its first step."""
    end: int
    """Images seen after its last one."""
    first_epoch: int = 0
    """Number of the pass over the data that it begins with."""
    batches_per_epoch: int = 1
    """Steps of a whole pass."""
    level: int | None = None
    """The level of the networks that it trains (`models.growth`); None without growing."""
    fade: int = 0
    """Images over which that level is faded in; 0 for the first one."""
    learning_rate_factor: float = 1.0
    """Multiplies the three learning rates."""

    def position(self, images_seen: int) -> tuple[int, int]:
        """(number of the epoch, batches of it used already) after so many images of the run."""
        epochs, batch = divmod((images_seen - self.start) // self.batch_size, self.batches_per_epoch)
        return self.first_epoch + epochs, batch

    @property
    def end_epoch(self) -> int:
        """Number of the first epoch that is not a part of it."""
        return self.first_epoch + math.ceil((self.end - self.start) / self.batch_size / self.batches_per_epoch)


def plan(config: Config, batches_per_epoch: Callable[[int], int]) -> list[Stage]:
    """The stages of a run, in their order.

    Every stage has whole batches, so it may have a few images more than its options say, and those after it begin so
    much later.

    Args:
        config: The experiment.
        batches_per_epoch: From a batch size to the steps of a pass over the data.

    Raises:
        InputError: Of `batches_per_epoch`, for a batch that the images do not fill.
    """
    training, growing = config.training, config.growing
    if growing.start is None:
        size = training.batch_size
        steps = batches_per_epoch(size)
        return [Stage(size, 0, planned_steps(training, steps) * size, batches_per_epoch=steps)]
    stages: list[Stage] = []
    for level, (resolution, size) in enumerate(growing.batches(config.model.resolution, training.batch_size).items()):
        start = stages[-1].end if stages else 0
        fade = round(1000 * growing.fade_kimg) if level else 0
        images = fade + round(1000 * growing.kimg)
        if resolution == max(growing.levels(config.model.resolution)):
            # All that is left, and a whole fade if the batches before took some of it.
            images = max(fade, math.ceil(1000 * training.total_kimg) - start)
        stages.append(
            Stage(
                batch_size=size,
                start=start,
                end=start + math.ceil(images / size) * size,
                first_epoch=stages[-1].end_epoch if stages else 0,
                batches_per_epoch=batches_per_epoch(size),
                level=level,
                fade=fade,
                learning_rate_factor=dict(growing.learning_rate_factor).get(resolution, 1.0),
            )
        )
    return stages


def current_pass(stages: Sequence[Stage], images_seen: int) -> int:
    """Number, from 1, of the pass over the data that the last image seen was a part of.

    A stage begins an epoch of its own, in an order of its own; of what was left of the one before it this takes no
    account: two halves are one pass.
    """
    passes = sum(
        Fraction(min(images_seen, stage.end) - stage.start, stage.batch_size * stage.batches_per_epoch)
        for stage in stages
        if images_seen > stage.start
    )
    return max(1, math.ceil(passes))


def planned_steps(options: TrainingConfig, steps_per_epoch: int) -> int:
    """Training steps of a run: whole epochs, or `total_kimg` rounded up to a whole group of steps.

    Args:
        options: Epochs or `total_kimg`, batch size and `steps_per_execution`.
        steps_per_epoch: Training steps in a pass over the data; its last group may be shorter.
    """
    if options.total_kimg is None:
        return options.epochs * steps_per_epoch
    epochs, rest = divmod(math.ceil(options.total_kimg * 1000 / options.batch_size), steps_per_epoch)
    groups = math.ceil(rest / options.steps_per_execution)
    return epochs * steps_per_epoch + min(groups * options.steps_per_execution, steps_per_epoch)
