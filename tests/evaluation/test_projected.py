import dataclasses
import functools

import numpy as np
import pytest

from keras_stylegan.config import DataConfig
from keras_stylegan.data.image_set import label_record
from keras_stylegan.evaluation.evaluate import evaluate
from keras_stylegan.evaluation.ledger import Ledger
from keras_stylegan.evaluation.material import Material, load_material
from keras_stylegan.evaluation.options import EvaluateOptions
from keras_stylegan.evaluation.projected import measure_projection, projected_images
from keras_stylegan.latent.latents import draw_latents
from keras_stylegan.latent.rendering import Renderer
from keras_stylegan.metrics.metric import Key
from keras_stylegan.training.samples import draw_samples
from keras_stylegan.training.trained import load_generator


@pytest.fixture
def material_of(make_run, images):
    """The run and its material, with training images that the model makes itself in place of its own."""
    path, generator = make_run(images, conditional=False, data=DataConfig(path=images))
    trained = load_generator(path)
    material = load_material(trained, EvaluateOptions())
    z = draw_latents(7, range(len(material.train)), generator.z_dim)
    made = Renderer(trained.generator).images(Renderer(trained.generator).styles(z))
    pixels = np.clip(np.rint((made + 1) * 127.5), 0, 255).astype(np.uint8)
    train = dataclasses.replace(material.train, images=pixels)
    return trained, dataclasses.replace(material, train=train)


def measured(trained, material, tmp_path, count=6):
    ledger = Ledger(tmp_path / "metrics.json", {"run": {}, "evaluation": {}, "data": {}}, lambda text: None)
    samples = draw_samples(trained.generator, 8, 0, label_record([0, 1]))
    steps = []
    measure_projection(trained, material, samples, ledger, count, advance=steps.append, steps=100)
    assert sum(steps) == 100 * projected_images(material, samples, count) == 100 * (2 * count + min(count, 8))
    return ledger.metrics


def test_training_images_that_the_model_copies_project_better(material_of, tmp_path):
    """The worst copying: every training image is one that the generator makes."""
    trained, material = material_of
    found = measured(trained, material, tmp_path)
    assert found[Key("projection_advantage")]["value"] == 1
    distance = found[Key("projection_distance")]
    assert distance["value"] > 2 * distance["floor"]["value"] > 0 and distance["ratio"] is None


@pytest.mark.slow
def test_people_that_the_model_has_not_seen_have_no_advantage_over_others(material_of, tmp_path):
    trained, material = material_of
    heldout = material.heldout
    parts = []
    for rows in (np.arange(0, len(heldout), 2), np.arange(1, len(heldout), 2)):
        parts.append(
            dataclasses.replace(
                heldout,
                images=heldout.images[rows],
                labels=heldout.labels[rows],
                subjects=heldout.subjects[rows],
                names=heldout.names[rows],
            )
        )
    found = measured(trained, Material(*parts, seen=False, labels=parts[1].labels), tmp_path, count=12)[
        Key("projection_advantage")
    ]
    assert found["interval"][0] < 0.5 < found["interval"][1] and found["floor"]["value"] == 0.5


@pytest.mark.slow
def test_the_report_has_it_where_it_was_asked_for(make_run, images, monkeypatch, tmp_path):
    monkeypatch.setattr("keras_stylegan.evaluation.evaluate.STEPS", 4)
    monkeypatch.setattr(
        "keras_stylegan.evaluation.evaluate.measure_projection", functools.partial(measure_projection, steps=4)
    )
    path, _ = make_run(images)
    report = evaluate(path, EvaluateOptions(count=24, features=("random",), projected=3))
    assert "Projection advantage of training subjects" in report.read_text()
    assert "--projected 3" in report.read_text()
    report = evaluate(path, EvaluateOptions(count=24, features=("random",)))
    assert "Projection advantage" not in report.read_text()
