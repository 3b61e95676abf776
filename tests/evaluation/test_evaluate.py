"""The whole command on a small run."""

import csv
import json
import shutil
import signal

import numpy as np
import pytest
from markers import find_markers
from signals import default_signals
from small_runs import save_run, write_images

from export.metadata import metadata
from export.options import ExportOptions
from keras_stylegan.cli import main
from keras_stylegan.config import DataConfig
from keras_stylegan.data.image_set import label_record
from keras_stylegan.errors import InputError
from keras_stylegan.evaluation import evaluate as module
from keras_stylegan.evaluation.evaluate import evaluate
from keras_stylegan.evaluation.options import EvaluateOptions
from keras_stylegan.metrics.catalogue import METRICS
from keras_stylegan.metrics.estimate import Estimate
from keras_stylegan.metrics.features import extract, make_extractor
from keras_stylegan.metrics.frechet import frechet_distance
from keras_stylegan.metrics.metric import Key, Metric
from keras_stylegan.training.run_folder import RunFolder
from keras_stylegan.training.samples import Samples
from keras_stylegan.training.trained import load_generator


def metrics_of(folder):
    return json.loads((folder / "metrics.json").read_text())


@pytest.fixture
def copier(monkeypatch):
    """Replaces the generator by one that returns what is given."""

    def put(images, labels):
        samples = Samples(images, label_record(labels), np.arange(len(images)))
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
    names += ["recall_smooth", "covered_variance"]
    for name in names:
        for key in (name, f"{name}/AD", f"{name}/NC"):
            entry = metrics[key]
            assert entry["floor"] is not None and entry["seed"] == 0
            # A mean of zeros, as the density of an untrained generator is, has no interval; a share of zeros has one.
            assert (entry["interval"] is not None) == (entry["value"] > 0 or entry["metric"] != "density")
    assert metrics["frechet_random"]["generated_count"] == 60
    assert metrics["frechet_random"]["reference_count"] == 112
    assert metrics["frechet_random/AD"]["generated_count"] == 30
    assert metrics["frechet_random/AD"]["reference_count"] == 56
    assert {"class_agreement_random", "class_agreement_random/NC", "train_on_synthetic_random"} <= set(metrics)
    # Bright and dark squares are told apart in real images; an untrained generator knows of no class.
    assert metrics["class_agreement_random"]["floor"]["value"] > 0.9 > 0.7 > metrics["class_agreement_random"]["value"]
    layers = [f"b{r}_{name}" for r in (4, 8, 16) for name in ("conv0", "conv1")][1:]
    assert [peak["layer"] for peak in record["feature_maps"]] == layers
    assert record["audit"]["verdict"] in ("clear", "close")
    assert record["data"]["heldout"] | {"fingerprint": ""} == {
        "images": 112, "subjects": 14, "classes": {"AD": 56, "NC": 56}, "class_subjects": {"AD": 7, "NC": 7},
        "fingerprint": "",
    }  # fmt: skip
    html, card = path.read_text(), (path.parent / "MODEL_CARD.md").read_text()
    assert html.count("data:image/png") >= 15 and "Class NC" in html and "Class agreement" in card
    # An exported file of these weights carries them.
    exported = json.loads(metadata(load_generator(folder), ExportOptions())["metrics"])
    assert exported == metrics and exported["frechet_random/AD"]["group"] == "AD"
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
    evaluate(folder, EvaluateOptions(count=12, features=("random",), heldout_path=tmp_path / "few"))
    record = metrics_of(folder / "evaluation")
    assert record["status"] == "partial"
    assert "needs at least 100 held-out images. Received: 32" in record["failures"]["memorisation audit"]
    assert record["metrics"]["frechet_random"]["reference_count"] == 32
    assert record["data"]["warnings"] == [
        "1 pairs of equal or nearly equal images in the held-out and the training images"
    ]
    html = (folder / "evaluation" / "report.html").read_text()
    assert "needs at least 100 held-out images. Received: 32" in html and "do not share" in html
    assert "AD/300_1.png = train/AD/2_5.png" in html


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
        variable.assign(np.full(variable.shape, 3e38))
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


