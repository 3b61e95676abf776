"""Options of progressive growing."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from keras_stylegan.config.checks import (
    option,
    require,
    require_at_least,
    require_at_most,
    require_positive,
    require_types,
)
from keras_stylegan.config.limits import MOST_KIMG
from keras_stylegan.config.model import ModelConfig
from keras_stylegan.config.optimizer import OptimizerConfig
from keras_stylegan.config.training import TrainingConfig
from keras_stylegan.sizes import LEAST, Resolution, block_sizes


@dataclass(frozen=True)
class GrowingConfig:
    """Progressive growing (Karras et al. 2017): training begins at the resolution `start`; each doubling is faded in
    while images of the coarser level are faded out. Off without `start`. It wants training.total_kimg and constant
    learning rates."""

    start: int | None = None
    """Resolution to begin with, 4 times 2^k and below the final one (8); of images that are no square, that of one of
    the blocks of the networks."""
    kimg: float = 600.0
    """Thousands of images that a resolution is trained on by itself, before the next one comes; the last has what is
    left of the run. The papers' 600 go with 12,000 to 25,000 kimg."""
    fade_kimg: float = 600.0
    """Thousands of images over which a resolution is faded in."""
    batch: tuple[tuple[int, int], ...] = ()
    """Pairs (resolution, images per step); training.batch_size for resolutions that are not named."""
    learning_rate_factor: tuple[tuple[int, float], ...] = ()
    """Pairs (resolution, factor of the three learning rates); 1 for resolutions that are not named."""

    def __post_init__(self) -> None:
        require_types(self)
        require_at_least(self, LEAST, "start")
        require_positive(self, "kimg", "fade_kimg")
        require_at_most(self, MOST_KIMG, "kimg", "fade_kimg")
        for name, most in (("batch", 65_536), ("learning_rate_factor", 1_000_000)):
            pairs = getattr(self, name)
            once = len(dict(pairs)) == len(pairs)
            require(
                once and all(0 < value <= most for _, value in pairs),
                option(self, name),
                f"pairs (resolution, value), each resolution once, values above 0 and at most {most:,}",
                pairs,
            )
        if self.start is None:
            for field in fields(self):
                value = getattr(self, field.name)
                require(value == field.default, option(self, field.name), "left out without growing.start", value)

    def levels(self, resolution: Resolution) -> list[int]:
        """The blocks of the networks (`sizes.block_sizes`) that training goes through; the last one without growing."""
        blocks = list(block_sizes(resolution))
        return [r for r in blocks if r >= self.start] if self.start is not None else blocks[-1:]

    def batches(self, resolution: Resolution, batch_size: int) -> dict[int, int]:
        """Level to images per step; `batch_size` where nothing else is said."""
        return {r: dict(self.batch).get(r, batch_size) for r in self.levels(resolution)}

    def require_fit(self, model: ModelConfig, optimizer: OptimizerConfig, training: TrainingConfig) -> None:
        """Check that a run can grow so.

        Raises:
            InputError: It cannot.
        """
        if self.start is None:
            return
        coarser = list(block_sizes(model.resolution))[:-1]
        require(self.start in coarser, "growing.start", f"below model.resolution, {_one_of(coarser)}", self.start)
        levels = self.levels(model.resolution)
        for name in ("batch", "learning_rate_factor"):
            pairs = getattr(self, name)
            known = all(r in levels for r, _ in pairs)
            require(known, option(self, name), f"pairs whose resolutions are {_one_of(levels)}", pairs)
        for batch in self.batches(model.resolution, training.batch_size).values():
            group = min(model.mbstd_group_size, batch)
            whole = batch % group == 0
            require(whole, "growing.batch", f"of multiples of model.mbstd_group_size ({group})", self.batch)
        for name, section, wanted in (("schedule", optimizer, "constant"), ("steps_per_execution", training, 1)):
            value = getattr(section, name)
            require(value == wanted, option(section, name), f"{wanted!r} with growing.start", value)
        phases, total = len(levels) - 1, training.total_kimg
        # In images, as 2·(0.2 + 0.1) is more than 0.6.
        least = phases * (round(1000 * self.kimg) + round(1000 * self.fade_kimg))
        require(
            total is not None and 1000 * total > least - 1,
            "training.total_kimg",
            f"at least {least / 1000:g} with growing.start: {phases} times growing.kimg + growing.fade_kimg "
            f"({self.kimg:g} + {self.fade_kimg:g}) until the last resolution is there",
            total,
        )


def _one_of(resolutions: Sequence[int]) -> str:
    return f"{resolutions[0]}" if len(resolutions) == 1 else f"one of {tuple(resolutions)}"
