import numpy as np
import pytest
from fake_gan import FakeGan, fit, rows

from keras_stylegan.training.callbacks import StopOnNonFinite


@pytest.mark.parametrize(("column", "name"), [(0, "d_loss"), (1, "g_loss")])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_stops_at_the_batch_and_says_why(capsys, column, name, value):
    data = rows(40)
    data[13, column] = value
    model, callback = FakeGan(), StopOnNonFinite()
    fit(model, data, [callback])
    assert model.images_seen == 16
    assert callback.stopped_reason.startswith(f"Stopped at 0.016 kimg: {name} is {value}. Try a lower learning rate")
    assert capsys.readouterr().out.strip() == callback.stopped_reason


def test_a_skipped_update_stops(capsys):
    data = np.concatenate([rows(12), np.zeros((12, 1), np.float32)], axis=1)
    data[5, -1] = 1
    model, callback = FakeGan(), StopOnNonFinite()
    fit(model, data, [callback])
    assert model.images_seen == 8
    assert "0.008 kimg: an update was skipped, because its gradients were not finite" in callback.stopped_reason


def test_a_second_fit_does_not_go_on():
    data = rows(8)
    data[2, 0] = np.nan
    said = []
    model, callback = FakeGan(), StopOnNonFinite(say=said.append)
    fit(model, data, [callback])
    reason = callback.stopped_reason
    fit(model, rows(40), [callback], epoch=1)
    assert model.images_seen == 8 and callback.stopped_reason == reason and said == [reason]


def test_finite_numbers_pass():
    data = rows(8)
    data[:, 0] = 1e30
    data[4:, 2] = np.nan
    model, callback = FakeGan(), StopOnNonFinite()
    fit(model, data, [callback])
    assert model.images_seen == 8 and callback.stopped_reason is None
