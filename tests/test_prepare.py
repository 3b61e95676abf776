import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from small_volumes import head, save_nifti

from keras_stylegan import prepare
from keras_stylegan.config import Config, DataConfig, ModelConfig
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.errors import InputError

ROOT = Path(__file__).resolve().parents[1]


def run(root):
    config = Config(model=ModelConfig(resolution=8), data=DataConfig(path=root, cache_dir=root.parent / "cache"))
    console = Console(file=io.StringIO(), width=60)
    lines = prepare.run(config, console)
    printed = console.file.getvalue()
    assert printed.splitlines() == lines
    return printed


def save(path, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (8, 8), np.uint8)
    Image.fromarray(pixels).save(path)


def test_both_splits_are_read_and_compared(tmp_path):
    root = tmp_path / "[set]"
    save(root / "train" / "AD" / "1_1.png", 0)
    save(root / "train" / "NC" / "2_1.png", 1)
    save(root / "test" / "AD" / "3_1.png", 2)
    printed = run(root)
    assert "[set] train: 2 images 8x8x1 uint8 of 2 subjects; AD 1, NC 1." in printed
    assert "[set] test: 1 images 8x8x1 uint8 of 1 subjects; AD 1, NC 0." in printed
    assert printed.count("Covariate slice: 1 to 1.") == 2
    assert "No image of the test split has an equal or nearly equal one in the train split." in printed
    save(root / "test" / "NC" / "2_9.png", 1)
    printed = run(root)
    assert (
        "1 pairs of equal or nearly equal images in the test and the train split: test/NC/2_9.png = train/NC/2_1.png."
        in printed
    )
    assert printed.count("1 subjects have images in train/ and test/: 2.") == 1


def test_a_folder_without_splits(tmp_path):
    save(tmp_path / "set" / "a_1.png", 0)
    assert "train: 1 images" in run(tmp_path / "set")


def test_no_path():
    with pytest.raises(InputError, match=r"data\.path is not set"):
        prepare.run(Config(), Console(file=io.StringIO()))


def test_a_drawn_source_has_both_splits_and_its_covariate(tmp_path):
    data = DataConfig(source="phantom", phantom_count=8, cache_dir=tmp_path)
    lines = prepare.run(Config(model=ModelConfig(resolution=16), data=data), Console(file=io.StringIO()))
    assert "Phantoms train: 8 images 16x16x1 uint8 of 2 subjects; AD 4, NC 4." in lines
    assert "Phantoms test: 2 images 16x16x1 uint8 of 1 subjects; AD 2, NC 0." in lines
    assert sum(line.startswith("Covariate slice_height_mm: ") for line in lines) == 2


def test_the_exit_code_of_volumes_says_whether_some_were_refused(tmp_path):
    # Of a, b and c, seed 1 holds out a.
    options = VolumeOptions(size=(8, 8), spacing=4.0, min_brain=0.0, seed=1)
    for name in ("a_1.nii", "b_1.nii"):
        save_nifti(tmp_path / "in" / name, head(seed=ord(name[0])))
    console = Console(file=io.StringIO(), width=60)
    assert prepare.run_volumes(tmp_path / "in", tmp_path / "first", options, console) == 0
    (tmp_path / "in" / "c_1.nii").write_bytes(b"no volume")
    assert prepare.run_volumes(tmp_path / "in", tmp_path / "second", options, console) == 3
    printed = console.file.getvalue()
    assert printed.count("No slice of the test split has an equal or nearly equal one in the train split.") == 2
    assert "train: 6 slices 8x8 uint16 of 1 subjects; all 6." in printed
    assert printed.count("is left right? Then train") == 2
    assert "Warning: 1 volumes were refused" in printed and "Then train with --data.path" in printed


def test_a_scan_on_both_sides_of_the_split_is_told_of_by_all_its_slices(tmp_path):
    options = VolumeOptions(size=(16, 16), spacing=2.0, min_brain=0.0, split="0.5/0.5")
    # The same person under another name, cut, so that the middle slice is another one.
    first = head((12, 14, 16), seed=1)
    save_nifti(tmp_path / "in" / "a_1.nii", first)
    save_nifti(tmp_path / "in" / "b_1.nii", np.concatenate([first[..., :10], first[..., :2]], axis=2))
    console = Console(file=io.StringIO(), width=60)
    assert prepare.run_volumes(tmp_path / "in", tmp_path / "out", options, console) == 0
    warning = next(line for line in console.file.getvalue().splitlines() if "equal" in line)
    assert warning.startswith("Warning: 8 pairs of equal or nearly equal slices in the test and the train split")
    assert warning.endswith(": volume 0 = volume 1 (8).") or warning.endswith(": volume 1 = volume 0 (8).")


@pytest.mark.parametrize("size", [(16, 16), (130, 192)])
def test_a_slice_with_a_little_noise_is_found_at_any_size(tmp_path, size):
    for split, seed in (("train", 1), ("test", 1), ("test", 2)):
        for number in range(3):
            pixels = np.random.default_rng(10 * seed + number).integers(0, 65536, (8, 8)).repeat(16, 0).repeat(24, 1)
            noise = np.random.default_rng(seed).integers(0, 300, pixels.shape) if split == "test" else 0
            path = tmp_path / "in" / split / f"{split}{seed}_{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray((pixels + noise).clip(0, 65535).astype(np.uint16)).save(path)
    console = Console(file=io.StringIO(), width=60)
    options = VolumeOptions(size=size, spacing=192 / size[1], min_brain=0.0)
    assert prepare.run_volumes(tmp_path / "in", tmp_path / "out", options, console) == 0
    # Pictures have no sides.
    assert "contact_sheet.png: are they whole, and bright enough? Then train" in console.file.getvalue()
    warning = next(line for line in console.file.getvalue().splitlines() if "equal" in line)
    assert warning.startswith("Warning: 3 pairs of equal or nearly equal slices in the test and the train split")


def test_an_interruption_says_how_to_go_on(tmp_path, monkeypatch):
    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(prepare, "prepare_volumes", interrupted)
    console = Console(file=io.StringIO(), width=60)
    with pytest.raises(KeyboardInterrupt):
        prepare.run_volumes(tmp_path, tmp_path / "out", VolumeOptions(), console)
    assert "give the same command again to go on" in console.file.getvalue()


def test_volumes_are_prepared_without_keras():
    """Importing it and its framework takes as long as reading fifty volumes."""
    program = "import sys, keras_stylegan.prepare; print(*sorted({'keras', 'tensorflow'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
