"""Augmentation within a step: whose draws hold for which images, and how strong it is."""

from keras import ops

from keras_stylegan.augment.pipeline import Pipeline
from keras_stylegan.backend.replicas import all_mean, num_replicas
from keras_stylegan.sizes import height_width

HALF_LIFE = 256
"""Images of the mean of signs (four batches of 64: Karras et al. 2020, "ADA", section 3)."""
COLUMNS = ("augment_strength", "augment_sign")
"""Of the log: strength, and the mean sign that an adaptive one follows."""


class Augmenter:
    """Changes all images alike, real and generated, before the discriminator sees them (Karras et al. 2020, "ADA").

    One draw a sample and update: the real and the generated image of a number, the point between them and the penalties
    of both see the same change. Expectations are those of separate draws, and so is what is learned: at equal
    distributions a constant score is best either way, and its gradient there is the difference of the augmented
    distributions. But a paired loss compares like with like, and what differs between its two images is then not the
    draw.

    An adaptive strength grows while the mean sign is above its target, and falls below it. The sign is that of the real
    logit, as in the paper; where a loss knows only differences of logits (`AdversarialLoss.relative`), that of the real
    minus the generated one.

    Args:
        gan: `StyleGAN`; its variables `augment_strength` and `augment_sign` are the state.
        operations: Names (`augment.operations`); none turns augmentation off.
        strength: Probability of every operation; None for an adaptive one, which starts at 0 and ends at the least
            stated strength of its operations.
        ada_target: Mean sign that an adaptive strength keeps.
        ada_kimg: Thousands of images in which an adaptive strength may go from 0 to 1.
    """

    def __init__(self, gan, operations=(), strength=None, ada_target=0.6, ada_kimg=100.0):
        generator = gan.generator
        self.gan = gan
        self.pipeline = Pipeline(operations, *height_width(generator.resolution), generator.channels)
        self.strength, self.target, self.kimg = strength, ada_target, ada_kimg
        self.parameters = None

    @property
    def adaptive(self):
        """Whether the strength follows the mean sign."""
        return bool(self.pipeline.operations) and self.strength is None

    @property
    def columns(self):
        """Its columns of the log; a scheduled strength has that of its schedule."""
        return COLUMNS if self.adaptive else COLUMNS[1:] if self.pipeline.operations else ()

    def draw(self, batch):
        """Draw for the update that begins."""
        if self.pipeline.operations:
            constant = ops.convert_to_tensor(self.gan.augment_strength) if self.adaptive else self.strength
            drawn = self.gan.draws.augmentation(batch, self.pipeline)
            self.parameters = self.pipeline.parameters(*drawn, self.gan.now("augment_strength", constant))

    def __call__(self, images):
        """(K·N, H, W, C), K sets interleaved, as the draws say."""
        return self.pipeline.apply(images, self.parameters) if self.pipeline.operations else images

    def observe(self, real_logits, fake_logits):
        """Take note of a discriminator update, and set the strength of the next one.

        Args:
            real_logits: (N, 1).
            fake_logits: (N, 1), of the same draw.

        Returns:
            What to log: name to a tensor.
        """
        if not self.pipeline.operations:
            return {}
        gan = self.gan
        signs = ops.sign(real_logits - fake_logits if gan.adversarial.relative else real_logits)
        if not self.adaptive:
            return {"augment_sign": signs}
        images = num_replicas() * ops.sum(ops.ones_like(signs))
        old = ops.convert_to_tensor(gan.augment_sign)
        mean = old + (1.0 - ops.power(0.5, images / HALF_LIFE)) * (all_mean([ops.mean(signs)])[0] - old)
        strength = ops.convert_to_tensor(gan.augment_strength)
        moved = strength + ops.sign(mean - self.target) * images / (1000.0 * self.kimg)
        # As with the path length, an update that is left out leaves no trace.
        finite = ops.isfinite(mean)
        gan.augment_sign.assign(ops.where(finite, mean, old))
        moved = ops.clip(moved, 0.0, self.pipeline.stated_strength)
        gan.augment_strength.assign(ops.where(finite, moved, strength))
        return {"augment_sign": signs, "augment_strength": strength}
