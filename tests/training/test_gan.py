"""One step of the training algorithm, eagerly: against gradients written out by hand, counts, and bad numbers."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_gan import BATCH, RATES, clone, count, images, make_gan, trained, values

from keras_stylegan.losses.adversarial import LOSSES
from keras_stylegan.training.draws import Draws, styles
from keras_stylegan.training.gan import StyleGAN


def assert_moved(before, after, gradients, rate):
    for old, new, gradient in zip(before, after, gradients, strict=True):
        gradient = np.zeros_like(old) if gradient is None else gradient.numpy()
        np.testing.assert_allclose(new - old, -rate * gradient, rtol=1e-3, atol=1e-5 * rate * (1 + np.abs(old).max()))


def norms(discriminator, x, label):
    with tf.GradientTape() as tape:
        tape.watch(x)
        logits = discriminator(x, label)
    return logits, tf.reduce_sum(tape.gradient(logits, x) ** 2, axis=[1, 2, 3])


def discriminator_gradients(discriminator, loss):
    with tf.GradientTape() as tape:
        value = loss()
    return tape.gradient(value, [variable.value for variable in discriminator.trainable_variables])


@pytest.mark.parametrize(("c_dim", "group", "leak"), [(0, 2, 1.0), (3, 4, 1.0), (0, 2, 0.1), (3, 2, 1.0)])
def test_one_wgan_gp_step_is_a_gradient_step(c_dim, group, leak):
    covariates = {"slice": (1, 9, 5, 2), "age": (60, 90, 70, 8)} if (c_dim, group) == (3, 2) else {}
    gan = make_gan(c_dim, group, r2_gamma=0.5, clip_leak=leak, covariates=covariates)
    generator, discriminator, seed = clone(gan.generator), clone(gan.discriminator), keras.random.SeedGenerator(5)
    real, labels = tf.constant(images()), np.array([0, 2, 1, 2])
    label = tf.one_hot(labels, 3) if c_dim else None
    if covariates:
        columns = {"age": np.array([61, 70, 82, 90]), "slice": np.array([2, 5, 1, 9]), "weight": np.ones(BATCH)}
        label = tf.constant(np.column_stack([label, columns["slice"], columns["age"]]).astype(np.float32))
        labels = {"class": labels, **columns}

    draws = Draws(generator, seed).latents(BATCH)
    fake = generator.synthesis(styles(generator, draws, label, training=True), noise=draws.noise)
    epsilon = keras.random.uniform((BATCH, 1, 1, 1), seed=seed)
    assert leak == 1 or np.abs(fake).max() > 1.1

    def shown(discriminator):
        def score(x, label):
            inside = tf.clip_by_value(x, -1, 1)
            return discriminator(inside + leak * (x - inside), label)

        return score

    def discriminator_loss():
        real_logits, r1 = norms(discriminator, real, label)
        fake_logits, r2 = norms(shown(discriminator), fake, label)
        _, mixed = norms(shown(discriminator), epsilon * real + (1 - epsilon) * fake, label)
        return (
            tf.reduce_mean(fake_logits)
            - tf.reduce_mean(real_logits)
            + 10 * tf.reduce_mean((tf.sqrt(mixed) - 1) ** 2)
            + 0.001 * tf.reduce_mean(r1)
            + 0.25 * tf.reduce_mean(r2)
        )

    expected = discriminator_gradients(discriminator, discriminator_loss)
    expected_loss = discriminator_loss()
    before_d = trained(discriminator)
    before_g, before_m = trained(generator.synthesis), trained(generator.mapping)
    logs = gan.train_on_images(real, labels)

    assert_moved(before_d, trained(gan.discriminator), expected, RATES["d_optimizer"])
    np.testing.assert_allclose(logs["d_loss"], expected_loss, rtol=1e-4)

    # The generator meets the updated discriminator, with draws of its own.
    draws = Draws(generator, seed).latents(BATCH)
    with tf.GradientTape() as tape:
        ws = styles(generator, draws, label, training=True)
        loss = -tf.reduce_mean(shown(gan.discriminator)(generator.synthesis(ws, noise=draws.noise), label))
    networks = (generator.synthesis, generator.mapping)
    gradients = tape.gradient(loss, [[variable.value for variable in part.trainable_variables] for part in networks])
    assert_moved(before_g, trained(gan.generator.synthesis), gradients[0], RATES["g_optimizer"])
    assert_moved(before_m, trained(gan.generator.mapping), gradients[1], RATES["m_optimizer"])
    np.testing.assert_allclose(logs["g_loss"], loss, rtol=1e-4)
    np.testing.assert_allclose(gan.generator.mapping.w_avg, generator.mapping.w_avg, rtol=1e-4, atol=1e-7)

    # Half-life 8 images, 4 a step: β = 1/√2.
    for average, old, new in zip(
        trained_order(gan.generator_ema), trained_order(generator), trained_order(gan.generator), strict=True
    ):
        np.testing.assert_allclose(average, new + (old - new) * 0.5**0.5, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(gan.generator_ema.mapping.w_avg, gan.generator.mapping.w_avg)
    assert gan.images_seen == BATCH and int(gan.step) == 1


def trained_order(generator):
    """Weights that the average follows (those of the average itself are all frozen), in the order of `weights`."""
    return [variable.numpy() for variable in generator.weights if variable.name not in ("w_avg", "noise_const")]


def test_a_lazy_penalty_is_an_update_of_its_own_times_k():
    gan = make_gan(adversarial="logistic", gp_weight=0.0, r1_gamma=0.4, r1_interval=3)
    discriminator, real = clone(gan.discriminator), tf.constant(images())
    generator, seed = clone(gan.generator), keras.random.SeedGenerator(5)
    draws = Draws(generator, seed).latents(BATCH)
    fake = generator.synthesis(generator.mapping(draws.z), noise=draws.noise)
    before = trained(discriminator)
    steps = (
        lambda: (
            tf.reduce_mean(tf.nn.softplus(discriminator(fake))) + tf.reduce_mean(tf.nn.softplus(-discriminator(real)))
        ),
        lambda: 3 * 0.2 * tf.reduce_mean(norms(discriminator, real, None)[1]),
    )
    total = [np.zeros_like(value) for value in before]
    for loss in steps:
        gradients = discriminator_gradients(discriminator, loss)
        for index, (variable, gradient) in enumerate(zip(discriminator.trainable_variables, gradients, strict=True)):
            if gradient is not None:
                variable.assign_sub(RATES["d_optimizer"] * gradient)
                total[index] = total[index] + gradient.numpy()
    gan.train_on_images(real)
    assert_moved(before, trained(gan.discriminator), [tf.constant(value) for value in total], RATES["d_optimizer"])


@pytest.mark.slow
def test_lazy_penalties_come_in_every_kth_step():
    gan = make_gan(
        adversarial="logistic", gp_weight=1.0, gp_interval=4, r1_interval=3, r2_gamma=0.1, r2_interval=1,
        pl_weight=1.0, pl_interval=2,
    )  # fmt: skip
    after = []
    for _ in range(7):
        gan.train_on_images(images())
        names = ("gradient_penalty", "r1_penalty", "r2_penalty", "path_length_penalty")
        after.append([count(gan, name) for name in names])
    steps = [1, 2, 3, 4, 5, 6, 7]
    assert [row[0] for row in after] == [4, 4, 4, 4, 8, 8, 8]
    assert [row[1] for row in after] == [4, 4, 4, 8, 8, 8, 12]
    assert [row[2] for row in after] == [4 * step for step in steps]
    assert [row[3] for row in after] == [2, 2, 4, 4, 6, 6, 8]  # half of the batch
    assert int(gan.d_optimizer.iterations) == 7 + 2 + 3
    assert int(gan.g_optimizer.iterations) == int(gan.m_optimizer.iterations) == 7 + 4
    assert gan.path_length_mean > 0


@pytest.mark.slow
def test_the_generator_moves_in_every_third_step_only():
    gan = make_gan(discriminator_steps=3, gp_weight=0.0, pl_weight=1.0, pl_interval=3)
    moved = []
    for _ in range(6):
        before = trained(gan.generator), trained(gan.discriminator)
        gan.train_on_images(images())
        moved.append(any(np.any(a != b) for a, b in zip(before[0], trained(gan.generator), strict=True)))
        assert any(np.any(a != b) for a, b in zip(before[1], trained(gan.discriminator), strict=True))
    assert moved == [False, False, True, False, False, True]
    assert count(gan, "path_length") == 2  # in the first of the two generator steps
    assert int(gan.g_optimizer.iterations) == 2 + 1 and int(gan.d_optimizer.iterations) == 6


def test_path_length_mean_is_a_lerp():
    gan = make_gan(gp_weight=0.0, r1_gamma=0.0, pl_weight=1.0, pl_interval=1)
    gan.path_length_mean.assign(2.0)
    logs = gan.train_on_images(images())
    np.testing.assert_allclose(gan.path_length_mean, 2.0 + 0.01 * (logs["path_length"] - 2.0), rtol=1e-5)


@pytest.mark.parametrize("adversarial", LOSSES)
def test_every_loss_trains_all_networks(adversarial):
    gan = make_gan(adversarial=adversarial, mixing=0.9, gp_weight=0.0, r2_gamma=0.1)
    before = trained(gan.generator) + trained(gan.discriminator)
    logs = gan.train_on_images(images())
    after = trained(gan.generator) + trained(gan.discriminator)
    assert all(np.isfinite(value) for value in logs.values())
    assert all(np.isfinite(value).all() for value in after)
    still = [old.shape for old, new in zip(before, after, strict=True) if np.array_equal(old, new)]
    # A bias of the last layer cancels in a difference of logits.
    assert all(shape == (1,) for shape in still)
    assert set(logs) == {"d_loss", "g_loss", "r1_penalty", "r2_penalty", "real_score", "fake_score",
                         "skipped_updates", "loss"}  # fmt: skip
    np.testing.assert_allclose(logs["loss"], logs["d_loss"] + logs["g_loss"], rtol=1e-6)


@pytest.mark.parametrize("adversarial", ["logistic", "relativistic"])
def test_a_nan_image_changes_no_weight_that_it_reaches(adversarial):
    gan = make_gan(adversarial=adversarial, optimizer=keras.optimizers.Adam, mixing=0.5, r1_interval=2, r1_gamma=1.0,
                   pl_weight=1.0, pl_interval=2)  # fmt: skip
    gan.train_on_images(images())
    gan.train_on_images(images())
    before_d = values(gan.discriminator) + [variable.numpy() for variable in gan.d_optimizer.variables]
    before_g = trained(gan.generator)
    bad = images()
    bad[1, 3, 4, 0] = np.nan
    gan.train_on_images(bad)  # also a step of both lazy penalties
    after_d = values(gan.discriminator) + [variable.numpy() for variable in gan.d_optimizer.variables]
    for old, new in zip(before_d, after_d, strict=True):
        np.testing.assert_array_equal(old, new)
    # D and its R1; the relativistic generator compares with the image, its path length does not.
    assert float(gan.trackers["skipped_updates"].result()) == (3 if adversarial == "relativistic" else 2)
    assert any(np.any(old != new) for old, new in zip(before_g, trained(gan.generator), strict=True))
    everything = [*gan.generator.variables, *gan.generator_ema.variables, gan.path_length_mean]
    everything += [*gan.g_optimizer.variables, *gan.m_optimizer.variables]
    assert all(np.isfinite(variable.numpy()).all() for variable in everything)


def test_a_non_finite_path_length_leaves_everything_unchanged(monkeypatch):
    gan = make_gan(gp_weight=0.0, pl_weight=1.0, pl_interval=1, optimizer=keras.optimizers.Adam)
    gan.path_length_mean.assign(2.0)
    infinite = lambda synthesis, ws, noise: tf.reduce_sum(ws, [1, 2]) * np.inf  # noqa: E731
    monkeypatch.setattr("keras_stylegan.training.algorithm.path_lengths", infinite)
    gan.train_on_images(images())
    assert float(gan.path_length_mean) == 2.0
    assert float(gan.trackers["skipped_updates"].result()) == 1
    assert int(gan.g_optimizer.iterations) == 1
    assert all(np.isfinite(value).all() for value in values(gan.generator))


def test_labels_reach_both_networks():
    """With all labels 0 only the first row of each embedding has a gradient."""
    gan = make_gan(c_dim=3, gp_weight=0.0)
    kernels = (gan.generator.mapping.embed.kernel, gan.discriminator.mapping.embed.kernel)
    before = [kernel.numpy() for kernel in kernels]
    gan.train_on_images(images(), np.zeros(BATCH, np.int64))
    for old, kernel in zip(before, kernels, strict=True):
        change = np.abs(kernel.numpy() - old).max(axis=1)
        assert change[0] > 0 and change[1] == 0 and change[2] == 0


def test_a_covariate_that_the_batch_lacks():
    gan = make_gan(covariates={"slice": (1, 9, 5, 2)})
    with pytest.raises(ValueError, match=r"labels must have the covariates \['slice'\]. Missing: \['slice'\]"):
        gan.train_on_images(images(), {"class": np.zeros(BATCH), "age": np.zeros(BATCH)})
    with pytest.raises(ValueError, match="must have the same covariates. Received"):
        StyleGAN(gan.generator, make_gan().discriminator)


def test_an_unconditional_network_ignores_labels():
    first, second = make_gan(gp_weight=0.0), make_gan(gp_weight=0.0)
    first.train_on_images(images(), np.arange(BATCH))
    second.train_on_images(images())
    for a, b in zip(values(first.generator), values(second.generator), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_learning_rate_follows_the_step_whatever_the_optimizer_has_counted():
    """A lazy penalty makes more updates than steps, discriminator steps fewer, and a bad batch none."""
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([1, 2], [0.4, 0.2, 0.1])
    rates = {"d_optimizer": schedule, "g_optimizer": schedule, "m_optimizer": 0.01}
    gan = make_gan(r1_interval=2, discriminator_steps=2, learning_rates=rates)
    found = []
    for batch in (images(), images() * np.nan, images(), images()):
        gan.train_on_images(batch)
        found.append([float(getattr(gan, name).learning_rate) for name in rates])
    np.testing.assert_allclose(found, [[0.4, 0.4, 0.01], [0.4, 0.4, 0.01], [0.2, 0.2, 0.01], [0.1, 0.1, 0.01]])
    assert (int(gan.d_optimizer.iterations), int(gan.g_optimizer.iterations)) == (5, 2)
