"""Volumes of a run on a prepared dataset that is conditioned on the position of a slice."""

import json

import nibabel
import numpy as np
import pytest
from rich.console import Console
from small_volumes import head, save_nifti

from keras_stylegan.config import Config, DataConfig, ModelConfig, TrainingConfig
from keras_stylegan.data.volumes.nifti import read_nifti
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.generation.generate import GenerateOptions, generate
from keras_stylegan.latent.latents import draw_latents, draw_noise
from keras_stylegan.prepare import run_volumes
from keras_stylegan.training.train import train
from keras_stylegan.training.trained import load_generator

QUICK = {"mixing": 0, "interpolation": 0, "sweep": 0, "format": "nifti"}
MODEL = {"resolution": 8, "z_dim": 4, "w_dim": 4, "mapping_layers": 1, "channel_base": 32, "channel_max": 4}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Of 6 volumes with slices of 3 mm; the heads lie from 11 to 26 mm."""
    place = tmp_path_factory.mktemp("stacks")
    affine = np.diag([2.0, 2.0, 3.0, 1.0])
    affine[:3, 3] = (-11, -13, 5)
    for number in range(6):
        save_nifti(place / "scans" / f"s{number}.nii.gz", head(seed=number), affine)
    options = VolumeOptions(size=(8, 8), spacing=4.0, min_brain=0.0)
    assert run_volumes(place / "scans", place / "set", options, Console()) == 0
    config = Config(
        model=ModelConfig(**MODEL, covariates=("slice_position_mm", "slice_share")),
        data=DataConfig(path=place / "set", cache_dir=place / "cache"),
        training=TrainingConfig(batch_size=4, total_kimg=0.008, evaluate_kimg=None),
    )
    assert train(config, place / "run") == 0
    return place / "run"


@pytest.mark.slow
def test_the_slices_of_a_latent_lie_where_they_were_asked_for(run, tmp_path):
    generate(run, GenerateOptions(count=2, seed=3, noise="random", output_dir=tmp_path, **QUICK))
    file = nibabel.load(tmp_path / "seed3_00001.nii.gz")
    heights = 11 + 3.0 * np.arange(6)
    assert file.shape == (8, 8, 6)
    np.testing.assert_allclose(file.header.get_zooms(), (4, 4, 3))
    middle = nibabel.affines.apply_affine(file.affine, [[3.5, 3.5, k] for k in range(6)])
    np.testing.assert_allclose(middle[:, 2], heights, atol=1e-4)
    # The heads' middle: voxels 2 to 9 of 12 and 2 to 11 of 14.
    np.testing.assert_allclose(middle[0, :2], [-11 + 2 * 5.5, -13 + 2 * 6.5], atol=1e-4)
    # What reads scans reads it.
    np.testing.assert_allclose(read_nifti(tmp_path / "seed3_00001.nii.gz").position_mm(2), heights, atol=1e-4)
    generator = load_generator(run).generator
    label = np.column_stack([heights, (heights - 11) / 15]).astype(np.float32)
    z = np.repeat(draw_latents(3, [1], 4), 6, axis=0)

    sizes = [shape[1:3] for shape in generator.synthesis.noise_shapes(1)]
    expected = np.asarray(generator(z, label, noise=draw_noise(3, [1] * 6, sizes)))[..., 0]
    expected = np.rint((np.clip(expected, -1, 1).astype(float) + 1) * 32767.5)
    assert np.abs(np.asarray(file.dataobj).astype(float).transpose(2, 1, 0) - expected).max() < 2
    note = json.loads(file.header.extensions[0].get_content())
    assert note["synthetic"] is True and note["slice_position"] == "11 mm, the first of 6"


@pytest.mark.slow
def test_one_position_is_one_slice(run, tmp_path):
    options = GenerateOptions(count=1, covariate=("slice_position_mm=17.5",), output_dir=tmp_path, **QUICK)
    generate(run, options)
    file = nibabel.load(tmp_path / "seed0_00000.nii.gz")
    assert file.shape == (8, 8, 1)
    np.testing.assert_allclose((file.affine @ [3.5, 3.5, 0, 1])[2], 17.5)
