"""How far a run is, and how it ended."""

import json

import pytest
from fake_worker import options, record, tiny

from keras_stylegan.comparison.contender import make_contenders, make_runs
from keras_stylegan.comparison.ledger import CRASHED, DIVERGED, Ledger, evaluated, progress
from keras_stylegan.errors import InputError
from keras_stylegan.training.clock import Moment, write_clock


@pytest.fixture
def run(tmp_path):
    """A run with a checkpoint after 80 images, whose clock has gone on to 100."""
    made = make_runs(make_contenders(["a"], [tiny(tmp_path)]), options(tmp_path), tmp_path)[0]
    made.folder.checkpoints.mkdir(parents=True)
    for name in ("checkpoint_0000000040.npz", "checkpoint_0000000080.npz", "best.npz"):
        (made.folder.checkpoints / name).touch()
    write_clock(made.folder.clock, [Moment(60, 6.0, 1.0), Moment(100, 10.0, 2.0)])
    return made


def test_progress_is_that_of_the_newest_checkpoint(run, tmp_path):
    assert progress(run) == Moment(80, 8.0, 1.5)
    other = make_runs(make_contenders(["b"], [tiny(tmp_path)]), options(tmp_path), tmp_path)[0]
    assert progress(other) == Moment(0, 0.0, 0.0)


def test_an_evaluation_counts_for_the_newest_state_and_the_same_number_of_images(run):
    path = run.folder.evaluation / "metrics.json"
    assert evaluated(run, 100) is None
    path.parent.mkdir()
    for images, count, status, counts in (
        (80, 100, "complete", True),
        (80, 100, "partial", True),
        (80, 100, "interrupted", False),
        (80, 50, "complete", False),
        (40, 100, "complete", False),
    ):
        path.write_text(json.dumps(record(images, 3.0, count) | {"status": status}))
        assert (evaluated(run, 100) is not None) is counts
    path.write_text("{}")
    with pytest.raises(InputError, match="metrics.json is damaged: move it away. Received: 'status'"):
        evaluated(run, 100)


def test_failures_are_kept_and_only_crashes_are_forgotten(run, tmp_path):
    path = tmp_path / "ledger.json"
    ledger = Ledger(path)
    assert not ledger.ended(run)
    ledger.fail(run, DIVERGED, "d_loss is nan")
    again = Ledger(path)
    assert again.ended(run) and again.failures == ledger.failures
    assert again.try_crashed_again() == [] and again.ended(run)
    again.fail(run, CRASHED, "ended by SIGKILL")
    assert Ledger(path).try_crashed_again() == [run.name]
    assert not Ledger(path).ended(run)
    again = Ledger(path)
    again.complete(run)
    assert Ledger(path).is_complete(run) and Ledger(path).ended(run)
    path.write_text("[]")
    with pytest.raises(InputError, match="ledger.json is damaged"):
        Ledger(path)
