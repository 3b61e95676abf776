"""What a direction of the latent space really changes, beside what directions without meaning do."""

import base64
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_stylegan.errors import InputError
from keras_stylegan.latent.covariates import spread_labels
from keras_stylegan.latent.directions import Direction, chance, partial_slopes, principal, sefa, slopes, style_kernels
from keras_stylegan.latent.latents import draw_latents
from keras_stylegan.latent.mixing import layer_ranges
from keras_stylegan.metrics.bootstrap import mean_interval

AMOUNT = 2.0
"""What a direction changes is measured from -AMOUNT to +AMOUNT standard deviations of the styles along it."""
CHANCE_PAIRS = 16
"""Styles on which each direction of chance is measured."""
LEAK = 0.25
"""Standard deviations of another factor that a direction may change without a word."""
BLOCK = 64
"""Images between two steps of the progress bar."""


class Effects:
    """The generated images of the command: some to fit on, others to judge on."""

    def __init__(self, trained, renderer, factors, options):
        self.trained, self.renderer, self.factors, self.options = trained, renderer, factors, options
        self.supervised = [factor for factor in factors if factor.fit is not None]

    @property
    def images_to_draw(self) -> int:
        """For the progress bar; how many directions there are is known when they are found."""
        options, ranges = self.options, len(self._ranges())
        total = sum(factor.fit_quality is not None for factor in self.supervised)
        directions = options.sefa * (ranges - 1) + options.pca + len(self.supervised) + total
        per_range = options.chance * 2 * CHANCE_PAIRS
        fitted = options.count if self.supervised else 0
        return fitted + options.samples * (1 + 2 * directions) + (ranges * per_range if self.factors else 0)

    def begin(self, advance: Callable[[int], None]) -> None:
        """Draws what is fitted and judged on, and measures what chance does."""
        self.advance = advance
        options = self.options
        self.ws = self._styles(options.seed, options.count)
        self.w = self.ws[:, 0]
        self.judging = self._styles(options.seed + 1, options.samples)
        self.plain = self._measure(self.judging)
        self.deviations = np.nanstd(self.plain, axis=0)
        self.limits = {layers: self._chance(layers) for layers in self._ranges().values()} if self.factors else {}

    def find(self) -> list[Any]:
        """All directions, supervised ones first."""
        every = (0, self.renderer.generator.num_ws)
        found = []
        if self.supervised:
            images = self._images(self.ws)
            labels = np.stack([factor.fit(images) for factor in self.supervised], axis=1)
            usable = np.isfinite(labels).all(axis=1)
            moving = [k for k in range(labels.shape[1]) if np.ptp(labels[usable][:, k]) > 0]
            labels, chosen = labels[usable][:, moving], [self.supervised[k] for k in moving]
            held, total = partial_slopes(self.w[usable], labels), slopes(self.w[usable], labels)
            found += [Direction(f.name, "supervised", every, v, f.name) for f, v in zip(chosen, held, strict=True)]
            # Of a class little may be left once all that goes with it is held.
            found += [
                Direction(f"{f.name} (total)", "supervised", every, vector, f.name)
                for f, vector in zip(chosen, total, strict=True)
                if f.fit_quality is not None
            ]
        for number, vector in enumerate(principal(self.w, self.options.pca)):
            found.append(Direction(f"pca {number + 1}", "pca", every, vector))
        kernels = style_kernels(self.renderer.generator)
        for name, layers in self._ranges().items():
            if name == "all" or kernels is None:
                continue
            vectors = sefa(kernels, range(*layers), self.w, self.options.sefa)
            found += [Direction(f"sefa {name} {k + 1}", "sefa", layers, v) for k, v in enumerate(vectors)]
        return found

    def judged(self, direction) -> dict[str, Any]:
        """The entry of directions.json."""
        changes = self._changes(direction, self.judging)
        effects = {}
        for k, factor in enumerate(self.factors):
            values = changes[:, k][~np.isnan(changes[:, k])]
            if not len(values):
                continue
            low, high = mean_interval(values, seed=self.options.seed) or (float(values[0]), float(values[0]))
            limit = float(self.limits[direction.layers][k])
            effects[factor.name] = {"value": float(values.mean()), "low": low, "high": high, "chance": limit}
        by_name = {factor.name: factor for factor in self.factors}
        return {
            "name": direction.name,
            "kind": direction.kind,
            "target": direction.target,
            "layers": list(direction.layers),
            "vector": base64.b64encode(direction.vector.astype("<f4").tobytes()).decode(),
            "effects": effects,
            "verdict": verdict(direction.target, effects, by_name),
        }

    def deviation(self, factor) -> float:
        """Of a factor among the model's images."""
        return float(self.deviations[self.factors.index(factor)])

    def shown(self) -> Any:
        """Styles of the strips."""
        return self.judging[:1]

    def _ranges(self) -> dict[str, tuple[int, int]]:
        generator = self.renderer.generator
        found = layer_ranges(generator.style_resolutions)
        return {"all": (0, generator.num_ws)} | {name: (r.start, r.stop) for name, r in found.items()}

    def _styles(self, seed, count):
        generator = self.renderer.generator
        return self.renderer.styles(draw_latents(seed, range(count), generator.z_dim), spread_labels(generator, count))

    def _images(self, ws):
        parts = []
        for start in range(0, len(ws), BLOCK):
            parts.append(self.renderer.images(ws[start : start + BLOCK]))
            self.advance(len(parts[-1]))
        images = np.concatenate(parts)
        if not np.isfinite(images).all():
            raise InputError("the run's generator gives values that are not finite: choose an earlier checkpoint")
        # As they would be written to files.
        return np.clip(np.rint((images + 1) * 127.5), 0, 255).astype(np.uint8)

    def _measure(self, ws):
        """(N, factors) by the measurers that judge."""
        images = self._images(ws)
        return np.stack([factor.judge(images) for factor in self.factors], axis=1) if self.factors else images[:, :0, 0]

    def _changes(self, direction, ws):
        """(N, factors): what -AMOUNT to +AMOUNT changes, in standard deviations."""
        low, high = (self._measure(direction.moved(ws, sign * AMOUNT)) for sign in (-1, 1))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.deviations > 0, (high - low) / self.deviations, 0.0)

    def _chance(self, layers):
        """(factors,): what 95 of 100 directions without meaning stay below."""

        rng = np.random.default_rng(self.options.seed)
        drawn = chance(self.w, self.options.chance, rng)
        rows = [rng.choice(len(self.judging), min(CHANCE_PAIRS, len(self.judging)), replace=False) for _ in drawn]
        changes = [
            np.nanmean(self._changes(Direction("", "", layers, vector), self.judging[chosen]), axis=0)
            for vector, chosen in zip(drawn, rows, strict=True)
        ]
        return np.nanquantile(np.abs(changes), 0.95, axis=0)


