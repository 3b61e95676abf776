import warnings

import keras
import numpy as np
import pytest

from keras_stylegan.data.image_set import ImageSet, label_record
from keras_stylegan.data.pipeline import TrainingBatches, epoch_order, fit_epochs
from keras_stylegan.data.variation_draws import draws
from keras_stylegan.errors import InputError

COUNT, BATCH = 23, 4  # Five batches an epoch, three images left over.


def image_set(count=COUNT, dtype=np.uint8):
    """Image i has the value 2i in its left and 2i + 1 in its right column."""
    images = np.empty((count, 2, 2, 1), dtype)
    images[..., 0, 0] = 2 * np.arange(count)[:, None]
    images[..., 1, 0] = 2 * np.arange(count)[:, None] + 1
    names = np.array([f"{index}" for index in range(count)])
    return ImageSet(
        images,
        label_record(np.arange(count) % 3, slice=np.arange(count) / 2),
        ("a", "b", "c"),
        names,
        names,
        "fingerprint",
        "report",
    )


def batches(**options):
    return TrainingBatches(image_set(), **{"batch_size": BATCH, "seed": 5, "horizontal_flip": True, **options})


def shown(images):
    """(number of the image, mirrored or not) of every image in a batch."""
    columns = np.rint((np.asarray(images)[:, 0, :, 0] + 1) * 127.5).astype(int)
    return [(int(min(pair)) // 2, bool(pair[0] > pair[1])) for pair in columns]


def expected_epoch(seed, epoch):
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, epoch])))
    order = rng.permutation(COUNT).tolist()
    flips = (rng.random(COUNT) < 0.5).tolist()
    return list(zip(order, flips, strict=True))[: COUNT // BATCH * BATCH]


def whole_epoch(data):
    return [item for index in range(len(data)) for item in shown(data[index][0])]


def test_a_batch_is_float_images_and_integer_labels():
    images, columns = batches()[0]
    labels = columns["class"]
    assert (images.shape, images.dtype) == ((BATCH, 2, 2, 1), np.float32)
    assert (labels.shape, labels.dtype) == ((BATCH,), np.int32)
    assert [number % 3 for number, _ in shown(images)] == labels.tolist()
    assert (list(columns), columns["slice"].dtype) == (["class", "slice"], np.float32)
    assert [number / 2 for number, _ in shown(images)] == columns["slice"].tolist()
    assert images.min() >= -1 and images.max() <= 1


def test_order_and_flips_depend_on_seed_and_epoch_only():
    data = batches()
    assert len(data) == 5
    assert whole_epoch(data) == expected_epoch(5, 0)
    assert whole_epoch(batches(epoch=3)) == expected_epoch(5, 3)
    assert whole_epoch(batches(seed=6)) == expected_epoch(6, 0)
    assert expected_epoch(5, 0) != expected_epoch(5, 3)


def test_an_epoch_shows_every_image_once_less_the_remainder():
    numbers = [number for number, _ in whole_epoch(batches())]
    assert len(numbers) == len(set(numbers)) == 20


def test_without_flips_the_order_stays_the_same():
    assert whole_epoch(batches(horizontal_flip=False)) == [(number, False) for number, _ in expected_epoch(5, 0)]


def test_half_of_the_images_are_mirrored():
    _, flips = epoch_order(10000, 0, 0)
    assert 4800 < flips.sum() < 5200


def test_the_set_itself_is_not_mirrored_in_place():
    images = image_set()
    before = images.images.copy()
    images.images.flags.writeable = False
    whole_epoch(TrainingBatches(images, BATCH, 0, True))
    np.testing.assert_array_equal(images.images, before)


def test_a_start_within_an_epoch_leaves_out_what_was_used():
    data = batches(epoch=2, first_batch=3)
    assert len(data) == 2
    assert whole_epoch(data) == expected_epoch(5, 2)[3 * BATCH :]
    data.on_epoch_begin()
    data.on_epoch_end()
    assert (data.epoch, data.first_batch, len(data)) == (3, 0, 5)
    assert whole_epoch(data) == expected_epoch(5, 3)


def test_16_bit_images_map_their_own_range():
    images = image_set(dtype=np.uint16)
    images.images[...] = 65535
    assert TrainingBatches(images, BATCH, 0, False)[0][0].min() == 1.0


def test_every_image_of_an_epoch_varies_by_draws_of_its_own():
    given = {}

    def vary(images, normals):
        for (number, _), row in zip(shown(images), normals, strict=True):
            given[number] = row
        return images + 5

    data = batches(epoch=2, first_batch=1, vary=vary)
    assert all(data[index][0].min() >= 4 for index in range(len(data)))
    assert len(given) == 16
    for number, row in given.items():
        np.testing.assert_array_equal(row, draws(5, 2, np.array([number]))[0])


def test_index_beyond_the_epoch():
    with pytest.raises(IndexError, match=r"from 0 to 4. Received: 5"):
        batches()[5]


def test_bad_arguments():
    with pytest.raises(
        InputError, match=r"training\.batch_size must be at most the number of images, 23. Received: 24"
    ):
        batches(batch_size=24)
    with pytest.raises(InputError, match=r"first_batch must be from 0 to 4. Received: 5"):
        batches(first_batch=5)
    with pytest.raises(InputError, match=r"labels must be below c_dim=2. Received: a label 2"):
        batches(c_dim=2)
    assert len(batches(c_dim=3)) == 5


class Recorder(keras.Model):
    """Counts traces and keeps the running sum of what it sees; the batches are read by `Seen`."""

    def __init__(self):
        super().__init__()
        self.last = self.add_weight(shape=(BATCH, 2), initializer="zeros")
        self.traces = 0

    def train_step(self, data):
        self.traces += 1
        images, _ = data
        images = keras.ops.reshape(images[:, 0, :, 0], (BATCH, 2))
        self.last.assign(images)
        return {"loss": keras.ops.mean(images)}


class Seen(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.epochs = getattr(self, "epochs", {})

    def on_epoch_begin(self, epoch, logs=None):
        self.epochs[epoch] = []

    def on_train_batch_end(self, batch, logs=None):
        last = keras.ops.convert_to_numpy(self.model.last)
        self.epochs[self.current()] += shown(last[:, None, :, None])

    def current(self):
        return max(self.epochs)


@pytest.fixture
def recorder():
    model = Recorder()
    model.compile()
    return model


def test_fit_sees_the_order_of_every_epoch(recorder):
    seen = Seen()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        recorder.fit(batches(), epochs=3, shuffle=False, callbacks=[seen], verbose=0)
    assert seen.epochs == {epoch: expected_epoch(5, epoch) for epoch in range(3)}
    assert recorder.traces == 1


def test_fit_from_a_later_epoch(recorder):
    seen = Seen()
    recorder.fit(batches(epoch=7), initial_epoch=7, epochs=9, shuffle=False, callbacks=[seen], verbose=0)
    assert seen.epochs == {7: expected_epoch(5, 7), 8: expected_epoch(5, 8)}


@pytest.mark.parametrize("first_batch", [0, 2, 4])
def test_fit_epochs_from_within_an_epoch_shows_the_rest_and_then_whole_epochs(recorder, first_batch):
    seen = Seen()
    data = batches(epoch=1, first_batch=first_batch)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        fit_epochs(recorder, data, 4, [seen], verbose=0)
    assert seen.epochs == {
        1: expected_epoch(5, 1)[first_batch * BATCH :],
        2: expected_epoch(5, 2),
        3: expected_epoch(5, 3),
    }
    assert recorder.traces == 1
    assert data.epoch == 4


def test_fit_epochs_stops_when_asked(recorder):
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = True

    seen = Seen()
    fit_epochs(recorder, batches(epoch=1, first_batch=2), 4, [seen, Stop()], verbose=0)
    assert list(seen.epochs) == [1]


def test_fit_epochs_of_a_finished_run_does_nothing(recorder):
    fit_epochs(recorder, batches(epoch=4), 4, verbose=0)
    assert recorder.traces == 0


def test_one_fit_over_the_end_of_a_started_epoch_is_refused(recorder):
    # Keras would show two of five batches in every further epoch.
    with pytest.raises(RuntimeError, match=r"fit would show 2 of the 5 batches of epoch 2.*use fit_epochs"):
        recorder.fit(batches(epoch=1, first_batch=3), initial_epoch=1, epochs=3, shuffle=False, verbose=0)
