"""MODEL_CARD.md: what a model is, what it was made of and what it is for. It holds no picture of anybody."""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

from keras_stylegan.config import Config
from keras_stylegan.evaluation import numbers
from keras_stylegan.evaluation.limits import CITE, INTENDED_USE, LIMITS, UNTESTED
from keras_stylegan.evaluation.usefulness import markdown
from keras_stylegan.losses.penalties import active_penalties
from keras_stylegan.metrics.metric import Key
from keras_stylegan.sizes import in_words


def model_card(record: dict[str, Any], config: Config, source: str | None = None) -> str:
    """The card as Markdown.

    Args:
        record: What metrics.json holds.
        config: The experiment.
        source: What the training images are called; by default, what kind of source they are.
    """
    run, evaluation = record["run"], record["evaluation"]
    blocks = [
        *_head(run, config, f"evaluated {evaluation['started']}"),
        "## Verdict",
        "\n".join(f"- **{line['level']}**: {line['text']}" for line in record["verdict"]),
        "## Data",
        _data(record, source or config.data.source),
        *_recipe(run, config),
        "## Metrics",
        f"{evaluation['count']} generated images, no truncation, noise '{evaluation['noise']}', seed "
        f"{evaluation['seed']}, features: {', '.join(evaluation['features'])}. The floor is the same number between "
        "real images of disjoint subjects; brackets are 95 % intervals.",
        _table(record["metrics"]),
        *_failures(record),
        "## Memorisation audit",
        record["audit"]["reason"] if record["audit"] else "Not made. Do not share images of this model before it is.",
        *(["## Usefulness", markdown(record["usefulness"]).rstrip()] if record.get("usefulness") else []),
        "## Not tested",
        _listed([*_untested(record, config), *UNTESTED]),
        "## Limits",
        _listed(LIMITS),
        "## How to cite",
        CITE,
        "## To repeat the evaluation",
        f"```\n{evaluation['command']}\n```",
    ]
    return "\n\n".join(blocks) + "\n"


def card_without_evaluation(run: dict[str, Any], config: Config, source: str, people: str | None) -> str:
    """The card, as Markdown, of a run that `evaluate` has not judged: it says so, and what that leaves open.

    Args:
        run: See `run_facts.run_facts`.
        config: The experiment.
        source: What the training images are called.
        people: How many images of how many people they are, if it is known.
    """
    blocks = [
        *_head(run, config, "not evaluated"),
        "## Verdict",
        "- **notice**: Nothing was measured, and nobody knows whether the model copies its training images. Do not "
        "share images of it before `evaluate` has been run.",
        "## Data",
        f"- Source: {source}\n"
        + (f"- Training: {people}" if people else "- How many images and people these are is told by `evaluate`."),
        *_recipe(run, config),
        "## Not tested",
        _listed(["Anything: fidelity, diversity, classes, memorisation.", *UNTESTED]),
        "## Limits",
        _listed(LIMITS),
    ]
    return "\n\n".join(blocks) + "\n"


def _head(run: dict[str, Any], config: Config, evaluated: str) -> list[str]:
    network = network_name(config)
    asked = [", ".join(run["classes"] if run["conditional"] else ()), ", ".join(config.model.covariates)]
    return [
        f"# Model card: {network} generator {run['weights_sha256'][:12]}",
        f"{network} generator of {in_words(run['resolution'])} pixels with {run['channels']} channel(s), "
        + (f"conditional on {'; '.join(filter(None, asked))}" if any(asked) else "unconditional")
        + f". {_training(run)}; {evaluated}.",
        "## Intended use",
        INTENDED_USE,
    ]


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _untested(record: dict[str, Any], config: Config) -> Iterator[str]:
    """What this evaluation did not look at, or could not."""
    if config.model.covariates:
        yield f"Whether an image has the {' and the '.join(config.model.covariates)} that it was asked for."
    if not record["audit"]:
        yield "Memorisation: the audit was not made."
    elif record["audit"]["verdict"] == "undecided":
        yield "Memorisation: the audit could not decide."
    if record["data"]["heldout_seen"]:
        yield "Other people: all held-out images are of subjects that the run was trained on."
    if record["run"]["conditional"] and not any(key.group for key in record["metrics"]):
        yield "The classes one by one."
    yield from (f"{name}: {reason.rstrip('.')}." for name, reason in record["failures"].items())


