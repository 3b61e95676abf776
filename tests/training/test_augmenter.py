"""Augmentation within the training step: who shares a draw, how the strength adapts, what a run keeps."""

import keras
import numpy as np
import pytest
from keras import ops
from small_gan import BATCH, images, make_gan

from keras_stylegan.augment.pipeline import Pipeline
from keras_stylegan.training.state import state, values

ALL = ("blit", "geometry", "scanner", "intensity", "cutout")


def augmented(operations=ALL, r1_interval=1, **options):
    augment = {"operations": operations} | options
    return make_gan(adversarial="relativistic", augment=augment, r2_gamma=1.0, r1_gamma=1.0, r1_interval=r1_interval)


def test_without_operations_nothing_is_drawn_and_nothing_logged():
    plain, named = make_gan(), make_gan(augment={"operations": ()})
    for gan in (plain, named):
        gan.train_on_images(images())
    assert all(
        np.array_equal(*pair) for pair in zip(values(state(plain)).values(), values(state(named)).values(), strict=True)
    )
    assert not {"augment_strength", "augment_sign"} & {metric.name for metric in named.metrics}


def test_real_and_generated_images_of_a_number_share_a_draw(monkeypatch):
    seen = []
    apply = Pipeline.apply

    def recorded(self, batch, parameters):
        seen.append((batch.shape[0], parameters))
        return apply(self, batch, parameters)

    monkeypatch.setattr(Pipeline, "apply", recorded)
    gan = augmented(strength=0.5, r1_interval=2)
    gan.train_on_images(images())
    # Mixed and generated ones with gradients and real ones without, lazy R1, and both in the generator's update.
    assert [count for count, _ in seen] == [8, 4, 4, 8]
    discriminator, lazy, generator = ({id(p) for _, p in part} for part in (seen[:2], seen[2:3], seen[3:]))
    assert discriminator == lazy and len(discriminator) == 1 and generator.isdisjoint(discriminator)


def test_clipping_comes_first():
    """Beyond black an image is pulled in before a brighter one could carry it over the edge."""
    gan = make_gan(clip_leak=0.1, augment={"operations": ("brightness",), "strength": 1.0})
    gan.augmenter.draw(BATCH)
    shift = 2 * gan.augmenter.parameters.amounts["brightness"].values[0]
    result = gan.augmenter(ops.ones((BATCH, 8, 8, 1)) * -1.1)
    np.testing.assert_allclose(result, np.broadcast_to(-1.1 + shift, result.shape), atol=1e-6)
    seen = []
    gan.discriminator = lambda x, label, in_parts: seen.append(x)
    gan.score(ops.ones((BATCH, 8, 8, 1)) * -2.0, None)
    np.testing.assert_allclose(seen[0], np.broadcast_to(-1.1 + shift, result.shape), atol=1e-6)


def logits(*numbers):
    return ops.convert_to_tensor(np.array(numbers, "float32")[:, None])


@pytest.mark.parametrize(
    ("adversarial", "sign"), [("logistic", 0.5), ("hinge", 0.5), ("relativistic", -1.0), ("wgan-gp", -1.0)]
)
def test_the_sign_is_of_the_real_logit_or_of_the_difference(adversarial, sign):
    gan = make_gan(adversarial=adversarial, augment={"operations": ("flip",), "strength": 0.3})
    logs = gan.augmenter.observe(logits(1, 2, 3, -4), logits(2, 3, 4, 5))
    assert float(ops.mean(logs["augment_sign"])) == sign and "augment_strength" not in logs


def test_an_adaptive_strength_follows_the_mean_sign():
    """By hand: m ← m + (1 − 0.5^(4/256))·(r − m), p ← p + sign(m − 0.6)·4/(1000·0.1), within [0, 0.7]."""
    gan = augmented(ada_kimg=0.1, ada_target=0.6)
    strength = mean = 0.0
    random = np.random.default_rng(0)
    for step in range(400):
        real = random.normal(3.0 if step < 250 else -1.0, 1, 4).astype("float32")
        gan.augmenter.observe(logits(*real), logits(0, 0, 0, 0))
        mean += (1 - 0.5 ** (4 / 256)) * (np.sign(real).mean() - mean)
        strength = min(0.7, max(0.0, strength + np.sign(mean - 0.6) * 4 / 100))
        assert float(gan.augment_sign.value) == pytest.approx(mean, abs=1e-4)
        assert float(gan.augment_strength.value) == pytest.approx(strength, abs=1e-4)
        if step == 249:
            assert strength == 0.7
    assert strength == 0.0


def test_a_score_that_is_no_number_leaves_no_trace():
    gan = augmented()
    gan.augment_strength.assign(0.3)
    gan.augmenter.observe(logits(np.nan, 1, 1, 1), logits(0, 0, 0, 0))
    assert float(gan.augment_sign.value) == 0 and float(gan.augment_strength.value) == pytest.approx(0.3)


def test_a_scheduled_strength_is_that_of_its_schedule():
    gan = make_gan(augment={"operations": ALL, "strength": 0.1}, schedules={"augment_strength": ((0, 0.2), (1, 0.8))})
    gan.images.assign(500)
    pipeline, found = gan.augmenter.pipeline, []
    gan.augmenter.pipeline = type(
        "Recorder",
        (),
        {
            "operations": pipeline.operations,
            "draw": pipeline.draw,
            "parameters": lambda self, uniform, noise, strength: found.append(float(strength)),
        },
    )()
    gan.augmenter.draw(BATCH)
    # Half way between two values their ratio is halved: √(0.2·0.8).
    assert found == [pytest.approx(0.4)]
    assert [metric.name for metric in gan.metrics].count("augment_strength") == 1


@pytest.mark.slow
def test_an_interrupted_run_goes_on_bit_by_bit(tmp_path):
    whole, first = (augmented(("flip", "rotation", "noise"), ada_kimg=0.02, ada_target=-0.9) for _ in range(2))
    for step in range(4):
        whole.train_on_images(images(step))
        if step < 2:
            first.train_on_images(images(step))
    first.save(tmp_path / "half.keras")
    second = keras.saving.load_model(tmp_path / "half.keras")
    for step in range(2, 4):
        second.train_on_images(images(step))
    expected, found = values(state(whole)), values(state(second))
    weights = [name for name in expected if not name.startswith("metrics/")]
    assert all(np.array_equal(expected[name], found[name]) for name in weights)
    assert {"stylegan/augment_strength", "stylegan/augment_sign"} <= set(weights)
    assert float(whole.augment_sign.value) != 0 and float(whole.augment_strength.value) == pytest.approx(0.7)


def test_other_draws_make_other_weights():
    first, second = augmented(strength=0.7), augmented(strength=0.0)
    for gan in (first, second):
        gan.train_on_images(images())
    pairs = zip(first.discriminator.trainable_variables, second.discriminator.trainable_variables, strict=True)
    assert any(not np.array_equal(a.numpy(), b.numpy()) for a, b in pairs)
