"""What a metric knows of itself, what it is measured on, and the key under which a value of it stands."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np

from keras_stylegan.metrics.estimate import Estimate


class Key(NamedTuple):
    """Which value it is. `str(key)` is its only text, `<metric>[_<detail>][/<group>]`, and nothing reads that back."""

    metric: str
    """Name in the catalogue."""
    detail: str = ""
    """The feature extractor, the level of a pyramid, or a covariate before the extractor; empty where there is none."""
    group: str = ""
    """The class; empty for all images together."""

    def __str__(self) -> str:
        """'frechet_random/AD'."""
        return self.metric + (f"_{self.detail}" if self.detail else "") + (f"/{self.group}" if self.group else "")


class Part(NamedTuple):
    """One of the sets that a metric looks at."""

    values: np.ndarray
    """(N, H, W, C) images or (N, D) features."""
    labels: np.ndarray | None = None
    """(N,) classes, where they are known."""
    subjects: np.ndarray | None = None
    """(N,) subjects; None for generated images, which have none."""
    covariates: Mapping[str, np.ndarray] = MappingProxyType({})
    """Numbers (N,) that the images come with or were asked for, by name; NaN where one is not known."""


@dataclass(frozen=True)
class Sets:
    """What a metric is measured on: images, or features of one extractor.

    Attributes:
        generated: The generated images; where a floor is measured, real ones of training subjects that stand in.
        heldout: Images of subjects that the run has not seen.
        training: Images of the training split.
        classes: Names of the classes of a conditional run; empty for others.
        seed: Of all draws.
        plain: Only the values are wanted, no intervals and no floors, where that is quicker.
    """

    generated: Part
    heldout: Part
    training: Part
    classes: tuple[str, ...] = ()
    seed: int = 0
    plain: bool = False


Measure = Callable[[Sets], dict[Key, Estimate]]
"""Measures one metric or several that share their work. Its keys name no extractor: that is added to
their detail. An estimate without a floor gets the one of real stand-ins (see `floors`)."""


@dataclass(frozen=True)
class Metric:
    """A metric for people and for the programs that measure, plot and judge it.

    Attributes:
        title: Its name.
        better: 'lower', 'higher', or 'equal' where the value of real images is the aim.
        meaning: What it says, in plain words.
        source: Where it is defined.
        on: 'images' or 'features'; None for what the memorisation audit finds along the way.
        measure: How it is measured; see `Measure`.
        has_ratio: Whether value / floor means something. The floor of an unbiased distance is 0 but for chance.
        needs: 'classes' or 'covariates' of the run, if it is measured of such runs only, over all images at once.
        shortfall: What the verdict says where the value is clearly below that of real images; empty for nothing.
        quick: Also measured while a run goes on.
    """

    title: str
    better: Literal["lower", "higher", "equal"]
    meaning: str
    source: str
    on: Literal["images", "features"] | None
    measure: Measure | None
    has_ratio: bool = True
    needs: Literal["classes", "covariates"] | None = None
    shortfall: str = ""
    quick: bool = False
