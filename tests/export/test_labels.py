"""Classes and covariates of an exported generator, held against Keras and against `run.py generate`."""

import json

import numpy as np
import onnx
import pytest
from exported import LABELS, Exported

from export.command import main
from export.labels import InputError, given_values
from export.runtime import OnnxGenerator
from keras_stylegan.generation.generate import GenerateOptions, generate
from keras_stylegan.latent.covariates import covariates_of, draw_covariates
from keras_stylegan.latent.latents import draw_latents

KNOWN = covariates_of(LABELS, ("slice", "age"), 2)
INDICES, CLASSES = [0, 0, 1, 1, 2], [0, 1, 0, 1, 0]


def numbers(seed, **given):
    drawn = draw_covariates(KNOWN, seed, INDICES, CLASSES)
    return dict(zip(("slice", "age"), drawn.T, strict=True)) | {
        name: np.full(5, value) for name, value in given.items()
    }


def test_the_file_says_what_it_takes(covariates):
    model = onnx.load(covariates.path)
    inputs = {value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
              for value in model.graph.input}  # fmt: skip
    assert inputs == {"z": ["N", 8], "label": ["N"], "covariates": ["N", 2], "truncation_psi": []}
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    found = json.loads(metadata["covariates"])
    assert [item["name"] for item in found] == ["slice", "age"]
    assert (found[0]["minimum"], found[0]["maximum"]) == (1, 32) and len(found[1]["quantiles"][1]) == 17


@pytest.mark.parametrize("psi", [1.0, 0.5, 0.0])
def test_images_are_those_of_keras(covariates, psi):
    generator, z = OnnxGenerator(covariates.path), draw_latents(3, INDICES, 8)
    expected = covariates.images(z, np.array(CLASSES), numbers(3), truncation_psi=psi)
    np.testing.assert_allclose(generator.generate(5, seed=3, truncation_psi=psi), expected, atol=1e-4)
    expected = covariates.images(z, np.array(CLASSES), numbers(3, slice=30.5), truncation_psi=psi)
    images = generator.generate(5, seed=3, truncation_psi=psi, covariates={"slice": 30.5})
    np.testing.assert_allclose(images, expected, atol=1e-4)


def test_values_are_drawn_by_the_rule_of_the_project(covariates):
    labels = OnnxGenerator(covariates.path).labels
    for seed in (0, 2**64 - 1):
        drawn = labels.values(seed, [7, 10**12], [1, 0], {})
        np.testing.assert_array_equal(drawn, draw_covariates(KNOWN, seed, [7, 10**12], [1, 0]))


def test_map_takes_all_of_them(covariates):
    generator, z = OnnxGenerator(covariates.path), draw_latents(0, range(2), 8)
    ages = np.array([95.0, 130.0])
    w = generator.map(z, 0.7, "NC", {"slice": 4, "age": ages})
    label = np.column_stack([[[0, 1]] * 2, [4, 4], ages]).astype(np.float32)
    np.testing.assert_allclose(w, covariates.generator.mapping(z, label, truncation_psi=0.7), atol=5e-5)
    with pytest.raises(InputError, match=r"covariates must be numbers of \['slice', 'age'\]. Received: {'age': 95}"):
        generator.map(z, 0.7, "NC", {"age": 95})
    with pytest.raises(InputError, match="covariate age must be one number or 2. Received: 3"):
        generator.map(z, 0.7, "NC", {"slice": 4, "age": [95, 96, 97]})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"slice": 33}, "covariate slice must be from 1 to 32, which the model was trained on. Received: 33"),
        ({"slice": float("nan")}, "covariate slice must be from 1 to 32"),
        ({"slice": "4"}, "covariate slice must be from 1 to 32.* Received: '4'"),
        ({"weight": 3}, r"covariate must be one of \['slice', 'age'\]. Received: 'weight'"),
    ],
)
def test_values_that_the_model_does_not_know(covariates, given, message):
    with pytest.raises(InputError, match=message):
        OnnxGenerator(covariates.path).generate(1, covariates=given)


def test_a_model_without_covariates(unconditional):
    with pytest.raises(InputError, match="covariate must be left out: this model was trained without any"):
        OnnxGenerator(unconditional.path).generate(1, covariates={"slice": 3})


def test_the_command_line():
    assert given_values(["slice=3", "age=70.5"]) == {"slice": 3.0, "age": 70.5}
    for text in ("slice", "slice=top", "=3x"):
        with pytest.raises(InputError, match="--covariate must be NAME=VALUE with a number"):
            given_values([text])
    with pytest.raises(InputError, match="each name once. Received: 'slice=4'"):
        given_values(["slice=3", "slice=4"])


def test_the_command_writes_what_run_py_generate_writes(covariates, tmp_path, capsys):
    options = {"count": 4, "seed": 2, "truncation_psi": 0.7, "format": "npy"}
    quick = {"mixing": 0, "interpolation": 0, "sweep": 0}
    generate(covariates.run, GenerateOptions(**options, covariate=("age=100",), output_dir=tmp_path / "keras", **quick))
    command = [str(covariates.path), "--count", "4", "--seed", "2", "--truncation-psi", "0.7", "--format", "npy"]
    command += ["--output-dir", str(tmp_path / "onnx")]
    assert main([*command, "--covariate", "age=100"]) == 0
    names = [path.name for path in (tmp_path / "onnx").glob("*.npy")]
    assert len(names) == 4
    for name in names:
        keras = np.clip(np.load(tmp_path / "keras" / name), -1, 1)
        np.testing.assert_allclose(np.load(tmp_path / "onnx" / name), keras, atol=1e-4)
    assert main([*command, "--covariate", "age=101", "--resume"]) == 2
    assert "holds images of another covariate" in capsys.readouterr().err


@pytest.mark.slow
def test_a_family_without_classes(tmp_path):
    exported = Exported(tmp_path, {"precision": "float16"}, network="stylegan", covariates=("age",))
    images = OnnxGenerator(exported.path).generate(2, covariates={"age": 120})
    expected = exported.images(draw_latents(0, range(2), 8), None, {"age": np.full(2, 120)})
    assert np.abs(images - expected).max() < 0.04


def test_latents_of_a_seed_are_mapped_with_what_generate_draws(covariates):
    generator = OnnxGenerator(covariates.path)
    drawn = generator.labels.values(seed=3, indices=range(2), groups=[1, 1], given={})
    names = [item["name"] for item in generator.covariates]
    w = generator.map(generator.latents(3, range(2)), label=1, covariates=dict(zip(names, drawn.T, strict=True)))
    np.testing.assert_allclose(generator.synthesize(w), generator.generate(2, seed=3, label="NC"), atol=1e-4)
