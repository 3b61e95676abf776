import json
from pathlib import Path

import keras
import numpy as np
import pytest
from hubs import evaluated, hub, imported, with_library

from keras_stylegan.cli import main
from keras_stylegan.latent.latents import draw_latents

ROOT = Path(__file__).parents[3]
PROGRAM = Path(__file__).parent / "use_huggingface.py"


def front_matter(folder):
    """The card's YAML; every line of it holds JSON."""
    lines = (folder / "README.md").read_text(encoding="utf-8").split("---\n")[1].splitlines()
    return {line.partition(": ")[0]: json.loads(line.partition(": ")[2]) for line in lines}


@pytest.mark.slow
def test_keras_and_the_runtime_give_the_images_of_the_run(unconditional, tmp_path):
    folder = hub(unconditional, tmp_path, "huggingface")
    z = draw_latents(0, range(3), 8)
    expected = unconditional.images(z, truncation_psi=0.7)
    generator = keras.saving.load_model(folder)
    np.testing.assert_allclose(np.clip(generator(z, truncation_psi=0.7), -1, 1), expected, atol=1e-6)
    runtime = imported(folder / "runtime", "hub_runtime")
    images = runtime.OnnxGenerator(folder / "onnx" / "model.onnx").generate(3, truncation_psi=0.7)
    np.testing.assert_allclose(images, expected, atol=1e-4)
    assert {path.name for path in folder.iterdir()} == {
        "config.json", "metadata.json", "model.weights.h5", "onnx", "runtime", "README.md", "LICENSE",
    }  # fmt: skip


def test_the_card_has_licence_data_and_figures_with_their_floors(conditional, tmp_path):
    run = evaluated(conditional.run, tmp_path)
    folder = hub(conditional, tmp_path, "huggingface", run, dataset="team/slices")
    values = front_matter(folder)
    assert values["license"] == "other" and values["license_link"] == "LICENSE" and (folder / "LICENSE").is_file()
    assert values["library_name"] == "keras" and values["pipeline_tag"] == "unconditional-image-generation"
    assert values["datasets"] == ["team/slices"] and values["metrics"] == ["frechet"]
    (result,) = values["model-index"][0]["results"]
    assert result["dataset"]["name"] == "team/slices, held-out subjects"
    assert result["metrics"][0]["value"] == 12.5 and result["metrics"][0]["args"]["floor"] == 4.0
    assert "keras.ops.one_hot([0] * 4, 2)" in (folder / "README.md").read_text()


@pytest.mark.slow
def test_the_hub_reads_the_card(conditional, tmp_path):
    folder = hub(conditional, tmp_path, "huggingface", evaluated(conditional.run, tmp_path))
    program = (
        "from huggingface_hub import ModelCard\ndata = ModelCard.load('README.md').data\n"
        "print(data.library_name, data.model_name, [(r.metric_type, r.metric_value) for r in data.eval_results])"
    )
    said = with_library("huggingface_hub", "-c", program, cwd=folder)
    assert said.startswith("keras stylegan2_") and said.endswith("[('frechet_random', 12.5)]\n")


@pytest.mark.slow
def test_keras_itself_reads_it_from_its_address(unconditional, tmp_path, monkeypatch):
    folder = hub(unconditional, tmp_path, "huggingface")
    z = draw_latents(0, range(3), 8)
    np.save(tmp_path / "z.npy", z)
    names = {"HF_HOME": tmp_path / "cache", "HF_HUB_OFFLINE": 1, "PYTHONPATH": ROOT}
    for name, value in names.items():
        monkeypatch.setenv(name, str(value))
    said = with_library("huggingface_hub", PROGRAM, tmp_path / "z.npy", tmp_path / "images.npy", cwd=folder)
    assert said.splitlines()[-1] == "loaded by its address and by its folder"
    expected = unconditional.images(z, truncation_psi=0.7)
    for images in np.load(tmp_path / "images.npy"):
        np.testing.assert_allclose(images, expected, atol=1e-5)


@pytest.mark.slow
def test_the_command_writes_it(unconditional, tmp_path, capsys):
    assert main(["export", str(unconditional.run), "--format", "huggingface", "--output-dir", str(tmp_path)]) == 0
    assert keras.saving.load_model(tmp_path).z_dim == 8
    assert "onnx/model.onnx" in capsys.readouterr().out
