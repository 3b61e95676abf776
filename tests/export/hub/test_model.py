import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from hubs import command_of, evaluated, hub
from PIL import Image

from export.hub.model import PAPERS, HubModel
from export.options import ExportOptions
from keras_stylegan.errors import InputError
from keras_stylegan.latent.latents import draw_latents
from keras_stylegan.models.families import NETWORKS
from keras_stylegan.training.trained import load_generator


def test_figures_stand_beside_their_floors_and_the_card_counts_people(conditional, tmp_path):
    model = HubModel.of(load_generator(evaluated(conditional.run, tmp_path)), ExportOptions())
    (figure,) = model.figures()
    assert (figure["type"], figure["value"], figure["args"]["floor"]) == ("frechet_random", 12.5, 4.0)
    assert figure["name"] == "Fréchet distance (random) (between real people: 4)"
    assert "80 images of 10 subjects (AD 32 of 4, NC 48 of 6)" in model.card
    assert "| Fréchet distance (random) | all | 12.5 [11, 13] | 4 | 3.12× | 50 / 8 |" in model.card
    untested = model.card.split("## Not tested")[1].split("## Limits")[0]
    assert "nobody read the images" in untested and "The classes one by one." in untested
    assert "Memorisation" not in untested
    assert re.search(r"^## How to use\n\nThus\.\n\n## Intended use$", model.card_with("\nThus.\n"), re.MULTILINE)


def test_what_was_not_tested_is_told(conditional, tmp_path, capsys):
    card = HubModel.of(load_generator(conditional.run), ExportOptions()).card
    assert "not evaluated" in card and "nobody knows whether the model copies" in card and "## Metrics" not in card
    assert "`evaluate` first gives it its figures" in capsys.readouterr().out
    run = evaluated(conditional.run, tmp_path, audit=None, failures={"spectrum": "needs 4 images. Received: 2"})
    card = HubModel.of(load_generator(run), ExportOptions()).card
    assert "- Memorisation: the audit was not made." in card and "- spectrum: needs 4 images. Received: 2." in card


def test_a_card_without_figures_names_the_set_and_counts_the_manifest(conditional, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(conditional.run, run)
    rows = ["train,0,a", "train,1,a", "train,2,b", "test,0,c"]
    (run / "manifest.csv").write_text("\n".join(["split,index,subject", *rows]))
    card = HubModel.of(load_generator(run), ExportOptions(dataset="My set")).card
    assert "- Source: My set\n- Training: 3 images of 2 subjects\n" in card


def test_figures_of_other_weights_are_not_told(conditional, tmp_path):
    run = evaluated(conditional.run, tmp_path)
    path = run / "evaluation" / "metrics.json"
    path.write_text(path.read_text().replace(load_generator(run).weights_sha256, 64 * "0"))
    assert HubModel.of(load_generator(run), ExportOptions()).figures() == []


@pytest.mark.parametrize("changes", [{"metrics": {"x": {}}}, {"evaluation": None}, {"data": {}}, {"verdict": [0]}])
def test_a_damaged_record(conditional, tmp_path, changes):
    with pytest.raises(InputError, match=r"metrics.json is damaged; evaluate the run again or remove the file"):
        HubModel.of(load_generator(evaluated(conditional.run, tmp_path, **changes)), ExportOptions())


def test_every_network_has_its_paper(conditional, tmp_path):
    assert set(PAPERS) == set(NETWORKS)
    trained = load_generator(conditional.run)
    model = replace(trained.config.model, network="stylegan")
    hub = HubModel.of(trained._replace(config=replace(trained.config, model=model)), ExportOptions())
    assert "1812.04948" in hub.paper and hub.name.startswith("stylegan_") and hub.network == "StyleGAN"


def test_only_of_phantoms_the_weights_have_the_licence_of_the_software(conditional):
    trained = load_generator(conditional.run)
    patients = HubModel.of(trained, ExportOptions())
    assert patients.licence.startswith("Software: MIT. The weights are subject to the terms")
    data = replace(trained.config.data, source="phantom", path=None)
    phantoms = HubModel.of(trained._replace(config=replace(trained.config, data=data)), ExportOptions())
    assert phantoms.licence.startswith("MIT License") and phantoms.dataset == "procedural phantoms"


@pytest.mark.parametrize("name", ["huggingface", "medigan", "monai"])
def test_directions_travel_with_what_walks_along_them(unconditional, tmp_path, name):
    folder = hub(unconditional, tmp_path, name, directions=True)
    (card,) = folder.rglob("README.md")
    place = {"huggingface": folder, "medigan": folder, "monai": card.parents[1]}[name]
    (path,) = command_of(card.read_text(), place, "--count", "1")
    w = np.asarray(unconditional.generator.mapping(draw_latents(0, [0], 8))) + 2 * np.linspace(-1, 1, 12)
    expected = np.clip(np.asarray(unconditional.generator.synthesis(w.astype(np.float32))), -1, 1)
    with Image.open(path) as image:
        assert np.abs(np.asarray(image) - (expected[0, ..., 0] + 1) * 127.5).max() <= 1


def test_without_directions_no_card_speaks_of_them(unconditional, tmp_path):
    folder = hub(unconditional, tmp_path, "medigan")
    assert not list(folder.rglob("directions.json"))
    assert "direction" not in next(folder.rglob("README.md")).read_text()
