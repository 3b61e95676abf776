"""`python run.py train`: from a config to a trained run folder."""

import contextlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rich.console import Console

from keras_stylegan.backend import replicas
from keras_stylegan.config import AugmentConfig, Config, TrainingConfig
from keras_stylegan.data.image_set import ImageSet
from keras_stylegan.data.pipeline import TrainingBatches, fit_epochs
from keras_stylegan.data.sources import load_images, source_of
from keras_stylegan.errors import InputError
from keras_stylegan.metrics.duplicates import near_duplicate_warning, near_duplicates, shared_subjects
from keras_stylegan.program import program
from keras_stylegan.sizes import in_words
from keras_stylegan.training.callbacks import Sitting
from keras_stylegan.training.checkpoint import CheckpointFolder
from keras_stylegan.training.conditioning import training_covariates
from keras_stylegan.training.gan import StyleGAN
from keras_stylegan.training.growing import enter
from keras_stylegan.training.journal import Journal
from keras_stylegan.training.networks import check_batch, check_options, make_gan
from keras_stylegan.training.record import Record
from keras_stylegan.training.resume import compare
from keras_stylegan.training.run_callbacks import RunCallbacks
from keras_stylegan.training.run_folder import RunFolder
from keras_stylegan.training.stages import Stage, plan
from keras_stylegan.training.state import assign, state
from keras_stylegan.training.transfer import Origin


def train(
    config: Config,
    run_dir: Path,
    resume: bool = False,
    console: Console | None = None,
    sitting: Sitting | None = None,
    init_from: Path | None = None,
) -> int:
    """Train, or continue, a run. Nothing in its folder changes before everything has been checked.

    With several processes all call this with the same arguments; the chief alone prints and writes. When one of them
    fails it ends its process at once, and the others follow with exit code `replicas.LOST_WORKER`.

    Args:
        config: The experiment.
        run_dir: The run folder.
        resume: Continue from its newest checkpoint.
        console: Where to print.
        sitting: Train only up to its end, evaluate there, and save.
        init_from: Run folder whose weights a new run starts with (`training.transfer`).

    Returns:
        Exit code: 0 complete or at the end of the sitting, 1 stopped because the loss or a gradient was not finite,
        128 + n stopped by signal n.

    Raises:
        InputError: Bad data, a run folder in use or of another run, a full disk, no such distribution here, weights to
            start from that do not fit.
    """
    replicas.start(config.training.distribution)
    check_batch(config)
    check_options(config)
    folder, chief = RunFolder(run_dir), replicas.is_chief()
    journal = Journal(console or Console(), folder.text_log) if chief else Journal()
    with replicas.leaving_at_once(), folder.lock() if chief else contextlib.nullcontext():
        if folder.imported.exists():
            raise InputError(
                f"{run_dir} holds an imported generator, without discriminator and optimizers: it can be generated "
                "from, evaluated and exported, not trained on; choose another --run-dir"
            )
        checkpoints = CheckpointFolder(folder.checkpoints)
        if checkpoints.paths() and not resume:
            raise InputError(f"{run_dir} holds a run already; continue it with --resume or choose another --run-dir")
        # Before the images are read, which may take long.
        origin = None if init_from is None else Origin(init_from, config)
        if config.training.freeze_d and origin is None and not resume:
            raise InputError(
                "training.freeze_d keeps layers as they are, which is for a run that starts from another: add "
                f"--init-from RUN. Received: {config.training.freeze_d}"
            )
        data = _training_images(config, journal.say)
        # Checks that the images fill a batch.
        stages = plan(config, lambda size: _batches(config, data, size).batches_per_epoch)
        total_images = stages[-1].end
        if config.training.total_kimg is None:
            config.schedule.require_cover(total_images / 1000)
        steps_per_epoch, total_steps = stages[-1].batches_per_epoch, total_images // stages[-1].batch_size
        covariates = training_covariates(config.model, data)
        gan = make_gan(config, len(data.classes), steps_per_epoch, total_steps, covariates)
        record = Record(config, tuple(data.classes), data.fingerprint, images_seen=0, covariates=covariates)
        if resume:
            _take_over(gan, checkpoints, record, journal.say)
        if origin is not None and gan.images_seen == 0:
            origin.give(gan, folder if chief else None, journal.say)
        if gan.images_seen >= total_images:
            journal.say(
                f"The run is complete at {gan.images_seen / 1000:g} kimg; go on with a larger --training.epochs "
                "or --training.total-kimg"
            )
            return 0
        evaluates = sitting is not None or _is_evaluated(config.training, total_images)
        heldout = _heldout_images(config, data, journal.say) if chief and evaluates else None
        callbacks = RunCallbacks(config, folder, record, data, heldout, stages, journal, sitting)
        journal.say(_summary(config, gan, data, stages))
        if chief:
            journal.begin()
            folder.write_config(config, source_of(config).records)
        saved = _fit(gan, stages, partial(_batches, config, data), callbacks)
        if sitting is not None and sitting.over and callbacks.non_finite.stopped_reason is None:
            journal.say(f"The sitting ends at {gan.images_seen / 1000:g} kimg. Saved {saved}")
            return 0
        return _end(config, folder, gan, callbacks, saved, journal.say)


def _training_images(config: Config, say: Callable[[str], None]) -> ImageSet:
    """The images, and what is to be said of them."""
    data = load_images(config, "train")
    say(data.report)
    if replicas.is_chief():
        pairs = near_duplicates(data.images, subjects=data.subjects)
        for line in near_duplicate_warning(pairs, data.names, data.names, "of different subjects"):
            say(line)
    return data


