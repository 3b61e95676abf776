"""The commands of README.md and docs/, run one after the other as a newcomer would, on phantoms and in small."""

import contextlib
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_volumes import head, save_nifti
from test_readme import commands

from export.command import main as generate
from keras_stylegan.cli import main, parse
from keras_stylegan.data.phantom import phantom_images

ROOT = Path(__file__).parents[1]
NARROW = (
    "--model.channel-base 512 --model.channel-max 8 --model.z-dim 16 --model.w-dim 16 --model.mapping-layers 2 "
    "--training.batch-size 8 --training.sample-count 4 --data.cache-dir cache"
)
SMALLER = {
    "train": f"{NARROW} --training.total-kimg 0.016",
    "train --resume": f"{NARROW} --training.total-kimg 0.032",
    "prepare": "--data.cache-dir cache",
    "prepare --out": "--size 64 64 --spacing 4 --min-brain 0",
    "generate": "--count 4",
    "evaluate": "--count 32 --features random",
    "compare": f"{NARROW} --minutes 0.01 --seeds 1 --slices 1 --count 32 --features random",
    "usefulness": "--subjects 4 --ratios 1 --seeds 1 --steps 2",
    "export": "",
}
"""What is added to a command so that it takes seconds: smaller networks, fewer images."""
NOT_HERE = {"import"}
"""Commands that want a file of somebody else's."""


def write_images(folder, subjects, offset):
    """Phantoms as ADNI's images are called: <class>/<subject>_<slice>.jpeg."""
    drawn = phantom_images(4 * subjects, 64, seed=0, subject_offset=offset)
    for index, (image, subject, label) in enumerate(zip(drawn.images, drawn.subjects, drawn.labels, strict=True)):
        path = folder / ("AD", "NC")[int(label)] / f"{1000 + offset + list(drawn.subjects).index(subject)}_{index}.jpeg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.asarray(image)[..., 0]).save(path, quality=95)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where a newcomer stands: scans, images, held-out people, a recipe of their own."""
    folder = tmp_path_factory.mktemp("newcomer")
    write_images(folder / "AD_NC" / "train", 12, 0)
    write_images(folder / "AD_NC" / "test", 6, 100)
    write_images(folder / "OTHERS", 6, 200)
    for number in range(4):
        (folder / "SCANS").mkdir(exist_ok=True)
        save_nifti(folder / "SCANS" / f"s{number}_1.nii.gz", head(seed=number))
    (folder / "mine.py").write_text("from keras_stylegan.config import Config\nconfig = Config()\n")
    with contextlib.chdir(folder):
        # The pages on judging and shipping begin where the first one ends.
        for options in ("", "--model.conditional --model.covariates slice --run-dir models/by_slice"):
            assert main(["train", "adni64", "--data.path", "AD_NC", *f"{options} {SMALLER['train']}".split()]) == 0
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "docs/first_model.md", "docs/is_it_good.md", "docs/ship_it.md"])
def test_the_commands_of_a_page(page, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"^```bash\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    found = commands(blocks, r"(?:python run\.py|keras-stylegan)")
    assert found
    for words in found:
        if words[0] in NOT_HERE:
            continue
        kind = next((f"{words[0]} {option}" for option in ("--resume", "--out") if option in words), words[0])
        words += SMALLER[kind].split()
        # What another page has made is not in the way of this one.
        if kind == "train" and "--dry-run" not in words:
            shutil.rmtree(parse(words).run_folder(), ignore_errors=True)
        if kind == "prepare --out":
            shutil.rmtree("DATASET", ignore_errors=True)
        print(*words, flush=True)
        code = main(words)
        assert code == 0, f"{words}\n{capsys.readouterr()}"
    for words in commands(blocks, r"python -m export\.runtime"):
        shutil.copy(Path("models/adni64/export/generator.onnx"), "generator.onnx")
        assert generate([*words, "--count", "4"]) == 0
        assert len(list(Path("out").glob("*.png"))) == 4
