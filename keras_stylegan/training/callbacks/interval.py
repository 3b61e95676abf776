"""When something that happens every so many thousand images is due, and the metrics since the last time."""

import keras

from keras_stylegan.backend.replicas import local_values


def is_due(images_seen: int, batch_size: int, kimg: float) -> bool:
    """Whether the last batch reached or crossed a multiple of the interval.

    It depends on the counts only, so that a resumed run does everything at the same moments.

    Args:
        images_seen: Real images shown so far, the last batch included.
        batch_size: Images of the last batch.
        kimg: The interval in thousands of images; at least one image.
    """
    interval = max(1, round(1000 * kimg))
    return images_seen // interval > (images_seen - batch_size) // interval


class Interval:
    """`is_due` of a callback: the size of the last batch is what `images_seen` grew by.

    Args:
        kimg: The interval in thousands of images.
    """

    def __init__(self, kimg: float):
        self.kimg = kimg
        self._previous = 0

    def start(self, images_seen: int) -> None:
        """Notes the state that training starts or continues from (in `on_train_begin`)."""
        self._previous = images_seen

    def ends(self, model: keras.Model) -> bool:
        """Whether an interval ended with the last batch; to be asked once after every batch."""
        images_seen = model.images_seen
        previous, self._previous = self._previous, images_seen
        return is_due(images_seen, images_seen - previous, self.kimg)


def metric_means(metrics: list[keras.metrics.Metric]) -> dict[str, float | None]:
    """The mean of every metric since its last reset, None where nothing was added to it.

    A lazy penalty can be missing in an interval, where `Mean.result()` would claim 0.

    Args:
        metrics: `keras.metrics.Mean`s; of other metrics the result is taken.

    Returns:
        Name to value, in the order of the metrics.
    """
    with local_values():
        return {
            metric.name: None if _number(getattr(metric, "count", 1)) == 0 else _number(metric.result())
            for metric in metrics
        }


def _number(value) -> float:
    return float(keras.ops.convert_to_numpy(value))
