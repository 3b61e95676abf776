import csv
from itertools import combinations
from typing import get_args, get_type_hints

import keras
import numpy as np
import pytest
from fake_gan import FakeGan, fit, rows
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from keras_stylegan.config import Config, TrainingConfig
from keras_stylegan.data.image_set import ImageSet, label_record
from keras_stylegan.errors import InputError
from keras_stylegan.metrics.features import extract, make_extractor
from keras_stylegan.metrics.frechet import frechet_distance
from keras_stylegan.models import Generator
from keras_stylegan.training.callbacks import QuickEvaluation
from keras_stylegan.training.callbacks import quick_evaluation as module
from keras_stylegan.training.callbacks.quick_evaluation import HELDOUT, SIMILARITY, warnings
from keras_stylegan.training.checkpoint import load
from keras_stylegan.training.evaluation_csv import COLUMNS, TRAINING, Row
from keras_stylegan.training.record import Record
from keras_stylegan.training.samples import draw_samples

RECORD = Record(Config(), ("a", "b"), "f", 0)


def image_set(seed, subjects, slices=4, size=16):
    rng = np.random.default_rng(seed)
    count = subjects * slices
    names = np.array([f"{seed}-{n // slices}" for n in range(count)])
    images = rng.integers(0, 256, (count, size, size, 1)).astype(np.uint8)
    return ImageSet(images, label_record(np.arange(count) % 2), ("a", "b"), names, names, "f", "")


def gan(size=16):
    generator = Generator(resolution=size, z_dim=4, w_dim=4, channel_base=64, channel_max=4, mapping_layers=1, seed=0)
    generator.build()
    return FakeGan(generator)


def drifting():
    """Changes the averaged generator with every step, as training does."""

    def change(batch, logs):
        model = drift.model
        for variable in model.generator_ema.synthesis.trainable_variables:
            variable.assign_add(0.05 * np.cos(float(model.images_seen)) * np.ones(variable.shape, np.float32))

    drift = keras.callbacks.LambdaCallback(on_train_batch_end=change)
    return drift


def evaluation(folder, kimg=0.008, count=12, **options):
    said = options.pop("said", [])
    sets = image_set(1, 6), image_set(2, 4)
    return QuickEvaluation(folder, folder / "best.npz", RECORD, *sets, kimg, count, say=said.append, **options)


def read(folder):
    with open(folder / "evaluation.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_a_row_compares_with_heldout_and_with_training_images_of_equal_number(tmp_path):
    model, callback = gan(), evaluation(tmp_path)
    fit(model, rows(16), [drifting(), callback])
    found = read(tmp_path)
    assert [row["kimg"] for row in found] == ["0.008", "0.016"]
    assert list(found[0]) == ["kimg", *map(str, COLUMNS)]
    random = make_extractor("random")
    generated = extract(random, draw_samples(model.generator_ema, 12, 0, label_record([0])).images)
    heldout = extract(random, image_set(2, 4).images)
    assert len(heldout) == 16  # the first 3 subjects in random order are 12 of them
    per_subject = heldout.reshape(4, 4, -1)
    possible = [
        frechet_distance(generated, np.concatenate([per_subject[n] for n in range(4) if n != without]))
        for without in range(4)
    ]
    assert min(abs(float(found[1]["frechet_random"]) / value - 1) for value in possible) < 1e-5
    assert found[1]["frechet_random"] != found[1]["frechet_random/training"]
    points = EventAccumulator(str(tmp_path / "tensorboard" / "evaluation")).Reload().Scalars("frechet_random")
    assert [point.step for point in points] == [8, 16]
    assert points[1].value == pytest.approx(float(found[1]["frechet_random"]), rel=1e-6)
    # Beside them the floors: training images, 12 of the 24, in place of the generated ones.
    floors = EventAccumulator(str(tmp_path / "tensorboard" / "floor")).Reload()
    assert sorted(floors.Tags()["scalars"]) == sorted(str(key) for key in COLUMNS)
    line = floors.Scalars("frechet_random")
    assert [point.step for point in line] == [8, 16] and line[0].value == line[1].value
    training = extract(random, image_set(1, 6).images).reshape(6, 4, -1)
    pairs = [
        frechet_distance(np.concatenate(training[list(chosen)]), np.delete(per_subject, without, 0).reshape(12, -1))
        for chosen in combinations(range(6), 3)
        for without in range(4)
    ]
    assert min(abs(line[0].value / value - 1) for value in pairs) < 1e-5
    assert floors.Scalars("frechet_random/training")[0].value == line[0].value


@pytest.mark.slow
def test_the_best_state_is_kept_by_the_named_metric(tmp_path):
    said, states = [], []
    model, drift = gan(), drifting()
    keep = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: states.append([v.numpy() for v in model.generator_ema.variables])
    )
    fit(model, rows(24), [drift, keep, evaluation(tmp_path, 0.004, said=said)])
    values = [float(row["frechet_random"]) for row in read(tmp_path)]
    best = int(np.argmin(values))
    assert 0 < best < 5, "the drift must make the case that the newest is not the best"
    arrays, record = load(tmp_path / "best.npz")
    assert record.images_seen == 4 * (best + 1)
    assert (record.best_metric, record.best_value, record.classes) == ("frechet_random", values[best], ("a", "b"))
    for saved, expected in zip(arrays.values(), states[best], strict=True):
        np.testing.assert_array_equal(saved, expected)
    assert "best frechet_random so far" in said[best]
    assert not [line for line in said[best + 1 :] if "best" in line]