def _is_evaluated(options: TrainingConfig, total_images: int) -> bool:
    """Whether an evaluation during training is wanted and will be due."""
    return options.evaluate_kimg is not None and 1000 * options.evaluate_kimg <= total_images


def _heldout_images(config: Config, data: ImageSet, say: Callable[[str], None]) -> ImageSet | None:
    """Held-out images for evaluations during training, if there are any."""
    if not source_of(config).has_test:
        say("No evaluation during training: the data has no test/ with held-out subjects.")
        return None
    heldout = load_images(config, "test")
    shared = shared_subjects(data.subjects, heldout.subjects)
    if shared:
        say(f"Warning: {len(shared)} subjects of test/ are in train/ too, so evaluations look better than they are.")
    pairs = near_duplicates(heldout.images, data.images)
    for line in near_duplicate_warning(pairs, heldout.names, data.names, "in test/ and train/"):
        say(line)
    return heldout


def _batches(config: Config, data: ImageSet, size: int, epoch: int = 0, first_batch: int = 0) -> TrainingBatches:
    """The batches of a size from a place in an epoch on."""
    return TrainingBatches(
        data,
        size,
        config.training.seed,
        config.augment.horizontal_flip,
        epoch=epoch,
        first_batch=first_batch,
        part=replicas.data_part(),
        vary=_variation(config.augment),
    )


def _variation(options: AugmentConfig) -> Callable | None:
    if not (options.real_elastic or options.real_bias_field):
        return None
    try:
        from keras_stylegan.data.variation import variation
    except ImportError as error:
        raise InputError(
            f"augment.real_elastic and augment.real_bias_field need keras_cv and TensorFlow, and {error.name} is not "
            "installed: pip install keras-cv tensorflow, or leave both at 0"
        ) from error
    return variation(options.real_elastic, options.real_bias_field)


def _take_over(gan: StyleGAN, checkpoints: CheckpointFolder, record: Record, say: Callable[[str], None]) -> None:
    """Set the state to that of the newest checkpoint, if there is one."""
    if not checkpoints.paths():
        say(f"{checkpoints.folder} has no checkpoint yet: starting from the beginning")
        return
    path, arrays, saved = checkpoints.load_newest(warn=say)
    changes = compare(saved, record, path)
    assign(state(gan), arrays, path, say)
    say(f"Continuing at {gan.images_seen / 1000:g} kimg from {path}")
    for line in changes:
        say(line)


def _fit(
    gan: StyleGAN, stages: list[Stage], batches: Callable[..., TrainingBatches], callbacks: RunCallbacks
) -> Path | None:
    """Train to the end, or until a callback stops it; the checkpoint of the last state, where one was written."""
    gan.step_logs = False
    with callbacks.signal:
        for stage in stages:
            if gan.images_seen >= stage.end:
                continue
            enter(gan, stage)
            callbacks.stop.images = stage.end
            left = batches(stage.batch_size, *stage.position(gan.images_seen))
            fit_epochs(gan, left, stage.end_epoch, callbacks.all, verbose=0)
            if callbacks.stopped_early or gan.images_seen < stage.end:
                break
        saved = callbacks.saver.save()
        # A launcher ends the others once one of them has left.
        replicas.barrier()
    return saved


def _end(
    config: Config,
    folder: RunFolder,
    gan: StyleGAN,
    callbacks: RunCallbacks,
    saved: Path | None,
    say: Callable[[str], None],
) -> int:
    """Say how training ended; the exit code."""
    received = callbacks.signal.received
    if callbacks.non_finite.stopped_reason is not None:
        say(f"The last good state is kept in {folder.checkpoints}.")
        return 1
    if received is not None:
        say(f"Stopped by {received.name} at {gan.images_seen / 1000:g} kimg. Saved {saved}\n"
            f"Continue with: {program()} train --run-dir {folder.path} --resume")  # fmt: skip
        return 128 + received
    say(_farewell(config, folder, gan, saved, callbacks.samples.path(gan.images_seen)))
    return 0


def _summary(config: Config, gan, data: ImageSet, stages: list[Stage]) -> str:
    def millions(network) -> str:
        return f"{network.count_params() / 1e6:.2f} M"

    channels = config.model.channels
    total_images, batch_size = stages[-1].end, config.training.batch_size
    begins = zip(config.growing.levels(config.model.resolution), stages, strict=True)
    growing = ", ".join(f"{level} from {stage.start / 1000:g} kimg on" for level, stage in begins)
    count = replicas.num_replicas()
    shared = "1 replica" if count == 1 else f"{count} replicas with {batch_size // count} each"
    return (
        f"Generator {millions(gan.generator)} and discriminator {millions(gan.discriminator)} parameters, "
        f"{in_words(config.model.resolution)}, {channels} channel{'s' * (channels > 1)}; "
        f"{config.loss.adversarial} with {', '.join(map(str, gan.penalties)) or 'no penalty'}; "
        f"batch {batch_size}, {shared}; {f'resolution {growing}; ' if len(stages) > 1 else ''}"
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
    }
    if not source_of(config).shows_people:
        commands["train adni64 --data.path AD_NC"] = "train on your own scans"
    losses = [path for path in (folder.plot, folder.log, run / "tensorboard") if path.exists()]
    width = max(map(len, commands))
    return "\n".join(
        [
            f"\nDone: {gan.images_seen / 1000:g} kimg.",
            f"  samples      {samples}",
            f"  losses       {', '.join(map(str, losses)) or 'none: the run is shorter than training.log_kimg'}",
            f"  checkpoint   {checkpoint}",
            "Next:",
            *(f"  {program()} {command:<{width}}   {what}" for command, what in commands.items()),
        ]
    )