def test_a_record_is_all_that_a_new_metric_needs(make_run, images, copier, monkeypatch):
    def brightness(sets):
        parts = (sets.generated, sets.heldout)
        values = [float(part.values.mean()) for part in parts]
        return {Key("brightness"): Estimate(abs(values[0] - values[1]), None, *(len(part.values) for part in parts))}

    record = Metric("Brightness gap", "lower", "How much brighter.", "nobody", "images", brightness)
    monkeypatch.setitem(METRICS, "brightness", record)
    folder, _ = make_run(images, conditional=False)
    noise(copier)
    where = folder / "evaluation"
    where.mkdir()
    (where / "metrics.json").write_bytes(b"\x93\xff\x00")  # what was there before is replaced
    evaluate(folder, EvaluateOptions(count=12, features=("random",)))
    entry = metrics_of(where)["metrics"]["brightness"]
    assert entry["metric"] == "brightness" and entry["ratio"] == pytest.approx(entry["value"] / entry["floor"]["value"])
    assert "Brightness gap</b>, lower is better. How much brighter. (nobody)" in (where / "report.html").read_text()
    assert "| Brightness gap | all |" in (where / "MODEL_CARD.md").read_text()
    assert "brightness,brightness:ratio" in (where / "evaluations.csv").read_text()


def noise(copier, count=12):
    images = np.random.default_rng(0).integers(0, 255, (count, 16, 16, 1)).astype(np.uint8)
    copier(images, np.zeros(count, np.int64))


def test_an_error_is_no_interruption_and_keeps_what_was_measured(make_run, images, copier, monkeypatch, capsys):
    folder, _ = make_run(images, conditional=False)
    noise(copier)

    def broken():
        raise MemoryError("no 3 GiB")

    monkeypatch.setattr(module.Measurements, "of_images", lambda self: self.ledger.attempt("histogram", broken))
    with pytest.raises(MemoryError):
        evaluate(folder, EvaluateOptions(count=12, features=("random",)))
    printed = capsys.readouterr().out
    assert "Interrupted" not in printed
    assert "histogram failed (MemoryError: no 3 GiB); what has been measured is kept" in printed
    record = metrics_of(folder / "evaluation")
    assert record["status"] == "failed" and record["failures"] == {"histogram": "ended by an error (MemoryError)"}
    assert "frechet_random" in record["metrics"] and "ended by an error" in record["verdict"][0]["text"]
    assert "Fréchet distance" in (folder / "evaluation" / "report.html").read_text()


def test_an_output_that_cannot_be_written_is_told_before_anything_is_read(make_run, tmp_path, capsys):
    folder, _ = make_run(tmp_path / "no data")
    (tmp_path / "file").write_text("kept")
    for name in ("report.html", "metrics.json", "MODEL_CARD.md", "evaluations.csv"):
        (tmp_path / name / name).mkdir(parents=True)
    (tmp_path / "binary").mkdir()
    (tmp_path / "binary" / "evaluations.csv").write_bytes(b"\x93\xff\x00")
    for output, told in (
        ("file", f"cannot write to the folder {tmp_path / 'file'}: {tmp_path / 'file'} is a file"),
        ("file/below", f"{tmp_path / 'file'} is a file; choose --output-dir"),
        ("report.html", "report.html: it is a folder; move it away"),
        ("metrics.json", "metrics.json: it is a folder; move it away"),
        ("MODEL_CARD.md", "MODEL_CARD.md: it is a folder; move it away"),
        ("evaluations.csv", "evaluations.csv: it is a folder; move it away"),
        ("binary", "evaluations.csv cannot be read as a table (it is not text): move it away"),
    ):
        assert main(["evaluate", str(folder), "--output-dir", str(tmp_path / output)]) == 2
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert line.startswith("Error: ") and told in line
    assert (tmp_path / "file").read_text() == "kept"
    assert (tmp_path / "binary" / "evaluations.csv").read_bytes() == b"\x93\xff\x00"


MARKERS = ("people_folder", "others_folder", "cache_place", "run_of_smith", "subject_jones", "subject_müller")