@pytest.mark.slow
@pytest.mark.parametrize("saved_after", [3, 4])
def test_a_resumed_run_has_the_same_rows(tmp_path, saved_after):
    whole, part = tmp_path / "whole", tmp_path / "part"
    whole.mkdir()
    part.mkdir()
    data, states = rows(32), []

    def state(model):
        return model.state(), [v.numpy() for v in model.generator_ema.variables]

    model = gan()
    keep = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: states.append(state(model)))
    states.append(state(model))
    fit(model, data, [drifting(), evaluation(whole), keep])
    fit(gan(), data[:28], [drifting(), evaluation(part)])  # killed here
    resumed = gan()
    numbers, weights = states[saved_after]
    resumed.restore(numbers)
    for variable, value in zip(resumed.generator_ema.variables, weights, strict=True):
        variable.assign(value)
    fit(resumed, data[4 * saved_after :], [drifting(), evaluation(part)])
    assert (part / "evaluation.csv").read_bytes() == (whole / "evaluation.csv").read_bytes()
    assert load(part / "best.npz")[1] == load(whole / "best.npz")[1]


def test_classes_have_the_shares_of_the_heldout_images_and_all_sets_one_size(tmp_path, monkeypatch):
    """As in the report, whatever the shares among the training images are."""
    training, heldout = image_set(1, 12), image_set(2, 5)
    training.labels["class"][:] = 0
    heldout.labels["class"][:] = np.arange(20) % 4 == 0  # 15 and 5
    drawn, sizes = [], []
    generator = Generator(
        resolution=16, z_dim=4, w_dim=4, c_dim=2, channel_base=64, channel_max=4, mapping_layers=1, seed=0
    )
    generator.build()

    def record(*arguments, **options):
        drawn.append(draw_samples(*arguments, **options))
        return drawn[-1]

    monkeypatch.setattr(module, "draw_samples", record)
    monkeypatch.setattr(
        module, "extract", lambda extractor, images: sizes.append(len(images)) or extract(extractor, images)
    )
    callback = QuickEvaluation(tmp_path, tmp_path / "best.npz", RECORD, training, heldout, count=1000, say=str)
    callback.set_model(FakeGan(generator))
    found = callback.measure()
    assert np.bincount(drawn[0].labels["class"]).tolist() == [15, 5]
    assert sizes == [20, 20, 20]  # held-out, training, generated: there are 20 held-out images, not 1000
    assert not [key for key, value in found.items() if np.isnan(value)]


def test_every_choice_of_the_best_metric_is_measured_and_has_a_direction(tmp_path):
    """Directions as the papers define them, not as the catalogue says."""
    better = {"frechet": min, "precision": max, "recall": max, "density": max, "coverage": max}
    choices = get_args(get_type_hints(TrainingConfig)["best_metric"])
    assert set(choices) <= set(map(str, COLUMNS)) and TrainingConfig().best_metric in choices
    for choice in choices:
        callback = evaluation(tmp_path, best_metric=choice)
        callback._rows = [Row(1.0, {callback.best_metric: 2.0})]
        improved = [value for value in (1.0, 2.0, 3.0) if callback._improved(value)]
        assert improved == [better[callback.best_metric.metric]((1.0, 3.0))]
        assert not callback._improved(np.nan)


@pytest.mark.parametrize("content", [None, b"\x93\xff\x00", b"kimg\n\x00"])
def test_a_folder_or_a_binary_file_in_place_of_the_rows_is_refused(tmp_path, content):
    path = tmp_path / "evaluation.csv"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(InputError, match="evaluation.csv .*: move it away"):
        fit(gan(), rows(4), [evaluation(tmp_path)])
    assert path.is_dir() if content is None else path.read_bytes() == content


