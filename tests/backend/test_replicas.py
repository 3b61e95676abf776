"""What keeps replicas equal to one process, piece by piece; test_distribution.py runs them."""

import os
import re
import signal

import keras
import numpy as np
import pytest
from fake_gan import FakeGan, fit, rows

from keras_stylegan.backend import replicas
from keras_stylegan.config import Config, ModelConfig, TrainingConfig
from keras_stylegan.data.image_set import ImageSet, label_record
from keras_stylegan.data.pipeline import TrainingBatches
from keras_stylegan.errors import InputError
from keras_stylegan.quiet import start_keras
from keras_stylegan.training import draws
from keras_stylegan.training.callbacks import Checkpoints, TrainingLog, stop
from keras_stylegan.training.networks import check_batch
from keras_stylegan.training.record import Record

LAUNCHERS = ("TF_CONFIG", "SLURM_STEP_NUM_TASKS", "WORLD_SIZE", "KERAS_DISTRIBUTION_NUM_PROCESSES")


@pytest.fixture
def no_launcher(monkeypatch):
    for name in LAUNCHERS:
        monkeypatch.delenv(name, raising=False)


def seeds(generator, count=3):
    return np.array([keras.ops.convert_to_numpy(generator.next()) for _ in range(count)])


def test_a_single_replica_draws_as_keras_does():
    ours, theirs = draws.ReplicaSeedGenerator(5), keras.random.SeedGenerator(5)
    assert np.array_equal(seeds(ours), seeds(theirs))
    assert np.array_equal(ours.state.numpy(), theirs.state.numpy())


def test_replicas_draw_differently_from_the_same_state(monkeypatch):
    monkeypatch.setattr(draws, "num_replicas", lambda: 4)
    found, states = [], []
    for index in range(4):
        monkeypatch.setattr(draws, "replica_id", lambda index=index: index)
        generator = draws.ReplicaSeedGenerator(5)
        found.append(keras.ops.convert_to_numpy(keras.random.normal((100,), seed=generator)))
        states.append(generator.state.numpy())
    alone = keras.random.normal((100,), seed=keras.random.SeedGenerator(5))
    assert np.array_equal(found[0], keras.ops.convert_to_numpy(alone))
    assert all(np.array_equal(state, [5, 1]) for state in states)
    correlation = np.corrcoef(found) - np.eye(4)
    assert np.abs(correlation).max() < 0.4


@pytest.mark.parametrize("count", [2, 64])
def test_seeds_of_replicas_stay_apart_where_seed_and_counter_are_added(count):
    # PyTorch: modulo 2^32. A replica comes to the next one's seed after that many draws.
    firsts = np.sort(np.arange(count) * int(draws.STRIDE[0]) % 2**32)
    gaps = np.diff(np.append(firsts, firsts[0] + 2**32))
    assert draws.STRIDE[1] == 0
    assert gaps.min() > 2**32 / (3 * count)


def test_parts_of_a_batch_make_up_the_batch():
    count = 20
    names = np.arange(count).astype(str)
    pixels = np.random.default_rng(0).integers(0, 256, (count, 8, 8, 1)).astype(np.uint8)
    images = ImageSet(pixels, label_record(np.arange(count)), names, names, names, "", "")
    whole = TrainingBatches(images, 6, seed=1, horizontal_flip=True)
    parts = [TrainingBatches(images, 6, seed=1, horizontal_flip=True, part=(i, 3)) for i in range(3)]
    assert len(whole) == len(parts[0]) == 3
    for index in range(3):
        found = [part[index] for part in parts]
        images, labels = whole[index]
        assert [len(part["class"]) for _, part in found] == [2, 2, 2]
        assert np.array_equal(np.concatenate([part for part, _ in found]), images)
        assert np.array_equal(np.concatenate([part["class"] for _, part in found]), labels["class"])


@pytest.mark.parametrize(("batch_size", "count"), [(8, 2), (24, 3), (7, 1)])
def test_batches_that_replicas_can_share(monkeypatch, batch_size, count):
    monkeypatch.setattr(replicas, "num_replicas", lambda: count)
    check_batch(Config(model=ModelConfig(mbstd_group_size=1 if batch_size == 7 else 4),
                       training=TrainingConfig(batch_size=batch_size)))  # fmt: skip


def test_a_batch_that_replicas_cannot_share(monkeypatch):
    monkeypatch.setattr(replicas, "num_replicas", lambda: 3)
    with pytest.raises(InputError, match=r"batch_size must be a multiple of 12: 3 replicas .* Received: 64"):
        check_batch(Config())


def test_one_device_and_no_launcher_is_one_replica(no_launcher):
    assert replicas.start("auto") == replicas.start("none") == replicas.start("mirrored") == "none"
    assert (replicas.num_replicas(), replicas.replica_id(), replicas.num_processes()) == (1, 0, 1)
    assert replicas.is_chief() and replicas.data_part() == (0, 1)
    tensors = [object()]
    assert replicas.all_mean(tensors) is tensors
    assert replicas.anywhere(True) is True and replicas.anywhere(False) is False


