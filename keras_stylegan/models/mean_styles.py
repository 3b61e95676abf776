"""The mean style of every label, to which truncation moves: that of all labels together would show none of them."""

import numpy as np
from keras import ops

NODES = 17
"""Values of a covariate, evenly spaced over the range of the training images, whose mean style is known."""
LATENTS = 512
"""Latents of a mean, the same for all labels: between labels it differs by the label alone."""


class MeanStyles:
    """E[w | label]: of every class, and along every covariate linear between `NODES` values.

    With several covariates their effects are added up: each is what changes when it alone leaves its mean. That is
    exact for one covariate at a node, and an approximation for combinations.

    Args:
        base: (C, w_dim), every covariate at its mean; C is 1 without classes.
        effects: Of every covariate (C, NODES, w_dim).
        spreads: Of every covariate its `Spread`; the smallest and the largest value are used.

    Call arguments:
        label: (N, c_dim + K) tensor.

    Returns:
        (N, w_dim).
    """

    def __init__(self, base, effects=(), spreads=()):
        self.base, self.effects, self.spreads = base, tuple(effects), tuple(spreads)

    def __call__(self, label):
        """See the class."""
        classes = label.shape[1] - len(self.effects)
        shares = label[:, :classes] if classes else ops.ones_like(label[:, :1])
        mean = ops.matmul(shares, self.base)
        for place, (effect, spread) in enumerate(zip(self.effects, self.spreads, strict=True)):
            at = (label[:, classes + place, None] - spread.minimum) / (spread.maximum - spread.minimum)
            # Within the range: a clip, by operators that float16 graphs have.
            at = (ops.relu(at) - ops.relu(at - 1.0)) * (NODES - 1)
            hats = ops.relu(1.0 - ops.abs(at - np.arange(NODES, dtype=np.float32)))
            both = ops.reshape(shares[:, :, None] * hats[:, None, :], (-1, len(self.base) * NODES))
            mean = mean + ops.matmul(both, effect.reshape(-1, effect.shape[-1]))
        return mean

    @classmethod
    def of(cls, mapping):
        """The means of a mapping network as it is now.

        Args:
            mapping: `MappingNetwork` with a label, built.
        """
        random = np.random.Generator(np.random.Philox(key=np.array([0, 0], np.uint64)))
        z = random.standard_normal((LATENTS, mapping.z_dim), dtype=np.float32)
        spreads = list(mapping.covariates.values())

        def mean(group, numbers):
            label = np.concatenate([np.eye(mapping.c_dim)[group], numbers]) if mapping.c_dim else np.array(numbers)
            w = mapping(z, np.repeat(label[None].astype(np.float32), LATENTS, axis=0))[:, 0]
            return np.mean(ops.convert_to_numpy(w), axis=0, dtype=np.float64)

        centre = [spread.mean for spread in spreads]
        groups = range(max(1, mapping.c_dim))
        base = np.stack([mean(group, centre) for group in groups])
        effects = []
        for place, spread in enumerate(spreads):
            nodes = np.linspace(spread.minimum, spread.maximum, NODES)
            along = [[mean(group, [*centre[:place], x, *centre[place + 1 :]]) for x in nodes] for group in groups]
            effects.append((np.array(along) - base[:, None]).astype(np.float32))
        return cls(base.astype(np.float32), effects, spreads)

    def arrays(self):
        """Name to array, for files."""
        return {"base": self.base, **{f"effect{place}": effect for place, effect in enumerate(self.effects)}}
