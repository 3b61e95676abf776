"""StyleGAN2's training algorithm as one `keras.Model`."""

import keras
from keras import ops

from keras_stylegan.backend import BackendTrainer, run_if, value_and_gradients
from keras_stylegan.layers.equalized import PACKAGE
from keras_stylegan.losses.adversarial import LOSSES, NEEDS_REAL_LOGITS
from keras_stylegan.losses.penalties import (
    gradient_penalty,
    path_length_penalty,
    path_lengths,
    r1_penalty,
    r2_penalty,
)
from keras_stylegan.training.draws import draw_generator, styles
from keras_stylegan.training.ema import ema_decay, update_ema

SUMS = ("skipped_updates",)
MEANS = (
    "d_loss",
    "g_loss",
    "gradient_penalty",
    "r1_penalty",
    "r2_penalty",
    "path_length_penalty",
    "path_length",
    "real_score",
    "fake_score",
)


@keras.saving.register_keras_serializable(PACKAGE)
class StyleGAN(BackendTrainer):
    """Generator, discriminator and the moving average of the generator, trained against each other.

    A step is one discriminator update on a batch of real and as many generated images, then (every
    `discriminator_steps`-th step) one generator update, then the moving average. A penalty with interval 1 is part of
    that update's loss; a lazy one (interval k > 1) is an update of its own in every k-th step, k times as strong
    (Karras et al. 2019, section 3.1). An update with a non-finite gradient is left out and counted in
    `skipped_updates`.

    Args:
        generator: `Generator`.
        discriminator: `Discriminator` of the same resolution, channels and c_dim.
        ema_kimg: See `ema_decay`.
        ema_rampup: See `ema_decay`.
        style_mixing_prob: See `draw_generator`.
        batch_size: Images per step, if it is always the same: then all shapes are known when the graph is built.
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
        batch_size=None,
        seed=0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        for name in ("resolution", "channels", "c_dim"):
            if getattr(generator, name) != getattr(discriminator, name):
                raise ValueError(
                    f"generator and discriminator must have the same {name}. "
                    f"Received: {getattr(generator, name)} and {getattr(discriminator, name)}"
                )
        self.generator = generator
        self.discriminator = discriminator
        self.generator_ema = type(generator).from_config(generator.get_config() | {"name": "generator_ema"})
        self.ema_kimg, self.ema_rampup = ema_kimg, ema_rampup
        self.style_mixing_prob = style_mixing_prob
        self.batch_size = batch_size
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.step = self._scalar("step", "int32")
        self.images = self._scalar("images", "int32")
        self.path_length_mean = self._scalar("path_length_mean")
        self.trackers = {name: keras.metrics.Mean(name=name) for name in MEANS}
        self.trackers |= {name: keras.metrics.Sum(name=name) for name in SUMS}
        self.interval_metrics = False
        self.build()

    def _scalar(self, name, dtype="float32"):
        return self.add_weight(name=name, shape=(), dtype=dtype, initializer="zeros", trainable=False)

    def build(self, images_shape=None):
        """Build the networks and start the average as a copy; all sizes are known."""
        for network in (self.generator, self.discriminator, self.generator_ema):
            if not network.built:
                network.build()
        self.generator_ema.trainable = False
        self._start_average()

    def _start_average(self):
        for copy, variable in zip(self.generator_ema.weights, self.generator.weights, strict=True):
            copy.assign(variable)

    def compile(
        self,
        g_optimizer,
        m_optimizer,
        d_optimizer,
        adversarial="wgan-gp",
        gp_weight=10.0,
        gp_interval=1,
        r1_gamma=0.002,
        r1_interval=1,
        r2_gamma=0.0,
        r2_interval=1,
        pl_weight=0.0,
        pl_interval=4,
        discriminator_steps=1,
        jit_compile=False,
        **kwargs,
    ):
        """Choose optimizers and losses; the defaults are WGAN-GP with weight 10 and R1 with 0.001 = γ/2.

        Args:
            g_optimizer: For the synthesis network.
            m_optimizer: For the mapping network.
            d_optimizer: For the discriminator.
            adversarial: "wgan-gp", "logistic", "hinge" or "relativistic".
            gp_weight: λ of the gradient penalty; 0 for none.
            gp_interval: Discriminator steps between two of them.
            r1_gamma: γ of R1 on real images; 0 for none.
            r1_interval: Discriminator steps between two of them.
            r2_gamma: γ of R2 on generated images; 0 for none.
            r2_interval: Discriminator steps between two of them.
            pl_weight: Weight of the path-length penalty; 0 for none.
            pl_interval: Generator steps between two of them.
            discriminator_steps: Discriminator updates per generator update.
            jit_compile: Compile with XLA; on a CPU its convolutions are several times slower.
            **kwargs: Passed to `keras.Model.compile`.
        """
        if adversarial not in LOSSES:
            raise ValueError(f"adversarial must be one of {sorted(LOSSES)}. Received: {adversarial!r}")
        # Keras sees one optimizer only; unbuilt others would lose their slots on saving.
        super().compile(optimizer=g_optimizer, jit_compile=jit_compile, **kwargs)
        self.g_optimizer, self.m_optimizer, self.d_optimizer = g_optimizer, m_optimizer, d_optimizer
        self.g_optimizer.build(self.generator.synthesis.trainable_variables)
        self.m_optimizer.build(self.generator.mapping.trainable_variables)
        self.d_optimizer.build(self.discriminator.trainable_variables)
        self.discriminator_loss, self.generator_loss = LOSSES[adversarial]
        self.adversarial = adversarial
        self.penalties = {
            "gradient_penalty": (gp_weight, gp_interval),
            "r1_penalty": (r1_gamma / 2, r1_interval),
            "r2_penalty": (r2_gamma / 2, r2_interval),
            "path_length_penalty": (pl_weight, pl_interval),
        }
        self.discriminator_steps = discriminator_steps

    @property
    def metrics(self):
        """The means since the last reset of all losses and penalties that are in use."""
        weights = {name: weight for name, (weight, _) in self.penalties.items()} if self.compiled else {}
        weights["path_length"] = weights.get("path_length_penalty", 0)
        return [tracker for name, tracker in self.trackers.items() if weights.get(name, 1)]

    def reset_metrics(self):
        """Keras calls this at every epoch; with `interval_metrics` a log with rows of its own resets instead."""
        if not self.interval_metrics:
            self.reset_interval()

    def reset_interval(self):
        """Start new means."""
        for tracker in self.trackers.values():
            tracker.reset_state()

    @property
    def images_seen(self):
        """Real images shown to the discriminator so far."""
        return int(self.images)

    def call(self, z, label=None, **kwargs):
        """See the class."""
        return self.generator_ema(z, label, **kwargs)

    def train_on_images(self, images, labels=None):
        """One step.

        Args:
            images: (N, H, W, C) in [-1, 1].
            labels: (N,) integers; ignored by unconditional networks.

        Returns:
            Dictionary of scalars: means since the last reset.
        """
        if self.batch_size is not None:
            images = ops.reshape(images, (self.batch_size, *images.shape[1:]))
        batch = images.shape[0] or ops.shape(images)[0]
        label = ops.one_hot(labels, self.generator.c_dim) if self.generator.c_dim else None
        self._update_discriminator(images, label, batch)
        if self.discriminator_steps == 1:
            self._update_generator(images, label, batch)
        else:
            last = ops.equal(self.step % self.discriminator_steps, self.discriminator_steps - 1)
            run_if(last, lambda: self._update_generator(images, label, batch))
        self.step.assign_add(1)
        self.images.assign_add(batch)
        update_ema(self.generator_ema, self.generator, ema_decay(batch, self.images, self.ema_kimg, self.ema_rampup))
        logs = {tracker.name: tracker.result() for tracker in self.metrics}
        # Stock callbacks (TerminateOnNaN) look for a key "loss".
        return logs | {"loss": logs["d_loss"] + logs["g_loss"]}

    def _update_discriminator(self, real, label, batch):
        draws = draw_generator(self.generator, batch, self.style_mixing_prob, self.seed_generator)
        fake = self.generator.synthesis(styles(self.generator, draws, label, training=True), noise=draws.noise)
        fake = ops.stop_gradient(fake)
        epsilon = keras.random.uniform((batch, 1, 1, 1), seed=self.seed_generator)

        def score(images):
            return self.discriminator(images, label)

        def penalty(name):
            """(logits or None, penalties (N,))."""
            if name == "gradient_penalty":
                return None, gradient_penalty(score, real, fake, epsilon)
            return r1_penalty(score, real) if name == "r1_penalty" else r2_penalty(score, fake)

        def loss():
            values, logits = {}, {}
            for name in ("gradient_penalty", "r1_penalty", "r2_penalty"):
                weight, interval = self.penalties[name]
                if weight and interval == 1:
                    logits[name], values[name] = penalty(name)
            real_logits = logits["r1_penalty"] if "r1_penalty" in logits else score(real)
            fake_logits = logits["r2_penalty"] if "r2_penalty" in logits else score(fake)
            total = self.discriminator_loss(real_logits, fake_logits)
            for name, value in values.items():
                total = total + self.penalties[name][0] * ops.mean(value)
            return total, {"real_score": real_logits, "fake_score": fake_logits, **values}

        targets = [(self.d_optimizer, self.discriminator.trainable_variables)]
        self._minimize(loss, targets, "d_loss")
        for name in ("gradient_penalty", "r1_penalty", "r2_penalty"):
            self._minimize_lazily(name, self.step, lambda name=name: penalty(name)[1], targets)

    def _update_generator(self, real, label, batch):
        draws = draw_generator(self.generator, batch, self.style_mixing_prob, self.seed_generator)
        targets = [
            (self.g_optimizer, self.generator.synthesis.trainable_variables),
            (self.m_optimizer, self.generator.mapping.trainable_variables),
        ]

        def loss():
            ws = styles(self.generator, draws, label, training=True)
            fake_logits = self.discriminator(self.generator.synthesis(ws, noise=draws.noise), label)
            real_logits = self.discriminator(real, label) if self.adversarial in NEEDS_REAL_LOGITS else None
            return self.generator_loss(real_logits, fake_logits), {}

        def path_length():
            # Half the batch is enough (Karras et al. 2019, appendix B).
            half = (batch + 1) // 2
            draws = draw_generator(self.generator, half, self.style_mixing_prob, self.seed_generator)
            ws = styles(self.generator, draws, None if label is None else label[:half], training=True)
            shape = (half, self.generator.resolution, self.generator.resolution, self.generator.channels)
            noise = keras.random.normal(shape, seed=self.seed_generator)
            lengths = path_lengths(lambda w: self.generator.synthesis(w, noise=draws.noise), ws, noise)
            target = self.path_length_mean + 0.01 * (ops.mean(lengths) - self.path_length_mean)
            # A non-finite update is left out; the running mean must survive it as well.
            target = ops.stop_gradient(ops.where(ops.isfinite(target), target, self.path_length_mean))
            self.path_length_mean.assign(target)
            self.trackers["path_length"].update_state(lengths)
            return path_length_penalty(lengths, target)

        self._minimize(loss, targets, "g_loss")
        self._minimize_lazily("path_length_penalty", self.step // self.discriminator_steps, path_length, targets)

    def _minimize_lazily(self, name, count, penalty, targets):
        """In every k-th count, an update of its own for a penalty (N,), k times as strong.

        The path-length penalty is one also with k = 1, since it has latents of its own.
        """
        weight, interval = self.penalties[name]
        if not weight or (interval == 1 and name != "path_length_penalty"):
            return

        def loss():
            values = penalty()
            return weight * interval * ops.mean(values), {name: values}

        run_if(ops.equal(count % interval, 0), lambda: self._minimize(loss, targets))

    def _minimize(self, loss, targets, name=None):
        """Apply the gradients of a loss, unless one of them is not finite.

        Args:
            loss: Without arguments, returns (scalar, dictionary of tensors to track).
            targets: List of (optimizer, its variables).
            name: Tracker of the loss, or None.
        """
        variables = [variable for _, group in targets for variable in group]
        value, tracked, gradients = value_and_gradients(loss, variables)
        finite = ops.all(ops.isfinite(ops.stack([ops.sum(gradient) for gradient in gradients])))

        def apply():
            rest = gradients
            for optimizer, group in targets:
                optimizer.apply(rest[: len(group)], group)
                rest = rest[len(group) :]

        run_if(finite, apply)
        self.trackers["skipped_updates"].update_state(1.0 - ops.cast(finite, "float32"))
        for key, values in (tracked | ({name: value} if name else {})).items():
            self.trackers[key].update_state(values)

    def get_config(self):
        """All constructor arguments."""
        serialize = keras.saving.serialize_keras_object
        return super().get_config() | {
            "generator": serialize(self.generator),
            "discriminator": serialize(self.discriminator),
            "ema_kimg": self.ema_kimg,
            "ema_rampup": self.ema_rampup,
            "style_mixing_prob": self.style_mixing_prob,
            "batch_size": self.batch_size,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The inverse of `get_config`."""
        for name in ("generator", "discriminator"):
            config[name] = keras.saving.deserialize_keras_object(config[name], custom_objects=custom_objects)
        return cls(**config)
