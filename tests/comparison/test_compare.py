"""The command as a whole, with a worker that trains nothing; once with real training, at the end."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_worker import MODEL, FakeWorker, options, tiny
from PIL import Image
from rich.console import Console
from signals import as_from_a_terminal

from keras_stylegan.comparison import curves
from keras_stylegan.comparison.compare import compare
from keras_stylegan.comparison.ledger import CRASHED, DIVERGED, Failure
from keras_stylegan.errors import InputError
from keras_stylegan.experiments import load_experiment
from keras_stylegan.training.clock import read_clock

ROOT = Path(__file__).resolve().parents[2]


def run(folder, worker, contenders=None, **others):
    """(exit code, what was printed, comparison.json) of a comparison of 'a' and 'b'."""
    contenders = contenders or {"a": tiny(folder), "b": tiny(folder, batch_size=8)}
    console = Console(file=io.StringIO(), width=200)
    code = compare(list(contenders), list(contenders.values()), options(folder, **others), console, lambda *_: worker)
    path = folder / "out" / "comparison.json"
    return code, console.file.getvalue(), json.loads(path.read_text()) if path.exists() else None


@pytest.fixture
def no_figure(monkeypatch):
    """Drawing takes longest, and one test looks at it."""
    monkeypatch.setattr(curves, "draw", lambda standings: None)


def by_contender(values):
    return lambda of: values[of.contender] + 0.1 * of.seed


def test_a_whole_comparison(tmp_path):
    worker = FakeWorker(by_contender({"a": 5.0, "b": 3.0}), speed={"a": 10.0, "b": 20.0})
    code, said, found = run(tmp_path, worker)
    assert code == 0
    # The second round goes backwards, and evaluations come last.
    assert worker.done == [
        *(("a_seed0", 1), ("b_seed0", 1), ("a_seed1", 1), ("b_seed1", 1)),
        *(("b_seed1", 2), ("a_seed1", 2), ("b_seed0", 2), ("a_seed0", 2)),
        *((name, "evaluate") for name in ("a_seed0", "b_seed0", "a_seed1", "b_seed1")),
    ]
    assert "2 experiments (a, b) with 2 seeds each: 4 runs of 1 minutes" in said
    assert "4 minutes of training, 8 start-ups" in said
    assert found["decision"]["winner"] == "b" and found["decision"]["metric"] == "frechet_domain"
    assert found["decision"]["beyond_spread"] is True
    first, second = found["contenders"]
    assert (first["name"], second["name"]) == ("b", "a")
    assert first["metrics"]["frechet_domain"] == {"mean": 30.5, "low": 30.0, "high": 31.0, "count": 2}
    assert (first["kimg"]["mean"], first["training_minutes"]["mean"], first["seconds_per_kimg"]["mean"]) == (1.2, 1, 50)
    assert first["other_minutes"]["mean"] == pytest.approx(40 / 60)
    assert found["real"] == {
        "frechet_domain": 20.0, "frechet_random": 2.0, "recall_domain": 0.9, "covered_variance": 0.98,
        "near_duplicates": None,
    }  # fmt: skip
    out = tmp_path / "out"
    assert load_experiment(str(out / "winner.py")).training.batch_size == 8
    with open(out / "comparison.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["contender"] for row in rows] == ["b", "a", "real images"]
    assert float(rows[1]["frechet_random:high"]) == 5.1 and rows[2]["frechet_random"] == "2.0"
    assert "| b | 2 of 2 | 1.2 | 1 | 0.667 | 50 | 0.5 | 0.01 | clear |" in (out / "comparison.md").read_text()
    with Image.open(out / "samples.png") as sheet, Image.open(out / "curves.png") as figure:
        assert min(sheet.size) > 100 and min(figure.size) > 300
    assert said.count("not measured: ms_ssim: MS-SSIM needs 11 pixels") == 1
    assert str(tmp_path) not in "".join((out / f"comparison.{end}").read_text() for end in ("md", "csv", "json"))
    assert str(tmp_path) not in (out / "winner.py").read_text()
    again = FakeWorker()
    assert run(tmp_path, again)[2] == found
    assert again.done == []


def test_an_interrupted_comparison_goes_on_where_it_was(tmp_path, no_figure):
    worker = FakeWorker(by_contender({"a": 5.0, "b": 3.0}), interrupt_at=3)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, worker)
    assert worker.done == [("a_seed0", 1), ("b_seed0", 1), ("a_seed1", 1)]
    worker.done.clear()
    found = run(tmp_path, worker)[2]
    assert worker.done[:2] == [("a_seed1", 1), ("b_seed1", 1)]
    assert len(worker.done) == 10
    whole = tmp_path / "whole"
    whole.mkdir()
    expected = run(whole, FakeWorker(by_contender({"a": 5.0, "b": 3.0})))[2]
    for contender in (*found["contenders"], *expected["contenders"]):
        # One more start-up.
        del contender["other_minutes"]
        for of_seed in contender["runs"]:
            del of_seed["other_seconds"]
    assert found == expected


def test_other_options_are_refused_and_nothing_is_changed(tmp_path, no_figure):
    run(tmp_path, FakeWorker())
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    changed = {"a": tiny(tmp_path), "b": tiny(tmp_path, batch_size=8, style_mixing_prob=0.5)}
    for others, words in (
        ({"minutes": 2.0}, r"holds a comparison with minutes = 1\.0 and not 2\.0; repeat its command"),
        ({"contenders": changed}, r"with b: training\.style_mixing_prob = 0\.0 and not 0\.5"),
        ({"contenders": {"a": tiny(tmp_path)}}, "with experiments = a, b and not a"),
    ):
        with pytest.raises(InputError, match=words):
            run(tmp_path, FakeWorker(), **others)
    assert {path: path.read_bytes() for path in before} == before


def test_a_contender_that_diverges_is_reported_and_the_others_go_on(tmp_path, no_figure):
    failures = {"b_seed1": [None, Failure(DIVERGED, "Stopped at 0.3 kimg: d_loss is nan.")]}
    code, said, found = run(tmp_path, FakeWorker(by_contender({"a": 5.0, "b": 3.0}), fail=failures))
    assert code == 0
    # Better on average, but not whole.
    assert found["decision"]["winner"] == "a" and found["decision"]["beyond_spread"] is None
    assert "b_seed1 at 0.3 kimg diverged: Stopped at 0.3 kimg: d_loss is nan." in said
    assert "there is no other whose runs all went well" in said
    b = found["contenders"][1]
    assert [of_seed["failure"] is None for of_seed in b["runs"]] == [True, False]
    assert b["metrics"]["frechet_domain"]["count"] == 1
    again = FakeWorker()
    run(tmp_path, again)
    assert again.done == []


def test_a_crash_is_reported_and_tried_again_by_the_next_start(tmp_path, no_figure):
    crash = Failure(CRASHED, "ended by SIGKILL, perhaps as memory was short")
    worker = FakeWorker(fail={"a_seed0": [crash]}, evaluation={"b_seed1": [crash]})
    found = run(tmp_path, worker)[2]
    assert found["decision"] is None
    assert ("a_seed0", 2) not in worker.done
    failures = [of["failure"]["reason"] for c in found["contenders"] for of in c["runs"] if of["failure"]]
    assert sorted(failures) == [crash.reason, f"not evaluated: {crash.reason}"]
    assert not (tmp_path / "out" / "winner.py").exists()
    worker.done.clear()
    code, said, found = run(tmp_path, worker)
    assert code == 0 and "a_seed0 crashed the last time; it is tried again" in said
    assert worker.done == [("a_seed0", 1), ("a_seed0", 2), ("a_seed0", "evaluate"), ("b_seed1", "evaluate")]


def test_an_experiment_that_ends_before_the_time_is_told(tmp_path, no_figure):
    worker = FakeWorker(end={"a": 400})
    said, found = run(tmp_path, worker, seeds=1)[1:]
    assert worker.done.count(("a_seed0", 2)) == 1
    assert "a_seed0 at 0.4 kimg reached the end of its experiment" in said
    assert [of["kimg"]["mean"] for of in found["contenders"]] == [0.4, 0.6]
    assert "One seed does not tell the difference from chance" in said


def test_a_dry_run_prints_the_plan_and_writes_nothing(tmp_path):
    worker = FakeWorker()
    code, said, found = run(tmp_path, worker, dry_run=True)
    assert (code, found, worker.done) == (0, None, [])
    assert "4 runs of 1 minutes" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_two_real_contenders_with_an_interruption(tmp_path):
    """Ctrl-C in the first slice of the second run; started again, every run is what `train` makes of it at once."""
    for name, gamma in (("weak", 0.1), ("strong", 1.0)):
        (tmp_path / f"{name}.py").write_text(
            "from pathlib import Path\nfrom keras_stylegan.config import *\n"
            "config = Config(\n"
            f"    model=ModelConfig(**{MODEL!r}),\n"
            f"    loss=LossConfig(adversarial='logistic', gp_weight=0.0, r1_gamma={gamma}),\n"
            "    data=DataConfig(source='phantom', phantom_count=400, cache_dir=Path('cache')),\n"
            "    training=TrainingConfig(batch_size=4, log_kimg=0.008, sample_count=4),\n)\n"
        )
    command = [sys.executable, str(ROOT / "run.py"), "compare", "weak.py", "strong.py", "--kimg", "0.08"]
    command += ["--seeds", "1", "--slices", "2", "--count", "100", "--features", "random", "--output-dir", "out"]

    def start():
        return subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            preexec_fn=as_from_a_terminal(),
        )  # fmt: skip

    process, clock = start(), tmp_path / "out" / "runs" / "strong_seed0" / "clock.csv"
    while process.poll() is None and not clock.exists():
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    said = process.communicate()[0]
    assert process.returncode == 130, said
    assert "Interrupted; the same command goes on with out." in said
    process = start()
    said = process.communicate()[0]
    assert process.returncode == 0, said + (tmp_path / "out" / "output.txt").read_text()
    found = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert {of["name"]: of["kimg"]["mean"] for of in found["contenders"]} == {"weak": 0.08, "strong": 0.08}
    for of in found["contenders"]:
        assert {"frechet_random", "recall_random", "near_duplicates"} <= set(of["metrics"])
        assert of["audit"] in ("clear", "close", "undecided", "copies")
    assert found["real"]["frechet_random"] > 0
    assert found["decision"]["winner"] == found["contenders"][0]["name"]
    for name in ("samples.png", "curves.png", "winner.py", "comparison.md"):
        assert (tmp_path / "out" / name).stat().st_size > 100
    winner = load_experiment(str(tmp_path / "out" / "winner.py"))
    assert winner.loss.r1_gamma in (0.1, 1.0) and winner.data.phantom_count == 400
    moments = read_clock(clock)
    assert moments[-1].images == 80 and moments[-1].other > moments[0].other > 0
    alone = [sys.executable, str(ROOT / "run.py"), "train", "strong.py", "--training.total-kimg", "0.08"]
    subprocess.run(alone, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL, env=os.environ)
    log = tmp_path / "out" / "runs" / "strong_seed0" / "log.csv"
    assert log.read_bytes() == (tmp_path / "models" / "strong" / "log.csv").read_bytes()
