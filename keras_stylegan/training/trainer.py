"""Three optimizers, an adversarial loss with penalties, and their running means: what `compile` sets up."""

import keras
from keras import ops

from keras_stylegan.backend import JIT_COMPILE, BackendTrainer, check_options, run_if, value_and_gradients
from keras_stylegan.backend.replicas import all_mean, num_replicas
from keras_stylegan.losses.adversarial import LOSSES
from keras_stylegan.training.callbacks.image_counter import ImageCounter
from keras_stylegan.training.loss_scale import LossScale

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


class AdversarialTrainer(BackendTrainer):
    """Everything of `StyleGAN` but the algorithm: options of `compile`, metrics, and one guarded optimizer update.

    A subclass has `generator` (with `synthesis` and `mapping`) and `discriminator`, built before `compile`.
    """

    def __init__(self, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.d_loss_scale = self.g_loss_scale = None
        self.trackers = {name: keras.metrics.Mean(name=name) for name in MEANS}
        self.trackers |= {name: keras.metrics.Sum(name=name) for name in SUMS}
        self.interval_metrics = False
        self.step_logs = True
        self.counted_images = None

    @property
    def loss_scales(self):
        """Of the discriminator, and of the generator with its mapping network; none without float16."""
        return [] if self.d_loss_scale is None else [self.d_loss_scale, self.g_loss_scale]

    def _scale_losses(self):
        """Scale the losses from now on."""
        self.d_loss_scale, self.g_loss_scale = LossScale(name="d_loss_scale"), LossScale(name="g_loss_scale")
        self.trackers["overflows"] = keras.metrics.Sum(name="overflows")

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
        jit_compile=None,
        steps_per_execution=1,
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
            jit_compile: Compile with XLA; by default with JAX, which needs it. On a CPU its convolutions are several
                times slower than TensorFlow's own.
            steps_per_execution: Steps between two calls of the callbacks; TensorFlow makes one graph of them.
            **kwargs: Passed to `keras.Model.compile`.

        Raises:
            InputError: The backend cannot do with this `jit_compile` or `steps_per_execution`.
        """
        if adversarial not in LOSSES:
            raise ValueError(f"adversarial must be one of {sorted(LOSSES)}. Received: {adversarial!r}")
        check_options(jit_compile, steps_per_execution)
        self.g_optimizer, self.m_optimizer, self.d_optimizer = g_optimizer, m_optimizer, d_optimizer
        super().compile(
            optimizer=g_optimizer,
            jit_compile=JIT_COMPILE[0] if jit_compile is None else jit_compile,
            steps_per_execution=steps_per_execution,
            auto_scale_loss=False,
            **kwargs,
        )
        # Keras sees one optimizer only; unbuilt others would lose their slots on saving.
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
        self.compile_options = {
            "adversarial": adversarial,
            "gp_weight": gp_weight,
            "gp_interval": gp_interval,
            "r1_gamma": r1_gamma,
            "r1_interval": r1_interval,
            "r2_gamma": r2_gamma,
            "r2_interval": r2_interval,
            "pl_weight": pl_weight,
            "pl_interval": pl_interval,
            "discriminator_steps": discriminator_steps,
            "jit_compile": jit_compile,
            "steps_per_execution": steps_per_execution,
        }

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

    def get_compile_config(self):
        """What `compile` was given, so that a loaded `.keras` file is compiled too and trains on."""
        if not self.compiled:
            return None
        optimizers = {name: getattr(self, name) for name in ("g_optimizer", "m_optimizer", "d_optimizer")}
        serialize = keras.saving.serialize_keras_object
        return {name: serialize(optimizer) for name, optimizer in optimizers.items()} | self.compile_options

    def compile_from_config(self, config):
        """The inverse of `get_compile_config`."""
        self.compile(**keras.saving.deserialize_keras_object(config))

    @property
    def optimizers(self):
        """The three."""
        return self.g_optimizer, self.m_optimizer, self.d_optimizer

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

        Such an update counts as skipped, or, where a smaller loss scale is the answer to it, as an overflow.

        Args:
            loss: Without arguments, returns (scalar, dictionary of tensors to track).
            targets: List of (optimizer, its variables).
            name: Tracker of the loss, or None.
        """
        variables = [variable for _, group in targets for variable in group]
        scaling = self.d_loss_scale if targets[0][0] is self.d_optimizer else self.g_loss_scale
        differentiate = value_and_gradients if scaling is None else scaling.value_and_gradients
        value, tracked, gradients = _mean_over_replicas(*differentiate(loss, variables))
        finite = ops.all(ops.isfinite(ops.stack([ops.sum(gradient) for gradient in gradients])))

        def apply():
            rest = gradients
            for optimizer, group in targets:
                optimizer.apply(rest[: len(group)], group)
                rest = rest[len(group) :]

        run_if(finite, apply)
        skipped = ops.logical_not(finite)
        if scaling is not None:
            # No scale mends a loss that is itself not finite.
            overflow = ops.logical_and(skipped, ops.logical_and(ops.isfinite(value), scaling.can_fall()))
            skipped = ops.logical_xor(skipped, overflow)
            self.trackers["overflows"].update_state(ops.cast(overflow, "float32"))
            scaling.update(finite)
        self.trackers["skipped_updates"].update_state(ops.cast(skipped, "float32"))
        for key, values in (tracked | ({name: value} if name else {})).items():
            self.trackers[key].update_state(values)


def _mean_over_replicas(value, tracked, gradients):
    """A loss, tracked tensors (N,) and gradients of the whole batch, in one collective."""
    if num_replicas() == 1:
        return value, tracked, gradients
    means = ops.stack([ops.cast(ops.mean(values), "float32") for values in (value, *tracked.values())])
    *gradients, means = all_mean([*gradients, means])
    # As many values as before: a tracker counts them.
    values = [
        ops.broadcast_to(mean, ops.shape(old))
        for mean, old in zip(ops.unstack(means, num=1 + len(tracked))[1:], tracked.values(), strict=True)
    ]
    return means[0], dict(zip(tracked, values, strict=True)), gradients
