"""Who may import whom (an arrow may not point upwards), how long a file may be, and which file a test is about."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "keras_stylegan"
LINES = 320
KERAS = {"keras", "numpy"}
FRAMEWORKS = ("tensorflow", "jax", "torch")
ON_KERAS_CV = ("data.variation",)
"""Layers of keras_cv, which compute with TensorFlow on every backend."""
OURS_BELOW_TRAINING = {
    "config",
    "folder_lock",
    "atomic",
    "typed_json",
    "errors",
    "folders",
    "interrupt",
    "program",
    "quiet",
    "layers",
    "models",
    "backend",
    "augment",
    "losses",
    "metrics",
    "data",
    "latent",
    "sizes",
}

# Module or package of ours -> (modules of ours it may import, third-party packages it may import).
# The longest matching name counts. Everything may import itself and the standard library.
ALLOWED = {
    "config": ({"errors", "sizes"}, set()),
    "atomic": ({"errors"}, set()),
    "folder_lock": (set(), set()),
    # Answers before Keras is imported.
    "resources": ({"config", "data", "errors", "sizes"}, set()),
    "typed_json": ({"errors"}, {"pydantic"}),
    "errors": (set(), set()),
    "sizes": (set(), set()),
    "folders": (set(), set()),
    "program": (set(), set()),
    "interrupt": (set(), set()),
    "quiet": ({"backend", "errors"}, {"keras"}),
    "layers": ({"layers"}, KERAS),
    "models": ({"layers", "sizes"}, KERAS),
    "backend": ({"errors", "interrupt"}, {"keras"}),
    **{f"backend.{name}": ({"errors"}, {"keras", name}) for name in FRAMEWORKS},
    **{f"backend.replicas.{name}": ({"errors"}, KERAS | {name}) for name in FRAMEWORKS},
    "losses": ({"backend"}, {"keras"}),
    "augment": (set(), KERAS),
    "data": ({"atomic", "config", "errors", "sizes"}, {"numpy", "PIL", "scipy", "rich"}),
    "data.variation": (set(), {"numpy", "scipy", "keras_cv", "tensorflow"}),
    # Imported when such a file is read: training from other sources does without.
    "data.volumes": ({"atomic", "config", "errors", "folder_lock"}, {"numpy", "PIL", "rich", "nibabel", "pydicom"}),
    # Keras downloads the archive.
    "data.cifar10": ({"atomic", "config", "errors", "sizes"}, {"numpy", "keras"}),
    "data.pipeline": ({"atomic", "config", "errors"}, {"numpy", "PIL", "scipy", "rich", "keras"}),
    # Directions and projections are measured with features and intervals of metrics.
    "latent": ({"models", "layers", "errors", "backend", "metrics", "sizes"}, KERAS | {"PIL"}),
    "metrics": ({"errors"}, {"numpy", "scipy"}),
    "metrics.features": ({"metrics", "errors"}, {"numpy", "keras"}),
    "metrics.domain": ({"metrics", "errors"}, {"numpy", "keras"}),
    "metrics.onnx_features": ({"metrics", "errors"}, {"numpy", "onnxruntime"}),
    "training": (OURS_BELOW_TRAINING, KERAS | {"PIL", "rich", "matplotlib", "tensorboard"}),
    # Readers of untrusted files: little else can be reached from them.
    "importing": ({"errors"}, {"numpy"}),
    "importing.command": (OURS_BELOW_TRAINING | {"training", "resources"}, KERAS),
    "evaluation": (OURS_BELOW_TRAINING | {"training", "resources"}, {"numpy", "PIL", "rich", "matplotlib"}),
    # Children of its own start Keras: this process leaves memory and devices to them.
    "comparison": (
        OURS_BELOW_TRAINING | {"training", "evaluation", "resources"},
        {"numpy", "PIL", "rich", "matplotlib"},
    ),
    # Each part is imported by the process that makes the checks: the command line does without.
    "checking": (OURS_BELOW_TRAINING | {"training"}, KERAS | {"packaging", "onnx", "onnxruntime"}),
    "checking.command": (set(), {"rich"}),
    "comparison.command": ({"arguments", "config", "errors", "experiments"}, {"tyro"}),
    "usefulness": (
        OURS_BELOW_TRAINING | {"training", "evaluation"},
        {"numpy", "keras", "rich"},
    ),
    # The command line shows their options at once.
    "usefulness.options": ({"errors", "config"}, set()),
    "comparison.options": ({"errors", "config", "evaluation"}, set()),
    "evaluation.options": ({"errors", "config"}, set()),
}
HIGHEST = {
    *("arguments", "cli", "model_commands", "experiments", "generation", "projection", "directions"),
    *("benchmark", "matrix_peak", "prepare"),
}
"""Commands: they may import everything of ours."""

TESTS_OF_NO_FILE = {
    "test_architecture": "all files",
    "test_privacy": "everything that may be shared",
    "test_oblong": "images that are no square, through every command",
    "test_markers": "the search that test_privacy makes",
    "test_readme": "the pages",
    "test_pages_run": "the commands of the pages",
    "test_docs": "the pages of docs/",
    "test_hostile_commands": "every command and every reader of a run",
    "test_damaged_files": "the readers of config.json, checkpoints and ONNX files",
    "augment/test_no_leak": "all operations: what a generator learns behind them",
    "backend/test_backends": "the backends against each other",
    "backend/test_distribution": "replicas in processes of their own",
    "backend/test_last_batch": "one behaviour on every backend",
    "export/page/test_browser": "the page as a whole, in a browser",
    "export/page/test_browser_use": "the page as a whole, in a browser",
    "export/page/test_browser_covariates": "covariates of the page, in a browser",
    "export/page/test_browser_names": "names of the page, in a browser",
    "config/test_choices": "every choice of an option is implemented",
    "config/test_sections": "all sections alike",
    "layers/test_every_layer": "one check for all layers",
    "layers/test_gradients": "one check for all layers",
    "layers/test_mixed_precision": "one check for all layers",
    "metrics/test_false_alarms": "the audit as a whole, on honest samples",
    "metrics/test_planted_faults": "all metrics, on planted faults",
    "training/callbacks/test_together": "all callbacks around the real model",
    "training/test_gan_fit": "gan.py within `fit`",
    "training/test_gan_state": "gan.py saved and loaded",
    "training/test_precision": "16 bits through the whole step",
    "training/test_killed_runs": "killed and resumed runs as a whole",
    "test_package": "the wheel: setup.py and pyproject.toml",
    "training/test_slurm": "experiments/slurm",
}
"""Tests that do not mirror a file, and what they are about instead."""


def imports(path):
    """Absolute names that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module == PACKAGE)


