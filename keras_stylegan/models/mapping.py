"""The mapping network: latent z and label to the styles w of every layer."""

import keras
import numpy as np
from keras import ops

from keras_stylegan.layers.equalized import PACKAGE, EqualizedDense
from keras_stylegan.layers.label_features import FEATURES, label_features, spreads
from keras_stylegan.layers.normalize import normalize_second_moment
from keras_stylegan.layers.seeds import derive_seed
from keras_stylegan.models.mean_styles import MeanStyles


@keras.saving.register_keras_serializable(PACKAGE)
class MappingNetwork(keras.Model):
    """z (and a label) to w: normalise, embed the label, a stack of dense layers (Karras et al. 2018, section 2).

    Args:
        z_dim: Size of z; 0 maps the label alone (as the discriminator does).
        w_dim: Size of w.
        num_ws: Copies of w, one per layer of the synthesis network; None returns w itself.
        c_dim: Classes; 0 for none.
        covariates: Numbers of a label: name to minimum, maximum, mean and deviation (`Spread`); none by default.
        num_layers: Dense layers.
        lr_multiplier: Relative learning rate of the dense layers.
        w_avg_beta: Decay of the running mean of w, `w_avg`; None keeps no mean.
        seed: Seed of the initial weights.

    Call arguments:
        z: (N, z_dim), N(0, 1); None if z_dim is 0.
        label: (N, c_dim + K), the class one-hot (or any weights) and the K covariates in their own units; None if
            there is neither.
        truncation_psi: w is moved to m + ψ·(w − m); a number or a scalar tensor. m is `w_avg`, or, after `fit_means`,
            the mean style of the label.
        truncation_cutoff: Layers that are truncated, from the coarsest; None for all.
        training: Also move `w_avg` (unless update_w_avg is False).
        update_w_avg: False for the call that draws a style-mixing partner.

    Returns:
        (N, num_ws, w_dim), or (N, w_dim) if num_ws is None.

    Raises:
        ValueError: A label is missing or given to a network without labels.
    """

    def __init__(
        self,
        z_dim,
        w_dim,
        num_ws=None,
        c_dim=0,
        covariates=None,
        num_layers=8,
        lr_multiplier=0.01,
        w_avg_beta=0.995,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.covariates = spreads(covariates)
        self.label_dim = c_dim + len(self.covariates)
        if z_dim < 0 or c_dim < 0 or z_dim + self.label_dim == 0:
            raise ValueError(f"z_dim or c_dim must be at least 1. Received: z_dim={z_dim}, c_dim={c_dim}")
        if num_layers < 1:
            raise ValueError(f"num_layers must be at least 1. Received: {num_layers}")
        self.z_dim, self.w_dim, self.num_ws, self.c_dim = z_dim, w_dim, num_ws, c_dim
        self.num_layers = num_layers
        self.lr_multiplier = lr_multiplier
        self.w_avg_beta = w_avg_beta
        self.seed = seed
        self.means = None
        if self.label_dim:
            self.embed = EqualizedDense(w_dim, seed=derive_seed(seed, "embed"), name="embed", dtype=self.dtype_policy)
        self.dense_layers = [
            EqualizedDense(
                w_dim,
                activation="leaky_relu",
                lr_multiplier=lr_multiplier,
                seed=derive_seed(seed, f"fc{i}"),
                name=f"fc{i}",
                dtype=self.dtype_policy,
            )
            for i in range(num_layers)
        ]

    def build(self, z_shape=None, label_shape=None):
        """Build all layers; all sizes are known, so both shapes may be left out."""
        features = self.z_dim
        if self.label_dim:
            self.embed.build((None, self.c_dim + FEATURES * len(self.covariates)))
            features += self.w_dim
        for layer in self.dense_layers:
            layer.build((None, features))
            features = self.w_dim
        if self.w_avg_beta is not None:
            self.w_avg = self.add_weight(name="w_avg", shape=(self.w_dim,), initializer="zeros", trainable=False)

    def call(self, z, label=None, truncation_psi=1.0, truncation_cutoff=None, training=False, update_w_avg=True):
        """See the class."""
        check_label(self, label)
        parts = [] if z is None else [normalize_second_moment(z)]
        if self.label_dim:
            parts.append(normalize_second_moment(self.embed(label_features(label, self.c_dim, self.covariates))))
        w = ops.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]
        for layer in self.dense_layers:
            w = layer(w)
        if training and update_w_avg and self.w_avg_beta is not None:
            mean = ops.stop_gradient(ops.mean(ops.cast(w, self.w_avg.dtype), axis=0))
            self.w_avg.assign(mean + self.w_avg_beta * (self.w_avg - mean))
        if self.num_ws is None:
            return w
        ws = ops.repeat(w[:, None, :], self.num_ws, axis=1)
        if isinstance(truncation_psi, (int, float)) and truncation_psi == 1:
            return ws
        cutoff = self.num_ws if truncation_cutoff is None else truncation_cutoff
        truncated = ops.reshape(ops.arange(self.num_ws) < cutoff, (1, self.num_ws, 1))
        mean = self.w_avg if self.means is None else self.means(label)[:, None]
        mean = ops.cast(mean, ws.dtype)
        return ops.where(truncated, mean + truncation_psi * (ws - mean), ws)

    def fit_means(self):
        """From now on truncate towards the mean style of a label: see `MeanStyles`. Nothing without a label."""
        if self.label_dim:
            self.means = MeanStyles.of(self)

    def save_own_variables(self, store):
        """Weights, and the means of `fit_means`, for `.keras` files."""
        super().save_own_variables(store)
        for name, array in ({} if self.means is None else self.means.arrays()).items():
            store[name] = array

    def load_own_variables(self, store):
        """The inverse of `save_own_variables`."""
        names = ["base", *(f"effect{place}" for place in range(len(self.covariates)))]
        own = set(store.keys())
        if names[0] in own:
            base, *effects = (np.asarray(store[name]) for name in names)
            self.means = MeanStyles(base, effects, self.covariates.values())
        super().load_own_variables({name: store[name] for name in own.difference(names)})

    def compute_output_shape(self, z_shape=None, label_shape=None):
        """(N, num_ws, w_dim) or (N, w_dim)."""
        batch = (z_shape or label_shape)[0]
        return (batch, self.w_dim) if self.num_ws is None else (batch, self.num_ws, self.w_dim)

    def get_config(self):
        """All constructor arguments."""
        return super().get_config() | {
            "z_dim": self.z_dim,
            "w_dim": self.w_dim,
            "num_ws": self.num_ws,
            "c_dim": self.c_dim,
            "covariates": {name: list(spread) for name, spread in self.covariates.items()},
            "num_layers": self.num_layers,
            "lr_multiplier": self.lr_multiplier,
            "w_avg_beta": self.w_avg_beta,
            "seed": self.seed,
        }


def check_label(network, label) -> None:
    """Raise a `ValueError` unless a label is given exactly where a network (`c_dim`, `covariates`) takes one."""
    wanted = network.c_dim > 0 or len(network.covariates) > 0
    if (label is not None) != wanted:
        raise ValueError(
            f"label must be {'given' if wanted else 'None'}: c_dim is {network.c_dim}, covariates are "
            f"{list(network.covariates)}"
        )
