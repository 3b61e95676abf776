"""The whole command on a small run."""

import csv
import json
import shutil
import signal

import numpy as np
import pytest
from signals import default_signals
from small_runs import save_run, write_images

from keras_stylegan.cli import main
from keras_stylegan.errors import InputError
from keras_stylegan.evaluation import evaluate as module
from keras_stylegan.evaluation.evaluate import evaluate
from keras_stylegan.evaluation.options import EvaluateOptions
from keras_stylegan.metrics.features import extract, make_extractor
from keras_stylegan.metrics.frechet import frechet_distance
from keras_stylegan.training.run_folder import RunFolder
from keras_stylegan.training.samples import Samples
from keras_stylegan.training.trained import load_generator


def metrics_of(folder):
    return json.loads((folder / "metrics.json").read_text())


@pytest.fixture
def copier(monkeypatch):
    """Replaces the generator by one that returns what is given."""

    def put(images, labels):
        samples = Samples(images, labels, np.arange(len(images)))
        monkeypatch.setattr(module, "draw_samples", lambda *arguments: samples)

    return put


@pytest.mark.slow
def test_a_conditional_run_gets_everything(make_run, images, tmp_path):
    folder, _ = make_run(images)
    path = evaluate(folder, EvaluateOptions(count=60))
    assert path == folder / "evaluation" / "report.html"
    record = metrics_of(path.parent)
    assert record["status"] == "complete" and record["failures"] == {}
    metrics = record["metrics"]
    names = ["frechet_random", "kernel_random", "precision_random", "recall_random", "density_random"]
    names += ["coverage_random", "histogram", "spectrum", "sliced_wasserstein_16", "sliced_wasserstein_mean", "ms_ssim"]
    for name in names:
        for key in (name, f"{name}/AD", f"{name}/NC"):
            entry = metrics[key]
            assert entry["floor"] is not None and entry["seed"] == 0 and entry["interval"] is not None
    assert metrics["frechet_random"]["generated_count"] == 60
    assert metrics["frechet_random"]["reference_count"] == 112
    assert metrics["frechet_random/AD"]["generated_count"] == 30
    assert metrics["frechet_random/AD"]["reference_count"] == 56
    assert {"class_agreement_random", "class_agreement_random/NC", "train_on_synthetic_random"} <= set(metrics)
    # Bright and dark squares are told apart in real images; an untrained generator knows of no class.
    assert metrics["class_agreement_random"]["floor"]["value"] > 0.9 > 0.7 > metrics["class_agreement_random"]["value"]
    assert record["audit"]["verdict"] in ("clear", "close")
    assert record["data"]["heldout"] | {"fingerprint": ""} == {
        "images": 112, "subjects": 14, "classes": {"AD": 56, "NC": 56}, "fingerprint": ""
    }  # fmt: skip
    html, card = path.read_text(), (path.parent / "MODEL_CARD.md").read_text()
    assert html.count("data:image/png") >= 15 and "Class NC" in html and "Class agreement" in card
    # The same command gives the same numbers, and another row.
    evaluate(folder, EvaluateOptions(count=60))
    assert metrics_of(path.parent)["metrics"] == metrics
    with open(path.parent / "evaluations.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 and float(rows[1]["frechet_random"]) == metrics["frechet_random"]["value"]


@pytest.mark.slow
def test_the_value_is_that_of_the_runs_images_and_copies_are_found(make_run, images, copier, tmp_path):
    folder, _ = make_run(images, conditional=False)
    material = module.load_material(load_generator(folder), EvaluateOptions())
    rng = np.random.default_rng(0)
    noisy = material.train.images[::2].astype(int) + rng.integers(-1, 2, (48, 16, 16, 1))
    copied = np.clip(noisy, 0, 255).astype(np.uint8)
    copier(copied, np.zeros(48, np.int64))
    evaluate(folder, EvaluateOptions(count=48, output_dir=tmp_path / "out"))
    record = metrics_of(tmp_path / "out")
    random = make_extractor("random")
    expected = frechet_distance(extract(random, copied), extract(random, np.asarray(material.heldout.images)))
    assert record["metrics"]["frechet_random"]["value"] == pytest.approx(expected, rel=1e-6)
    assert "frechet_random/AD" not in record["metrics"]
    assert record["audit"]["verdict"] == "copies"
    assert record["verdict"][0]["level"] == "bad" and "copies training images" in str(record["verdict"])


def test_too_few_images_for_a_metric_leave_the_others(make_run, images, copier, tmp_path):
    write_images(tmp_path / "few", 300, 4)
    shutil.copy(images / "train" / "AD" / "2_5.png", tmp_path / "few" / "AD" / "300_1.png")
    folder, _ = make_run(images, conditional=False)
    copier(np.random.default_rng(0).integers(0, 255, (12, 16, 16, 1)).astype(np.uint8), np.zeros(12, np.int64))
    evaluate(folder, EvaluateOptions(count=12, heldout_path=tmp_path / "few"))
    record = metrics_of(folder / "evaluation")
    assert record["status"] == "partial"
    assert "needs at least 100 held-out images. Received: 32" in record["failures"]["memorisation audit"]
    assert record["metrics"]["frechet_random"]["reference_count"] == 32
    (warning,) = record["data"]["warnings"]
    assert warning.startswith("1 pairs of equal") and "AD/300_1.png = train/AD/2_5.png" in warning
    html = (folder / "evaluation" / "report.html").read_text()
    assert "needs at least 100 held-out images. Received: 32" in html and "do not share" in html


def test_interrupted_by_a_signal_keeps_what_was_measured(make_run, images, copier, monkeypatch, capsys):
    folder, _ = make_run(images, conditional=False)
    copier(np.random.default_rng(0).integers(0, 255, (12, 16, 16, 1)).astype(np.uint8), np.zeros(12, np.int64))
    monkeypatch.setattr(module.Measurements, "of_images", lambda self: signal.raise_signal(signal.SIGTERM))
    with default_signals():
        assert main(["evaluate", str(folder), "--count", "12"]) == 143
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    record = metrics_of(folder / "evaluation")
    assert record["status"] == "interrupted"
    assert "frechet_random" in record["metrics"] and "histogram" not in record["metrics"]
    assert "interrupted" in record["verdict"][0]["text"]
    assert "Fréchet distance" in (folder / "evaluation" / "report.html").read_text()
    printed = capsys.readouterr()
    assert (
        "Interrupted; what has been measured is kept" in printed.out
        and printed.err.strip() == "Interrupted by SIGTERM."
    )


def test_bad_input_is_one_line_and_exit_code_2(make_run, images, tmp_path, capsys):
    folder, generator = make_run(images)
    other, _ = make_run(images, "other", classes=("CN", "MCI"))
    for variable in generator.synthesis.trainable_variables:
        variable.assign(np.full(variable.shape, np.nan))
    save_run(RunFolder(folder), generator)
    write_images(tmp_path / "small", 0, 2, size=8)
    for arguments, told in (
        (["nowhere"], "run folder nowhere does not exist"),
        ([other], "Received: ['AD', 'NC']"),
        ([folder, "--count", 4], "not finite; evaluate an earlier checkpoint. Received: image 0 of seed 0"),
        ([folder, "--heldout-path", tmp_path / "small"], "smaller (8x8 pixels)"),
        ([folder, "--checkpoint", "best"], "best.npz is missing"),
        ([folder, "--features", "inception", "--weights", "none.h5"], "Received: 'none.h5'"),
        ([folder, "--features", "none.onnx"], "none.onnx"),
    ):
        assert main(["evaluate", *map(str, arguments)]) == 2
        lines = capsys.readouterr().err.strip().splitlines()
        assert len(lines) == 1 and lines[0].startswith("Error: ") and told in lines[0]
    assert not (folder / "evaluation").exists()


def test_a_folder_that_cannot_be_written(make_run, images, copier, tmp_path):
    folder, _ = make_run(images, conditional=False)
    copier(np.random.default_rng(0).integers(0, 255, (12, 16, 16, 1)).astype(np.uint8), np.zeros(12, np.int64))
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"Cannot write .*metrics.json"):
        evaluate(folder, EvaluateOptions(count=12, output_dir=tmp_path / "file" / "out"))
