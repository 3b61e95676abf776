import json
from pathlib import Path

import numpy as np
import pytest
from hubs import hub, imported, with_library
from PIL import Image

from keras_stylegan.latent.latents import draw_latents

ROOT = Path(__file__).parents[3]
PROGRAM = Path(__file__).parent / "use_medigan.py"


def pixels(images):
    return np.rint((images + 1) * 127.5)


def test_generate_returns_or_saves(conditional, tmp_path):
    (package,) = hub(conditional, tmp_path, "medigan").iterdir()
    model = str(package / "generator.onnx")
    generate = imported(package, package.name).generate
    assert generate(model, 0, str(tmp_path), False) == []
    images = generate(model, 3, str(tmp_path), False, seed=3, truncation_psi=0.5, label="NC")
    assert [(image.shape, image.dtype) for image in images] == [((16, 16, 1), np.uint8)] * 3
    expected = pixels(conditional.images(draw_latents(3, range(3), 8), [1, 1, 1], truncation_psi=0.5))
    assert np.abs(np.stack(images) - expected).max() <= 1
    # Without a seed every call is new.
    assert not np.array_equal(*(generate(model, 1, "", False)[0] for _ in range(2)))
    for batch in range(2):
        assert generate(model, 2, str(tmp_path / f"batch_{batch}") + "/", True, seed=3) is None
    saved = [np.asarray(Image.open(path)).tobytes() for path in sorted(tmp_path.glob("batch_*/*.png"))]
    assert len(saved) == len(set(saved)) == 4


def test_the_description_names_what_is_there(conditional, tmp_path):
    (package,) = hub(conditional, tmp_path, "medigan", dataset="ADNI").iterdir()
    ((name, entry),) = json.loads((package / "metadata.json").read_text()).items()
    assert 13 <= len(name) <= 30 and name[:5].isdigit()
    execution = entry["execution"]
    assert execution["package_name"] == package.name and package.name.isidentifier()
    assert (package / (execution["model_name"] + execution["extension"])).is_file()
    assert entry["selection"]["dataset"] == ["ADNI"] and entry["selection"]["condition"] == ["AD", "NC"]
    lines = (ROOT / "export" / "requirements.txt").read_text().splitlines()
    wanted = {line.partition(";")[0].replace("-gpu", "") for line in lines if line[0] != "#"}
    assert wanted == set(execution["dependencies"])
    assert name in (package / "README.md").read_text()
    assert (package / "__init__.py").read_text().startswith('"""A StyleGAN2 generator for medigan:')


@pytest.mark.slow
def test_medigan_itself_runs_it(conditional, tmp_path):
    folder = hub(conditional, tmp_path, "medigan")
    assert with_library("medigan", PROGRAM, cwd=folder) == "tested\n5 images, 5 saved, 5 different, no TensorFlow\n"
