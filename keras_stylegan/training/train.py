"""`python run.py train`: from a config to a trained run folder."""

import contextlib
import io
import json
import math
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from keras_stylegan.backend import check_options, replicas
from keras_stylegan.config import Config, TrainingConfig
from keras_stylegan.data.image_set import ImageSet
from keras_stylegan.data.pipeline import TrainingBatches, fit_epochs
from keras_stylegan.data.sources import load_images, source_of
from keras_stylegan.errors import InputError
from keras_stylegan.metrics.duplicates import near_duplicate_warning, near_duplicates, shared_subjects
from keras_stylegan.training.callbacks import (
    Checkpoints,
    LossPlot,
    Progress,
    QuickEvaluation,
    SampleGrid,
    StopAt,
    StopOnNonFinite,
    StopOnSignal,
    TrainingLog,
)
from keras_stylegan.training.callbacks.follower import Follower
from keras_stylegan.training.checkpoint import CheckpointFolder
from keras_stylegan.training.networks import check_batch, make_gan
from keras_stylegan.training.run_folder import RunFolder
from keras_stylegan.training.state import assign, state
from keras_stylegan.typed_json import to_json

FIXED_ON_RESUME = ("training.batch_size", "training.seed", "training.precision", "augment.horizontal_flip")
"""Options besides the networks and the data that decide what the next step would have been."""


def train(config: Config, run_dir: Path, resume: bool = False, console: Console | None = None) -> int:
    """Train, or continue, a run.

    With several processes all call this with the same arguments; the chief alone prints and writes. When one of them
    fails it ends its process at once, and the others follow with exit code `replicas.LOST_WORKER`.

    Args:
        config: The experiment.
        run_dir: The run folder.
        resume: Continue from its newest checkpoint.
        console: Where to print.

    Returns:
        Exit code: 0 complete, 1 stopped because the loss or a gradient was not finite, 128 + n stopped by signal n.

    Raises:
        InputError: Bad data, a run folder in use or of another run, a full disk, no such distribution here.
    """
    replicas.start(config.training.distribution)
    check_batch(config)
    check_options(config.training.jit_compile, config.training.steps_per_execution)
    chief = replicas.is_chief()
    console = (console or Console()) if chief else Console(file=io.StringIO())
    folder = RunFolder(run_dir)
    with replicas.leaving_at_once(), folder.lock() if chief else contextlib.nullcontext():
        checkpoints = CheckpointFolder(folder.checkpoints, config.training.checkpoint_gb * 1e9)
        if checkpoints.paths() and not resume:
            raise InputError(f"{run_dir} holds a run already; continue it with --resume or choose another --run-dir")

        def say(text: str) -> None:
            if not chief:
                return
            console.print(text, highlight=False, markup=False, soft_wrap=True)
            with open(folder.text_log, "a", encoding="utf-8") as file:
                file.write(text + "\n")

        return _train(config, folder, checkpoints, resume, console, say)


