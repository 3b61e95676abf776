"""One optimizer update that a bad number cannot spoil."""

from keras import ops

from keras_stylegan.backend import run_if, value_and_gradients
from keras_stylegan.backend.replicas import all_mean, num_replicas


class GuardedUpdate:
    """Applies the gradients of a loss, unless one of them is not finite.

    Such an update counts in `skipped_updates`, or, where a smaller loss scale is the answer to it, in `overflows`.

    Args:
        targets: List of (optimizer, its variables).
        trackers: Name to `keras.metrics.Metric`, for what is logged.
        loss_scale: `LossScale`, or None.
    """

    def __init__(self, targets, trackers, loss_scale=None):
        self.targets = targets
        self.trackers = trackers
        self.loss_scale = loss_scale

    def __call__(self, loss, name=None):
        """Update once.

        Args:
            loss: Without arguments, returns (scalar, dictionary of tensors (N, …) to log).
            name: Under which the loss itself is logged; None for not at all.
        """
        variables = [variable for _, group in self.targets for variable in group]
        scale = self.loss_scale
        differentiate = value_and_gradients if scale is None else scale.value_and_gradients
        value, logs, gradients = _mean_over_replicas(*differentiate(loss, variables))
        finite = ops.all(ops.isfinite(ops.stack([ops.sum(gradient) for gradient in gradients])))

        def apply():
            rest = gradients
            for optimizer, group in self.targets:
                optimizer.apply(rest[: len(group)], group)
                rest = rest[len(group) :]

        run_if(finite, apply)
        skipped = ops.logical_not(finite)
        if scale is not None:
            # No scale mends a loss that is itself not finite.
            overflow = ops.logical_and(skipped, ops.logical_and(ops.isfinite(value), scale.can_fall()))
            skipped = ops.logical_xor(skipped, overflow)
            self.trackers["overflows"].update_state(ops.cast(overflow, "float32"))
            scale.update(finite)
        self.trackers["skipped_updates"].update_state(ops.cast(skipped, "float32"))
        for key, values in (logs | ({name: value} if name else {})).items():
            self.trackers[key].update_state(values)


def _mean_over_replicas(value, logs, gradients):
    """A loss, logged tensors (N, …) and gradients of the whole batch, in one collective."""
    if num_replicas() == 1:
        return value, logs, gradients
    means = ops.stack([ops.cast(ops.mean(values), "float32") for values in (value, *logs.values())])
    *gradients, means = all_mean([*gradients, means])
    # As many values as before: a tracker counts them.
    values = [
        ops.broadcast_to(mean, ops.shape(old))
        for mean, old in zip(ops.unstack(means, num=1 + len(logs))[1:], logs.values(), strict=True)
    ]
    return means[0], dict(zip(logs, values, strict=True)), gradients
