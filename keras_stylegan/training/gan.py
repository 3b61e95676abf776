"""StyleGAN2 as one `keras.Model`: what is compiled, logged and saved. What a step computes: `algorithm`."""

import keras
from keras import ops

from keras_stylegan.augment.leaky_clip import leaky_clip
from keras_stylegan.backend import JIT_COMPILE, BackendTrainer, check_options
from keras_stylegan.backend.branches import in_branches
from keras_stylegan.layers.equalized import PACKAGE
from keras_stylegan.losses.adversarial import LOSSES
from keras_stylegan.losses.penalties import PENALTIES, active_penalties
from keras_stylegan.models.label import label_of_columns
from keras_stylegan.training.algorithm import training_step
from keras_stylegan.training.augmenter import COLUMNS, Augmenter
from keras_stylegan.training.callbacks.image_counter import ImageCounter
from keras_stylegan.training.draws import Draws, ReplicaSeedGenerator
from keras_stylegan.training.growing import shown, trackers
from keras_stylegan.training.kimg_schedule import KimgSchedule, set_optimizers
from keras_stylegan.training.loss_scale import LossScale
from keras_stylegan.training.state import OWN_STATE, own_state, take_own_state
from keras_stylegan.training.update import GuardedUpdate

OPTIMIZERS = ("g_optimizer", "m_optimizer", "d_optimizer")


