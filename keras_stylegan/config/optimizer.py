"""Options of the optimizers."""

from dataclasses import dataclass
from typing import Literal

from keras_stylegan.config.checks import (
    option,
    require,
    require_at_least,
    require_at_most,
    require_positive,
    require_types,
)
from keras_stylegan.config.limits import MOST_EPOCHS, MOST_KIMG


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
        require_types(self)
        legal = bool(self.phases) and all(0 < epochs <= MOST_EPOCHS and 0 < rate <= 1 for epochs, rate in self.phases)
        require(
            legal,
            "optimizer.phases",
            f"pairs (epochs > 0, learning rate > 0), at most {MOST_EPOCHS:,} and 1",
            self.phases,
        )
        require_positive(self, "g_learning_rate", "m_learning_rate", "d_learning_rate", "epsilon")
        # A step of Adam is about as long as its rate; no weight is as large as 1 by far.
        require_at_most(self, 1, "g_learning_rate", "m_learning_rate", "d_learning_rate", "epsilon")
        require_at_least(self, 0, "warmup_kimg")
        require_at_most(self, MOST_KIMG, "warmup_kimg")
        for name in ("beta_1", "beta_2"):
            require(0 <= getattr(self, name) < 1, option(self, name), "in [0, 1)", getattr(self, name))
