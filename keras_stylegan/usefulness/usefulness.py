"""`python run.py usefulness`: classifiers of real images against classifiers of real and generated ones."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from keras_stylegan.atomic import replace_file
from keras_stylegan.data.image_set import ImageSet
from keras_stylegan.data.progress import progress_bar
from keras_stylegan.errors import InputError
from keras_stylegan.evaluation.material import load_material, select
from keras_stylegan.evaluation.options import EvaluateOptions
from keras_stylegan.evaluation.run_facts import run_facts
from keras_stylegan.evaluation.usefulness import FORMAT, markdown, plot
from keras_stylegan.training.run_folder import RunFolder, environment
from keras_stylegan.training.samples import draw_samples
from keras_stylegan.training.trained import TrainedGenerator, load_generator
from keras_stylegan.usefulness.gains import gains, sentences
from keras_stylegan.usefulness.learner import Task
from keras_stylegan.usefulness.options import UsefulnessOptions
from keras_stylegan.usefulness.trials import Bench, trials


def usefulness(run_dir: Path | None, options: UsefulnessOptions, console: Console | None = None) -> Path:
    """Trains the classifiers and writes usefulness.json, usefulness.md and usefulness.png.

    What is learnt is what the generator was told: the class, and every covariate. The generator has seen all training
    subjects: what few real subjects gain from its images may be what those of the others hold. The report and the model
    card of `evaluate` show the result of the same weights.

    Args:
        run_dir: Run folder; None: the newest run.
        options: See `UsefulnessOptions`.
        console: Where to print.

    Returns:
        The folder of the files.

    Raises:
        InputError: The run knows neither class nor covariate, there are no held-out subjects, or see `load_material`.
    """
    console = console or Console()

    def say(text: str) -> None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)

    trained = load_generator(run_dir, best=options.checkpoint == "best")
    tasks = _tasks(trained)
    folder = options.output_dir or RunFolder(trained.run_dir).evaluation
    if folder.exists() and not folder.is_dir():
        raise InputError(f"cannot write to the folder {folder}: it is a file; choose --output-dir")
    reading = EvaluateOptions(data_path=options.data_path, heldout_path=options.heldout_path)
    material = load_material(trained, reading, console.is_terminal)
    if material.seen:
        raise InputError(
            "there are no held-out subjects to test the classifiers on: put the images of some into test/ before "
            "training, or name a folder of others with --heldout-path"
        )
    for remark in material.remarks:
        say(f"Warning: {remark}")
    train, heldout = _known(material.train, tasks), _known(material.heldout, tasks)
    everyone = len(set(train.subjects.tolist()))
    subjects = [*(count for count in options.subjects if count < everyone), everyone]
    planned = trials(subjects, options.ratios, options.seeds)
    count = round(len(train) * max(1.0, *options.ratios))
    say(
        f"{trained.run_dir}: {len(tasks) * len(planned)} classifiers of {', '.join(task.name for task in tasks)}, "
        f"{options.steps} updates each, on {', '.join(map(str, subjects))} of {everyone} subjects, tested on "
        f"{len(heldout)} images of {len(set(heldout.subjects.tolist()))} held-out subjects → {folder}"
    )
    with progress_bar("Generating", count, True) as advance:
        samples = draw_samples(
            trained.generator,
            count,
            options.seed,
            train.labels,
            train.images.dtype,
            lambda images: [advance() for _ in range(images)],
        )
    record = _header(trained, options, train, heldout)
    with progress_bar("Classifiers", len(tasks) * len(planned), True) as advance:
        for task in tasks:
            bench = Bench(task, train, heldout, samples, options.seed, options.steps)
            rows = gains(task, dict(bench.scores(planned, advance)), heldout.subjects, options.seed)
            unit = "accuracy of the class" if task.classes else f"mean absolute error of {task.name}"
            record["tasks"][task.name] = {
                "unit": unit,
                "better": "higher" if task.classes else "lower",
                "without_images": _without_images(task, train, heldout),
                "rows": rows,
                "sentences": sentences(task, rows, unit),
            }
    for name, content in (
        ("usefulness.png", plot(record["tasks"])),
        ("usefulness.md", markdown(record["tasks"]).encode()),
        ("usefulness.json", (json.dumps(record, indent=2, ensure_ascii=False) + "\n").encode()),
    ):
        replace_file(folder / name, content)
    for task in record["tasks"].values():
        for line in task["sentences"]:
            say(line)
    say(f"Table: {folder / 'usefulness.md'}")
    return folder


def _tasks(trained: TrainedGenerator) -> list[Task]:
    generator = trained.generator
    tasks = [Task("class", generator.c_dim)] if generator.c_dim else []
    tasks += [Task(name) for name in generator.covariates]
    if not tasks:
        raise InputError(
            f"{trained.run_dir} was trained without labels, so its images have none to learn: train with "
            "--model.conditional or --model.covariates"
        )
    return tasks


def _known(images: ImageSet, tasks: Sequence[Task]) -> ImageSet:
    """The images whose labels are all known."""
    rows = np.all([np.isfinite(images.labels[task.name]) for task in tasks], axis=0)
    return images if rows.all() else select(images, np.flatnonzero(rows))


def _without_images(task: Task, train: ImageSet, heldout: ImageSet) -> float:
    """The score of the one answer that is best for the training images."""
    known, truth = train.labels[task.name], heldout.labels[task.name]
    answer = np.bincount(known).argmax() if task.classes else np.median(known)
    return float(task.scores(np.full(len(truth), answer), truth).mean())


def _header(
    trained: TrainedGenerator, options: UsefulnessOptions, train: ImageSet, heldout: ImageSet
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "run": run_facts(trained, options.checkpoint),
        "seeds": options.seeds,
        "steps": options.steps,
        "seed": options.seed,
        "train": {"images": len(train), "subjects": len(set(train.subjects.tolist()))},
        "heldout": {"images": len(heldout), "subjects": len(set(heldout.subjects.tolist()))},
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": environment(),
        "tasks": {},
    }
