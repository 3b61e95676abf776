"""What `pip install .` and a wheel bring: names, dependencies, the command; one wheel is built and used outside."""

import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from keras_stylegan import __version__
from keras_stylegan.cli import main
from keras_stylegan.program import program

ROOT = Path(__file__).parents[1]
EMPTY = "EMPTY_ENVIRONMENT" in os.environ
"""Whether the wheel is built by `python -m build` and installed with all that it asks for, as `.ci/run` wants it: that
takes a minute and 3 GB. Else its dependencies are those of this environment."""


def test_the_version_stands_in_one_place(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"keras-stylegan {__version__}\n"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" in project["project"]["dynamic"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "keras_stylegan.__version__"}


@pytest.mark.parametrize(
    ("called", "name"),
    [("run.py", "python run.py"), ("/x/bin/keras-stylegan", "keras-stylegan"), ("", "python run.py")],
)
def test_messages_name_the_command_that_was_called(monkeypatch, capsys, called, name):
    monkeypatch.setattr(sys, "argv", [called])
    assert program() == name
    assert main(["train", "--training.sed", "1"]) == 2
    assert capsys.readouterr().err.endswith(f"See {name.removeprefix('python ')} train --help\n")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built of a copy: a build writes beside the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)
    for name in files.stdout.decode().splitlines():
        if (ROOT / name).is_file():
            (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "source" / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, folder / "source"]
    if EMPTY:
        command = [sys.executable, "-m", "build", "--outdir", folder, folder / "source"]
    subprocess.run(command, check=True)
    return next(folder.glob("*.whl"))


@pytest.mark.slow
def test_the_wheel_takes_no_name_but_its_own(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = importlib.metadata.PathDistribution(
            zipfile.Path(wheel, f"{wheel.name.rsplit('-', 3)[0]}.dist-info/")
        )
        requirements = metadata.requires
    assert {name.split("/")[0].split("-")[0] for name in names} == {"keras_stylegan"}
    assert {"keras_stylegan/py.typed", "keras_stylegan/experiments/demo.py", "keras_stylegan/export/runtime.py",
            "keras_stylegan/export/requirements.txt",
            "keras_stylegan/export/page/page.html", "keras_stylegan/export/page/vendor/ort-wasm-simd.wasm.gz",
            "keras_stylegan/export/page/vendor/LICENSE"} <= set(names)  # fmt: skip
    packages = {re.split(r"[<>=;\[ ]", line)[0] for line in requirements if "extra ==" not in line}
    assert {"tensorflow", "keras", "numpy", "tyro", "scipy"} <= packages
    assert not {"pytest", "ruff", "scikit-learn", "keras-cv", "nibabel", "jax", "torch"} & packages
    extras = {name: {re.split(r"[<>= ;]", line)[0] for line in requirements if f'extra == "{name}"' in line}
              for name in metadata.metadata.get_all("Provides-Extra")}  # fmt: skip
    assert extras.pop("dev") >= {"pytest", "ruff"}
    assert extras == {"jax": {"jax"}, "torch": {"torch"}, "gpu": {"tensorflow[and-cuda]"},
                      "medical": {"nibabel", "pydicom"}, "page": set(),
                      "pixels": {"pylibjpeg", "pylibjpeg-libjpeg", "pylibjpeg-openjpeg"}}  # fmt: skip


@pytest.fixture
def python(wheel, tmp_path):
    """Python of an environment with the wheel; of its dependencies unless `EMPTY`, those of this environment."""
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    if not EMPTY:
        site = next((tmp_path / "venv").glob("lib/*/site-packages"))
        (site / "dependencies.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    command = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", wheel]
    subprocess.run(command + ["--no-deps"] * (not EMPTY), check=True)
    return python


@pytest.mark.slow
def test_the_wheel_works_outside_of_the_checkout(python, tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    work = tmp_path / "work"
    # Names that a package must not trip over.
    for name in ("export", "experiments"):
        (work / name).mkdir(parents=True)
        (work / name / "__init__.py").write_text("raise RuntimeError('not ours')")

    def run(*words):
        done = subprocess.run(words, cwd=work, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    console = python.with_name("keras-stylegan")
    said = run(console, "train", "demo", "--training.total-kimg=0.064", "--data.phantom-count=64")
    assert "keras-stylegan generate models/demo" in said
    assert "commit" not in (work / "models" / "demo" / "environment.json").read_text()
    run(console, "evaluate", "--count=32", "--features", "random")
    assert "Source: phantom" in (work / "models" / "demo" / "evaluation" / "MODEL_CARD.md").read_text()
    run(console, "export", "--page")
    model = work / "models" / "demo" / "export" / "generator.onnx"
    assert "2 images in" in run(python, "-m", "keras_stylegan.export.runtime", model, "--count=2")
    assert len(list((work / "stylegan_outputs").glob("*.png"))) == 2
