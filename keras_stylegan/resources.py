"""What a run will need of memory and disk, estimated from its options before anything is built, and what there is.

Parameters are counted exactly (for two classes). Memory is that of the process on a CPU with TensorFlow: the library,
the state, and the features of one step; `experiments/README.md` compares it with measured peaks.
"""

import math
import os
import resource
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from keras_stylegan.config import Config, ModelConfig
from keras_stylegan.errors import InputError
from keras_stylegan.sizes import block_sizes, height_width
from keras_stylegan.sizes import in_words as size_in_words

LIBRARIES = 0.99e9
"""Bytes of a process that has imported TensorFlow and made a graph of a step."""
FLOAT = 4
"""Bytes of a float32."""
COPIES = 20
"""Feature maps that a step holds at once for every image and resolution."""
COPIES_OF_PENALTY = 7.5
"""As many more for each penalty of the discriminator that is in every step: its gradient of a gradient."""
COPIES_OF_PATH_LENGTH = 10
"""As many more for the path length, with half the batch."""
CLASSES = 2
"""Assumed for conditional networks, whose label layers are small."""
OF_COVARIATE = 16
"""Inputs of those layers for every covariate: `label_features.FEATURES`, which imports Keras."""
TOLERANCE = 1.5
"""A run is refused when its estimate is this many times what there is."""
KEPT_CHECKPOINTS = 3
"""The newest two, and the next one while it is written."""
LAUNCHERS = ("TF_CONFIG", "WORLD_SIZE", "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS", "OMPI_COMM_WORLD_SIZE")
"""Variables by which a launcher of several processes is known: each then holds a part of the batch only."""


@dataclass(frozen=True)
class Needs:
    """What a run will need; bytes, but for the parameters."""

    generator: int
    """Trained parameters of the generator, mapping network included."""
    discriminator: int
    """Trained parameters of the discriminator."""
    state: float
    """Weights, their average, gradients and two slots of every optimizer."""
    features: float
    """What a step holds between its convolutions, for the whole batch."""
    images: float
    """Generated images held at once: of a grid of samples, or for an evaluation."""
    checkpoint: float
    """One checkpoint on disk."""
    cache: float
    """The cache of the decoded images; 0 for a folder, whose images are not counted yet."""

    @property
    def memory(self) -> float:
        """Peak of the process."""
        return LIBRARIES + self.state + self.features + self.images

    @property
    def disk(self) -> float:
        """Of the run folder, without samples and logs."""
        return KEPT_CHECKPOINTS * self.checkpoint


def needs(config: Config) -> Needs:
    """Estimate what the training of an experiment needs."""
    # Only here, as it imports numpy.
    from keras_stylegan.data.sources import source_of

    model, training = config.model, config.training
    levels = config.growing.levels(model.resolution)
    generator, discriminator = parameters(model, levels[:-1])
    # Two slots of Adam each; of the generator also its average.
    stored = FLOAT * (4 * generator + 3 * discriminator)
    loss = config.loss
    weights = (loss.gp_weight, loss.r1_gamma, loss.r2_gamma)
    intervals = (loss.gp_interval, loss.r1_interval, loss.r2_interval)
    in_every_step = sum(w > 0 and interval == 1 for w, interval in zip(weights, intervals, strict=True))
    copies = COPIES + COPIES_OF_PENALTY * in_every_step + (COPIES_OF_PATH_LENGTH if loss.pl_weight > 0 else 0)
    pixels = math.prod(height_width(model.resolution)) * model.channels
    # While a run grows its largest step is that of any of its levels.
    batches = config.growing.batches(model.resolution, training.batch_size)
    evaluated = 0 if training.evaluate_kimg is None else training.evaluate_count
    return Needs(
        generator=generator,
        discriminator=discriminator,
        state=stored + FLOAT * (generator + discriminator),
        features=copies * FLOAT * max(batch * features(model, r) for r, batch in batches.items()),
        images=pixels * max(FLOAT * training.sample_count, evaluated),
        checkpoint=stored,
        cache=pixels * (source_of(config).planned_images or 0),
    )


