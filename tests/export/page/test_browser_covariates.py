"""Covariates of the page, in headless Chromium: drawn as in Python until somebody fixes them."""

import json
import shutil

import numpy as np
import pytest
from chromium import find_chromium
from pages import READY, canvas, levels, settle, within_one_level

from export.labels import Labels
from export.page.build import FOLDER, write_page
from export.runtime import OnnxGenerator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def page(covariates, tmp_path_factory):
    """Two classes, slice (whole numbers from 1 to 32) and age."""
    folder = shutil.copytree(covariates.folder, tmp_path_factory.mktemp("covariates") / "export")
    return write_page(folder, "test images")


def test_values_are_pythons(chromium, tmp_path):
    script = "".join((FOLDER / name).read_text() for name in ("philox.js", "normal.js", "covariates.js"))
    (tmp_path / "numbers.html").write_text(f"<script>{script}</script>")
    tab = chromium.open((tmp_path / "numbers.html").as_uri())
    actual = tab.evaluate("Array.from(standardNormals(philoxWords(5n, 3), 100000, DOUBLE))")
    key = np.array([5, 3], np.uint64)
    np.testing.assert_allclose(
        actual, np.random.Generator(np.random.Philox(key=key)).standard_normal(100_000), rtol=1e-13, atol=1e-13
    )
    random = np.random.default_rng(0)
    # Of two classes; the second and the third of the second class have the order of the first.
    correlations = [[[], []], [[0.7], [-1.0]], [[0.2, 0.5], [1.0, -1.0]]]
    items = [
        {"name": name, "quantiles": np.sort(random.normal(size=(2, 17))).tolist(), "correlations": rows}
        for name, rows in zip("abc", correlations, strict=True)
    ]
    for seed in (0, 2**64 - 1):
        for group in (0, 1):
            code = f"drawCovariates({json.dumps(items)}, {seed}n, i, {group})"
            actual = tab.evaluate(f"Array.from({{ length: 300 }}, (_, i) => {code})")
            expected = Labels(("x", "y"), items).values(seed, range(300), [group] * 300, {})
            np.testing.assert_array_max_ulp(np.array(actual, np.float32), expected, maxulp=1)
    tab.close()


def test_an_image_as_it_comes_is_that_of_generate(show, page):
    generator = OnnxGenerator(page.with_name("generator.onnx"))
    tab = show(page, "#seed=4&class=NC")
    expected = levels(generator.generate(16, seed=4, label="NC"))
    within_one_level(canvas(tab)[..., :1], expected[0])
    tab.evaluate("window.generator.set({})")
    code = """[...document.querySelectorAll("#grid canvas")].map((canvas) =>
        [...canvas.getContext("2d").getImageData(0, 0, 16, 16).data])"""
    within_one_level(np.reshape(tab.evaluate(code), (16, 16, 16, 4))[..., :1], expected)
    # All classes in turn: image 7 is number 3 of NC.
    seventh = levels(generator.generate(8, seed=9)[7])
    actual = tab.evaluate("window.generator.levels('9', 3, 1, 1).then((values) => [...values])")
    within_one_level(np.reshape(actual, (16, 16, 1)), seventh)


def test_a_value_is_fixed_by_its_slider_and_drawn_again_by_its_button(show, page):
    generator = OnnxGenerator(page.with_name("generator.onnx"))
    tab = show(page, "#seed=4&number=1&class=NC&c.age=1000000")
    tab.wait(READY)
    age = next(item for item in generator.covariates if item["name"] == "age")
    assert tab.text("#problem").startswith(f"The link's c.age must be from {age['minimum']:g}")
    names = "[...document.querySelectorAll('#covariates label')].map((label) => label.textContent)"
    assert tab.evaluate(names) == ["slice", "age"]
    pressed = "[...document.querySelectorAll('.drawn')].map((button) => button.getAttribute('aria-pressed'))"
    outputs = "[...document.querySelectorAll('#covariates output')].map((output) => Number(output.textContent))"
    assert tab.evaluate(pressed) == ["true", "true"]
    drawn = generator.labels.values(4, [1], [1], {})[0]
    np.testing.assert_allclose(tab.evaluate(outputs), drawn, atol=0.006)
    before = canvas(tab)
    tab.evaluate("""(() => { const input = document.querySelector("#covariates input"); input.value = 12;
        input.dispatchEvent(new Event("input")); })()""")
    settle(tab)
    assert tab.evaluate(pressed) == ["false", "true"] and tab.evaluate(outputs)[0] == 12
    assert tab.text("#caption") == "Seed 4, number 1, NC, slice 12"
    expected = levels(generator.generate(2, seed=4, label="NC", covariates={"slice": 12})[1])
    within_one_level(canvas(tab)[..., :1], expected)
    assert np.abs(canvas(tab) - before).max() > 1
    tab.wait("location.hash.endsWith('class=NC&c.slice=12')")
    tab.evaluate("document.querySelector('.drawn').click()")
    settle(tab)
    np.testing.assert_array_equal(canvas(tab), before)
    tab.wait("location.hash.endsWith('class=NC')")
    # Pressed again it holds what was drawn, as a number that can be read.
    tab.evaluate("document.querySelector('.drawn').click()")
    settle(tab)
    assert tab.text("#caption") == f"Seed 4, number 1, NC, slice {round(float(drawn[0]), 2):g}"


def test_whole_numbers_are_reached_and_told_at_once(show, page):
    tab = show(page, "#c.slice=12")
    tab.evaluate("document.querySelector('#covariates input').focus()")
    tab.press("ArrowRight")
    assert tab.text("#covariates output") == "13"
    # While the image is still to be drawn.
    code = """(() => { const input = document.querySelector("#covariates input"); input.value = 20;
        input.dispatchEvent(new Event("input"));
        return ["#covariates output", "#caption"].map((name) => document.querySelector(name).textContent); })()"""
    output, caption = tab.evaluate(code)
    assert output == "20" and not caption.endswith("slice 20")
    settle(tab)
    assert tab.text("#caption").endswith("slice 20")
    ends = tab.evaluate("(({ min, max, step }) => [min, max, step])(document.querySelectorAll('#covariates input')[1])")
    low, high, step = map(float, ends)
    assert step == 0.5 and low % 0.5 == 0 and high % 0.5 == 0
    tab.evaluate("""(() => { const input = document.querySelectorAll("#covariates input")[1]; input.value = input.max;
        input.dispatchEvent(new Event("input")); })()""")
    settle(tab)
    generator = OnnxGenerator(page.with_name("generator.onnx"))
    given = {"slice": 20, "age": generator.covariates[1]["maximum"]}
    expected = levels(generator.generate(1, label="AD", covariates=given)[0])
    within_one_level(canvas(tab)[..., :1], expected)