def beats_chance(effect: dict[str, float]) -> bool:
    """Whether an effect is not nothing, and more than directions without meaning have."""
    return (effect["low"] > 0 or effect["high"] < 0) and abs(effect["value"]) > effect["chance"]


def verdict(target: str, effects: dict[str, dict[str, float]], factors: dict[str, Any]) -> str:
    """What a direction really changes, in words.

    Args:
        target: What it is to change; "" for any.
        effects: Factor to value, low, high, chance.
        factors: By their names, with `judged_by_chance`: its measurer tells held-out people apart no better.
    """

    def words(name: str) -> str:
        found = effects[name]
        return f"{name} {found['value']:+.1f} sd [{found['low']:+.1f}, {found['high']:+.1f}]"

    if not effects:
        return "not measured: there are no images of the run to measure with"
    usable = sorted(
        (name for name in effects if not factors[name].judged_by_chance), key=lambda name: -abs(effects[name]["value"])
    )
    if not target:
        clear = [words(name) for name in usable if beats_chance(effects[name])]
        return f"changes {', '.join(clear)}" if clear else "changes none of the factors more than chance does"
    leaks = [words(name) for name in usable if name != target and _is_clear(effects[name])]
    also = f"; also {', '.join(leaks)}" if leaks else ""
    if target not in usable:
        return f"cannot be judged: {target} is told from the images of people no better than by chance{also}"
    if effects[target]["value"] < 0 or not beats_chance(effects[target]):
        return f"no better than chance for {words(target)}, where chance reaches ±{effects[target]['chance']:.1f}{also}"
    return f"changes {words(target)}, chance ±{effects[target]['chance']:.1f}{also}"


def _is_clear(effect):
    return (effect["low"] > 0 or effect["high"] < 0) and abs(effect["value"]) >= LEAK