def channels(model: ModelConfig) -> dict[int, int]:
    """Resolution to channels, from 4 (or the coarsest of `block_sizes`) on."""
    return {r: min(model.channel_base // r, model.channel_max) for r in block_sizes(model.resolution)}


def features(model: ModelConfig, finest: int) -> int:
    """Values of one feature map of every resolution up to a finest one, of one image."""
    widths = channels(model)
    sizes = block_sizes(model.resolution).items()
    return sum(height * width * widths[r] for r, (height, width) in sizes if r <= finest)


def parameters(model: ModelConfig, levels: Sequence[int] = ()) -> tuple[int, int]:
    """Trained parameters of the generator (mapping network included) and of the discriminator.

    Args:
        model: The networks.
        levels: Resolutions that they show on the way to the last one, where they grow.
    """
    widths, w, colours = channels(model), model.w_dim, model.channels
    coarsest, finest = min(widths), max(widths)
    coarse, places = widths[coarsest], math.prod(block_sizes(model.resolution)[coarsest])

    def dense(inputs: int, outputs: int) -> int:
        return (inputs + 1) * outputs

    label = CLASSES * model.conditional + OF_COVARIATE * len(model.covariates)

    def mapping(inputs: int, width: int) -> int:
        embedding, inputs = (dense(label, width), inputs + width) if label else (0, inputs)
        return embedding + dense(inputs, width) + (model.mapping_layers - 1) * dense(width, width)

    adain = model.network == "stylegan"

    def epilogue(outputs: int) -> int:
        # Scale and shift, bias and noise strengths.
        return dense(w, 2 * outputs) + 2 * outputs

    def styled(inputs: int, outputs: int) -> int:
        # Style, kernel, bias and noise strength.
        return 9 * inputs * outputs + (epilogue(outputs) if adain else dense(w, inputs) + outputs + 1)

    generator = mapping(model.z_dim, w) + places * coarse + styled(coarse, coarse)
    generator += epilogue(coarse) + dense(widths[finest], colours) if adain else 0
    last = coarse
    for r, width in widths.items():
        if r > coarsest:
            generator += styled(last, width) + styled(width, width)
            generator += last * width if model.architecture == "resnet" else 0
        if not adain and (model.architecture == "skip" or r == finest or r in levels):
            generator += dense(w, width) + dense(width, colours)
        last = width

    generator += sum(dense(widths[r], colours) for r in levels) if adain else 0
    discriminator = sum(dense(colours, widths[r]) for r in (finest, *levels))
    for r, width in widths.items():
        if r > coarsest:
            below = widths[r // 2]
            discriminator += dense(9 * width, width) + dense(9 * width, below) + (0 if adain else width * below)
            discriminator += below * below if model.mbstd_maps else 0
    discriminator += dense(9 * (coarse + 1), coarse) + dense(places * coarse, coarse)
    discriminator += dense(coarse, coarse) + mapping(0, coarse) if label else dense(coarse, 1)
    return generator, discriminator


def memory() -> float:
    """Bytes of memory that this process may have: of the machine, its control group or its limit."""
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            found.append(int((Path("/sys/fs/cgroup") / name).read_text()))
        except (OSError, ValueError):  # No such group, or "max".
            continue
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return min(found + ([limit] if limit != resource.RLIM_INFINITY else []))


def free_disk(folder: Path) -> float:
    """Bytes that are free where a folder is, or will be."""
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if os.path.exists(path))
    return shutil.disk_usage(existing).free


def require_resources(config: Config, run_dir: Path | None = None, resume: bool = False) -> None:
    """Raise an `InputError` if an experiment cannot fit this machine, whatever the estimates' error.

    With a GPU, or with several processes, the features are not judged: they lie elsewhere.

    Args:
        config: The experiment.
        run_dir: Where checkpoints will go; None if there will be none.
        resume: The cache and the newest two checkpoints are there already.
    """
    found = needs(config)
    elsewhere = Path("/dev/nvidia0").exists() or Path("/dev/kfd").exists() or any(map(os.environ.get, LAUNCHERS))
    wanted = found.memory - (found.features if elsewhere else 0)
    if wanted > TOLERANCE * memory():
        parts = {
            f"networks of {(found.generator + found.discriminator) / 1e6:,.1f} M parameters and their optimizers; "
            "lower model.channel_base, channel_max, z_dim or w_dim": found.state,
            f"a step with {config.training.batch_size} images of {size_in_words(config.model.resolution)}; "
            "lower training.batch_size": 0 if elsewhere else found.features,
            "images held at once; lower training.sample_count or evaluate_count": found.images,
        }
        most = max(parts, key=parts.get)
        raise InputError(
            f"this experiment needs about {gb(wanted)} of memory, and there are {gb(memory())}: "
            f"{gb(parts[most])} are for {most}"
        )
    places = []
    if not resume:
        cache_dir = config.data.cache_dir or Path("~/.cache/keras_stylegan")
        places.append((cache_dir.expanduser(), found.cache, "the image cache", "--data.cache-dir"))
    if run_dir is not None:
        count = 1 if resume else KEPT_CHECKPOINTS
        places.append((run_dir, count * found.checkpoint, f"checkpoints ({count} at a time)", "--run-dir"))
    for folder, size, what, name in places:
        if size > free_disk(folder):
            raise InputError(
                f"{what}: {gb(size)} are needed, and {folder} has {gb(free_disk(folder))} left; free some space or "
                f"choose another {name}"
            )


def in_words(config: Config) -> str:
    """A line with the figures."""
    found = needs(config)
    cache = f"image cache {gb(found.cache)}" if found.cache else "image cache: depends on the folder"
    return (
        f"Needs about {gb(found.memory)} of memory on a CPU ({gb(found.state)} networks and optimizers, "
        f"{gb(found.features)} a step, {gb(found.images)} images; {gb(memory())} there) and {gb(found.disk)} of "
        f"disk ({gb(found.checkpoint)} a checkpoint, up to {config.training.checkpoint_gb:g} GB are kept; {cache}). "
        f"Generator {found.generator / 1e6:.2f} M and discriminator {found.discriminator / 1e6:.2f} M parameters."
    )


def gb(size: float) -> str:
    """Bytes in words."""
    if size >= 1e11:
        return f"{size / 1e9:,.0f} GB"
    return f"{size / 1e9:.3g} GB" if size >= 1e8 else f"{size / 1e6:.3g} MB"
