"""Numbers and metrics as text, for the report and the model card alike."""

from typing import Any

from keras_stylegan.metrics.catalogue import METRICS
from keras_stylegan.metrics.metric import Key

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float | None) -> str:
    """Three significant digits, with a real minus sign."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    text = f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        text = f"{mantissa}·10" + str(int(exponent)).translate(SUPERSCRIPTS)
    return text.replace("-", "−")


def interval(entry: dict[str, Any] | None) -> str:
    """'[low, high]' of a measurement, or an empty text."""
    bounds = (entry or {}).get("interval")
    return f"[{number(bounds[0])}, {number(bounds[1])}]" if bounds else ""


def ratio(entry: dict[str, Any]) -> str:
    """'2.1×', or a dash."""
    return "–" if entry["ratio"] is None else f"{number(entry['ratio'])}×"


def counts(entry: dict[str, Any]) -> str:
    """'5000 / 1248': generated and real images; a dash for none."""
    return " / ".join(str(entry[name] or "–") for name in ("generated_count", "reference_count"))


def title(key: Key) -> str:
    """'Fréchet distance (random)' or 'Sliced Wasserstein distance (64)'."""
    return METRICS[key.metric].title + (f" ({key.detail})" if key.detail else "")


def direction(key: Key) -> str:
    """Whether a low or a high value is good, in words."""
    return {
        "lower": "lower is better",
        "higher": "higher is better",
        "equal": "should equal real images",
    }[METRICS[key.metric].better]


def of_group(metrics: dict[Key, Any], group: str) -> dict[Key, Any]:
    """The metrics of one class; '' for those of all images together."""
    return {key: entry for key, entry in metrics.items() if key.group == group}


def ordered(metrics: dict[Key, Any]) -> dict[Key, Any]:
    """In the order of the catalogue."""
    order = list(METRICS)
    return dict(sorted(metrics.items(), key=lambda item: order.index(item[0].metric)))
