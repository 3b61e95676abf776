import json
import shutil

import pytest
from directions_file import record, write

from export.earlier import remove_of_other_weights
from export.options import ExportOptions
from export.page.build import write_page
from export.to_onnx import export_run
from keras_stylegan.training.trained import load_generator


@pytest.fixture
def earlier(unconditional, conditional, tmp_path):
    """A folder with what an export of the conditional run left, and the weights of both runs."""
    old, new = (load_generator(exported.run).weights_sha256 for exported in (conditional, unconditional))
    folder = tmp_path / "export"
    shutil.copytree(conditional.folder, folder)
    write_page(folder, "phantoms")
    write(folder / "directions.json", record((6, 12), old))
    (folder / "notes.txt").write_text("mine")
    return folder, old, new


def test_directions_and_the_page_of_other_weights_go(earlier):
    folder, old, new = earlier
    assert remove_of_other_weights(folder, old) == []
    gone = remove_of_other_weights(folder, new)
    assert sorted(path.name for path in gone) == ["directions.json", "generator.html"]
    left = {path.name for path in folder.iterdir()}
    assert left == {"generator.onnx", "mapping.onnx", "synthesis.onnx", "generator.keras", "notes.txt"}


def test_what_only_has_such_a_name_stays(tmp_path):
    (tmp_path / "directions.json").write_text(json.dumps({"to the": "station", "weights_sha256": 64 * "0"}))
    (tmp_path / "generator.html").write_bytes(b"\xff<p>A page of mine.")
    assert remove_of_other_weights(tmp_path, 64 * "1") == [] and len(list(tmp_path.iterdir())) == 2
    assert remove_of_other_weights(tmp_path / "nowhere", 64 * "1") == []


@pytest.mark.slow
def test_an_export_says_what_it_removes(earlier, unconditional, capsys):
    folder = earlier[0]
    export_run(unconditional.run, ExportOptions(output_dir=folder))
    said = capsys.readouterr().out
    for name in ("directions.json", "generator.html"):
        assert f"{folder / name} was of other weights: removed" in said and not (folder / name).exists()
    assert (folder / "notes.txt").read_text() == "mine"