def test_nothing_of_the_generator_changes(tmp_path):
    model = gan()
    model.images.assign(8)
    before = [v.numpy() for v in model.generator_ema.variables]
    callback = evaluation(tmp_path)
    callback.set_model(model)
    assert callback.measure() == callback.measure()
    for old, new in zip(before, model.generator_ema.variables, strict=True):
        np.testing.assert_array_equal(old, new.numpy())


def test_a_state_that_cannot_be_evaluated_is_told_and_training_goes_on(tmp_path):
    said, model = [], gan()
    for variable in model.generator_ema.synthesis.trainable_variables:
        variable.assign(np.full(variable.shape, np.nan))
    fit(model, rows(16), [evaluation(tmp_path, said=said)])
    assert model.images_seen == 16
    assert "No evaluation at 0.008 kimg" in said[0] and "not finite" in said[0]
    assert not (tmp_path / "evaluation.csv").exists() and not (tmp_path / "best.npz").exists()


def test_images_too_small_for_one_metric_leave_the_others(tmp_path):
    said, model = [], gan(8)
    sets = image_set(1, 6, size=8), image_set(2, 4, size=8)
    callbacks = [
        QuickEvaluation(tmp_path, tmp_path / f"{name}.npz", RECORD, *sets, 0.008, 12, name, said.append)
        for name in ("recall_random", "coverage_random")
    ]
    fit(model, rows(16), callbacks[:1])
    first, second = read(tmp_path)
    assert first["ms_ssim"] == second["ms_ssim"] == "nan"
    assert not [name for name in map(str, COLUMNS) if name != "ms_ssim" and first[name] == "nan"]
    assert (tmp_path / "recall_random.npz").exists()
    assert [line for line in said if "Not evaluated: MS-SSIM needs images of at least 11 pixels" in line] == said[:1]
    assert "recall_random" in said[1] and "ms_ssim" not in said[1]
    fit(gan(8), rows(8), callbacks[1:])  # no state is the best by a metric that is not there
    assert not (tmp_path / "ms_ssim.npz").exists()


def test_damage_and_unknown_metrics_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"best_metric must be one of .* Received: 'fid'"):
        evaluation(tmp_path, best_metric="fid")
    (tmp_path / "evaluation.csv").write_text("kimg,fid\n1,2\n")
    with pytest.raises(InputError, match=r"evaluation.csv is damaged.*Received: columns \['kimg', 'fid'\]"):
        fit(gan(), rows(4), [evaluation(tmp_path)])
    assert (tmp_path / "evaluation.csv").read_text() == "kimg,fid\n1,2\n"


def history(heldout, training, similarity=None):
    similarity = similarity or [0.3] * len(heldout)
    keys = (HELDOUT, TRAINING, SIMILARITY)
    rows = zip(heldout, training, similarity, strict=True)
    return [Row(float(kimg), dict(zip(keys, values, strict=True))) for kimg, values in enumerate(rows)]


@pytest.mark.parametrize(
    ("heldout", "training", "warned"),
    [
        ([9, 5, 5.2, 5.4, 5.6], [9, 5, 4.8, 4.6, 4.4], True),
        ([5, 5.2, 5.4, 5.6], [5, 5.2, 5.4, 5.6], False),  # both get worse
        ([5, 4.8, 4.6, 4.4], [5, 4.8, 4.6, 4.4], False),  # both get better
        ([5, 5.2, 5.1, 5.6], [5, 4.8, 4.6, 4.4], False),  # not at every evaluation
        ([5, 5.001, 5.002, 5.003], [5, 4.8, 4.6, 4.4], False),  # hardly
        ([5.2, 5.4, 5.6], [4.8, 4.6, 4.4], False),  # too early to tell
    ],
)
def test_overfitting_is_warned_of(heldout, training, warned):
    assert ["overfitting" in line for line in warnings(history(heldout, training), 0.3)] == [True] * warned


@pytest.mark.parametrize(
    ("similarity", "real", "warned"),
    [
        ([0.4, 0.3, 0.45], 0.3, True),
        ([0.4, 0.3, 0.38], 0.3, False),  # hardly
        ([0.1, 0.2, 0.3], 0.3, False),  # learns that brains look alike
        ([0.6, 0.5, 0.4], 0.3, False),  # gets better
    ],
)
def test_a_loss_of_diversity_is_warned_of(similarity, real, warned):
    found = warnings(history([1, 2, 1], [1, 2, 1], similarity), real)
    assert ["diversity is collapsing" in line for line in found] == [True] * warned
