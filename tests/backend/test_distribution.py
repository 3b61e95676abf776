"""Two replicas: the same steps as one process, and what becomes of a job when a worker dies or is told to stop.

Processes talk over the loopback interface; several devices are virtual ones.
"""

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_stylegan.training.checkpoint import CheckpointFolder, load

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TIMEOUT = 600
"""Seconds for anything that must end; a hanging job is killed then."""

pytestmark = pytest.mark.slow


BACKENDS = ["tensorflow", *(pytest.param(name, marks=pytest.mark.needs(name)) for name in ("jax", "torch"))]


def free_ports(count):
    """Ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for item in sockets:
        item.bind(("127.0.0.1", 0))
    ports = [item.getsockname()[1] for item in sockets]
    for item in sockets:
        item.close()
    return ports


def environment(backend, **more):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "TF_CONFIG"))}
    threads = {"OMP_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    return clean | threads | {"KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT)} | more


def workers(backend):
    """The environments that a launcher gives two processes."""
    first, second = free_ports(2)
    if backend == "tensorflow":
        cluster = {"worker": [f"127.0.0.1:{first}", f"127.0.0.1:{second}"]}
        tasks = [{"type": "worker", "index": index} for index in range(2)]
        own = [{"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})} for task in tasks]
    elif backend == "torch":
        shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(first), "WORLD_SIZE": "2"}
        own = [shared | {"RANK": str(index), "LOCAL_RANK": str(index)} for index in range(2)]
    else:
        names = ("JOB_ADDRESSES", "NUM_PROCESSES", "PROCESS_ID")
        values = [(f"127.0.0.1:{first}", "2", str(index)) for index in range(2)]
        own = [
            {f"KERAS_DISTRIBUTION_{name}": value for name, value in zip(names, item, strict=True)} for item in values
        ]
    return [environment(backend, **item) for item in own]


def launch(arguments, environments, logs):
    """Start a Python process per environment; output goes to files."""
    processes = []
    for argument, variables, log in zip(arguments, environments, logs, strict=True):
        with open(log, "w", encoding="utf-8") as file:
            command = [sys.executable, *map(str, argument)]
            processes.append(subprocess.Popen(command, cwd=ROOT, env=variables, stdout=file, stderr=file))
    return processes


def finish(processes, logs):
    """Exit codes and outputs; kills what does not end."""
    try:
        codes = [process.wait(TIMEOUT) for process in processes]
    finally:
        for process in processes:
            process.kill()
    return codes, [Path(log).read_text(encoding="utf-8") for log in logs]


def steps(folder, name, distribution, environments):
    """Run replica_steps.py in a process per environment; returns the arrays that each wrote."""
    logs = [folder / f"{name}{index}.log" for index in range(len(environments))]
    arguments = [[HERE / "replica_steps.py", folder / name, 2, distribution]] * len(environments)
    codes, outputs = finish(launch(arguments, environments, logs), logs)
    assert codes == [0] * len(codes), "\n".join(output[-2000:] for output in outputs)
    return [load(folder / f"{name}.{index}.npz")[0] for index in range(len(environments))]


def check_same(found, expected):
    assert np.abs(found["losses"] / expected["losses"] - 1).max() < 1e-6
    assert found.keys() == expected.keys()
    scales = {name: np.abs(value).max() for name, value in expected.items()}
    for name, value in expected.items():
        group, kind = name.split("/")[0], name.split("_")[-1]
        # Every replica counts its own samples.
        if group in ("metrics", "losses", "spread"):
            continue
        scale = scales[name]
        if group.endswith("_optimizer"):
            # A gradient whose terms cancel is as exact as they are, and a slot is made of the last gradients.
            scale = max(value for other, value in scales.items() if other.startswith(group) and other.endswith(kind))
        assert np.abs(found[name] - value).max() <= 2e-5 * scale, name
    # For two independent draws from N(0, 1) the mean of ((a - b)/2)² is 1/2; equal draws would give 0.
    assert expected["spread"] == 0
    assert 0.2 < found["spread"] < 0.9


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_replicas_are_one_process_with_the_same_batch(tmp_path, backend):
    (expected,) = steps(tmp_path, "one", "blocks", [environment(backend)])
    if backend != "torch":
        # That the replicas are equal to the last bit is checked by the program.
        devices = environment(backend, XLA_FLAGS="--xla_force_host_platform_device_count=2")
        check_same(*steps(tmp_path, "devices", "mirrored", [devices]), expected)
    first, second = steps(tmp_path, "processes", "multi-worker", workers(backend))
    check_same(first, expected)
    assert all(np.array_equal(first[name], second[name]) for name in first)


EXPERIMENT = """
from pathlib import Path
from keras_stylegan.config import *
config = Config(
    model=ModelConfig(resolution=8, z_dim=8, w_dim=8, mapping_layers=2, channel_base=32, channel_max=4),
    loss=LossConfig(adversarial="logistic", gp_weight=0.0, r1_gamma=1.0, r1_interval=4, pl_weight=2.0),
    data=DataConfig(path=Path({data!r}), cache_dir=Path({cache!r})),
    training=TrainingConfig(batch_size=8, epochs=2000, ema_kimg=0.1, log_kimg=0.05, sample_kimg=10.0,
                            checkpoint_kimg=0.2, style_mixing_prob=0.9, sample_count=4),
)
"""


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    """A file with a run of 2000 epochs of 5 steps."""
    folder = tmp_path_factory.mktemp("job")
    random = np.random.default_rng(0)
    (folder / "images" / "all").mkdir(parents=True)
    for index in range(40):
        pixels = random.integers(0, 255, (8, 8)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "images" / "all" / f"{index // 4}_{index % 4}.png")
    path = folder / "experiment.py"
    path.write_text(EXPERIMENT.format(data=str(folder / "images"), cache=str(folder / "cache")))
    return path


class Job:
    """Two workers of `run.py train`, each with a run folder of its own name for the first start."""

    def __init__(self, backend, experiment, folder):
        self.backend, self.experiment, self.folder = backend, experiment, folder
        self.logs = [folder / f"worker{index}.log" for index in range(2)]
        self.checkpoints = CheckpointFolder(folder / "run" / "checkpoints")

    def start(self, *options, run_dirs=("run", "run")):
        common = [ROOT / "run.py", "train", self.experiment, "--training.distribution", "multi-worker", *options]
        arguments = [[*common, "--run-dir", self.folder / run_dir] for run_dir in run_dirs]
        self.processes = launch(arguments, workers(self.backend), self.logs)

    def wait_for_a_checkpoint(self):
        old, end = self.checkpoints.paths(), time.monotonic() + TIMEOUT
        while self.checkpoints.paths()[-1:] == old[-1:]:
            alive = all(process.poll() is None for process in self.processes)
            if not alive or time.monotonic() > end:
                pytest.fail("\n".join(log.read_text()[-2000:] for log in self.logs))
            time.sleep(0.1)

    def finish(self):
        return finish(self.processes, self.logs)

    def images_seen(self):
        return load(self.checkpoints.paths()[-1])[1].images_seen


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_job_survives_the_death_of_a_worker_and_a_signal(experiment, tmp_path, backend):
    job = Job(backend, experiment, tmp_path)
    job.start(run_dirs=("run", "not_written"))
    job.wait_for_a_checkpoint()
    job.processes[1].kill()
    start = time.monotonic()
    (code, killed), (output, _) = job.finish()
    assert (code, killed) == (75, -signal.SIGKILL), output
    assert time.monotonic() - start < 180
    assert "Worker 0: A worker is gone: " in output and "--resume" in output
    assert "batch 8, 2 replicas with 4 each" in output
    # The chief alone writes.
    assert not (tmp_path / "not_written").exists()

    # A signal to one worker stops both after the same step.
    seen = job.images_seen()
    job.start("--resume")
    job.wait_for_a_checkpoint()
    job.processes[1].send_signal(signal.SIGTERM)
    codes, outputs = job.finish()
    assert codes == [143, 143], "\n".join(outputs)
    assert f"Continuing at {seen / 1000:g} kimg" in outputs[0]
    stopped = job.images_seen()
    assert stopped > seen and f"Stopped by SIGTERM at {stopped / 1000:g} kimg. Saved" in outputs[0]
    assert "Stopped" not in outputs[1]

    job.start("--resume", "--training.total-kimg", (stopped + 80) / 1000)
    codes, outputs = job.finish()
    assert codes == [0, 0], "\n".join(outputs)
    assert job.images_seen() == stopped + 80
    with open(tmp_path / "run" / "log.csv", encoding="utf-8") as file:
        images = [round(1000 * float(row["kimg"])) for row in csv.DictReader(file)]
    # One row whenever a multiple of 50 images is reached or crossed, none twice.
    assert images == sorted({-(-multiple // 8) * 8 for multiple in range(50, stopped + 81, 50)})


def test_a_signal_to_all_workers(experiment, tmp_path):
    job = Job("tensorflow", experiment, tmp_path)
    job.start()
    job.wait_for_a_checkpoint()
    for process in job.processes:
        process.send_signal(signal.SIGTERM)
    codes, outputs = job.finish()
    assert codes == [143, 143], "\n".join(outputs)
    assert f"Stopped by SIGTERM at {job.images_seen() / 1000:g} kimg. Saved" in outputs[0]


def test_a_batch_that_cannot_be_shared_is_told_in_one_line(experiment, tmp_path):
    job = Job("tensorflow", experiment, tmp_path)
    job.start("--training.batch-size", "12")
    codes, outputs = job.finish()
    assert codes == [2, 2], "\n".join(outputs)
    assert "Error: training.batch_size must be a multiple of 8: 2 replicas" in outputs[0]
    assert not (tmp_path / "run").exists()
