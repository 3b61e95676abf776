"""Options that change while a run goes on."""

import itertools
import math
from dataclasses import dataclass, fields

from keras_stylegan.config.checks import option, require, require_types
from keras_stylegan.config.limits import MOST_KIMG

Pairs = tuple[tuple[float, float], ...]
"""(kimg, value), one after the other."""
MOST = {
    "r1_gamma": 1_000_000,
    "r2_gamma": 1_000_000,
    "learning_rate_factor": 1_000_000,
    "ema_kimg": MOST_KIMG,
    "augment_strength": 1,
}


@dataclass(frozen=True)
class ScheduleConfig:
    """Options that change with the images seen: pairs (kimg, value), the first at 0 kimg and the last at the end of the
    run or after it. From one pair to the next the value is multiplied by the same factor for every image (`0 2 100 0.2`
    is 0.63 at 50 kimg). Without pairs an option stays as it is."""

    r1_gamma: Pairs = ()
    """γ of R1, in place of loss.r1_gamma. R3GAN's presets fall (2 to 0.2); small medical sets did best with a rising
    one (5 to 40)."""
    r2_gamma: Pairs = ()
    """γ of R2, in place of loss.r2_gamma."""
    learning_rate_factor: Pairs = ()
    """Multiplies the three learning rates (R3GAN: 1 to 0.25)."""
    beta_2: Pairs = ()
    """Adam's decay of the second moment, in place of optimizer.beta_2 (R3GAN: 0.9 to 0.99); what is multiplied is
    1 - β₂."""
    ema_kimg: Pairs = ()
    """Half-life of the moving average, in place of training.ema_kimg; training.ema_rampup limits it as well."""
    augment_strength: Pairs = ()
    """Probability of augmentation, in place of augment.strength, which must be a number (R3GAN's rises to 0.3)."""

    def __post_init__(self) -> None:
        require_types(self)
        for name in self.given():
            pairs = getattr(self, name)
            kimg, values = zip(*pairs, strict=True)
            increasing = kimg[0] == 0 and all(a < b for a, b in itertools.pairwise(kimg))
            require(
                increasing and kimg[-1] <= MOST_KIMG,
                option(self, name),
                f"pairs (kimg, value) whose kimg begin at 0, increase and are at most {MOST_KIMG:,}",
                pairs,
            )
            if name == "beta_2":
                legal, expected = all(0 < value < 1 for value in values), "above 0 and below 1"
            else:
                legal = all(0 < value <= MOST[name] for value in values)
                expected = f"greater than 0 and at most {MOST[name]:,}"
            require(legal, option(self, name), f"pairs (kimg, value) with values {expected}", pairs)

    def given(self) -> list[str]:
        """The options that have a schedule."""
        return [field.name for field in fields(self) if getattr(self, field.name)]

    def require_cover(self, kimg: float) -> None:
        """Check that every schedule reaches the end of a run.

        Args:
            kimg: Length of the run in thousands of images.

        Raises:
            InputError: One does not.
        """
        for name in self.given():
            pairs = getattr(self, name)
            end = math.ceil(kimg * 1000) / 1000
            require(pairs[-1][0] >= kimg, option(self, name), f"given to the end of the run ({end} kimg)", pairs)