@keras.saving.register_keras_serializable(PACKAGE)
class StyleGAN(BackendTrainer):
    """Generator, discriminator and the moving average of the generator, trained against each other.

    A step is one discriminator update on a batch of real and as many generated images, then (every
    `discriminator_steps`-th step) one generator update, then the moving average. A penalty with interval 1 is part of
    that update's loss; a lazy one (interval k > 1) is an update of its own in every k-th step, k times as strong
    (Karras et al. 2019, section 3.1). An update with a non-finite gradient is left out and counted in
    `skipped_updates`. Networks in mixed precision train as well (losses, penalties, weights and their average are
    float32); with float16 the losses are scaled, and updates left out in search of the scale count as `overflows`.

    Args:
        generator: `Generator`.
        discriminator: `Discriminator` of the same resolution, channels, c_dim and covariates.
        ema_kimg: See `ema_decay`.
        ema_rampup: See `ema_decay`.
        style_mixing_prob: See `Draws`.
        noise: "random" or "none": noise inputs of the generator in training.
        batch_size: Images per step and replica, if it is always the same: then all shapes are known when the graph is
            built. Without it images beyond a multiple of the discriminator's `mbstd_group_size` are left out.
        seed: Seed of all draws.

    Call arguments:
        z: (N, z_dim). Further arguments as for `Generator`.

    Returns:
        Images of the averaged generator.

    Example:
        >>> gan = StyleGAN(Generator(resolution=32), Discriminator(resolution=32))
        >>> adam = keras.optimizers.Adam
        >>> gan.compile(g_optimizer=adam(1e-4), m_optimizer=adam(1e-4), d_optimizer=adam(1e-4))
        >>> gan.fit(images, batch_size=32, epochs=10)  # images: (N, 32, 32, 1) in [-1, 1]
    """

    def __init__(
        self,
        generator,
        discriminator,
        ema_kimg=20.0,
        ema_rampup=0.05,
        style_mixing_prob=0.0,
        noise="random",
        batch_size=None,
        seed=0,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        for name in ("resolution", "channels", "c_dim", "covariates"):
            if getattr(generator, name) != getattr(discriminator, name):
                raise ValueError(
                    f"generator and discriminator must have the same {name}. "
                    f"Received: {getattr(generator, name)} and {getattr(discriminator, name)}"
                )
        self.generator = generator
        self.discriminator = discriminator
        # For use, not for training: whatever the generator computes in, its average does in float32.
        options = {"name": "generator_ema", "dtype": generator.variable_dtype}
        self.generator_ema = type(generator).from_config(generator.get_config() | options)
        self.ema_kimg, self.ema_rampup = ema_kimg, ema_rampup
        self.style_mixing_prob, self.noise = style_mixing_prob, noise
        self.batch_size = batch_size
        self.seed = seed
        self.seed_generator = ReplicaSeedGenerator(seed, name="draws")
        self.draws = Draws(generator, self.seed_generator, style_mixing_prob, noise)
        for name, (dtype, default) in OWN_STATE.items():
            initializer = keras.initializers.Constant(default)
            setattr(self, name, self.add_weight((), initializer, dtype, name=name, trainable=False))
        scaled = "float16" in (generator.compute_dtype, discriminator.compute_dtype)
        self.d_loss_scale = LossScale(name="d_loss_scale") if scaled else None
        self.g_loss_scale = LossScale(name="g_loss_scale") if scaled else None
        means = ["d_loss", "g_loss", *(name for penalty in PENALTIES for name in penalty.columns), *COLUMNS]
        self.trackers = {name: keras.metrics.Mean(name=name) for name in [*means, "real_score", "fake_score"]}
        sums = ["skipped_updates", "overflows"] if scaled else ["skipped_updates"]
        self.trackers |= {name: keras.metrics.Sum(name=name) for name in sums} | trackers(generator)
        self.penalties, self.schedules, self.augmenter = (), {}, Augmenter(self)
        self.stage, self.pixel_share = None, 1.0
        self.interval_metrics = False
        self.step_logs = True
        self.counted_images = None
        self.build()

    def build(self, images_shape=None):
        """Build the networks and start the average as a copy; all sizes are known."""
        for network in (self.generator, self.discriminator, self.generator_ema):
            if not network.built:
                network.build()
        self.generator_ema.trainable = False
        for copy, variable in zip(self.generator_ema.weights, self.generator.weights, strict=True):
            # A copy also in memory: JAX updates every array in its place and can do so once.
            copy.assign(ops.copy(variable))

    def compile(
        self,
        g_optimizer,
        m_optimizer,
        d_optimizer,
        adversarial="wgan-gp",
        discriminator_steps=1,
        learning_rates=None,
        schedules=None,
        clip_leak=1.0,
        augment=None,
        jit_compile=None,
        steps_per_execution=1,
        **options,
    ):
        """Choose optimizers and losses; the defaults are WGAN-GP with weight 10 and R1 with 0.001 = γ/2.

        Args:
            g_optimizer: For the synthesis network.
            m_optimizer: For the mapping network.
            d_optimizer: For the discriminator.
            adversarial: "wgan-gp", "logistic", "hinge" or "relativistic".
            discriminator_steps: Discriminator updates per generator update.
            learning_rates: From the names of the three arguments above to a number or a schedule of
                `keras.optimizers.schedules`, counted in training steps (an optimizer's own schedule is counted in its
                updates, which lazy penalties and overflows change). An optimizer that is not in it keeps its rate.
            schedules: From names to pairs (kimg, value), in place of constant options: see `KimgSchedule`. 'beta_2' is
                that of the optimizers which are a `ScheduledAdam`, 'learning_rate_factor' of `learning_rates`.
            clip_leak: See `leaky_clip`.
            augment: Arguments of `Augmenter` by name; None for no augmentation.
            jit_compile: Compile with XLA; by default with JAX, which needs it. On a CPU its convolutions are several
                times slower than TensorFlow's own.
            steps_per_execution: Steps between two calls of the callbacks; TensorFlow makes one graph of them.
            **options: Weights and intervals of the penalties by their names in `losses.penalties.PENALTIES` (gp_weight,
                gp_interval, r1_gamma, …; 0 turns one off); others are passed to `keras.Model.compile`.

        Raises:
            InputError: The backend cannot do with this `jit_compile` or `steps_per_execution`.
        """
        if adversarial not in LOSSES:
            raise ValueError(f"adversarial must be one of {sorted(LOSSES)}. Received: {adversarial!r}")
        check_options(jit_compile, steps_per_execution)
        of_penalties = {name for penalty in PENALTIES for name in (penalty.weight, penalty.interval)}
        chosen = {name: options.pop(name) for name in sorted(of_penalties & options.keys())}
        self.g_optimizer, self.m_optimizer, self.d_optimizer = g_optimizer, m_optimizer, d_optimizer
        super().compile(
            optimizer=g_optimizer,
            jit_compile=JIT_COMPILE[0] if jit_compile is None else jit_compile,
            steps_per_execution=steps_per_execution,
            auto_scale_loss=False,
            **options,
        )
        parts = (self.generator.synthesis, self.generator.mapping, self.discriminator)
        variables = [part.trainable_variables for part in parts]
        for optimizer, group in zip(self.optimizers, variables, strict=True):
            # Keras sees one optimizer only; unbuilt others would lose their slots on saving.
            optimizer.build(group)
        g_targets, m_targets, d_targets = zip(self.optimizers, variables, strict=True)
        self.update_g = GuardedUpdate([g_targets, m_targets], self.trackers, self.g_loss_scale)
        self.update_d = GuardedUpdate([d_targets], self.trackers, self.d_loss_scale)
        self.adversarial = LOSSES[adversarial]
        self.schedules = {name: KimgSchedule(name, pairs) for name, pairs in (schedules or {}).items()}
        self.penalties = active_penalties(chosen, self.schedules)
        self.discriminator_steps = discriminator_steps
        self.learning_rates = learning_rates or {}
        self.clip_leak = clip_leak
        self.augmenter = Augmenter(self, **(augment or {}))
        self.compile_options = chosen | {
            "adversarial": adversarial,
            "discriminator_steps": discriminator_steps,
            "learning_rates": learning_rates,
            "schedules": schedules,
            "clip_leak": clip_leak,
            "augment": augment,
            "jit_compile": jit_compile,
            "steps_per_execution": steps_per_execution,
        }

    @property
    def optimizers(self):
        """The three, in the order of `OPTIMIZERS`."""
        return tuple(getattr(self, name) for name in OPTIMIZERS)

    @property
    def images_seen(self):
        """Real images shown to the discriminator so far."""
        return int(ops.convert_to_numpy(self.images)) if self.counted_images is None else self.counted_images

    def now(self, name, constant):
        """The present value of what may have a schedule; else its constant one."""
        return self.schedules[name](self.images) if name in self.schedules else constant

    def call(self, z, label=None, **kwargs):
        """See the class."""
        return self.generator_ema(z, label, **kwargs)

    def score(self, images, label):
        """Logits (N, 1) of the discriminator: its only way, for real, generated and mixed images alike.

        Clipped first, since black is where the padding of real images is only until it is augmented.
        """
        return self.discriminator(self.augmenter(leaky_clip(images, self.clip_leak)), label, in_parts=in_branches)

    def train_on_images(self, images, labels=None):
        """One step.

        Args:
            images: (N, H, W, C) in [-1, 1].
            labels: (N,) integers, or a dictionary that has them as "class", and covariates by their names; what the
                networks are not conditioned on is ignored.

        Returns:
            Dictionary of scalars: means since the last reset; empty without `step_logs`.
        """
        if self.batch_size is not None:
            images = ops.reshape(images, (self.batch_size, *images.shape[1:]))
        batch = images.shape[0] or ops.shape(images)[0]
        label = label_of_columns(self.generator, labels if isinstance(labels, dict) else {"class": labels})
        if self.batch_size is None:
            # A batch smaller than a group is one.
            smaller = min if isinstance(batch, int) else ops.minimum
            batch = batch - batch % smaller(batch, self.discriminator.mbstd_group_size)
            images, label = images[:batch], None if label is None else label[:batch]
        set_optimizers(self)
        training_step(self, shown(self, images), label, batch)
        if not self.step_logs:
            return {}
        logs = {tracker.name: tracker.result() for tracker in self.metrics}
        # Stock callbacks (TerminateOnNaN) look for a key "loss".
        return logs | {"loss": logs["d_loss"] + logs["g_loss"]}

    def fit(self, *args, callbacks=None, **kwargs):
        """As in Keras, and counts the images for `images_seen`.

        Keras reads all logs after every step, which keeps a GPU waiting. A run with a log of its own sets `step_logs`
        to False before: a step then returns none.
        """
        if not isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks = [ImageCounter(), *keras.tree.flatten(callbacks or [])]
        try:
            return super().fit(*args, callbacks=callbacks, **kwargs)
        finally:
            self.counted_images = None

    @property
    def metrics(self):
        """The means since the last reset of all losses and penalties that are in use."""
        unused = {name for penalty in PENALTIES for name in penalty.columns} | set(COLUMNS)
        unused -= {name for active in self.penalties for name in active.penalty.columns} | set(self.augmenter.columns)
        used = [tracker for name, tracker in self.trackers.items() if name not in unused]
        return used + [schedule.tracker for schedule in self.schedules.values()]

    def reset_metrics(self):
        """Keras calls this at every epoch; with `interval_metrics` a log with rows of its own resets instead."""
        if not self.interval_metrics:
            self.reset_interval()

    def reset_interval(self):
        """Start new means."""
        for tracker in (*self.trackers.values(), *(schedule.tracker for schedule in self.schedules.values())):
            tracker.reset_state()

    def save_own_variables(self, store):
        """What no layer and no optimizer holds (`state.own_state`), for `.keras` and `.weights.h5` files."""
        for name, variable in own_state(self).items():
            store[name] = ops.convert_to_numpy(variable)

    def load_own_variables(self, store):
        """The inverse of `save_own_variables`."""
        take_own_state(self, store)

    def get_compile_config(self):
        """What `compile` was given, so that a loaded `.keras` file is compiled too and trains on."""
        if not self.compiled:
            return None
        serialize = keras.saving.serialize_keras_object
        given = {name: getattr(self, name) for name in OPTIMIZERS} | self.compile_options
        return {name: serialize(value) for name, value in given.items()}

    def compile_from_config(self, config):
        """The inverse of `get_compile_config`."""
        self.compile(**keras.saving.deserialize_keras_object(config))

    def get_config(self):
        """All constructor arguments."""
        serialize = keras.saving.serialize_keras_object
        return super().get_config() | {
            "generator": serialize(self.generator),
            "discriminator": serialize(self.discriminator),
            "ema_kimg": self.ema_kimg,
            "ema_rampup": self.ema_rampup,
            "style_mixing_prob": self.style_mixing_prob,
            "noise": self.noise,
            "batch_size": self.batch_size,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The inverse of `get_config`."""
        for name in ("generator", "discriminator"):
            config[name] = keras.saving.deserialize_keras_object(config[name], custom_objects=custom_objects)
        return cls(**config)