def rule(module):
    """The entry of `ALLOWED` for keras_stylegan.<module>, or None for a command."""
    parts = module.split(".")
    for end in range(len(parts), 0, -1):
        name = ".".join(parts[:end])
        if name in ALLOWED:
            return ALLOWED[name]
    return None if parts[0] in HIGHEST | {"__init__"} else (set(), set())


def violations(root):
    """Lines 'file imports name' for every forbidden import below root/keras_stylegan."""
    found = []
    for path in sorted((root / PACKAGE).rglob("*.py")):
        module = ".".join(path.relative_to(root / PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        allowed = rule(module)
        for name in imports(path):
            top = name.split(".")[0]
            if top in sys.stdlib_module_names or name in (PACKAGE, f"{PACKAGE}.__version__"):
                continue
            if top in FRAMEWORKS and module not in (f"backend.{top}", f"backend.replicas.{top}", *ON_KERAS_CV):
                legal = False
            elif allowed is None:
                legal = True
            elif top == PACKAGE:
                target = name.split(".")[1]
                legal = target in allowed[0] or target == module.split(".")[0]
            else:
                legal = top in allowed[1]
            if not legal:
                found.append(f"{module} imports {name}")
    return found


def too_long(root):
    files = [path for folder in (PACKAGE, "experiments", "export", "tests") for path in (root / folder).rglob("*.py")]
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    return [f"{path.relative_to(root)} has {length} lines" for path, length in lengths.items() if length > LINES]


def without_a_file(root):
    """Test files below root/tests without a file or folder of the same name in the same package."""
    found = set()
    for path in (root / "tests").rglob("test_*.py"):
        name = path.relative_to(root / "tests").with_suffix("")
        mirrored = name.with_name(name.name.removeprefix("test_"))
        module = root / mirrored if mirrored.parts[0] == "export" else root / PACKAGE / mirrored
        if not (module.is_dir() or module.with_suffix(".py").is_file()):
            found.add(name.as_posix())
    return found


def test_import_rules():
    assert len(list((ROOT / PACKAGE).rglob("*.py"))) > 30
    assert violations(ROOT) == []


def named_from_outside(root):
    """Lines 'file imports name' for modules of export/ that name each other in full: the folder has two names."""
    return [
        f"{path.name} imports {getattr(node, 'module', 'export')}"
        for path in sorted((root / "export").glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.ImportFrom) and not node.level and node.module.split(".")[0] == "export")
        or (isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "export" for alias in node.names))
    ]


