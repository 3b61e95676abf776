"""Images that are no square, through every command: train, resume, generate, evaluate, export, and without Keras."""

import json

import numpy as np
import pytest
from PIL import Image

from export.command import main as runtime
from export.runtime import OnnxGenerator
from keras_stylegan.cli import main
from keras_stylegan.latent.latents import draw_latents
from keras_stylegan.training.trained import load_generator

pytestmark = pytest.mark.slow
HEIGHT, WIDTH = 24, 32  # 6x8 doubled twice
SIZES = [
    "--model.resolution", "24", "32", "--model.channel-base=64", "--model.channel-max=4", "--model.z-dim=8",
    "--model.w-dim=8", "--model.mapping-layers=1", "--model.conditional",
]  # fmt: skip
RUN = ["--training.batch-size=4", "--training.sample-count=4", "--training.evaluate-kimg=0.02"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run that was continued, on images that are bright above and at the left."""
    folder = tmp_path_factory.mktemp("oblong")
    random = np.random.default_rng(0)
    for part, name, subject, index in np.ndindex(2, 2, 8, 7):
        pixels = random.integers(0, 60, (HEIGHT, WIDTH), np.uint8)
        pixels[: HEIGHT // 4] += 60 + 60 * np.uint8(name)
        pixels[:, : WIDTH // 4] += 50
        path = folder / "images" / ("train", "test")[part] / ("AD", "NC")[name]
        path.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path / f"{100 * part + 10 * name + subject}_{index}.png")
    command = ["train", "adni64_cpu", *SIZES, *RUN, f"--data.path={folder / 'images'}", f"--run-dir={folder / 'run'}"]
    command += [f"--data.cache-dir={folder / 'cache'}", "--training.total-kimg"]
    assert main([*command, "0.02"]) == 0
    assert main([*command, "0.04", "--resume"]) == 0
    return folder


def test_the_run_keeps_its_size(run):
    assert json.loads((run / "run" / "config.json").read_text())["model"]["resolution"] == [HEIGHT, WIDTH]
    trained = load_generator(run / "run")
    assert trained.generator.resolution == (HEIGHT, WIDTH) and trained.images_seen == 40
    # 2 x 2 images, each with a border of a pixel at most, enlarged by a whole number.
    width, height = Image.open(run / "run" / "samples" / "kimg000000.040.png").size
    assert width / height == pytest.approx(WIDTH / (HEIGHT + HEIGHT / 16), rel=0.1)
    rows = (run / "run" / "evaluation.csv").read_text().splitlines()
    assert len(rows) == 3 and "nan" not in rows[-1]


def test_generate(run, tmp_path):
    words = ["--count=3", "--mixing=2", "--interpolation=2", "--interpolation-frames=8", "--noise=random"]
    assert main(["generate", str(run / "run"), *words, f"--output-dir={tmp_path}"]) == 0
    sizes = {Image.open(path).size for path in tmp_path.glob("*seed*.png")}
    assert sizes == {(WIDTH, HEIGHT)}
    assert (tmp_path / "style_mixing_coarse.png").exists()


def test_evaluate(run):
    assert main(["evaluate", str(run / "run"), "--count=112", "--features", "random"]) == 0
    folder = run / "run" / "evaluation"
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["run"]["resolution"] == [HEIGHT, WIDTH]
    names = json.dumps(metrics["metrics"])
    assert all(name in names for name in ("frechet", "sliced_wasserstein", "ms_ssim", "spectrum", "histogram"))
    assert metrics["audit"] is not None
    assert "24x32 (height x width) pixels" in (folder / "MODEL_CARD.md").read_text()
    assert (folder / "report.html").exists()


def test_export_and_the_runtime(run, tmp_path):
    assert main(["export", str(run / "run"), f"--output-dir={tmp_path}", "--noise=input"]) == 0
    exported = OnnxGenerator(tmp_path / "generator.onnx")
    assert (exported.height, exported.width, exported.channels) == (HEIGHT, WIDTH, 1)
    assert [tuple(size) for size in exported._read("noise_sizes")] == [(6, 8), *[(12, 16)] * 2, *[(24, 32)] * 2]
    images = exported.generate(2, seed=3, label="NC")
    generator = load_generator(run / "run").generator
    noise = [exported._noise(3, [0, 1])[f"noise_{i}"] for i in range(5)]
    one_hot = np.array([[0, 1]] * 2, np.float32)
    expected = np.clip(generator(draw_latents(3, [0, 1], 8), one_hot, noise=noise), -1, 1)
    assert images.shape == (2, HEIGHT, WIDTH, 1)
    np.testing.assert_allclose(images, expected, atol=5e-5)
    assert runtime([str(tmp_path / "generator.onnx"), "--count=2", f"--output-dir={tmp_path / 'out'}"]) == 0
    found = {Image.open(path).size for path in (tmp_path / "out").glob("*.png") if "grid" not in path.name}
    assert found == {(WIDTH, HEIGHT)}
