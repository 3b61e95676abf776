"""The whole command on a small run."""

import json

import numpy as np
import pytest
from small_runs import SIZE, save_run, write_images

from keras_stylegan.config import Config, DataConfig, ModelConfig
from keras_stylegan.errors import InputError
from keras_stylegan.evaluation.evaluate import evaluate
from keras_stylegan.evaluation.options import EvaluateOptions
from keras_stylegan.evaluation.usefulness import read_usefulness
from keras_stylegan.training.networks import make_generator
from keras_stylegan.training.run_folder import RunFolder
from keras_stylegan.usefulness.options import UsefulnessOptions
from keras_stylegan.usefulness.usefulness import usefulness

MODEL = {"resolution": SIZE, "z_dim": 8, "w_dim": 8, "mapping_layers": 2, "channel_base": 64, "channel_max": 8}
QUICK = UsefulnessOptions(subjects=(4, 500), ratios=(1.0,), seeds=2, steps=2)


def make_run(tmp_path, conditional=True, test=True):
    images = tmp_path / "images"
    write_images(images / "train", 0, 6, slices=4)
    if test:
        write_images(images / "test", 100, 4, slices=4)
    config = Config(
        model=ModelConfig(**MODEL, conditional=conditional), data=DataConfig(path=images, cache_dir=tmp_path / "cache")
    )
    folder = RunFolder(tmp_path / "run")
    folder.checkpoints.mkdir(parents=True)
    folder.write_config(config)
    save_run(folder, make_generator(config, class_count=2))
    return folder.path


@pytest.fixture
def answers(monkeypatch):
    """Classifiers that know the truth if they saw a generated image, and else always say 0."""

    class Answer:
        def __init__(self, generated):
            self.generated = generated

        def predict(self, images):
            bright = np.asarray(images)[:, 4:8, 4:8].mean(axis=(1, 2, 3)) > 128
            return bright.astype(int) if self.generated else np.zeros(len(images), int)

    def learn(task, pools, seed, steps):
        return Answer(len(pools) > 1 and len(pools[1]))

    monkeypatch.setattr("keras_stylegan.usefulness.trials.learn", learn)


@pytest.mark.slow
def test_the_files_hold_what_was_found_and_the_report_shows_it(tmp_path, answers, capsys):
    run = make_run(tmp_path)
    folder = usefulness(run, QUICK)
    record = json.loads((folder / "usefulness.json").read_text())
    assert record["train"] == {"images": 24, "subjects": 6} and record["heldout"] == {"images": 16, "subjects": 4}
    task = record["tasks"]["class"]
    assert task["without_images"] == 0.5
    # Held-out AD are half; 500 subjects there are not.
    found = {(row["subjects"], row["ratio"]): row["score"] for row in task["rows"]}
    assert found == {(4, 0): 0.5, (4, 1): 1.0, (6, 0): 0.5, (6, 1): 1.0, (6, None): 0.5}
    text = (folder / "usefulness.md").read_text()
    assert "| 6 | 1 | 1" in text and "changes the accuracy of the class by +0.5" in text
    assert (folder / "usefulness.png").read_bytes().startswith(b"\x89PNG")
    assert "changes the accuracy of the class by +0.5" in capsys.readouterr().out
    evaluate(run, EvaluateOptions(count=20))
    for name in ("report.html", "MODEL_CARD.md"):
        assert "changes the accuracy of the class by +0.5" in (folder / name).read_text()
    assert json.loads((folder / "metrics.json").read_text())["usefulness"] == record["tasks"]
    # Other weights are another model.
    record["run"]["weights_sha256"] = "0" * 64
    (folder / "usefulness.json").write_text(json.dumps(record))
    evaluate(run, EvaluateOptions(count=20))
    assert json.loads((folder / "metrics.json").read_text())["usefulness"] is None


@pytest.mark.slow
def test_real_classifiers(tmp_path):
    folder = usefulness(make_run(tmp_path), QUICK)
    rows = json.loads((folder / "usefulness.json").read_text())["tasks"]["class"]["rows"]
    assert all(0 <= row["score"] <= 1 for row in rows) and len(rows) == 5


def test_a_run_without_labels_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"was trained without labels.*--model.conditional or --model.covariates"):
        usefulness(make_run(tmp_path, conditional=False), QUICK)


def test_without_held_out_people_nothing_can_be_tested(tmp_path):
    with pytest.raises(InputError, match="there are no held-out subjects to test the classifiers on"):
        usefulness(make_run(tmp_path, test=False), QUICK)


def test_a_damaged_result_is_refused(tmp_path):
    run = make_run(tmp_path)
    (run / "evaluation").mkdir()
    (run / "evaluation" / "usefulness.json").write_text("{")
    with pytest.raises(InputError, match="usefulness.json is damaged: delete it"):
        read_usefulness(run / "evaluation", "")
