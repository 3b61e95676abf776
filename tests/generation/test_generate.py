import errno
import json
import os

import nibabel
import numpy as np
import pytest
from generator_runs import QUICK, levels, make_run, pixels, sheet
from PIL import Image

from keras_stylegan.config import Config
from keras_stylegan.errors import InputError
from keras_stylegan.generation.generate import GenerateOptions, generate
from keras_stylegan.latent.latents import draw_latents
from keras_stylegan.training.checkpoint import save
from keras_stylegan.training.record import Record
from keras_stylegan.training.state import network_state, values
from keras_stylegan.training.trained import load_generator


@pytest.fixture(scope="module")
def unconditional(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "grey"
    return path, make_run(path)


@pytest.fixture(scope="module")
def conditional(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "classes"
    return path, make_run(path, conditional=True)


def test_everything_is_written(unconditional, tmp_path):
    run, generator = unconditional
    out = tmp_path / "new" / "out"
    generate(run, GenerateOptions(count=5, seed=3, output_dir=out, mixing=2, interpolation=2, interpolation_frames=8))
    images = [f"seed3_{n:05d}.png" for n in range(5)]
    others = ["generate.json", "grid.png", "interpolation.gif", "interpolation.png"]
    mixing = ["style_mixing_coarse.png", "style_mixing_middle.png"]  # 16 pixels have no fine layers
    assert sorted(os.listdir(out)) == sorted(images + others + mixing)
    expected = levels(generator(draw_latents(3, range(5), 8)))
    for name, image in zip(images, expected, strict=True):
        assert np.abs(pixels(out / name) - image).max() <= 1
    grid = sheet(out / "grid.png", 12)
    assert grid.shape == (16, 80)
    np.testing.assert_array_equal(grid[:, 48:64], pixels(out / images[3]))
    record = json.loads((out / "generate.json").read_text())
    assert record["weights_sha256"] == load_generator(run).weights_sha256
    assert record["images_seen"] == 1500 and record["classes"] == ["AD", "NC"] and "output_dir" not in record["options"]
    assert GenerateOptions(**record["options"] | {"output_dir": out}).seed == 3
    coarse = sheet(out / "style_mixing_coarse.png", 19)
    assert coarse.shape == (52, 52) and (coarse[:16, :16] == 0).all()
    for n, (top, left) in enumerate([(18, 0), (36, 0), (0, 18), (0, 36)]):
        assert np.abs(coarse[top : top + 16, left : left + 16] - expected[n]).max() <= 1
    strip = sheet(out / "interpolation.png", 8)
    assert strip.shape == (32, 8 * 16)
    for n in range(2):
        assert np.abs(strip[16 * n : 16 * n + 16, :16] - expected[n]).max() <= 1
    with Image.open(out / "interpolation.gif") as file:
        assert file.n_frames == 16 and file.info["loop"] == 0


@pytest.mark.parametrize("noise", ["const", "random"])
def test_an_image_does_not_depend_on_the_count(unconditional, tmp_path, noise):
    run, _ = unconditional
    for count in (1, 11, 20):
        generate(
            run, GenerateOptions(count=count, noise=noise, format="npy", output_dir=tmp_path / str(count), **QUICK)
        )
    for n in range(11):
        few = np.load(tmp_path / "11" / f"seed0_{n:05d}.npy")
        assert few.shape == (16, 16, 1) and few.dtype == np.float32
        np.testing.assert_array_equal(few, np.load(tmp_path / "20" / f"seed0_{n:05d}.npy"))
    np.testing.assert_array_equal(
        np.load(tmp_path / "1" / "seed0_00000.npy"), np.load(tmp_path / "20" / "seed0_00000.npy")
    )
    assert not np.array_equal(few, np.load(tmp_path / "11" / "seed0_00000.npy"))


def test_classes_in_turn_share_latents_and_one_class_alone_is_the_same(conditional, tmp_path):
    run, generator = conditional
    generate(run, GenerateOptions(count=5, output_dir=tmp_path / "all", **QUICK))
    names = ["AD_seed0_00000", "AD_seed0_00001", "AD_seed0_00002", "NC_seed0_00000", "NC_seed0_00001"]
    grids = ["generate.json", "grid.png", "grid_AD.png", "grid_NC.png"]
    assert sorted(os.listdir(tmp_path / "all")) == sorted([f"{name}.png" for name in names] + grids)
    z = draw_latents(0, range(3), 8)
    for label in range(2):
        expected = levels(generator(z, np.eye(2, dtype=np.float32)[[label] * 3]))
        for n in range(3 - label):
            assert (
                np.abs(pixels(tmp_path / "all" / f"{['AD', 'NC'][label]}_seed0_{n:05d}.png") - expected[n]).max() <= 1
            )
    generate(run, GenerateOptions(count=4, label="NC", output_dir=tmp_path / "one", **QUICK))
    assert "AD_seed0_00000.png" not in os.listdir(tmp_path / "one")
    for n in range(2):
        name = f"NC_seed0_{n:05d}.png"
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "all" / name).read_bytes()
    assert sheet(tmp_path / "one" / "grid_NC.png", 32).shape == (32, 32)


@pytest.mark.parametrize("space", ["w", "z"])
def test_interpolation_of_a_conditional_model_ends_at_its_images(conditional, tmp_path, space):
    run, _ = conditional
    options = GenerateOptions(count=4, output_dir=tmp_path, mixing=0, interpolation=4, interpolation_space=space)
    generate(run, options)
    strip = sheet(tmp_path / "interpolation.png", 8)
    for n, name in enumerate(["AD_seed0_00000", "NC_seed0_00000", "AD_seed0_00001", "NC_seed0_00001"]):
        assert np.abs(strip[16 * n : 16 * n + 16, :16] - pixels(tmp_path / f"{name}.png")).max() <= 1


def test_truncation(unconditional, tmp_path):
    run, generator = unconditional
    generate(run, GenerateOptions(count=3, truncation_psi=0.0, output_dir=tmp_path / "mean", **QUICK))
    first = pixels(tmp_path / "mean" / "seed0_00000.png")
    np.testing.assert_array_equal(first, pixels(tmp_path / "mean" / "seed0_00002.png"))
    options = GenerateOptions(count=1, truncation_psi=0.5, truncation_cutoff=2, output_dir=tmp_path / "half", **QUICK)
    generate(run, options)
    expected = generator(draw_latents(0, [0], 8), truncation_psi=0.5, truncation_cutoff=2)
    assert np.abs(pixels(tmp_path / "half" / "seed0_00000.png") - levels(expected)[0]).max() <= 1


def test_nifti(unconditional, tmp_path):
    run, generator = unconditional
    about = {"plane": "axial", "spacing_mm": 1.5, "slice_spacing_mm": 3.0, "middle_mm": [0.0, 1.0, 2.0]}
    with pytest.raises(InputError, match="format nifti needs the spacing of grey training images"):
        generate(run, GenerateOptions(format="nifti", output_dir=tmp_path, **QUICK))
    assert not list(tmp_path.iterdir())
    (run / "dataset.json").write_text(json.dumps(about))
    try:
        generate(run, GenerateOptions(count=2, format="nifti", output_dir=tmp_path, **QUICK))
    finally:
        (run / "dataset.json").unlink()
    file = nibabel.load(tmp_path / "seed0_00001.nii.gz")
    expected = np.clip(np.asarray(generator(draw_latents(0, [1], 8)))[0, ..., 0], -1, 1)
    assert np.abs(np.asarray(file.dataobj)[..., 0].T - (expected.astype(float) + 1) * 32767.5).max() < 2
    np.testing.assert_allclose(file.header.get_zooms(), (1.5, 1.5, 3))
    note = json.loads(file.header.extensions[0].get_content())
    assert note["index"] == 1 and note["weights_sha256"] == load_generator(run).weights_sha256


def test_16_bits(unconditional, tmp_path):
    run, generator = unconditional
    generate(run, GenerateOptions(count=1, bits=16, output_dir=tmp_path, **QUICK))
    image = np.asarray(generator(draw_latents(0, [0], 8)))[0, ..., 0]
    expected = np.clip(np.rint((image.astype(np.float64) + 1) * 32767.5), 0, 65535)
    assert np.abs(pixels(tmp_path / "seed0_00000.png") - expected).max() <= 2


def test_the_newest_run_is_the_default(unconditional, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    generator = make_run(tmp_path / "models" / "mine")
    generate(None, GenerateOptions(count=1, **QUICK))
    expected = levels(generator(draw_latents(0, [0], 8)))[0]
    assert np.abs(pixels(tmp_path / "stylegan_outputs" / "seed0_00000.png") - expected).max() <= 1


def test_no_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"there is no trained run in models/"):
        generate(None, GenerateOptions())
    with pytest.raises(InputError, match=r"run folder nowhere does not exist"):
        generate(tmp_path.__class__("nowhere"), GenerateOptions())
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 0}, "count must be at least 1. Received: 0"),
        ({"seed": -1}, "seed must be from 0 .* Received: -1"),
        ({"truncation_psi": 2.5}, r"truncation_psi must be in \[-2, 2\]. Received: 2.5"),
        ({"truncation_psi": float("nan")}, "truncation_psi .* Received: nan"),
        ({"truncation_psi": float("inf")}, "truncation_psi .* Received: inf"),
        ({"truncation_cutoff": -1}, "truncation_cutoff must be at least 0. Received: -1"),
        ({"noise": "loud"}, "noise must be one of .* Received: 'loud'"),
        ({"format": "jpg"}, "format must be one of .* Received: 'jpg'"),
        ({"bits": 12}, "bits must be one of .* Received: 12"),
        ({"mixing": -1}, "mixing must be from 0 to 100. Received: -1"),
        ({"sweep": 101}, "sweep must be from 0 to 100. Received: 101"),
        ({"mixing": 100_000}, "mixing must be from 0 to 100. Received: 100000"),
        ({"interpolation_frames": 10**6}, "interpolation_frames must be at most 10000. Received: 4000000"),
        ({"interpolation": 10**30}, "interpolation_frames must be at most 10000. Received: 24"),
        ({"interpolation": 1}, "interpolation must be 0 or at least 2. Received: 1"),
        ({"interpolation_frames": 7}, "interpolation_frames must be at least 8. Received: 7"),
        ({"interpolation_space": "x"}, "interpolation_space must be one of .* Received: 'x'"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(InputError, match=message):
        GenerateOptions(**options)


def test_labels_that_do_not_fit(unconditional, conditional, tmp_path):
    with pytest.raises(InputError, match=r"label must be one of \['AD', 'NC'\]. Received: 'MCI'"):
        generate(conditional[0], GenerateOptions(label="MCI", output_dir=tmp_path / "out"))
    with pytest.raises(InputError, match=r"was trained without classes.*Received: 'AD'"):
        generate(unconditional[0], GenerateOptions(label="AD", output_dir=tmp_path / "out"))
    with pytest.raises(InputError, match=r"trained without any \(model.covariates\). Received: 'slice=3'"):
        generate(unconditional[0], GenerateOptions(covariate=("slice=3",), output_dir=tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_what_this_run_or_machine_has_no_room_for(unconditional, tmp_path):
    with pytest.raises(InputError, match="truncation_cutoff must be at most 6, the run's layers. Received: 7"):
        generate(unconditional[0], GenerateOptions(truncation_cutoff=7, output_dir=tmp_path / "out"))
    with pytest.raises(InputError, match=r"count: about .* of disk are needed, and .* left; .*: 10000000000000"):
        generate(unconditional[0], GenerateOptions(count=10**13, output_dir=tmp_path / "out"))
    assert os.listdir(tmp_path) == []


def test_16_bit_colour(tmp_path):
    make_run(tmp_path / "colour", channels=3)
    with pytest.raises(InputError, match=r"bits must be 8 for RGB images.*Received: 16"):
        generate(tmp_path / "colour", GenerateOptions(bits=16, output_dir=tmp_path / "out"))
    generate(tmp_path / "colour", GenerateOptions(count=2, output_dir=tmp_path / "out", **QUICK))
    assert pixels(tmp_path / "out" / "seed0_00001.png").shape == (16, 16, 3)


def test_output_folder_that_is_a_file(unconditional, tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError, match=r"Cannot write .*out/generate.json: .*another folder"):
        generate(unconditional[0], GenerateOptions(output_dir=tmp_path / "out"))
    assert (tmp_path / "out").read_text() == "mine"


def test_a_full_disk_keeps_what_was_written(unconditional, tmp_path, monkeypatch):
    replace, written = os.replace, []

    def full(source, target):
        if len(written) == 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(target.name)
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InputError, match=r"Cannot write .*seed0_00003\.png: No space left on device"):
        generate(unconditional[0], GenerateOptions(count=8, output_dir=tmp_path))
    assert sorted(os.listdir(tmp_path)) == sorted(written)
    assert pixels(tmp_path / "seed0_00002.png").shape == (16, 16)


def test_a_broken_generator(tmp_path):
    generator = make_run(tmp_path / "run")
    generator.synthesis.const.assign(np.full(generator.synthesis.const.shape, 3e38))
    arrays = values(network_state(generator, "generator_ema"))
    path = tmp_path / "run" / "checkpoints" / "checkpoint_0000003000.npz"
    save(path, arrays, Record(Config(), ("AD", "NC"), "", 3000))
    with pytest.raises(InputError, match=r"values that are not finite"):
        generate(tmp_path / "run", GenerateOptions(output_dir=tmp_path / "out"))
