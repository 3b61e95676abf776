"""The pages: commands that the command line takes, links that lead somewhere, folders that exist."""

import re
import shlex
from pathlib import Path

import pytest

from export.command import _parser
from keras_stylegan.cli import parse
from keras_stylegan.config import Config
from keras_stylegan.typed_json import to_json

ROOT = Path(__file__).parents[1]
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    *(f"{name}/README.md" for name in ("export", "experiments")),
    *(f"keras_stylegan/{name}/README.md" for name in ("augment", "backend", "comparison", "data", "importing")),
]
EXPERIMENTS = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("experiments/*.py"))


def commands(text, program):
    """The arguments of every call of a program in a text: to the end of the line, a comment or a backtick."""
    return [shlex.split(line, comments=True) for line in re.findall(rf"{program} ([^`\n]*)", text, re.MULTILINE)]


@pytest.mark.parametrize("page", [*PAGES, *EXPERIMENTS])
def test_commands_are_understood(page, tmp_path, monkeypatch):
    text = (ROOT / page).read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text("from keras_stylegan.config import Config\nconfig = Config()\n")
    Path("models/adni64").mkdir(parents=True)
    Path("models/adni64/config.json").write_text(to_json(Config()))
    found = commands(text, r"run\.py")
    assert found or page in ("CONTRIBUTING.md", "export/README.md")
    for arguments in found:
        if "--help" in arguments:
            with pytest.raises(SystemExit, match="0"):
                parse(arguments)
        # Letters stand for numbers that a table has.
        elif not {"B", "R", "COMMAND"} & set(arguments):
            parse(arguments)


@pytest.mark.parametrize("page", ["README.md", "export/README.md"])
def test_commands_of_the_runtime_are_understood(page):
    found = commands((ROOT / page).read_text(encoding="utf-8"), r"python -m export\.runtime")
    assert found
    for arguments in found:
        assert _parser().parse_args(arguments).count == 1000


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    path = ROOT / page
    links = re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_readme_names_the_folders_that_exist():
    code = (ROOT / "README.md").read_text(encoding="utf-8").split("## The code")[1].split("```")[1]
    named = set(re.findall(r"(?:^| )([a-z]+)/(?= )", code, re.MULTILINE)) | {"keras_stylegan"}
    packages = {path.parent.name for path in ROOT.glob("keras_stylegan/*/__init__.py")}
    assert named == packages | {"keras_stylegan", "export", "experiments", "tests"}