def test_several_workers_without_a_launcher(no_launcher):
    with pytest.raises(InputError, match="multi-worker needs a launcher, which sets TF_CONFIG, or srun's SLURM_PROCID"):
        replicas.start("multi-worker")


def test_a_broken_launcher_variable(no_launcher, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "{cluster")
    with pytest.raises(
        InputError, match="cannot read the launcher's variables .TF_CONFIG.*: JSONDecodeError: Expecting"
    ):
        start_keras(distribution="multi-worker")
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"worker": ["a:1", "b:1"]}}')
    with pytest.raises(InputError, match="cannot join the other workers: .*; check TF_CONFIG, or"):
        start_keras(distribution="multi-worker")


def test_the_command_line_tells_it_in_those_words(no_launcher):
    with pytest.raises(InputError, match="^--training.distribution multi-worker needs .* Received: none of these var"):
        start_keras(distribution="multi-worker")


def test_pytorch_wants_a_process_per_gpu(no_launcher, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(InputError, match="mirrored is for TensorFlow and JAX; with PyTorch .* torchrun"):
        replicas.start("mirrored")


@pytest.mark.parametrize(
    ("option", "value"), [("steps_per_execution", 4), ("run_eagerly", True), ("jit_compile", True)]
)
def test_what_does_not_go_with_replicas_on_tensorflow(monkeypatch, option, value):
    from keras_stylegan.backend import BackendTrainer
    from keras_stylegan.backend import tensorflow as backend

    monkeypatch.setattr(backend.replicas, "num_replicas", lambda: 2)
    model = BackendTrainer()
    model.compile(jit_compile=False)
    with pytest.raises(InputError, match=f"{option} must be .* with several replicas on TensorFlow. Received: {value}"):
        model.compile(**{"jit_compile": False, option: value})


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ConnectionError("Socket closed\nat 12"), 75, "Worker 0: A worker is gone: Socket closed; .*--resume"),
        (InputError("the disk is full"), 2, "Worker 0: Error: the disk is full"),
        (KeyboardInterrupt(), 130, "Worker 0: Interrupted."),
        (ZeroDivisionError("of mine"), 1, "(?s)Worker 0: Traceback.*ZeroDivisionError: of mine"),
    ],
)
def test_a_failing_process_among_several_leaves_at_once(monkeypatch, capsys, error, code, line):
    monkeypatch.setattr(replicas, "num_processes", lambda: 2)
    monkeypatch.setattr(replicas._replicas, "is_lost_worker", lambda error: isinstance(error, ConnectionError))

    def leave(code):
        raise SystemExit(code)

    monkeypatch.setattr(os, "_exit", leave)
    with pytest.raises(SystemExit) as left, replicas.leaving_at_once():
        raise error
    assert left.value.code == code
    assert re.match(line, capsys.readouterr().err)


def test_a_single_process_fails_as_ever():
    with pytest.raises(ZeroDivisionError), replicas.leaving_at_once():
        raise ZeroDivisionError


def test_processes_agree_on_the_step_at_which_they_stop(monkeypatch):
    asked = []

    def anywhere(flag):
        # Another process has SIGTERM from its 13th step on.
        asked.append(flag)
        return flag or len(asked) >= 2

    monkeypatch.setattr(stop, "num_processes", lambda: 2)
    monkeypatch.setattr(stop, "anywhere", anywhere)
    callback = stop.StopOnSignal()
    model = FakeGan()
    fit(model, rows(100), [callback], batch_size=1)
    assert int(model.images) == 20
    assert callback.received is signal.SIGTERM
    assert asked == [False, False, False]


def test_a_repeated_signal_does_not_interrupt_one_of_several(monkeypatch):
    monkeypatch.setattr(stop, "num_processes", lambda: 2)
    with stop.StopOnSignal() as callback:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
    assert callback.received is None


def test_a_process_without_a_folder_resets_the_means_and_looks_as_the_chief_does_and_writes_nothing(
    tmp_path, monkeypatch
):
    looks = []
    model = FakeGan()

    def look():
        looks.append((model.images_seen, int(model.means[0].count)))
        return True

    record = Record(Config(), ("AD",), "", 0)
    followers = [TrainingLog(None, 0.016), Checkpoints(None, record, 0.012, look)]
    monkeypatch.chdir(tmp_path)
    fit(model, rows(40), followers, batch_size=4)
    assert followers[1].save() is None
    assert os.listdir(tmp_path) == []
    # Every 16 images new means; every 12 a look, after them; and one at the end.
    assert looks == [(12, 12), (24, 8), (36, 4), (40, 8)]
    assert model.interval_metrics
