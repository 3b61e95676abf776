import io
import re

import numpy as np
import pytest
from PIL import Image

from keras_stylegan.config import Config
from keras_stylegan.evaluation import figures
from keras_stylegan.evaluation.model_card import model_card
from keras_stylegan.evaluation.numbers import number
from keras_stylegan.evaluation.report import report
from keras_stylegan.metrics.metric import Key

PART = {"images": 8, "subjects": 4, "classes": {"A<D>": 5, "NC": 3}, "fingerprint": "f00"}


def entry(value, floor=None, note=""):
    return {
        "value": value,
        "interval": [value - 1, value + 1],
        "generated_count": 50,
        "reference_count": 8,
        "seed": 0,
        "note": note,
        "floor": None if floor is None else {"value": floor, "note": ""},
        "ratio": None if floor is None else value / floor,
    }


@pytest.fixture
def record():
    return {
        "status": "partial",
        "seconds": 12.0,
        "run": {"weights_sha256": 64 * "a", "images_seen": 2000, "checkpoint": "newest", "classes": ["A<D>", "NC"],
                "conditional": True, "resolution": 16, "channels": 1},
        "evaluation": {"count": 50, "seed": 0, "features": ["random"], "noise": "const", "started": "2024-01-01",
                       "versions": {"keras": "3"}, "command": "python run.py evaluate models/x"},
        "data": {"source": "folder", "train": PART, "heldout": PART, "heldout_seen": False, "shows_people": True,
                 "warnings": ["2 twins"]},
        "metrics": {Key("frechet", "random"): entry(12.0, 4.0),
                    Key("frechet", "random", "A<D>"): entry(33.25, 5.0),
                    Key("spectrum"): entry(2.5, note="N is small")},
        "failures": {"memorisation audit": "needs at least 100 held-out images. Received: 8"},
        "audit": None,
        "verdict": [{"level": "bad", "text": "It is <b>bad</b>."}],
    }  # fmt: skip


def test_the_report_is_one_safe_file_that_holds_everything(record):
    png = figures.picture(np.zeros((4, 4, 1), np.uint8))
    pictures = {("histogram", ""): png, ("generated", "A<D>"): png, ("shares", "random"): png}
    html = report(record, "<x>", pictures, {"closest": [(png, "latent 3")]}, ["twins: a<b>.png = c.png"])
    assert "<script" not in html and not re.search(r'(src|href)="(?!data:)', html)
    assert html.count('src="data:image/png;base64,') == 3  # no audit, so no pairs
    for raw in ("<x>", "A<D>", "<b>bad</b>"):
        assert raw not in html
    for text in (
        "of &lt;x&gt;",
        "twins: a&lt;b&gt;.png = c.png",
        "It is &lt;b&gt;bad&lt;/b&gt;.",
        "needs at least 100 held-out images",
        "2 twins",
    ):
        assert text in html
    assert "<b>12</b> <small>[11, 13]</small>" in html and "3×" in html and "50 / 8" in html
    assert re.search(r"Class A&lt;D&gt;</summary>.*33\.2", html, re.DOTALL)
    assert "Note: N is small." in html
    assert 'name="viewport"' in html
    # Whatever the run was trained on: what is shown counts.
    told = "images of real people and may name files and subjects"
    assert told in html.partition("<section>")[0]
    assert told not in report(record | {"data": record["data"] | {"shows_people": False}}, "<x>", pictures, {})


def test_pairs_are_shown_with_the_audit(record):
    png = figures.picture(np.zeros((4, 4, 1), np.uint8))
    audit = {"verdict": "close", "reason": "They are & close."}
    html = report(record | {"audit": audit}, "x", {("distances", "pixel"): png}, {"Closest": [(png, "latent 3")]})
    assert "They are &amp; close." in html and "latent 3" in html and html.count("data:image/png") == 2


