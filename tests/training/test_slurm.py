"""experiments/slurm/train.sbatch, with stand-ins for srun and scontrol."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "experiments" / "slurm" / "train.sbatch"
SRUN = """#!/bin/bash
echo "$MASTER_ADDR $MASTER_PORT $JAX_LOCAL_DEVICE_IDS | $*" > {folder}/srun.txt
trap 'sleep 0.3; echo saved > {folder}/saved.txt; exit 143' TERM
for i in $(seq {turns}); do sleep 0.1; done
exit {code}
"""
SCONTROL = """#!/bin/bash
if [ "$1 $2" = "show job" ]; then echo "   JobState={state} Reason=None"
elif [ "$1" = show ]; then printf 'node01\\nnode02\\n'; else echo "$*" >> {folder}/scontrol.txt; fi
"""


def submit(folder, code, restarts=0, turns=1, state="RUNNING"):
    """Start the script as SLURM would."""
    for name, text in (("srun", SRUN), ("scontrol", SCONTROL)):
        path = folder / name
        path.write_text(text.format(folder=folder, code=code, turns=turns, state=state))
        path.chmod(0o755)
    slurm = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "SLURM_JOB_ID": "123456",
        "SLURM_JOB_NODELIST": "node[01-02]",
        "SLURM_CPUS_PER_TASK": "8",
        "SLURM_RESTART_COUNT": str(restarts),
    }
    return subprocess.Popen(["bash", SCRIPT, "adni64", "--data.path", "/data/AD NC"], env=os.environ | slurm)


@pytest.mark.parametrize(
    ("code", "restarts", "requeued"),
    [(0, 0, False), (1, 0, False), (2, 0, False), (143, 9, True), (75, 0, True), (137, 4, True), (75, 5, False)],
)
def test_what_is_worth_repeating_is_requeued(tmp_path, code, restarts, requeued):
    assert submit(tmp_path, code, restarts).wait(30) == code
    calls = tmp_path / "scontrol.txt"
    assert calls.exists() == requeued
    if requeued:
        assert calls.read_text() == "requeue 123456\n"


def test_a_cancelled_job_is_not_requeued(tmp_path):
    assert submit(tmp_path, 143, state="CANCELLED").wait(30) == 143
    assert not (tmp_path / "scontrol.txt").exists()


def test_the_trainers_get_their_arguments_and_addresses(tmp_path):
    submit(tmp_path, 0).wait(30)
    line = (tmp_path / "srun.txt").read_text()
    assert line.startswith("node01 33456 0 | --kill-on-bad-exit=1 --cpus-per-task=8 bash -c")
    assert 'run.py train "$@" --training.distribution multi-worker --resume' in line
    assert line.endswith("train adni64 --data.path /data/AD NC\n")


def test_a_signal_to_the_script_saves_and_requeues(tmp_path):
    job = submit(tmp_path, 0, turns=300)
    while not (tmp_path / "srun.txt").exists():
        time.sleep(0.05)
    time.sleep(0.2)
    job.send_signal(signal.SIGTERM)
    assert job.wait(30) == 143
    assert (tmp_path / "saved.txt").exists()
    assert (tmp_path / "scontrol.txt").read_text() == "requeue 123456\n"
