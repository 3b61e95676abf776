"""From a config to networks."""

import dataclasses
import inspect
from collections.abc import Sequence

from keras_stylegan import backend
from keras_stylegan.backend import replicas
from keras_stylegan.config import Config
from keras_stylegan.errors import InputError
from keras_stylegan.latent.covariates import Covariate
from keras_stylegan.layers.seeds import derive_seed
from keras_stylegan.models.families import NETWORKS, DiscriminatorNetwork, GeneratorNetwork
from keras_stylegan.training.augmenter import Augmenter
from keras_stylegan.training.gan import StyleGAN
from keras_stylegan.training.optimizers import make_optimizers

CONV_CLAMP = {"float32": None, "bfloat16": None, "float16": 256.0}
"""Limit of a layer's outputs (Karras et al. 2020, "ADA", appendix D.1); bfloat16 has the range of float32."""


OF_TRAINING = {"network", "conditional", "noise"}
"""Options of `ModelConfig` that are no argument of a network."""


def make_generator(
    config: Config, class_count: int, dtype: str = "float32", covariates: Sequence[Covariate] = ()
) -> GeneratorNetwork:
    """The generator of an experiment, built.

    Args:
        config: The experiment.
        class_count: Classes in the data; used by conditional models only.
        dtype: Keras dtype policy. float32 whatever the generator was trained in, except for training itself.
        covariates: Those of the training images that `config.model.covariates` names.

    Raises:
        InputError: An option that the networks of this family do not have.
    """
    generator = _make("generator", config, class_count, dtype, covariates)
    generator.build()
    return generator


def make_discriminator(
    config: Config, class_count: int, dtype: str = "float32", covariates: Sequence[Covariate] = ()
) -> DiscriminatorNetwork:
    """The discriminator of an experiment; see `make_generator`."""
    return _make("discriminator", config, class_count, dtype, covariates)


def check_options(config: Config) -> None:
    """Check all options that a training would refuse before it has seen its images.

    Raises:
        InputError: An option that the networks of this family do not have, or that the backend cannot do.
    """
    backend.check_options(config.training.jit_compile, config.training.steps_per_execution)
    _arguments(config)


def _arguments(config):
    """Names of the arguments of both networks' constructors; an `InputError` if an option is none of them."""
    family, model = NETWORKS[config.model.network], config.model
    kinds = {"generator": family.generator, "discriminator": family.discriminator}
    known = {key: set(inspect.signature(kind.__init__).parameters) for key, kind in kinds.items()}
    for field in dataclasses.fields(model):
        value = getattr(model, field.name)
        if value != field.default and field.name not in known["generator"] | known["discriminator"] | OF_TRAINING:
            raise InputError(
                f"model.{field.name} is no option of model.network {model.network!r}: leave it at {field.default!r}. "
                f"Received: {value!r}"
            )
    start = config.growing.start
    if start is not None and not all("growing_start" in arguments for arguments in known.values()):
        raise InputError(f"growing.start is no option of model.network {model.network!r}. Received: {start}")
    return known


def _make(name, config, class_count, dtype, covariates):
    """A network of the family, with those of the options that its constructor names."""
    model, known = config.model, _arguments(config)
    options = {
        **dataclasses.asdict(model),
        "growing_start": config.growing.start,
        "c_dim": class_count if model.conditional else 0,
        "covariates": {item.name: item.spread for item in covariates},
        "conv_clamp": CONV_CLAMP[config.training.precision],
    }
    return getattr(NETWORKS[model.network], name)(
        **{key: value for key, value in options.items() if key in known[name]},
        seed=derive_seed(config.training.seed, name),
        name=name,
        dtype=dtype,
    )


def freeze(discriminator: DiscriminatorNetwork, count: int) -> None:
    """Keep the first layers of a discriminator as they are: its `from_rgb` and `count` blocks; 0 keeps nothing.

    Raises:
        InputError: It has not so many.
    """
    blocks = getattr(discriminator, "blocks", ())
    if count > len(blocks):
        raise InputError(
            f"training.freeze_d must be at most {len(blocks)}, the discriminator's blocks. Received: {count}"
        )
    if not count:
        return
    deviations = [layer for layer in getattr(discriminator, "deviations", ())[:count] if layer is not None]
    for layer in (discriminator.from_rgb, *(layer for block in blocks[:count] for layer in block), *deviations):
        layer.trainable = False


def check_batch(config: Config) -> None:
    """Check that every replica gets the same number of images, and whole groups of the minibatch deviation.

    Raises:
        InputError: It does not.
    """
    count, group = replicas.num_replicas(), config.model.mbstd_group_size
    for resolution, batch_size in config.growing.batches(config.model.resolution, config.training.batch_size).items():
        if count > 1 and batch_size % (count * group):
            name = "growing.batch" if resolution in dict(config.growing.batch) else "training.batch_size"
            raise InputError(
                f"{name} must be a multiple of {count * group}: {count} replicas in groups of "
                f"model.mbstd_group_size ({group}); or choose --training.distribution none. Received: {batch_size}"
            )


def make_gan(
    config: Config,
    class_count: int,
    steps_per_epoch: int,
    total_steps: int,
    covariates: Sequence[Covariate] = (),
) -> StyleGAN:
    """The compiled `StyleGAN` of an experiment.

    Args:
        config: The experiment.
        class_count: Classes in the data.
        steps_per_epoch: Training steps in a pass over the data.
        total_steps: Training steps of the run, for the learning-rate schedules.
        covariates: See `make_generator`.
    """
    with replicas.scope():
        return _make_gan(config, class_count, steps_per_epoch, total_steps, covariates)


def _make_gan(
    config: Config, class_count: int, steps_per_epoch: int, total_steps: int, covariates: Sequence[Covariate]
) -> StyleGAN:
    training = config.training
    dtype = "float32" if training.precision == "float32" else f"mixed_{training.precision}"
    discriminator = make_discriminator(config, class_count, dtype, covariates)
    gan = StyleGAN(
        make_generator(config, class_count, dtype, covariates),
        discriminator,
        ema_kimg=training.batch_size * 10 / 32 if training.ema_kimg is None else training.ema_kimg,
        ema_rampup=training.ema_rampup,
        style_mixing_prob=training.style_mixing_prob,
        noise=config.model.noise,
        batch_size=training.batch_size // replicas.num_replicas(),
        seed=derive_seed(training.seed, "draws"),
        name="stylegan",
    )
    # Before the optimizer is built, which has slots for what is trained.
    freeze(discriminator, training.freeze_d)
    gan.compile(
        **make_optimizers(config, steps_per_epoch, total_steps),
        **dataclasses.asdict(config.loss),
        schedules={name: getattr(config.schedule, name) for name in config.schedule.given()},
        clip_leak=config.augment.clip_leak,
        augment={
            name: getattr(config.augment, name) for name in inspect.signature(Augmenter).parameters if name != "gan"
        },
        discriminator_steps=training.discriminator_steps,
        jit_compile=training.jit_compile,
        steps_per_execution=training.steps_per_execution,
    )
    return gan
