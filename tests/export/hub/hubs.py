"""What the tests of the hubs share: a hub's folder made of an export, and an interpreter that has a hub's library."""

import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys

import pytest
from directions_file import record, write

from export.hub import FORMATS, HubModel
from export.options import ExportOptions
from keras_stylegan.training.trained import load_generator

METRICS = {
    "frechet_random": {
        "metric": "frechet", "detail": "random", "group": "", "value": 12.5, "interval": [11.0, 13.0],
        "generated_count": 50, "reference_count": 8, "seed": 0, "note": "", "floor": {"value": 4.0}, "ratio": 3.125,
    },
}  # fmt: skip
PART = {"images": 80, "subjects": 10, "classes": {"AD": 32, "NC": 48}, "class_subjects": {"AD": 4, "NC": 6},
        "fingerprint": "f00"}  # fmt: skip


def evaluated(run, tmp_path, **changes):
    """A copy of a run with a metrics.json of its weights."""
    run = shutil.copytree(run, tmp_path / "evaluated", ignore=shutil.ignore_patterns("export"))
    facts = {"weights_sha256": load_generator(run).weights_sha256, "images_seen": 1500, "checkpoint": "newest",
             "classes": ["AD", "NC"], "conditional": True, "resolution": 16, "channels": 1}  # fmt: skip
    record = {
        "status": "complete", "run": facts, "failures": {}, "metrics": METRICS, "verdict": [],
        "evaluation": {"count": 50, "seed": 0, "features": ["random"], "noise": "const", "started": "2024-01-01",
                       "command": "python run.py evaluate RUN"},
        "data": {"source": "folder", "train": PART, "heldout": PART, "heldout_seen": False, "warnings": []},
        "audit": {"verdict": "clear", "reason": "No copies."},
    }  # fmt: skip
    (run / "evaluation").mkdir()
    (run / "evaluation" / "metrics.json").write_text(json.dumps(record | changes))
    return run


def hub(exported, tmp_path, name, run=None, directions=False, **options):
    """The folder that `export --format NAME` writes; the graphs are those of the export, with directions if asked."""
    source = tmp_path / "source"
    shutil.copytree(exported.folder, source)
    if directions:
        generator = exported.generator
        content = record((generator.num_ws, generator.w_dim), load_generator(exported.run).weights_sha256)
        write(source / "directions.json", content)
    model = HubModel.of(load_generator(run or exported.run), ExportOptions(format=name, **options))
    return FORMATS[name](model, source)


def imported(path, name):
    """A package that lies anywhere."""
    spec = importlib.util.spec_from_file_location(name, path / "__init__.py", submodule_search_locations=[str(path)])
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def command_of(card, cwd, *arguments):
    """Runs the command on directions that a card has, in a folder; what it wrote."""
    (line,) = [line for line in card.splitlines() if " --direction " in line]
    words = shlex.split(line)
    assert words[0] == "python"
    done = subprocess.run([sys.executable, *words[1:], *arguments], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return sorted((cwd / "stylegan_outputs").glob("*seed0*.png"))


def with_library(package, *arguments, cwd):
    """Runs a program where a library is installed: <PACKAGE>_PYTHON names an interpreter of its own environment."""
    python = os.environ.get(f"{package.upper()}_PYTHON")
    if python is None and importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed, and {package.upper()}_PYTHON names no interpreter that has it")
    done = subprocess.run([python or sys.executable, *arguments], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
