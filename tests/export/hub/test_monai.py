import json
import re
from pathlib import Path

import numpy as np
import pytest
from hubs import evaluated, hub, imported, with_library
from PIL import Image

from keras_stylegan.latent.latents import draw_latents

PROGRAM = Path(__file__).parent / "use_monai.py"


def test_the_script_writes_the_images_of_the_run(unconditional, tmp_path):
    (bundle,) = hub(unconditional, tmp_path, "monai").iterdir()
    imported(bundle / "scripts", "bundle_scripts")
    from bundle_scripts.write_images import write_images

    write_images(bundle / "models" / "model.onnx", tmp_path / "out", 2, seed=3, truncation_psi=0.5)
    expected = (unconditional.images(draw_latents(3, range(2), 8), truncation_psi=0.5) + 1) * 127.5
    for number in range(2):
        with Image.open(tmp_path / "out" / f"seed3_{number:05d}.png") as image:
            assert np.abs(np.asarray(image) - expected[number, ..., 0]).max() <= 0.51


def test_the_configs_name_what_is_there(covariates, tmp_path):
    (bundle,) = hub(covariates, tmp_path, "monai", evaluated(covariates.run, tmp_path)).iterdir()
    metadata = json.loads((bundle / "configs" / "metadata.json").read_text())
    inputs = metadata["network_data_format"]["inputs"]
    assert {name: (tensor["format"], tensor["spatial_shape"], tensor["dtype"]) for name, tensor in inputs.items()} == {
        "z": ("latent", [8], "float32"),
        "label": ("class", [], "int64"),
        "covariates": ("number", [2], "float32"),
        "truncation_psi": ("number", [], "float32"),
    }
    assert metadata["network_data_format"]["outputs"]["pred"]["spatial_shape"] == [16, 16]
    assert metadata["eval_metrics"] == {"frechet_random": 12.5, "frechet_random_floor": 4.0}
    config = json.loads((bundle / "configs" / "inference.json").read_text())
    names = set(re.findall(r"@(\w+)", " ".join(map(str, [*config["run"], config["model"], config["output_dir"]]))))
    assert names <= set(config) and (bundle / config["model"].split("'")[1].lstrip("/")).is_file()
    assert (bundle / "docs" / "license.txt").read_text() == (bundle / "LICENSE").read_text()


@pytest.mark.slow
def test_monai_itself_reads_and_runs_it(conditional, tmp_path):
    (bundle,) = hub(conditional, tmp_path, "monai").iterdir()
    assert with_library("monai", PROGRAM, cwd=bundle).endswith("verified\n3 images\n")
