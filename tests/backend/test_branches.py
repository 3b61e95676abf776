"""A batch that is computed in parts gives what it gives whole."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from keras import ops
from small_gan import images, make_gan

from keras_stylegan.backend import branches
from keras_stylegan.backend.branches import in_branches
from keras_stylegan.models.discriminator import Discriminator

ROOT = Path(__file__).resolve().parents[2]
SAYS = "import keras_stylegan.backend.branches as b, tensorflow as tf; "
SAYS += "print(b.BRANCHES, tf.config.threading.get_intra_op_parallelism_threads())"


@pytest.fixture
def two(monkeypatch):
    monkeypatch.setattr(branches, "BRANCHES", 2)


def test_parts_are_halves_and_put_back_in_order(two):
    shapes = []

    def function(x, others):
        shapes.append(x.shape[0])
        return {"sum": x + others[0], "part": x - ops.flip(x, axis=0)}

    x = np.arange(6.0)[:, None]
    found = in_branches(function, ops.array(x), [ops.array(10 * x)])
    assert shapes == [3, 3]
    np.testing.assert_array_equal(found["sum"], 11 * x)
    # Mirrored within the samples 0, 1, 2 and within 3, 4, 5.
    np.testing.assert_array_equal(found["part"][:, 0], [-2, 0, 2, -2, 0, 2])


def test_what_cannot_be_halved_is_computed_whole(two):
    shapes = []
    in_branches(lambda x: shapes.append(x.shape[0]), ops.zeros((5, 1)))
    assert shapes == [5]


def test_groups_stay_whole_and_are_found_again(two):
    """Eight samples in groups of two, {0, 4}, {1, 5}, …: a half has two of them, at strides of two."""
    halves = []

    def function(x):
        halves.append(np.array(x)[:, 0].tolist())
        pairs = ops.reshape(x, (2, -1, 1))
        return x + 10 * ops.tile(ops.sum(pairs, axis=0), (2, 1))

    x = np.arange(8.0)[:, None]
    found = in_branches(function, ops.array(x), group=2)
    assert halves == [[0, 1, 4, 5], [2, 3, 6, 7]]
    np.testing.assert_array_equal(found[:, 0], np.arange(8) + 10 * (2 * (np.arange(8) % 4) + 4))
    # Too few for two groups in each half.
    assert in_branches(lambda x: x.shape[0], ops.zeros((6, 1)), group=2) == 6


def test_a_batch_of_one_group_goes_in_branches_up_to_the_minibatch_deviation(two):
    discriminator = Discriminator(resolution=8, channel_base=32, channel_max=4, mbstd_group_size=4, seed=1)
    seen = []
    from_rgb = discriminator.from_rgb.call
    discriminator.from_rgb.call = lambda x: seen.append(x.shape[0]) or from_rgb(x)
    x = images(0, 4)
    whole, parts = discriminator(x), discriminator(x, in_parts=in_branches)
    assert seen == [4, 2, 2]
    np.testing.assert_allclose(parts, whole, rtol=1e-5, atol=1e-6)


# Each with its penalties in an update of their own or not; labels, mixed styles and noise must go along.
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"adversarial": "relativistic", "r1_interval": 2, "r2_gamma": 1.0}, id="relativistic"),
        pytest.param({"adversarial": "relativistic", "r1_gamma": 1.0, "mbstd_maps": True, "group": 4}, id="maps"),
        pytest.param({"c_dim": 2, "mixing": 0.5, "pl_weight": 1.0}, id="WGAN-GP", marks=pytest.mark.slow),
    ],
)
def test_three_steps_in_branches_equal_those_of_whole_batches(monkeypatch, options):
    labels = np.array([0, 1, 1, 0, 1, 0, 0, 1]) if "c_dim" in options else None
    gans, calls = [], []
    for count in (1, 2):
        monkeypatch.setattr(branches, "BRANCHES", count)
        gan = make_gan(batch_size=8, **options)
        from_rgb = gan.discriminator.from_rgb.call
        gan.discriminator.from_rgb.call = lambda x, f=from_rgb: calls.append(x.shape[0]) or f(x)
        for seed in range(3):
            gan.train_on_images(images(seed, 8), labels)
        gans.append(gan)
    assert max(calls[: len(calls) // 3]) > max(calls[-3:])
    for whole, parts in zip(*(gan.variables for gan in gans), strict=True):
        np.testing.assert_allclose(parts, whole, rtol=1e-4, atol=1e-5, err_msg=whole.path)


@pytest.mark.slow
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core")
def test_cores_are_shared_by_the_branches_unless_someone_set_them_up():
    def said(**variables):
        plain = {name: value for name, value in os.environ.items() if not name.startswith("TF_NUM_")}
        command = [sys.executable, "-c", SAYS]
        return subprocess.run(command, cwd=ROOT, env=plain | variables, capture_output=True, text=True).stdout.split()

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert said() == ["2", str(cores // 2)]
    assert said(TF_NUM_INTRAOP_THREADS="1") == ["1", "0"]
