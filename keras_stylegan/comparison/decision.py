"""Which contender is first, and whether that means anything."""

from collections.abc import Sequence
from dataclasses import dataclass

from keras_stylegan.comparison.options import CompareOptions
from keras_stylegan.comparison.results import DOMAIN, Spread, Standing, keys
from keras_stylegan.errors import InputError
from keras_stylegan.evaluation.numbers import number, title
from keras_stylegan.metrics.catalogue import METRICS
from keras_stylegan.metrics.metric import Key


def require_metric(options: CompareOptions) -> None:
    """Raise an `InputError` if `options.metric` has no better direction, or is of no extractor that is used."""
    if options.metric is None:
        return
    name, detail = _parts(options.metric)
    known = ", ".join(name for name, metric in METRICS.items() if metric.better != "equal")
    if name is None or METRICS[name].better == "equal":
        raise InputError(f"metric must be one of {known}, with its extractor. Received: {options.metric!r}")
    extractors = tuple(feature for feature in options.features if not feature.endswith(".onnx"))
    prefixes = ("onnx-",) * any(feature.endswith(".onnx") for feature in options.features)
    if METRICS[name].on == "features" and detail not in extractors and not detail.startswith(prefixes or ("/",)):
        raise InputError(
            f"metric must name one of the extractors --features {' '.join(options.features)}, as {name}_"
            f"{options.features[0]}. Received: {options.metric!r}"
        )


def _parts(text: str) -> tuple[str | None, str]:
    name = max((name for name in METRICS if f"{text}_".startswith(f"{name}_")), key=len, default=None)
    return name, text[len(name or "") + 1 :]


def deciding_key(standings: Sequence[Standing], options: CompareOptions) -> Key | None:
    """The metric that decides; None if no run has it."""
    measured = keys(standings)
    if options.metric is not None:
        return next((key for key in measured if str(key) == options.metric), None)
    frechet = {key.detail: key for key in measured if key.metric == "frechet"}
    records = [result.record for standing in standings for result in standing.results if result.record]
    # The others have not seen an image of the kind.
    order = [DOMAIN, *(records[0]["evaluation"]["features"] if records else ())]
    return next((frechet[detail] for detail in order if detail in frechet), None)


def ranked(standings: Sequence[Standing], key: Key | None) -> list[Standing]:
    """The best first: by the mean over the seeds, after all others those of which a seed failed or is missing."""
    if key is None:
        return list(standings)
    sign = -1 if METRICS[key.metric].better == "higher" else 1

    def place(standing: Standing) -> tuple[bool, bool, float]:
        found = standing.of(key)
        return not standing.is_whole, found is None, sign * found.mean if found else 0.0

    return sorted(standings, key=place)


@dataclass(frozen=True)
class Decision:
    """The winner."""

    winner: str
    metric: str
    """Key of the metric that decided, as in metrics.json."""
    beyond_spread: bool | None
    """Whether every seed of the winner is better than every one of the second; None where there is nothing to tell."""
    reason: str
    """One line."""


def decide(standings: Sequence[Standing], options: CompareOptions) -> Decision | None:
    """The winner among the contenders whose seeds all went well; None if there is none."""
    key = deciding_key(standings, options)
    whole = [standing for standing in ranked(standings, key) if standing.is_whole and key and standing.of(key)]
    if not whole:
        return None
    first, best = whole[0], whole[0].of(key)
    said = f"{first.name} is first by {title(key)}: {_in_words(best)}"
    if len(whole) == 1:
        why = "there is no other whose runs all went well" if len(standings) > 1 else "nothing to compare it with"
        return Decision(first.name, str(key), None, f"{said}; {why}")
    second, next_best = whole[1], whole[1].of(key)
    said += f", before {second.name} with {_in_words(next_best)}"
    if best.count == 1:
        return Decision(
            first.name, str(key), None, f"{said}. One seed does not tell the difference from chance: --seeds 3"
        )
    lower = METRICS[key.metric].better == "lower"
    beyond = best.high < next_best.low if lower else best.low > next_best.high
    verdict = "beyond" if beyond else "within"
    return Decision(first.name, str(key), beyond, f"{said}. The difference is {verdict} the spread over seeds")


def _in_words(spread: Spread) -> str:
    if spread.count == 1:
        return number(spread.mean)
    return f"{number(spread.mean)} ({number(spread.low)} to {number(spread.high)})"
