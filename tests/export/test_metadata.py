import json
import shutil
from dataclasses import replace

import onnx
import pytest

from export.metadata import metadata
from export.options import ExportOptions
from keras_stylegan.errors import InputError
from keras_stylegan.training.trained import load_generator


def test_metadata(conditional):
    values = {entry.key: entry.value for entry in onnx.load(conditional.path).metadata_props}
    expected = {"height": 16, "width": 16, "channels": 1, "classes": ["AD", "NC"], "z_dim": 8, "w_dim": 12, "num_ws": 6,
                "value_range": [-1, 1], "images_seen": 1500, "noise_sizes": [[size] * 2 for size in (4, 8, 8, 16, 16)],
                "style_resolutions": [4, 8, 8, 16, 16, 16]}  # fmt: skip
    assert {key: json.loads(values[key]) for key in expected} == expected
    assert values["dataset"] == "folder" and values["layout"] == "nhwc" and values["part"] == "generator"
    assert json.loads(values["config"])["model"]["channel_base"] == 128
    assert {"keras", "tensorflow", "tf2onnx", "onnx", "onnxruntime", "numpy"} == set(json.loads(values["versions"]))
    assert values["weights_sha256"] == load_generator(conditional.run).weights_sha256
    assert "not for diagnosis" in values["intended_use"] and "MIT" in values["licence"]
    verification = json.loads(values["verification"])
    assert verification["latents"] == 64 and verification["batches"] == [1, 3, 16]
    assert 0 < verification["generator"]["mean"] < verification["generator"]["largest"] < 1e-5


def test_only_weights_of_phantoms_have_the_licence_of_the_software(conditional):
    trained = load_generator(conditional.run)
    data = replace(trained.config.data, source="phantom", path=None)
    phantoms = trained._replace(config=replace(trained.config, data=data))
    found = [metadata(run, ExportOptions())["licence"] for run in (trained, phantoms)]
    assert found[0].startswith("Software: MIT. The weights are subject to the terms of the images")
    assert found[1] == "Software and weights: MIT."


def test_the_audit_travels_in_the_metadata(conditional):
    """Held-out images are 1 of AD and 3 of NC, so 8 samples are 2 and 6: number 7 of all is number 5 of NC."""
    trained = load_generator(conditional.run)
    space = {"threshold": 0.07, "share": {"value": 0.125}, "outliers": [7, 0]}
    record = {
        "run": {"weights_sha256": trained.weights_sha256},
        "metrics": {},
        "evaluation": {"count": 8, "seed": 2**63},
        "data": {"heldout": {"classes": {"NC": 3, "AD": 1}}},
        "audit": {"verdict": "copies", "spaces": {"pixel": space, "random": space | {"outliers": [2], "threshold": 9}}},
    }
    path = conditional.run / "evaluation" / "metrics.json"
    path.parent.mkdir()
    try:
        path.write_text(json.dumps(record))
        expected = {"verdict": "copies", "threshold": 0.07, "share": 0.125, "count": 8, "seed": str(2**63),
                    "named": [[0, 0], [1, 0], [1, 5]]}  # fmt: skip
        assert json.loads(metadata(trained, ExportOptions())["audit"]) == expected
        path.write_text(json.dumps(record | {"audit": None}))
        assert "audit" not in metadata(trained, ExportOptions())
        for damage in ({"verdict": "copies"}, [1], {"verdict": "clear", "spaces": {"pixel": {"threshold": None}}}):
            path.write_text(json.dumps(record | {"audit": damage}))
            with pytest.raises(InputError, match="metrics.json is damaged; evaluate the run again"):
                metadata(trained, ExportOptions())
    finally:
        shutil.rmtree(path.parent)


def test_named_images_come_with_the_covariates_that_they_were_drawn_for(covariates):
    trained = load_generator(covariates.run)
    space = {"threshold": 0.07, "share": {"value": 0.125}, "outliers": [5, 2]}
    record = {
        "run": {"weights_sha256": trained.weights_sha256},
        "metrics": {},
        "evaluation": {"count": 8, "seed": 0},
        "data": {"heldout": {"classes": {"NC": 1, "AD": 1}}},
        "audit": {"verdict": "copies", "spaces": {"pixel": space}, "covariates": {"5": {"age": 71.5, "slice": 12}}},
    }
    path = covariates.run / "evaluation" / "metrics.json"
    path.parent.mkdir()
    try:
        path.write_text(json.dumps(record))
        named = json.loads(metadata(trained, ExportOptions())["audit"])["named"]
        assert named == [[0, 2, None], [1, 1, [12.0, 71.5]]]
        record["audit"]["covariates"] = {"5": {"slice": 12}}
        path.write_text(json.dumps(record))
        with pytest.raises(InputError, match="metrics.json is damaged; evaluate the run again"):
            metadata(trained, ExportOptions())
    finally:
        shutil.rmtree(path.parent)


def test_metrics_and_pixel_size_travel_in_the_metadata(unconditional):
    trained = load_generator(unconditional.run)
    assert not {"metrics", "pixel_size_mm"} & set(metadata(trained, ExportOptions()))
    path, about = unconditional.run / "evaluation" / "metrics.json", unconditional.run / "dataset.json"
    path.parent.mkdir()
    try:
        record = {"run": {"weights_sha256": trained.weights_sha256}, "metrics": {"frechet_random": {"value": 12.5}}}
        path.write_text(json.dumps(record))
        values = metadata(trained, ExportOptions(pixel_size_mm=3.25))
        assert json.loads(values["metrics"]) == record["metrics"] and json.loads(values["pixel_size_mm"]) == 3.25
        about.write_text('{"plane": "axial", "spacing_mm": 1.5, "slice_spacing_mm": 3.0, "middle_mm": [0, 0, 0]}')
        told = ["pixel_size_mm", "slice_spacing_mm", "plane"]
        assert [metadata(trained, ExportOptions())[key] for key in told] == ["1.5", "3.0", "axial"]
        assert metadata(trained, ExportOptions(pixel_size_mm=3.25))["pixel_size_mm"] == "3.25"
        about.unlink()
        path.write_text(json.dumps(record | {"run": {"weights_sha256": "of other weights"}}))
        assert "metrics" not in metadata(trained, ExportOptions())
        for damage in (b"{", b"\x93\xff\x00", b"null", b'{"run": 1}', 100000 * b"[", None):
            path.unlink()
            path.mkdir() if damage is None else path.write_bytes(damage)
            with pytest.raises(InputError, match="metrics.json is damaged; evaluate the run again"):
                metadata(trained, ExportOptions())
    finally:
        shutil.rmtree(path.parent)