def test_feature_maps_are_a_table(record):
    assert "Feature maps" not in report(record, "x", {}, {})
    peak = {"layer": "b8_conv0", "height": 8, "width": 10, "channels": 6, "median": 3.25, "largest": 41.0, "normal": 2}
    html = report(record | {"feature_maps": [peak]}, "x", {}, {})
    assert re.search(
        r"b8_conv0 <small>8×10, 6 channels</small></td><td[^>]*>3\.25</td><td[^>]*>41</td><td[^>]*>2<", html
    )


def test_a_report_of_nothing_measured(record):
    html = report(record | {"metrics": {}}, "x", {}, {})
    assert "Nothing was measured." in html and "needs at least 100 held-out images" in html


def test_of_imported_weights_no_training_is_told(record):
    imported = record | {"run": record["run"] | {"imported": True, "images_seen": 0}}
    card = model_card(imported, Config())
    assert "Its weights were imported: on what images and how they were trained is not known here" in card
    assert "Networks: stylegan2 skip, z 512" in card
    assert "thousand images shown" not in card and "wgan-gp" not in card
    html = report(imported, "x", {}, {})
    assert "generated images of imported weights, against" in html and "kimg" not in html


def test_the_model_card_has_data_recipe_metrics_audit_and_use(record):
    card = model_card(record, Config())
    for text in (
        "8 images of 4 subjects (A<D> 5, NC 3)",
        "wgan-gp; gradient penalty 10, R1 0.001",
        "(100, 0.0001), (50, 1e-05)",
        "| Fréchet distance (random) | all | 12 [11, 13] | 4 | 3× | 50 / 8 |",
        "| Fréchet distance (random) | A<D> | 33.2 [32.2, 34.2] | 5 | 6.65× | 50 / 8 |",
        "Not for diagnosis",
        "Not made. Do not share",
        "memorisation audit: needs at least 100",
    ):
        assert text in card


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0, "0"), (12.345, "12.3"), (-0.5, "−0.5"), (123456.7, "123457"), (0.00001234, "1.23·10⁻⁵")],
)
def test_numbers_as_text(value, text):
    assert number(value) == text


def opened(png):
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image)


def test_pictures_are_enlarged_by_whole_factors():
    image = np.array([[0, 255], [100, 50]], np.uint8)[..., None]
    shown = opened(figures.picture(image, 6))
    np.testing.assert_array_equal(shown, image[..., 0].repeat(3, axis=0).repeat(3, axis=1))
    both = opened(figures.pair(image, 255 - image))
    assert both.shape[1] % 5 == 0  # two images of two pixels and a gap of one
    factor = both.shape[1] // 5
    np.testing.assert_array_equal(both[::factor, ::factor], np.array([[0, 255, 255, 255, 0], [100, 50, 255, 155, 205]]))


def test_a_grid_has_its_images_in_order():
    images = np.arange(10, dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 1), np.uint8)
    shown = opened(figures.grid(images, 4))
    factor = shown.shape[1] // (4 * 9 - 1)
    small = shown[::factor, ::factor]
    assert small.shape == (3 * 9 - 1, 4 * 9 - 1)
    assert [small[9 * (n // 4) + 4, 9 * (n % 4) + 4] for n in range(10)] == list(range(10))


def test_plots_are_pictures():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (6, 16, 16, 1)).astype(np.uint8)
    metrics = {
        Key("precision", "random"): entry(0.5, 0.8),
        Key("recall", "random"): entry(0.2),
        Key("frechet", "random"): entry(3.0, 1.0),
    }
    for png in (
        figures.histogram_plot(images, images),
        figures.spectrum_plot(images, images),
        figures.shares_plot(metrics, "random"),
        figures.ratios_plot(metrics),
        figures.distances_plot(rng.random(9), rng.random(5), 0.1, "distance"),
    ):
        assert opened(png).std() > 0
    assert figures.shares_plot(metrics, "inception") is None
    assert figures.ratios_plot({Key("recall", "random"): entry(0.2)}) is None
