"""What a `StyleGAN` does while it grows (Karras et al. 2017, section 2 and appendix A.1).

The plan is in `stages`, the fade within the networks in `models.growth`.
"""

import math

import keras
from keras import ops

from keras_stylegan.augment.pipeline import Pipeline
from keras_stylegan.backend.replicas import num_replicas
from keras_stylegan.layers.resample import double, halve
from keras_stylegan.models.growth import GeneratorAtLevel, fade_in
from keras_stylegan.sizes import height_width

NO_SLOTS = ("learning_rate", "beta_2")
"""Variables of an optimizer that are set anew in every step."""


class Latest(keras.metrics.Metric):
    """The last value, for the log."""

    def __init__(self, name):
        super().__init__(name=name)
        self.value = self.add_variable((), "zeros", name="value")

    def update_state(self, value):
        """Takes the place of the one before."""
        self.value.assign(ops.cast(value, self.value.dtype))

    def result(self):
        """A scalar."""
        return ops.convert_to_tensor(self.value)


def trackers(generator):
    """What is logged of a generator that grows: the resolution that is trained, and α; nothing of any other."""
    names = ("resolution", "alpha") if getattr(generator.synthesis, "growth", None) is not None else ()
    return {name: Latest(name) for name in names}


def enter(gan, stage):
    """Make a gan ready for a stage; `fit` then compiles a step of its own.

    At the first image of a resolution that was added the slots of the optimizers start at zero: they are of gradients
    of other networks. The moving average of the generator goes on.

    Args:
        gan: A compiled `StyleGAN`, in the state from which it trains on.
        stage: A `Stage`.
    """
    gan.batch_size = stage.batch_size // num_replicas()
    gan.train_function = None
    if stage.level is None:
        return
    gan.stage = stage
    gan.draws.generator = GeneratorAtLevel(gan.generator, stage.level)
    whole, level = (height_width(generator.resolution) for generator in (gan.generator, gan.draws.generator))
    gan.pixel_share = math.prod(level) / math.prod(whole)
    operations = [operation.name for operation in gan.augmenter.pipeline.operations]
    gan.augmenter.pipeline = Pipeline(operations, *level, gan.generator.channels)
    rates = gan.compile_options["learning_rates"] or {}
    gan.learning_rates = {name: rate * stage.learning_rate_factor for name, rate in rates.items()}
    if gan.images_seen != stage.start:
        return
    # Weights that a run begins with may come from one that had grown further.
    for network in (gan.generator.synthesis, gan.generator_ema.synthesis, gan.discriminator):
        network.growth.assign(max(0, stage.level - 1))
    for optimizer in gan.optimizers:
        for variable in optimizer.variables:
            if variable.name not in NO_SLOTS:
                first = ops.ones if variable.name == "beta_2_product" else ops.zeros
                variable.assign(first(variable.shape, variable.dtype))


def shown(gan, images):
    """Real images of the full size as a stage shows them: means over pixels of its level, and while that is faded in
    as much of the detail as generated images have."""
    if gan.stage is None:
        if getattr(gan.generator.synthesis, "growth", None) is not None:
            raise ValueError("a network that grows is trained in stages: call training.growing.enter(gan, stage) first")
        return images
    while images.shape[1] > height_width(gan.draws.generator.resolution)[0]:
        images = halve(images)
    level = gan.stage.level
    return fade_in(gan.generator.synthesis.growth, level, double(halve(images)), images) if level else images


def advance(gan):
    """Fade as far as the images seen now say; at the end of every step."""
    stage = gan.stage
    if stage is None:
        return
    alpha = ops.ones(())
    if stage.level:
        alpha = ops.clip(ops.cast(gan.images - stage.start, "float32") / stage.fade, 0.0, 1.0)
        for network in (gan.generator.synthesis, gan.discriminator):
            network.growth.assign(ops.cast(stage.level - 1 + alpha, network.growth.dtype))
    gan.trackers["resolution"].update_state(gan.generator.synthesis.levels[stage.level])
    gan.trackers["alpha"].update_state(alpha)