@pytest.mark.slow
def test_what_is_meant_to_be_shared_names_no_path_file_or_subject(make_run, copier, tmp_path, monkeypatch, capsys):
    for name in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(name, "user_marker")
    monkeypatch.setattr("platform.node", lambda: "host_marker")
    monkeypatch.setattr("platform.platform", lambda: "Linux-6.1-host_marker")
    pattern = r"(?P<subject>.+)_(?P<slice>\d+)"
    for folder, first, name in (("people_folder/train", 0, "jones"), ("others_folder", 100, "müller")):
        write_images(tmp_path / folder, first, 14)
        for path in list((tmp_path / folder).rglob("*.png")):
            path.rename(path.with_name(f"subject_{name}{path.name}"))
    # One subject on both sides, one image twice: what has to be told has names.
    for slices in ("0_0", "0_1"):
        shutil.copy(
            tmp_path / "people_folder" / "train" / "AD" / f"subject_jones{slices}.png",
            tmp_path / "others_folder" / "AD" / f"subject_jones{slices}.png",
        )
    shutil.copy(
        tmp_path / "people_folder" / "train" / "AD" / "subject_jones2_3.png",
        tmp_path / "others_folder" / "AD" / "subject_müller100_3.png",
    )
    data = DataConfig(path=tmp_path / "people_folder", cache_dir=tmp_path / "cache_place", subject_pattern=pattern)
    folder, _ = make_run(data.path, "run_of_smith", conditional=False, data=data)
    noise(copier, 60)
    arguments = ["--count", "60", "--data-path", data.path, "--heldout-path", tmp_path / "others_folder"]
    assert main(["evaluate", str(folder), *map(str, arguments)]) == 0
    shared = ("metrics.json", "MODEL_CARD.md", "evaluations.csv")
    where = folder / "evaluation"
    markers = (*MARKERS, "host_marker", "user_marker", str(tmp_path))
    assert [found for name in shared for found in find_markers(where / name, markers)] == []
    record = metrics_of(where)
    assert "--heldout-path OTHER_SUBJECTS" in record["evaluation"]["command"]
    assert len(record["data"]["warnings"]) == 2 and record["audit"] is not None
    # The report names them, and says at its head that it does.
    told = {marker for _, marker in find_markers(where / "report.html", MARKERS)}
    assert told >= {"subject_jones", "subject_müller"}
    assert "may name files and subjects" in (where / "report.html").read_text().partition("<section>")[0]
    assert "subject_jones0" in capsys.readouterr().out


@pytest.mark.slow
def test_people_are_announced_whatever_the_run_was_trained_on(make_run, images, copier, monkeypatch, tmp_path):
    """The images that are shown count, not the source of the training."""
    phantoms = DataConfig(source="phantom", phantom_count=200, cache_dir=tmp_path / "cache")
    folder, _ = make_run(None, conditional=False, data=phantoms)
    noise(copier)
    for options, expected in (({}, False), ({"heldout_path": images / "test"}, True)):
        evaluate(folder, EvaluateOptions(count=12, features=("random",), **options))
        head = (folder / "evaluation" / "report.html").read_text().partition("<section>")[0]
        assert ("images of real people" in head) == expected
        data = metrics_of(folder / "evaluation")["data"]
        assert data["shows_people"] == expected
        assert any("Only the training or only the held-out images" in line for line in data["warnings"]) == expected


def test_data_path_is_refused_where_nothing_is_read_from_it(make_run, images, tmp_path, capsys):
    phantoms = DataConfig(source="phantom", phantom_count=200, cache_dir=tmp_path / "cache")
    folder, _ = make_run(None, conditional=False, data=phantoms)
    assert main(["evaluate", str(folder), "--data-path", str(images)]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert (
        "--data-path names the training images of a run; this one was trained on images that are drawn anew (phantom)"
        in line
    )
    assert f"Received: '{images}'" in line and not (folder / "evaluation").exists()


def test_more_images_than_the_memory_holds(monkeypatch):
    like = np.zeros((2, 16, 16, 1), np.uint16)
    monkeypatch.setattr(module, "memory", lambda: 512 * 1000.0)
    module._require_memory(1000, like)
    with pytest.raises(InputError, match="count: the images need 0.513 MB of memory, and there are 0.512 MB"):
        module._require_memory(1001, like)
