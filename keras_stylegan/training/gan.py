"""StyleGAN2's training algorithm as one `keras.Model`."""

import keras
from keras import ops

from keras_stylegan.backend import run_if
from keras_stylegan.backend.replicas import all_mean, num_replicas
from keras_stylegan.layers.equalized import PACKAGE, kernels_scaled_once
from keras_stylegan.losses.adversarial import NEEDS_REAL_LOGITS
from keras_stylegan.losses.penalties import (
    interpolate,
    path_length_penalty,
    path_lengths,
    squared_gradient_norm,
    squared_gradient_norms,
    unit_norm_penalty,
)
from keras_stylegan.training.draws import ReplicaSeedGenerator, draw_generator, styles
from keras_stylegan.training.ema import ema_decay, update_ema
from keras_stylegan.training.trainer import AdversarialTrainer


@keras.saving.register_keras_serializable(PACKAGE)
class StyleGAN(AdversarialTrainer):
    """Generator, discriminator and the moving average of the generator, trained against each other.

    A step is one discriminator update on a batch of real and as many generated images, then (every
    `discriminator_steps`-th step) one generator update, then the moving average. A penalty with interval 1 is part of
    that update's loss; a lazy one (interval k > 1) is an update of its own in every k-th step, k times as strong
    (Karras et al. 2019, section 3.1). An update with a non-finite gradient is left out and counted in
    `skipped_updates`. Networks in mixed precision train as well (losses, penalties, weights and their average are
    float32); with float16 the losses are scaled, and updates left out in search of the scale count as `overflows`.

    Args:
        generator: `Generator`.
        discriminator: `Discriminator` of the same resolution, channels and c_dim.
        ema_kimg: See `ema_decay`.
        ema_rampup: See `ema_decay`.
        style_mixing_prob: See `draw_generator`.
        noise: "random" or "none": noise inputs of the generator in training.
        batch_size: Images per step and replica, if it is always the same: then all shapes are known when the graph is
            built.
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
        super().__init__(**kwargs)
        for name in ("resolution", "channels", "c_dim"):
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
        self.style_mixing_prob = style_mixing_prob
        self.noise = noise
        self.batch_size = batch_size
        self.seed = seed
        self.seed_generator = ReplicaSeedGenerator(seed)
        self.step = self._scalar("step", "int32")
        self.images = self._scalar("images", "int32")
        self.path_length_mean = self._scalar("path_length_mean")
        if "float16" in (generator.compute_dtype, discriminator.compute_dtype):
            self._scale_losses()
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
            # A copy also in memory: JAX updates every array in its place and can do so once.
            copy.assign(ops.copy(variable))

    @property
    def images_seen(self):
        """Real images shown to the discriminator so far."""
        return int(ops.convert_to_numpy(self.images)) if self.counted_images is None else self.counted_images

    def call(self, z, label=None, **kwargs):
        """See the class."""
        return self.generator_ema(z, label, **kwargs)

    def train_on_images(self, images, labels=None):
        """One step.

        Args:
            images: (N, H, W, C) in [-1, 1].
            labels: (N,) integers; ignored by unconditional networks.

        Returns:
            Dictionary of scalars: means since the last reset; empty without `step_logs`.
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
        batch = batch * num_replicas()
        self.images.assign_add(batch)
        if num_replicas() > 1:
            # Its update is linear: the mean of the replicas' w_avg is that of the whole batch.
            w_avg = self.generator.mapping.w_avg
            w_avg.assign(all_mean([ops.convert_to_tensor(w_avg)])[0])
        update_ema(self.generator_ema, self.generator, ema_decay(batch, self.images, self.ema_kimg, self.ema_rampup))
        if not self.step_logs:
            return {}
        logs = {tracker.name: tracker.result() for tracker in self.metrics}
        # Stock callbacks (TerminateOnNaN) look for a key "loss".
        return logs | {"loss": logs["d_loss"] + logs["g_loss"]}

    def _draw(self, batch):
        return draw_generator(self.generator, batch, self.style_mixing_prob, self.seed_generator, self.noise)

    def _draw_epsilon(self, batch):
        return keras.random.uniform((batch, 1, 1, 1), seed=self.seed_generator)

    def _draw_image_noise(self, batch):
        size = self.generator.resolution
        return keras.random.normal((batch, size, size, self.generator.channels), seed=self.seed_generator)

    def _update_discriminator(self, real, label, batch):
        draws = self._draw(batch)
        fake = self.generator.synthesis(styles(self.generator, draws, label, training=True), noise=draws.noise)
        fake = ops.stop_gradient(fake)
        epsilon = self._draw_epsilon(batch)

        image_sets = {"gradient_penalty": interpolate(real, fake, epsilon), "r1_penalty": real, "r2_penalty": fake}

        def loss():
            with kernels_scaled_once(self.discriminator):
                merged = [name for name in image_sets if self.penalties[name][0] and self.penalties[name][1] == 1]
                found = dict(
                    zip(merged, self._squared_norms([image_sets[name] for name in merged], label), strict=True)
                )
                logits = {name: pair[0] for name, pair in found.items()}
                real_logits = logits["r1_penalty"] if "r1_penalty" in logits else self.discriminator(real, label)
                fake_logits = logits["r2_penalty"] if "r2_penalty" in logits else self.discriminator(fake, label)
            values = {name: self._penalty(name, pair[1]) for name, pair in found.items()}
            total = self.discriminator_loss(real_logits, fake_logits)
            for name, value in values.items():
                total = total + self.penalties[name][0] * ops.mean(value)
            return total, {"real_score": real_logits, "fake_score": fake_logits, **values}

        def lazy(name):
            ((_, squared),) = self._squared_norms([image_sets[name]], label)
            return self._penalty(name, squared)

        targets = [(self.d_optimizer, self.discriminator.trainable_variables)]
        self._minimize(loss, targets, "d_loss")
        for name in ("gradient_penalty", "r1_penalty", "r2_penalty"):
            self._minimize_lazily(name, self.step, lambda name=name: lazy(name), targets)

    def _squared_norms(self, image_sets, label):
        """(logits, squared gradient norms) of each image set; in one call where that keeps the groups apart."""
        batch = image_sets[0].shape[0] if image_sets else None
        if len(image_sets) > 1 and (batch is None or batch % self.discriminator.mbstd_group_size == 0):
            labels = None if label is None else ops.repeat(label, len(image_sets), axis=0)
            return squared_gradient_norms(lambda images: self.discriminator(images, labels), image_sets)
        return [squared_gradient_norm(lambda images: self.discriminator(images, label), item) for item in image_sets]

    @staticmethod
    def _penalty(name, squared):
        # Both gradient norms as they are (Mescheder et al. 2018), or their distance from 1 (Gulrajani et al. 2017).
        return unit_norm_penalty(squared) if name == "gradient_penalty" else squared

    def _update_generator(self, real, label, batch):
        draws = self._draw(batch)
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
            draws = self._draw(half)
            ws = styles(self.generator, draws, None if label is None else label[:half], training=True)
            noise = self._draw_image_noise(half)
            lengths = path_lengths(lambda w: self.generator.synthesis(w, noise=draws.noise), ws, noise)
            mean = ops.convert_to_tensor(self.path_length_mean)
            (mean_length,) = all_mean([ops.mean(lengths)])
            target = mean + 0.01 * (mean_length - mean)
            # A non-finite update is left out; the running mean must survive it as well.
            target = ops.stop_gradient(ops.where(ops.isfinite(target), target, mean))
            self.path_length_mean.assign(target)
            self.trackers["path_length"].update_state(
                lengths if num_replicas() == 1 else ops.broadcast_to(mean_length, ops.shape(lengths))
            )
            return path_length_penalty(lengths, target)

        self._minimize(loss, targets, "g_loss")
        self._minimize_lazily("path_length_penalty", self.step // self.discriminator_steps, path_length, targets)

    def _own_variables(self):
        # Keras writes no state of a seed generator by itself.
        return [self.step, self.images, self.path_length_mean, self.seed_generator.state]

    def save_own_variables(self, store):
        """Counters, path-length mean and state of the draws, for `.keras` and `.weights.h5` files."""
        for index, variable in enumerate(self._own_variables()):
            store[f"{index}"] = ops.convert_to_numpy(variable)

    def load_own_variables(self, store):
        """The inverse of `save_own_variables`."""
        for index, variable in enumerate(self._own_variables()):
            variable.assign(store[f"{index}"])

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