def _train(
    config: Config,
    folder: RunFolder,
    checkpoints: CheckpointFolder,
    resume: bool,
    console: Console,
    say: Callable[[str], None],
) -> int:
    options = config.training
    data = load_images(config, "train")
    say(data.report)
    if replicas.is_chief():
        pairs = near_duplicates(data.images, subjects=data.subjects)
        for line in near_duplicate_warning(pairs, data.names, data.names, "of different subjects"):
            say(line)
    # Placed first because it checks that the images fill a batch.
    order = (data, options.batch_size, options.seed, config.augment.horizontal_flip)
    batches = TrainingBatches(*order, part=replicas.data_part())
    steps_per_epoch = batches.batches_per_epoch
    total_steps = planned_steps(options, steps_per_epoch)
    total_images = total_steps * options.batch_size
    gan = make_gan(config, len(data.classes), steps_per_epoch, total_steps)
    record = {
        "classes": list(data.classes),
        "data_fingerprint": data.fingerprint,
        "config": json.loads(to_json(config)),
    }
    if resume and checkpoints.paths():
        path, arrays, saved = checkpoints.load_newest(warn=say)
        _check_same_run(saved, record, path)
        assign(state(gan), arrays, path, say)
        say(f"Continuing at {gan.images_seen / 1000:g} kimg from {path}")
        epoch, batch = divmod(gan.images_seen // options.batch_size, steps_per_epoch)
        batches = TrainingBatches(*order, epoch=epoch, first_batch=batch, part=replicas.data_part())
    elif resume:
        say(f"{folder.checkpoints} has no checkpoint yet: starting from the beginning")
    if gan.images_seen >= total_images:
        say(f"The run is complete at {gan.images_seen / 1000:g} kimg; go on with a larger --training.epochs "
            "or --training.total-kimg")  # fmt: skip
        return 0
    say(_summary(config, gan, data, total_images))
    non_finite = StopOnNonFinite(say, options.log_kimg)
    interrupt = StopOnSignal()
    gan.step_logs = False
    if not replicas.is_chief():
        follower = Follower(options.log_kimg, options.checkpoint_kimg, non_finite.healthy)
        callbacks = [non_finite, interrupt, StopAt(total_images), follower]
        with interrupt:
            fit_epochs(gan, batches, math.ceil(total_steps / steps_per_epoch), callbacks, verbose=0)
            healthy = non_finite.healthy()
            replicas.barrier()
        return 1 if not healthy else 0 if interrupt.received is None else 128 + interrupt.received

    folder.write_config(config)
    saver = Checkpoints(checkpoints, record, options.checkpoint_kimg, non_finite.healthy)
    samples = SampleGrid(
        folder.samples,
        data.classes,
        options.sample_kimg,
        options.sample_count,
        options.seed,
        folder.path / "tensorboard",
    )
    callbacks = [
        non_finite,
        interrupt,
        StopAt(total_images),
        # Progress reads the running means, the log resets them, and the checkpoint must hold them reset.
        Progress(total_images, folder.text_log, options.log_kimg, console),
        TrainingLog(folder.path, options.log_kimg),
        # Before the checkpoint of the same step, so that a resumed run has the same rows.
        *_quick_evaluation(config, folder, record, data, total_images, say),
        saver,
        LossPlot(folder.path),
        samples,
    ]
    with interrupt:
        fit_epochs(gan, batches, math.ceil(total_steps / steps_per_epoch), callbacks, verbose=0)
        saved_path = saver.save()
        # A launcher ends the others once one of them has left.
        replicas.barrier()
    if non_finite.stopped_reason is not None:
        say(f"The last good state is kept in {folder.checkpoints}.")
        return 1
    if interrupt.received is not None:
        say(f"Stopped by {interrupt.received.name} at {gan.images_seen / 1000:g} kimg. Saved {saved_path}\n"
            f"Continue with: python run.py train --run-dir {folder.path} --resume")  # fmt: skip
        return 128 + interrupt.received
    say(_farewell(config, folder, gan, saved_path, samples.path(gan.images_seen)))
    return 0


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


def _quick_evaluation(
    config: Config, folder: RunFolder, record: dict, data: ImageSet, total_images: int, say: Callable[[str], None]
) -> list[QuickEvaluation]:
    """The callback of evaluations during training, if it is wanted, will be due and has held-out subjects."""
    options = config.training
    if options.evaluate_kimg is None or 1000 * options.evaluate_kimg > total_images:
        return []
    if not source_of(config).has_test:
        say("No evaluation during training: the data has no test/ with held-out subjects.")
        return []
    heldout = load_images(config, "test")
    shared = shared_subjects(data.subjects, heldout.subjects)
    if shared:
        say(f"Warning: {len(shared)} subjects of test/ are in train/ too, so evaluations look better than they are.")
    pairs = near_duplicates(heldout.images, data.images)
    for line in near_duplicate_warning(pairs, heldout.names, data.names, "in test/ and train/"):
        say(line)
    return [
        QuickEvaluation(
            folder.path,
            folder.best,
            record,
            data,
            heldout,
            options.evaluate_kimg,
            options.evaluate_count,
            options.best_metric,
            say,
        )
    ]


def _check_same_run(saved: dict, record: dict, where: Path) -> None:
    """Raise an `InputError` if a checkpoint belongs to other networks, other data or another order of the data."""
    names = [f"model.{name}" for name in record["config"]["model"]] + list(FIXED_ON_RESUME)
    for name in names:
        section, key = name.split(".")
        # A run that is older than an option had its default.
        default = getattr(getattr(Config(), section), key)
        old, new = saved["config"][section].get(key, default), record["config"][section][key]
        if old != new:
            raise InputError(
                f"{where} was trained with {name} = {old!r} and cannot continue with {new!r}; "
                "use the same value or start a new run with another --run-dir"
            )
    for key, what in (("classes", "classes"), ("data_fingerprint", "images")):
        if saved[key] != record[key]:
            raise InputError(
                f"{where} was trained on other {what} ({saved[key]}) than --data.path has now ({record[key]}); "
                "use the same data or start a new run with another --run-dir"
            )


def _summary(config: Config, gan, data: ImageSet, total_images: int) -> str:
    def millions(network) -> str:
        return f"{network.count_params() / 1e6:.2f} M"

    count, batch_size = replicas.num_replicas(), config.training.batch_size
    shared = "1 replica" if count == 1 else f"{count} replicas with {batch_size // count} each"
    return (
        f"Generator {millions(gan.generator)} and discriminator {millions(gan.discriminator)} parameters, "
        f"{config.model.resolution}x{config.model.resolution}x{config.model.channels}; "
        f"{config.loss.adversarial} with {', '.join(map(str, gan.penalties)) or 'no penalty'}; "
        f"batch {batch_size}, {shared}; "
        f"{total_images / 1000:g} kimg, {total_images / len(data):.1f} passes over {len(data)} images. "
        "The first step takes longer: the graph is built."
    )


def _farewell(config: Config, folder: RunFolder, gan, checkpoint: Path | None, samples: Path) -> str:
    run = folder.path
    if config.training.total_kimg is None:
        longer = f"--training.epochs {2 * config.training.epochs}"
    else:
        longer = f"--training.total-kimg {2 * config.training.total_kimg:g}"
    commands = {
        f"generate {run}": "images, grids, style mixing, interpolation",
        f"evaluate {run}": "fidelity, diversity and memorisation on held-out subjects",
        f"export {run}": "ONNX files that run without TensorFlow",
        f"train --run-dir {run} --resume {longer}": "train longer",
        "train adni64 --data.path AD_NC": "train on your own scans",
    }
    width = max(map(len, commands))
    return "\n".join(
        [
            f"\nDone: {gan.images_seen / 1000:g} kimg.",
            f"  samples      {samples}",
            f"  losses       {folder.plot}, {folder.log}, {run / 'tensorboard'}",
            f"  checkpoint   {checkpoint}",
            "Next:",
            *(f"  python run.py {command:<{width}}   {what}" for command, what in commands.items()),
        ]
    )
