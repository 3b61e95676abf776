"""What `generate` draws for a run with covariates."""

import json

import numpy as np
import pytest
from generator_runs import QUICK, levels, make_run, pixels, sheet
from PIL import Image

from keras_stylegan.data.image_set import label_record
from keras_stylegan.generation.generate import GenerateOptions, generate
from keras_stylegan.latent.covariates import covariates_of, draw_covariates
from keras_stylegan.latent.latents import draw_latents


@pytest.fixture(scope="module")
def covariates(tmp_path_factory):
    """Of two classes, slice and age: (run, generator, what the run knows of the covariates)."""
    path = tmp_path_factory.mktemp("runs") / "covariates"
    labels = label_record(np.arange(64) % 2, slice=1 + np.arange(64) % 32, age=np.linspace(60, 90, 64))
    return path, make_run(path, conditional=True, labels=labels), covariates_of(labels, ("slice", "age"), 2)


def test_given_covariates_are_taken_and_others_drawn(covariates, tmp_path):
    run, generator, known = covariates
    generate(run, GenerateOptions(count=4, seed=3, covariate=("slice=20",), output_dir=tmp_path, **QUICK))
    indices, classes = [0, 0, 1, 1], [0, 1, 0, 1]
    numbers = draw_covariates(known, 3, indices, classes)
    numbers[:, 0] = 20
    label = np.column_stack([np.eye(2)[classes], numbers]).astype(np.float32)
    expected = levels(generator(draw_latents(3, indices, 8), label))
    names = [f"{name}_seed3_{index:05d}.png" for index in range(2) for name in ("AD", "NC")]
    for name, image in zip(names, expected, strict=True):
        assert np.abs(pixels(tmp_path / name) - image).max() <= 1
    rows = (tmp_path / "labels.csv").read_text().splitlines()
    assert rows[0] == "path,label,slice,age"
    assert rows[3] == f"{names[2]},AD,20,{numbers[2, 1]:.6g}"
    assert json.loads((tmp_path / "generate.json").read_text())["options"]["covariate"] == ["slice=20"]


def test_a_sweep_goes_from_end_to_end(covariates, tmp_path):
    run, generator, known = covariates
    options = {"mixing": 0, "interpolation": 0, "interpolation_frames": 8}
    generate(run, GenerateOptions(count=1, label="NC", sweep=2, output_dir=tmp_path, **options))
    strip = sheet(tmp_path / "sweep_age.png", 8)
    assert strip.shape == (32, 128)
    numbers = draw_covariates(known, 0, range(2), [1, 1])
    for row, column in ((0, 0), (1, 7)):
        label = np.array([[0, 1, numbers[row, 0], (60, 90)[column > 0]]], np.float32)
        expected = levels(generator(draw_latents(0, [row], 8), label))[0]
        found = strip[16 * row : 16 * row + 16, 16 * column : 16 * column + 16]
        assert np.abs(found - expected).max() <= 1
    with Image.open(tmp_path / "sweep_slice.gif") as file:
        assert file.n_frames == 14 and file.size == (32, 16)


def test_truncation_stays_with_the_class_and_its_covariates(covariates, tmp_path):
    run, _, _ = covariates
    for number in (2, 30):
        out = tmp_path / str(number)
        options = {"truncation_psi": 0.0, "covariate": (f"slice={number}", "age=70"), "output_dir": out}
        generate(run, GenerateOptions(count=4, **options, **QUICK))
    first, again, other = (
        pixels(tmp_path / name) for name in ("2/AD_seed0_00000.png", "2/AD_seed0_00001.png", "30/AD_seed0_00000.png")
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1
    assert np.abs(first - pixels(tmp_path / "2" / "NC_seed0_00000.png")).max() > 1
