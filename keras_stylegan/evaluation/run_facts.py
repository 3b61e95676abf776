"""What is known of a run before it is evaluated: the part `run` of metrics.json."""

from typing import Any

from keras_stylegan.training.run_folder import RunFolder
from keras_stylegan.training.trained import TrainedGenerator


def run_facts(trained: TrainedGenerator, checkpoint: str = "newest") -> dict[str, Any]:
    """See `keras_stylegan.evaluation.ledger`; nothing tells where the run or its data lie.

    Args:
        trained: The generator and what is known of it.
        checkpoint: Which of the run's states it is.
    """
    model = trained.config.model
    return {
        "weights_sha256": trained.weights_sha256,
        "images_seen": trained.images_seen,
        "imported": RunFolder(trained.run_dir).imported.exists(),
        "checkpoint": checkpoint,
        "classes": list(trained.classes),
        "conditional": bool(trained.generator.c_dim),
        "resolution": model.resolution,
        "channels": model.channels,
    }
