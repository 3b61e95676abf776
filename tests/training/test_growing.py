"""A gan that grows: what changes when a resolution is added, and what does not."""

import keras
import numpy as np
import pytest
from helpers import randomize

from keras_stylegan.losses.penalties import squared_gradient_norm
from keras_stylegan.models.families import NETWORKS
from keras_stylegan.training.gan import StyleGAN
from keras_stylegan.training.growing import enter, shown
from keras_stylegan.training.scheduled_adam import ScheduledAdam
from keras_stylegan.training.stages import Stage
from keras_stylegan.training.state import state, values

BATCH, SIZE = 4, 16
STAGES = [
    Stage(batch_size=8, start=0, end=32, level=0, learning_rate_factor=0.5),
    Stage(batch_size=BATCH, start=32, end=64, level=1, fade=16),
    Stage(batch_size=BATCH, start=64, end=96, level=2, fade=16),
]
RATES = dict.fromkeys(("g_optimizer", "m_optimizer", "d_optimizer"), 0.01)


def make_gan(network="stylegan2", **options):
    sizes = {"resolution": SIZE, "channel_base": 64, "channel_max": 4, "mapping_layers": 1, "growing_start": 4}
    family = NETWORKS[network]
    generator = family.generator(z_dim=3, w_dim=4, seed=0, name="generator", **sizes)
    generator.build()
    randomize(generator)
    generator.synthesis.growth.assign(0)
    discriminator = family.discriminator(mbstd_group_size=2, seed=1, name="discriminator", **sizes)
    gan = StyleGAN(generator, discriminator, ema_kimg=0.02, style_mixing_prob=0.9, batch_size=1, seed=5, name="gan")
    adam = {name: ScheduledAdam(rate, beta_1=0.5, name=name) for name, rate in RATES.items()}
    chosen = {"adversarial": "relativistic", "gp_weight": 0.0, "r1_gamma": 1.0, "pl_weight": 1.0}
    gan.compile(**adam, learning_rates=RATES, **chosen | options)
    return gan


def images(count, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, SIZE, SIZE, 1)).astype(np.float32)


def fit(gan, stage, callbacks=()):
    count = stage.end - stage.start
    gan.fit(
        images(count, stage.level), batch_size=stage.batch_size, shuffle=False, verbose=0, callbacks=list(callbacks)
    )


class Trace(keras.callbacks.Callback):
    """What there is after every step: times the step was traced, α and resolution as they are logged, EMA images."""

    def __init__(self, gan):
        super().__init__()
        self.calls, self.rows, self.images = [], [], []
        step = gan.train_on_images
        gan.train_on_images = lambda *arguments: self.calls.append(1) or step(*arguments)
        self.z = np.random.default_rng(9).normal(size=(2, 3)).astype(np.float32)

    def on_train_batch_end(self, batch, logs=None):
        self.rows.append((len(self.calls), logs["resolution"], logs["alpha"]))
        self.images.append(np.asarray(self.model(self.z)))


@pytest.fixture(scope="module", params=[pytest.param(name, marks=pytest.mark.slow) for name in sorted(NETWORKS)])
def run(request):
    """(gan after three stages, trace, states before each stage and at the end)."""
    gan = make_gan(request.param)
    trace, states = Trace(gan), []
    for stage in STAGES:
        enter(gan, stage)
        states.append(values(state(gan)))
        fit(gan, stage, [trace])
    return gan, trace, [*states, values(state(gan))]


def test_one_step_is_compiled_for_each_resolution(run):
    counts = [row[0] for row in run[1].rows]
    assert len(counts) == 4 + 8 + 8
    per_stage = [set(counts[:4]), set(counts[4:12]), set(counts[12:])]
    assert [len(found) for found in per_stage] == [1, 1, 1]
    assert len(set.union(*per_stage)) == 3


def test_alpha_and_resolution_are_logged_as_they_are_after_a_step(run):
    expected = [(4, 1)] * 4
    expected += [(r, min(1, step / 4)) for r in (8, 16) for step in range(1, 9)]
    assert [row[1:] for row in run[1].rows] == expected


def test_the_average_shows_its_level_at_full_size(run):
    _, trace, _ = run
    for number, image in enumerate(trace.images):
        factor = {0: 4, 1: 2, 2: 1}[0 if number < 4 else 1 if number < 12 else 2]
        coarse = image[:, ::factor, ::factor]
        np.testing.assert_array_equal(image, np.repeat(np.repeat(coarse, factor, axis=1), factor, axis=2))
        assert np.abs(image[:, 1::2] - image[:, ::2]).max() > 0 or factor > 1