def test_the_files_of_export_name_each_other_by_a_dot(tmp_path):
    assert named_from_outside(ROOT) == []
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "thing.py").write_text(
        "def f():\n    from export.runtime import SEAL\nfrom .runtime import FORMAT\n"
    )
    assert named_from_outside(tmp_path) == ["thing.py imports export.runtime"]


def test_files_are_short():
    assert too_long(ROOT) == []


def test_tests_mirror_the_packages():
    assert without_a_file(ROOT) == set(TESTS_OF_NO_FILE)


def test_a_test_of_no_file_is_found(tmp_path):
    for file in (
        f"{PACKAGE}/layers/noise.py",
        f"{PACKAGE}/backend/replicas/jax.py",
        "export/runtime.py",
        "tests/layers/test_noise.py",
        "tests/backend/test_replicas.py",
        "tests/export/test_runtime.py",
        "tests/layers/test_replicas.py",
        "tests/test_runtime.py",
        "tests/helpers.py",
    ):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    assert without_a_file(tmp_path) == {"layers/test_replicas", "test_runtime"}


@pytest.mark.parametrize(
    ("file", "line", "name"),
    [
        ("config/model.py", "import numpy", "numpy"),
        ("layers/noise.py", "import tensorflow as tf", "tensorflow"),
        ("backend/jax.py", "import tensorflow", "tensorflow"),
        ("benchmark.py", "import torch", "torch"),
        ("training/gan.py", "from jax import numpy", "jax"),
        ("generation/generate.py", "from tensorflow import function", "tensorflow"),
        ("quiet.py", "import tensorflow", "tensorflow"),
        ("layers/noise.py", "from keras_stylegan.models import Generator", "keras_stylegan.models"),
        ("layers/noise.py", "from keras_stylegan import models", "keras_stylegan.models"),
        ("models/mapping.py", "from keras_stylegan.config import Config", "keras_stylegan.config"),
        ("losses/penalties.py", "from keras_stylegan.models import Generator", "keras_stylegan.models"),
        ("losses/penalties.py", "import numpy", "numpy"),
        ("data/fit.py", "import keras", "keras"),
        ("data/fit.py", "def f():\n    from keras_stylegan.training import gan", "keras_stylegan.training"),
        ("metrics/frechet.py", "import keras", "keras"),
        ("latent/mixing.py", "from keras_stylegan.training import gan", "keras_stylegan.training"),
        ("training/gan.py", "from keras_stylegan import cli", "keras_stylegan.cli"),
        ("training/train.py", "from keras_stylegan.evaluation import report", "keras_stylegan.evaluation"),
        ("importing/read.py", "import keras", "keras"),
        ("importing/read.py", "from keras_stylegan.models import Generator", "keras_stylegan.models"),
        ("evaluation/report.py", "import keras", "keras"),
        ("evaluation/options.py", "import numpy", "numpy"),
        ("evaluation/verdict.py", "from keras_stylegan import cli", "keras_stylegan.cli"),
        ("novelty/thing.py", "import numpy", "numpy"),
    ],
)
def test_a_planted_import_is_found(tmp_path, file, line, name):
    path = tmp_path / PACKAGE / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("import os\n" + line + "\n")
    assert violations(tmp_path) == [f"{file.removesuffix('.py').replace('/', '.')} imports {name}"]


def test_legal_imports_are_not_found(tmp_path):
    for file, line in {
        "layers/noise.py": "import keras\nfrom keras_stylegan.layers.equalized import PACKAGE",
        "backend/tensorflow.py": "import tensorflow as tf",
        "data/pipeline.py": "import keras",
        "training/gan.py": "from keras_stylegan.models import Generator",
        "cli.py": "import tyro\nfrom keras_stylegan.training.train import train",
    }.items():
        path = tmp_path / PACKAGE / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(line + "\n")
    assert violations(tmp_path) == []


def test_a_long_file_is_found(tmp_path):
    folder = tmp_path / PACKAGE
    folder.mkdir()
    (folder / "long.py").write_text("x = 1\n" * (LINES + 1))
    (folder / "short.py").write_text("x = 1\n" * LINES)
    assert too_long(tmp_path) == [f"{Path(PACKAGE) / 'long.py'} has {LINES + 1} lines"]
