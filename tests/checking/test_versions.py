import platform
import re
import tomllib
from pathlib import Path

import pytest

from keras_stylegan.checking import versions as module
from keras_stylegan.checking.failed import Failed

ROOT = Path(__file__).parents[2]


def test_the_pythons_are_those_of_the_package():
    text = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert text == ">={}.{},<{}.{}".format(*module.PYTHONS[0], *module.PYTHONS[1])


def test_this_environment_is_as_required():
    said = module.versions("tensorflow")
    assert said.startswith(f"Python {platform.python_version()}, keras-stylegan ")
    assert re.search(r", tensorflow 2\.\d+\.\d+, keras 3\.\d+\.\d+, numpy 2", said)


def test_what_is_required():
    assert "keras>=3.15,<3.16" in module.required("tensorflow")
    # The parts of a file that are for other purposes are left out.
    assert not [line for line in module.required("tensorflow") if "pytest" in line or "nibabel" in line]
    assert module.required("jax")[0].startswith("jax>=")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["keras>=99"], "keras is 3."),
        (["no-such-package-at-all>=1"], "no-such-package-at-all is missing"),
        (["numpy>=99", "keras<1"], "numpy is 2"),
    ],
)
def test_a_package_that_does_not_fit(monkeypatch, lines, said):
    monkeypatch.setattr(module, "required", lambda backend: lines)
    with pytest.raises(Failed, match=said) as failed:
        module.versions("torch")
    assert failed.value.advice == "pip install -r requirements-torch.txt"


def test_requirements_of_other_machines_and_extras_do_not_count(monkeypatch):
    lines = ['none-such>1; sys_platform == "plan9"', 'none-such>1; extra == "gpu"', "onnxruntime-gpu>=1"]
    monkeypatch.setattr(module, "required", lambda backend: lines)
    monkeypatch.setattr(module, "installed_version", {"onnxruntime": "1.24.0"}.get)
    assert module.versions("tensorflow").endswith("onnxruntime-gpu 1.24.0")


def test_a_python_that_does_not_fit(monkeypatch):
    monkeypatch.setattr(module, "PYTHONS", ((2, 6), (2, 8)))
    with pytest.raises(Failed, match=platform.python_version()):
        module.versions("tensorflow")