def _data(record: dict[str, Any], source: str) -> str:
    lines = [f"- Source: {source}"]
    for name, title in (("train", "Training"), ("heldout", "Held-out")):
        part = record["data"][name]
        if name == "heldout" and record["data"]["heldout_seen"]:
            title = "Stand-in for held-out (seen in training)"
        people = part.get("class_subjects", {})
        classes = ", ".join(
            f"{label} {count}" + (f" of {people[label]}" if label in people else "")
            for label, count in part["classes"].items()
        )
        lines.append(
            f"- {title}: {part['images']} images of {part['subjects']} subjects ({classes}), fingerprint "
            f"`{part['fingerprint']}`"
        )
    lines += [f"- Note: {warning}" for warning in record["data"]["warnings"]]
    return "\n".join(lines)


def _training(run: dict[str, Any]) -> str:
    if run.get("imported"):
        return "Its weights were imported: on what images and how they were trained is not known here"
    return f"Trained on {run['images_seen'] / 1000:g} thousand images shown"


def network_name(config: Config) -> str:
    """'StyleGAN' or 'StyleGAN2'."""
    return config.model.network.replace("stylegan", "StyleGAN")


def _networks(config: Config) -> str:
    model = config.model
    architecture = f" {model.architecture}" if model.network == "stylegan2" else ""
    return (
        f"- Networks: {model.network}{architecture}, z {model.z_dim}, w {model.w_dim}, {model.mapping_layers} mapping "
        f"layers, min({model.channel_base} / resolution, {model.channel_max}) channels"
    )


def _recipe(run: dict[str, Any], config: Config) -> list[str]:
    return [
        "## Recipe",
        _networks(config) if run.get("imported") else f"{_networks(config)}\n{_training_options(config)}",
    ]


def _training_options(config: Config) -> str:
    loss, optimizer, training = config.loss, config.optimizer, config.training
    rates = {
        "phases": f"phases of (epochs, rate) {', '.join(f'({n}, {rate:g})' for n, rate in optimizer.phases)}",
        "constant": f"generator {optimizer.g_learning_rate:g}, mapping {optimizer.m_learning_rate:g}, discriminator "
        f"{optimizer.d_learning_rate:g}",
    }
    leak = config.augment.clip_leak
    scheduled = {name: getattr(config.schedule, name) for name in config.schedule.given()}
    used = map(str, active_penalties(dataclasses.asdict(loss)))
    levels = config.growing.levels(config.model.resolution)
    growing = [f"- Progressive growing through the resolutions {', '.join(map(str, levels))}"] * (len(levels) > 1)
    return "\n".join(
        [
            f"- Loss: {loss.adversarial}; {', '.join(used) or 'no penalty'}",
            f"- Adam({optimizer.beta_1:g}, {optimizer.beta_2:g}), {optimizer.schedule} learning rate: "
            + (rates.get(optimizer.schedule) or rates["constant"]),
            f"- Batch {training.batch_size}, style mixing {training.style_mixing_prob:g}, horizontal flip "
            f"{'on' if config.augment.horizontal_flip else 'off'}"
            + (f", {leak:g} of what exceeds black or white before the discriminator" if leak < 1 else "")
            + f", seed {training.seed}",
            *growing,
            *(f"- Over the run, (kimg, {name}): {', '.join(map(str, pairs))}" for name, pairs in scheduled.items()),
        ]
    )


def _table(metrics: dict[Key, Any]) -> str:
    if not metrics:
        return "Nothing was measured."
    lines = ["| metric | class | value | floor | ratio | N generated / real |", "|---|---|---|---|---|---|"]
    for key, entry in numbers.ordered(metrics).items():
        floor = entry["floor"]
        cells = [
            numbers.title(key),
            key.group or "all",
            f"{numbers.number(entry['value'])} {numbers.interval(entry)}".strip(),
            numbers.number(floor["value"]) if floor else "–",
            numbers.ratio(entry),
            numbers.counts(entry),
        ]
        lines.append(f"| {' | '.join(cell.replace('|', '¦') for cell in cells)} |")
    return "\n".join(lines)


def _failures(record: dict[str, Any]) -> list[str]:
    if not record["failures"]:
        return []
    return ["Not measured:", "\n".join(f"- {name}: {reason}" for name, reason in record["failures"].items())]
