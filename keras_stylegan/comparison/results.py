"""What came out: every run, and every contender over its seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from keras_stylegan.comparison.contender import Run
from keras_stylegan.comparison.ledger import Failure, Ledger, evaluated, progress
from keras_stylegan.metrics.catalogue import METRICS
from keras_stylegan.metrics.metric import Key
from keras_stylegan.training.clock import Moment

AUDIT = ("copies", "close", "undecided", "clear")
"""Verdicts of the memorisation audit, the gravest first."""
DOMAIN = "domain"
"""The extractor that is trained on the training images, and named after them."""


class Spread(NamedTuple):
    """A number over the seeds."""

    mean: float
    low: float
    high: float
    count: int


def spread(values: Sequence[float]) -> Spread | None:
    """Mean, least and largest of some values; None of none."""
    known = [value for value in values if np.isfinite(value)]
    return Spread(float(np.mean(known)), min(known), max(known), len(known)) if known else None


@dataclass(frozen=True)
class Result:
    """A run."""

    run: Run
    moment: Moment
    """How far it trained."""
    failure: Failure | None
    complete: bool
    """Whether it reached the end of its experiment before that of the comparison."""
    record: dict[str, Any] | None
    """metrics.json; None if it is not evaluated."""

    @cached_property
    def metrics(self) -> dict[Key, dict[str, Any]]:
        """Key to measurement, of all classes together."""
        found = {} if self.record is None else self.record["metrics"]
        return {
            Key(entry["metric"], _detail(entry["detail"])): entry
            for entry in found.values()
            if not entry["group"] and entry["value"] is not None
        }

    @property
    def audit(self) -> str | None:
        """Verdict of the memorisation audit."""
        return ((self.record or {}).get("audit") or {}).get("verdict")

    @property
    def seconds_per_kimg(self) -> float:
        """Speed; not a number before anything is trained."""
        return 1000 * self.moment.training / self.moment.images if self.moment.images else float("nan")


@dataclass(frozen=True)
class Standing:
    """A contender with all its runs."""

    name: str
    results: tuple[Result, ...]

    def of(self, key: Key) -> Spread | None:
        """A metric over the seeds that are evaluated and did not fail."""
        return spread([r.metrics[key]["value"] for r in self.results if key in r.metrics and r.failure is None])

    @property
    def kimg(self) -> Spread | None:
        """Thousands of images, of runs that did not fail."""
        return spread([result.moment.images / 1000 for result in self.results if result.failure is None])

    @property
    def minutes(self) -> Spread | None:
        """Training time of runs that did not fail."""
        return spread([result.moment.training / 60 for result in self.results if result.failure is None])

    @property
    def other_minutes(self) -> Spread | None:
        """Start-up, compilation, quick evaluations and checkpoints of runs that did not fail."""
        return spread([result.moment.other / 60 for result in self.results if result.failure is None])

    @property
    def seconds_per_kimg(self) -> Spread | None:
        """Speed, of all runs."""
        return spread([result.seconds_per_kimg for result in self.results])

    @property
    def audit(self) -> str:
        """The gravest verdict of the memorisation audit; empty without one."""
        verdicts = {result.audit for result in self.results if result.failure is None}
        return next((verdict for verdict in AUDIT if verdict in verdicts), "")

    @property
    def is_whole(self) -> bool:
        """Whether every seed has been evaluated and none has failed."""
        return all(result.failure is None and result.record is not None for result in self.results)


def _detail(extractor: str) -> str:
    """'domain' of 'domain-1d06963c', which is trained anew for the phantoms of another seed."""
    return DOMAIN if extractor.startswith(f"{DOMAIN}-") else extractor


def collect(runs: Sequence[Run], ledger: Ledger, count: int) -> list[Standing]:
    """The present state of all contenders, in the order of the command line.

    Args:
        runs: All runs.
        ledger: Which of them failed.
        count: Generated images of an evaluation.

    Raises:
        InputError: A file of a run is damaged.
    """
    results: dict[str, list[Result]] = {}
    for run in runs:
        results.setdefault(run.contender, []).append(
            Result(run, progress(run), ledger.failures.get(run.name), ledger.is_complete(run), evaluated(run, count))
        )
    return [Standing(name, tuple(of_name)) for name, of_name in results.items()]


def keys(standings: Sequence[Standing]) -> list[Key]:
    """All metrics that were measured, in the order of the catalogue."""
    found = {key for standing in standings for result in standing.results for key in result.metrics}
    order = list(METRICS)
    return sorted(found, key=lambda key: (order.index(key.metric), key.detail))


def floor(standings: Sequence[Standing], key: Key) -> float | None:
    """The metric between real images of different subjects: the mean over all runs."""
    entries = [r.metrics[key] for standing in standings for r in standing.results if key in r.metrics]
    found = spread(
        [entry["floor"]["value"] for entry in entries if entry["floor"] and entry["floor"]["value"] is not None]
    )
    return found.mean if found else None
