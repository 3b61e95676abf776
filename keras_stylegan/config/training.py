"""Options of a run."""

from dataclasses import dataclass
from typing import Literal

from keras_stylegan.config.checks import require, require_at_least, require_at_most, require_positive, require_types
from keras_stylegan.config.limits import MOST_EPOCHS, MOST_EVALUATED, MOST_KIMG, MOST_SEED, MOST_STEPS


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
    freeze_d: int = 0
    """Blocks of the discriminator, from the highest resolution on, that stay as they are (FreezeD, Mo et al. 2020), in
    a run that starts from another's weights (--init-from): what they see is the same in both, and few images teach
    the rest."""
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
        require_types(self)
        require_at_least(
            self,
            1,
            "batch_size",
            "epochs",
            "discriminator_steps",
            "steps_per_execution",
            "sample_count",
            "evaluate_count",
        )
        require_at_most(self, 65_536, "batch_size")
        require_at_most(self, MOST_EPOCHS, "epochs")
        require_at_most(self, MOST_STEPS, "discriminator_steps", "steps_per_execution")
        require_at_most(self, 10_000, "sample_count")
        require_at_most(self, MOST_EVALUATED, "evaluate_count")
        require_at_least(self, 0, "seed", "checkpoint_gb", "freeze_d")
        require_at_most(self, MOST_SEED, "seed")
        in_kimg = ("total_kimg", "ema_kimg", "log_kimg", "sample_kimg", "checkpoint_kimg", "evaluate_kimg")
        require_positive(self, "ema_rampup", *in_kimg)
        require_at_most(self, MOST_KIMG, *in_kimg)
        require(0 <= self.style_mixing_prob <= 1, "training.style_mixing_prob", "in [0, 1]", self.style_mixing_prob)
