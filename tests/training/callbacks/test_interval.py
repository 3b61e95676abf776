import keras
import pytest

from keras_stylegan.training.callbacks.interval import Interval, is_due, metric_means


@pytest.mark.parametrize(
    ("images_seen", "batch_size", "kimg", "expected"),
    [
        (1000, 64, 1.0, True),
        (1023, 64, 1.0, True),
        (1063, 64, 1.0, True),
        (1064, 64, 1.0, False),
        (999, 64, 1.0, False),
        (64, 64, 0.01, True),
        (64, 64, 1e-9, True),
        (0, 0, 1.0, False),
        (300, 100, 0.3, True),  # 0.3·1000 is not exactly 300 in floating point
    ],
)
def test_is_due(images_seen, batch_size, kimg, expected):
    assert is_due(images_seen, batch_size, kimg) is expected


class Counted:
    """A model that has seen so many images."""

    def __init__(self, images_seen):
        self.images_seen = images_seen


def test_interval_follows_batches_of_any_size():
    interval = Interval(0.1)
    interval.start(0)
    assert [n for n in (30, 90, 100, 101, 199, 250, 260, 300) if interval.ends(Counted(n))] == [100, 250, 300]


def test_interval_goes_on_after_resuming():
    interval = Interval(0.1)
    interval.start(290)
    assert [n for n in (295, 305, 390, 400) if interval.ends(Counted(n))] == [305, 400]


def test_metric_means():
    mean, lazy, total = (
        keras.metrics.Mean(name="d_loss"),
        keras.metrics.Mean(name="r1_penalty"),
        keras.metrics.Sum(name="skipped_updates"),
    )
    mean.update_state([1.0, 4.0])
    assert metric_means([mean, lazy, total]) == {"d_loss": 2.5, "r1_penalty": None, "skipped_updates": 0.0}
