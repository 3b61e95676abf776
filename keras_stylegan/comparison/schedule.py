"""Who trains next, and until when: runs take turns, slice by slice."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from keras_stylegan.comparison.contender import Run
from keras_stylegan.comparison.options import CompareOptions
from keras_stylegan.training.clock import Moment


class Turn(NamedTuple):
    """A slice of a run."""

    run: Run
    number: int
    """Of the slice, from 1 on."""
    seconds: float | None
    """Training time of the whole run at its end, or None."""
    images: int | None
    """Images of the whole run at its end, or None."""

    def is_done(self, now: Moment) -> bool:
        """Whether the run is there already."""
        if self.images is not None:
            return now.images >= self.images
        return now.training >= self.seconds


def turns(runs: Sequence[Run], options: CompareOptions) -> list[Turn]:
    """All slices in the order in which they are trained.

    Every second round goes backwards: a machine that becomes slower and slower favours nobody.
    """
    return [
        Turn(run, number, *_end(number, options))
        for number in range(1, options.slices + 1)
        for run in (runs if number % 2 else runs[::-1])
    ]


def due(planned: Sequence[Turn], progress: Callable[[Run], Moment], ended: Callable[[Run], bool]) -> Iterator[Turn]:
    """The slices that are still to be trained, each judged when its turn comes.

    Args:
        planned: All slices.
        progress: How far the checkpoint of a run is.
        ended: Whether a run trains no more: it failed, or has reached the end of its experiment.
    """
    for turn in planned:
        if not ended(turn.run) and not turn.is_done(progress(turn.run)):
            yield turn


def _end(number: int, options: CompareOptions) -> tuple[float | None, int | None]:
    share = number / options.slices
    if options.kimg is not None:
        return None, math.ceil(1000 * options.kimg * share)
    return 60 * options.minutes * share, None
