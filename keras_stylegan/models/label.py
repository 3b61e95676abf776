"""Labels as networks take them: (N, c_dim + K), the class one-hot and the covariates in their own units."""

from keras import ops


def label_vector(network, classes, covariates):
    """A label of its parts.

    Args:
        network: Its `c_dim` and `covariates` say which parts there are.
        classes: (N,) integers; not used without classes.
        covariates: (N, K) float; not used without covariates.

    Returns:
        (N, c_dim + K) float32; None for an unconditional network.
    """
    parts = [ops.one_hot(classes, network.c_dim, dtype="float32")] if network.c_dim else []
    parts += [covariates] if len(network.covariates) else []
    return ops.concatenate(parts, axis=1) if len(parts) > 1 else parts[0] if parts else None


def label_of_columns(network, columns):
    """The label of a batch.

    Args:
        network: See `label_vector`.
        columns: (N,) tensors: integers as "class", and covariates by their names; others are ignored.

    Raises:
        ValueError: A covariate is missing.
    """
    names = list(network.covariates)
    missing = [name for name in names if name not in columns]
    if missing:
        raise ValueError(f"labels must have the covariates {names}. Missing: {missing}")
    numbers = ops.stack([ops.cast(columns[name], "float32") for name in names], axis=1) if names else None
    return label_vector(network, columns["class"] if network.c_dim else None, numbers)