def test_only_what_a_level_has_is_trained_and_the_average_goes_on(run):
    _, _, (first, second, third, last) = run

    def changed(before, after, *parts):
        names = [name for name in before if name.split("/")[0] in ("generator", "generator_ema", "discriminator")]
        return {any(not np.array_equal(before[n], after[n]) for n in names if part in n) for part in parts}

    finer = ("b8_conv0/affine", "b8_conv1/bias", "b16_conv1")
    if "generator/synthesis/b8_conv0/epilogue/bias" in first:
        finer = ("b8_conv0/epilogue/adain", "b8_conv1/epilogue/bias", "b16_conv1")
    assert changed(first, second, "b4_conv", "mapping", "generator_ema/synthesis/const") == {True}
    assert changed(first, second, *finer) == {False}
    assert changed(second, third, "b4_conv", *finer[:2]) == {True} and changed(second, third, "b16_conv1") == {False}
    assert changed(third, last, "b4_conv", *finer) == {True}
    # Entering a stage moves nothing of the networks.
    assert changed(third, third, "generator") == {False}


def test_the_slots_of_the_optimizers_start_anew_with_a_resolution(run):
    gan, _, states = run
    for before in states[:3]:
        slots = {name: before[name] for name in before if name.split("/")[0].endswith("_optimizer")}
        assert len(slots) > 20
        for name, slot in slots.items():
            if name.endswith(("learning_rate", "/beta_2")):
                continue
            assert (slot == name.endswith("beta_2_product")).all(), name
    assert any(np.abs(slot).max() > 0 for name, slot in states[3].items() if name.endswith("_velocity"))
    # They do not when a run goes on within a stage.
    velocity = gan.d_optimizer.variables[-3].numpy()
    gan.images.assign(68)
    enter(gan, STAGES[2])
    np.testing.assert_array_equal(gan.d_optimizer.variables[-3].numpy(), velocity)


def test_a_run_begins_at_its_first_level_whatever_its_weights_had_grown_to():
    gan = make_gan()
    growths = [gan.generator.synthesis.growth, gan.generator_ema.synthesis.growth, gan.discriminator.growth]
    for growth in growths:
        growth.assign(2)
    enter(gan, STAGES[0])
    assert [float(growth) for growth in growths] == [0, 0, 0]


@pytest.mark.slow
def test_batch_and_learning_rate_are_those_of_the_resolution():
    gan, rates = make_gan(), []
    for stage in STAGES[:2]:
        enter(gan, stage)
        assert gan.batch_size == stage.batch_size
        fit(gan, stage)
        rates.append(float(gan.d_optimizer.learning_rate))
        assert gan.images_seen == stage.end
    np.testing.assert_allclose(rates, [0.005, 0.01], rtol=1e-6)


def test_real_images_are_means_of_their_pixels_and_fade_like_generated_ones():
    gan, real = make_gan(), images(3)
    enter(gan, STAGES[0])
    means = real.reshape(3, 4, 4, 4, 4, 1).mean(axis=(2, 4))
    np.testing.assert_allclose(shown(gan, real), means, atol=1e-6)
    enter(gan, STAGES[1])
    gan.generator.synthesis.growth.assign(0.25)
    fine = real.reshape(3, 8, 2, 8, 2, 1).mean(axis=(2, 4))
    expected = 0.75 * np.repeat(np.repeat(means, 2, axis=1), 2, axis=2) + 0.25 * fine
    np.testing.assert_allclose(shown(gan, real), expected, atol=1e-6)


def test_nothing_jumps_when_a_resolution_is_added():
    """Images, scores and gradient norms, which are by the pixels of the full size, are those of the level before."""
    gan, real = make_gan(), images(4)
    randomize(gan.discriminator)
    found = []
    for stage, growth in zip(STAGES[:2], (0, 0), strict=True):
        enter(gan, stage)
        for network in (gan.generator.synthesis, gan.discriminator):
            network.growth.assign(growth)
        generator = gan.draws.generator
        z = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
        fake = np.asarray(generator.synthesis(generator.mapping(z)))
        for shown_images in (shown(gan, real), fake):
            scores, squares = squared_gradient_norm(lambda x: gan.score(x, None), keras.ops.array(shown_images))
            found.append([*np.ravel(scores), *np.ravel(squares * gan.pixel_share)])
        found.append(np.ravel(fake if growth or stage.level == 0 else fake[:, ::2, ::2]))
    for before, after in zip(found[:3], found[3:], strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-5)


def test_a_network_that_grows_is_trained_in_stages_only():
    with pytest.raises(ValueError, match="trained in stages: call training.growing.enter"):
        make_gan().train_on_images(images(1))
