"""Every option, its default and its validation. Standard library only, so that `--help` is instant.

The defaults are the recipe for ADNI's AD_NC folder: WGAN-GP (weight 10) with R1 (0.001), Adam for the generator, the
mapping network and the discriminator, batch 64, z = w = 512, 64x64 pixels, 100 epochs at 1e-4 and 50 at 1e-5,
horizontal flips. The docstring under a field is its help text on the command line.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from keras_stylegan.errors import InputError


def _require(condition: bool, name: str, expected: str, received: Any) -> None:
    if not condition:
        raise InputError(f"{name} must be {expected}. Received: {received!r}")


def _require_range(config: Any, expected: str, test: Callable[[Any], bool], *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        finite = not isinstance(value, float) or math.isfinite(value)
        _require(value is None or (finite and test(value)), name, expected, value)


def _require_at_least(config: Any, minimum: float, *names: str) -> None:
    _require_range(config, f"at least {minimum}", lambda value: value >= minimum, *names)


def _require_positive(config: Any, *names: str) -> None:
    _require_range(config, "greater than 0", lambda value: value > 0, *names)


@dataclass(frozen=True)
class ModelConfig:
    """The networks: StyleGAN2 (Karras et al. 2019)."""

    architecture: Literal["skip", "resnet"] = "skip"
    """Generator blocks: 'skip' sums one image per resolution (the paper's choice), 'resnet' adds residual branches."""
    resolution: int = 64
    """Width and height of an image in pixels: 8, 16, 32, ... 1024."""
    channels: Literal[1, 3] = 1
    """Colour channels: 1 for grey, 3 for RGB."""
    conditional: bool = False
    """Condition both networks on the class (AD or NC) of an image."""
    z_dim: int = 512
    """Size of the input latent z."""
    w_dim: int = 512
    """Size of the intermediate latent w."""
    mapping_layers: int = 8
    """Dense layers of the mapping network."""
    channel_base: int = 16384
    """Channels at resolution r are min(channel_base / r, channel_max)."""
    channel_max: int = 512
    """Most channels of any layer."""
    noise: Literal["random", "none"] = "random"
    """Noise inputs of the generator in training. 'none' makes it draw fine structure from the latent alone: better
    when training is short, as noise is soon used for grain instead."""
    mbstd_group_size: int = 4
    """Images whose standard deviation the discriminator sees together. The batch must be a multiple of it."""

    def __post_init__(self) -> None:
        _require(self.architecture in ("skip", "resnet"), "architecture", "'skip' or 'resnet'", self.architecture)
        legal = [4 * 2**k for k in range(1, 9)]
        _require(self.resolution in legal, "resolution", f"4·2^k, one of {legal}", self.resolution)
        _require(self.noise in ("random", "none"), "noise", "'random' or 'none'", self.noise)
        _require(self.channels in (1, 3), "channels", "1 (grey) or 3 (RGB)", self.channels)
        _require_at_least(
            self, 1, "z_dim", "w_dim", "mapping_layers", "channel_base", "channel_max", "mbstd_group_size"
        )
        _require(
            self.channel_base >= self.resolution,
            "channel_base",
            f"at least the resolution ({self.resolution}), or the finest layer has no channel",
            self.channel_base,
        )


@dataclass(frozen=True)
class LossConfig:
    """The adversarial loss and its penalties. A penalty with interval k > 1 is lazy: every k-th step, times k."""

    adversarial: Literal["wgan-gp", "logistic", "hinge", "relativistic"] = "wgan-gp"
    """Loss of both networks; 'wgan-gp' and 'relativistic' are meant with their penalties below."""
    gp_weight: float = 10.0
    """Gradient penalty λ·E[(‖∇D(x̂)‖−1)²] between real and generated images (WGAN-GP); 0 turns it off."""
    gp_interval: int = 1
    """Discriminator steps between two gradient penalties."""
    r1_gamma: float = 0.002
    """R1: adds γ/2·E[‖∇D(x)‖²] on real images, so 0.002 is a weight of 0.001; 0 turns it off."""
    r1_interval: int = 1
    """Discriminator steps between two R1 penalties."""
    r2_gamma: float = 0.0
    """R2: adds γ/2·E[‖∇D(G(z))‖²] on generated images; 0 turns it off."""
    r2_interval: int = 1
    """Discriminator steps between two R2 penalties."""
    pl_weight: float = 0.0
    """Path-length penalty of the generator (StyleGAN2 uses 2); 0 turns it off."""
    pl_interval: int = 4
    """Generator steps between two path-length penalties."""

    def __post_init__(self) -> None:
        names = ("wgan-gp", "logistic", "hinge", "relativistic")
        _require(self.adversarial in names, "adversarial", f"one of {names}", self.adversarial)
        _require_at_least(self, 0, "gp_weight", "r1_gamma", "r2_gamma", "pl_weight")
        _require_at_least(self, 1, "gp_interval", "r1_interval", "r2_interval", "pl_interval")


@dataclass(frozen=True)
class OptimizerConfig:
    """Adam for the generator's synthesis network, its mapping network and the discriminator."""

    schedule: Literal["constant", "phases", "cosine"] = "phases"
    """'phases' follows `phases`; 'constant' and 'cosine' (with warm-up) use the three learning rates below."""
    phases: tuple[tuple[int, float], ...] = ((100, 1e-4), (50, 1e-5))
    """(epochs, learning rate) one after the other, for all three optimizers; the last rate stays."""
    g_learning_rate: float = 1e-4
    """Synthesis network ('constant' and 'cosine')."""
    m_learning_rate: float = 1e-4
    """Mapping network ('constant' and 'cosine'); its layers multiply it by 0.01 again (lr_multiplier)."""
    d_learning_rate: float = 1e-4
    """Discriminator ('constant' and 'cosine')."""
    warmup_kimg: float = 0.0
    """'cosine': thousands of images over which the rate rises from 0 to its value."""
    beta_1: float = 0.0
    """Adam's decay of the first moment."""
    beta_2: float = 0.99
    """Adam's decay of the second moment."""
    epsilon: float = 1e-8
    """Adam's epsilon."""

    def __post_init__(self) -> None:
        names = ("constant", "phases", "cosine")
        _require(self.schedule in names, "schedule", f"one of {names}", self.schedule)
        legal = bool(self.phases) and all(epochs > 0 and 0 < rate < math.inf for epochs, rate in self.phases)
        _require(legal, "phases", "pairs (epochs > 0, learning rate > 0)", self.phases)
        _require_positive(self, "g_learning_rate", "m_learning_rate", "d_learning_rate", "epsilon")
        _require_at_least(self, 0, "warmup_kimg")
        for name in ("beta_1", "beta_2"):
            _require(0 <= getattr(self, name) < 1, name, "in [0, 1)", getattr(self, name))


@dataclass(frozen=True)
class DataConfig:
    """Where the images come from and how they are made square."""

    source: Literal["folder", "cifar10", "phantom"] = "folder"
    """'folder' of image files, 'cifar10', or 'phantom': procedural brain slices that need no download."""
    path: Path | None = None
    """The folder: train/ and test/ with one subfolder per class (ADNI's AD_NC), or any folder of images."""
    fit: Literal["pad", "crop"] = "pad"
    """Make an image square by padding with its background, or by a centre crop."""
    background: int | None = None
    """Grey value to pad with; by default the median of the image's border."""
    upscale: bool = False
    """Accept images smaller than the resolution and enlarge them."""
    subject_pattern: str = r"(?P<subject>.+)_(?P<slice>\d+)"
    """Regular expression for a file name without its ending; its group 'subject' names the subject."""
    strict: bool = False
    """Stop at the first unreadable file instead of skipping it."""
    max_refused: int = 100
    """Unreadable files that are skipped before the folder as a whole is refused."""
    phantom_count: int = 2000
    """Images that the source 'phantom' draws."""
    cache_dir: Path | None = None
    """Folder of the decoded images; by default ~/.cache/keras_stylegan."""

    def __post_init__(self) -> None:
        names = ("folder", "cifar10", "phantom")
        _require(self.source in names, "source", f"one of {names}", self.source)
        _require(self.fit in ("pad", "crop"), "fit", "'pad' or 'crop'", self.fit)
        _require_at_least(self, 0, "background", "max_refused")
        _require_at_least(self, 1, "phantom_count")
        try:
            groups = re.compile(self.subject_pattern).groupindex
        except re.error as error:
            raise InputError(
                f"subject_pattern is not a regular expression ({error}). Received: {self.subject_pattern!r}"
            ) from error
        _require(
            "subject" in groups,
            "subject_pattern",
            "a regular expression with a group (?P<subject>...)",
            self.subject_pattern,
        )


@dataclass(frozen=True)
class AugmentConfig:
    """Changes to the real images as they are shown to the discriminator."""

    horizontal_flip: bool = True
    """Mirror every image left to right with probability 0.5."""


@dataclass(frozen=True)
class TrainingConfig:
    """Duration, averaging, and what is written when. 1 kimg is a thousand real images shown."""

    batch_size: int = 64
    """Images per step, of all replicas together."""
    distribution: Literal["auto", "none", "mirrored", "multi-worker"] = "auto"
    """Replicas: 'mirrored' has one per GPU of this process, 'multi-worker' those of all processes of a launcher (SLURM,
    torchrun, TF_CONFIG), 'none' a single one; 'auto' looks for a launcher, then for several GPUs."""
    epochs: int = 150
    """Passes over the data, unless `total_kimg` is given."""
    total_kimg: float | None = None
    """Duration in thousands of images instead of epochs."""
    discriminator_steps: int = 1
    """Discriminator updates per generator update (n_critic of WGAN-GP)."""
    style_mixing_prob: float = 0.0
    """Share of generated images made from two latents (the StyleGAN papers use 0.9)."""
    ema_kimg: float | None = None
    """Half-life of the moving average of the generator's weights; by default batch_size·10/32."""
    ema_rampup: float | None = 0.05
    """The half-life is at most this share of the images seen so far."""
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    """What the convolutions compute in; weights, losses, penalties and last layers are float32 in any case. For GPUs:
    'bfloat16' since NVIDIA's Ampere, 'float16' (with a loss scale) before."""
    seed: int = 0
    """Seed of the initial weights, the data order and all draws."""
    jit_compile: bool | None = None
    """Compile the step with XLA; by default with JAX only, which needs it."""
    steps_per_execution: int = 1
    """Steps in a group; logs, checkpoints and the end of the run wait for its last one. TensorFlow makes one graph of
    them, JAX gains nothing, PyTorch has none."""
    log_kimg: float = 1.0
    """Interval between two rows of log.csv."""
    sample_kimg: float = 20.0
    """Interval between two grids of samples."""
    sample_count: int = 64
    """Images in a grid of samples (spread over the classes)."""
    checkpoint_kimg: float = 20.0
    """Interval between two checkpoints."""
    checkpoint_gb: float = 10.0
    """Disk budget for checkpoints; the oldest go first, the newest two always stay."""
    evaluate_kimg: float | None = 100.0
    """Interval between two quick evaluations against the subjects in test/; None for none."""
    evaluate_count: int = 1000
    """Images generated for a quick evaluation."""
    best_metric: Literal["frechet_random", "coverage_random", "precision_random", "recall_random"] = "frechet_random"
    """The column of evaluation.csv that decides which state is kept as the best."""

    def __post_init__(self) -> None:
        _require_at_least(
            self,
            1,
            "batch_size",
            "epochs",
            "discriminator_steps",
            "steps_per_execution",
            "sample_count",
            "evaluate_count",
        )
        _require_at_least(self, 0, "seed", "checkpoint_gb")
        _require_positive(self, "total_kimg", "ema_kimg", "ema_rampup", "log_kimg", "sample_kimg", "checkpoint_kimg")
        _require_positive(self, "evaluate_kimg")
        names = ("auto", "none", "mirrored", "multi-worker")
        _require(self.distribution in names, "distribution", f"one of {names}", self.distribution)
        names = ("frechet_random", "coverage_random", "precision_random", "recall_random")
        _require(self.best_metric in names, "best_metric", f"one of {names}", self.best_metric)
        names = ("float32", "bfloat16", "float16")
        _require(self.precision in names, "precision", f"one of {names}", self.precision)
        _require(0 <= self.style_mixing_prob <= 1, "style_mixing_prob", "in [0, 1]", self.style_mixing_prob)


@dataclass(frozen=True)
class Config:
    """One experiment."""

    model: ModelConfig = field(default_factory=ModelConfig)
    """The networks."""
    loss: LossConfig = field(default_factory=LossConfig)
    """The losses."""
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    """The optimizers."""
    data: DataConfig = field(default_factory=DataConfig)
    """The images."""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """Augmentation."""
    training: TrainingConfig = field(default_factory=TrainingConfig)
    """The run."""

    def __post_init__(self) -> None:
        group = min(self.model.mbstd_group_size, self.training.batch_size)
        _require(
            self.training.batch_size % group == 0,
            "training.batch_size",
            f"a multiple of model.mbstd_group_size ({group})",
            self.training.batch_size,
        )
