"""Adversarial losses. One function each for the discriminator and the generator, from logits (N, 1) to a scalar."""

from collections.abc import Callable
from typing import NamedTuple

from keras import ops


def wasserstein_discriminator_loss(real_logits, fake_logits):
    """E[D(fake)] − E[D(real)] (Arjovsky et al. 2017, algorithm 1; Gulrajani et al. 2017, equation 3)."""
    return ops.mean(fake_logits) - ops.mean(real_logits)


def wasserstein_generator_loss(real_logits, fake_logits):
    """−E[D(fake)] (Gulrajani et al. 2017, algorithm 1)."""
    return -ops.mean(fake_logits)


def logistic_discriminator_loss(real_logits, fake_logits):
    """E[softplus(D(fake))] + E[softplus(−D(real))] (Goodfellow et al. 2014, equation 1, on logits)."""
    return ops.mean(ops.softplus(fake_logits)) + ops.mean(ops.softplus(-real_logits))


def logistic_generator_loss(real_logits, fake_logits):
    """E[softplus(−D(fake))], the non-saturating form (Goodfellow et al. 2014, section 3)."""
    return ops.mean(ops.softplus(-fake_logits))


def hinge_discriminator_loss(real_logits, fake_logits):
    """E[max(0, 1 + D(fake))] + E[max(0, 1 − D(real))] (Lim and Ye 2017; Miyato et al. 2018, equation 16)."""
    return ops.mean(ops.relu(1.0 + fake_logits)) + ops.mean(ops.relu(1.0 - real_logits))


def hinge_generator_loss(real_logits, fake_logits):
    """−E[D(fake)] (Miyato et al. 2018, equation 17)."""
    return -ops.mean(fake_logits)


def relativistic_discriminator_loss(real_logits, fake_logits):
    """E[softplus(−(D(real) − D(fake)))], samples paired (Jolicoeur-Martineau 2018; Huang et al. 2024, R3GAN)."""
    return ops.mean(ops.softplus(fake_logits - real_logits))


def relativistic_generator_loss(real_logits, fake_logits):
    """E[softplus(−(D(fake) − D(real)))] (Huang et al. 2024, R3GAN)."""
    return ops.mean(ops.softplus(real_logits - fake_logits))


class AdversarialLoss(NamedTuple):
    """The two halves of a loss: functions of (real logits, fake logits)."""

    discriminator: Callable
    """Loss of the discriminator."""
    generator: Callable
    """Loss of the generator."""
    generator_needs_real: bool = False
    """Whether the generator's half reads the real logits, which otherwise are not computed for it."""
    relative: bool = False
    """Whether only differences of logits count, so that the sign of one says nothing."""


LOSSES = {
    "wgan-gp": AdversarialLoss(wasserstein_discriminator_loss, wasserstein_generator_loss, relative=True),
    "logistic": AdversarialLoss(logistic_discriminator_loss, logistic_generator_loss),
    "hinge": AdversarialLoss(hinge_discriminator_loss, hinge_generator_loss),
    "relativistic": AdversarialLoss(relativistic_discriminator_loss, relativistic_generator_loss, True, relative=True),
}
"""By the name in the config."""
