"""The pages of docs/: their commands, their links, and pictures that are those of today's code."""

import importlib.util
import json
import pkgutil
import re
from pathlib import Path

import pytest
from hubs import with_library
from test_readme import commands

from export.command import _parser
from keras_stylegan.cli import parse
from keras_stylegan.config import Config
from keras_stylegan.evaluation.verdict import AUDIT, CLOSE_RATIO, FAR_RATIO
from keras_stylegan.typed_json import to_json

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(DOCS.glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_are_understood_and_links_lead_somewhere(page, tmp_path, monkeypatch):
    text = page.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text("from keras_stylegan.config import Config\nconfig = Config()\n")
    Path("models/adni64").mkdir(parents=True)
    Path("models/adni64/config.json").write_text(to_json(Config()))
    found = commands(text, r"^keras-stylegan")
    assert found or page.stem in ("how_it_works", "reference")
    for arguments in found:
        parse(arguments)
    for arguments in commands(text, r"python -m export\.runtime"):
        _parser().parse_args(arguments)
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert [link for link in links if not (DOCS / link).exists()] == []
    named = re.findall(r"`((?:\w+/)+\w+\.(?:py|md|txt))`", text)
    roots = (DOCS.parent, DOCS.parent / "keras_stylegan")
    assert [name for name in named if not any((root / name).is_file() for root in roots)] == []


def test_the_page_on_quality_has_the_reports_limits_and_verdicts():
    text = (DOCS / "is_it_good.md").read_text(encoding="utf-8")
    assert f"up to {CLOSE_RATIO:g} |" in text and f"up to {FAR_RATIO:g} |" in text
    assert set(re.findall(r"^\| (\w+) \|", text.split("four:")[1], re.MULTILINE)) == {"verdict", *AUDIT}


def test_the_reference_names_what_is_there():
    names = re.findall(r"^::: (\S+)$", (DOCS / "reference.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(names) > 20
    for name in names:
        assert pkgutil.resolve_name(name).__doc__, name


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path):
    options = ("--strict", "-f", DOCS.parent / ".ci" / "mkdocs.yml", "-d", tmp_path)
    with_library("mkdocs", "-m", "mkdocs", "build", *options, cwd=tmp_path)
    assert "Fréchet" in (tmp_path / "reference" / "index.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_notebook_runs_from_start_to_end(tmp_path, monkeypatch, capsys):
    cells = json.loads((DOCS / "phantoms.ipynb").read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] for cell in code)
    source = "\n\n".join("".join(cell["source"]) for cell in code)
    for line, shorter in (("KIMG = 20.0", "KIMG = 0.064"), ("COUNT = 1000", "COUNT = 16")):
        assert line in source
        source = source.replace(line, shorter)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    exec(compile(source, "phantoms.ipynb", "exec"), {})
    said = capsys.readouterr().out
    assert re.search(r"^ms_ssim +\S+ floor ", said, re.MULTILINE)
    assert float(re.search(r"largest difference from Keras: (\S+)", said)[1]) < 2e-4


@pytest.mark.slow
def test_the_pictures_are_of_this_code():
    spec = importlib.util.spec_from_file_location("draw", DOCS / "draw.py")
    draw = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(draw)
    drawn = draw.pictures()
    assert "constant 4x4x512" in drawn["networks.svg"] and "dense 512" in drawn["networks.svg"]
    for name, content in drawn.items():
        assert (DOCS / name).read_text(encoding="utf-8") == content, f"{name} is old: run python docs/draw.py"
