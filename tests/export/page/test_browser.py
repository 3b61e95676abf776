"""What the page draws, in headless Chromium: the images of the runtime."""

import json

import numpy as np
import pytest
from chromium import find_chromium
from pages import canvas, copy_of, levels, settle, within_one_level, write_directions
from PIL import Image

from export.page.build import FOLDER, write_page
from export.runtime import OnnxGenerator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium: apt-get install chromium"),
]


def test_random_numbers_are_numpys(chromium, tmp_path):
    """200,000 draws meet every layer of the ziggurat, wedges and the tail, which has the last bit of a logarithm."""
    script = "".join((FOLDER / name).read_text() for name in ("philox.js", "normal.js"))
    (tmp_path / "numbers.html").write_text(f"<script>{script}</script>")
    tab = chromium.open((tmp_path / "numbers.html").as_uri())
    for seed, index, count in ((0, 0, 200_000), (2**64 - 1, 7, 1000), (12345, 10**12, 1000)):
        actual = tab.evaluate(f"Array.from(standardNormals(philoxWords({seed}n, {index}), {count}))")
        key = np.array([seed, index], np.uint64)
        expected = np.random.Generator(np.random.Philox(key=key)).standard_normal(count, dtype=np.float32)
        np.testing.assert_array_max_ulp(np.array(actual, np.float32), expected, maxulp=1)
        assert np.mean(np.array(actual, np.float32) != expected) < 1e-4
    tab.close()


def test_images_are_the_runtimes(show, grey, capsys):
    generator = OnnxGenerator(grey.with_name("generator.onnx"))
    tab = show(grey)
    for seed, number, psi in ((0, 0, 1), (0, 11, 0.7), (1, 3, 1.5), (2**64 - 1, 10**12, -1)):
        expected = generator.stream(number + 1, seed, psi, numbers=[number])
        expected = levels(next(expected)[1])
        actual = tab.evaluate(f"window.generator.levels('{seed}', {number}, {psi}).then((values) => [...values])")
        within_one_level(np.reshape(actual, expected.shape), expected)
        settle(tab, f"{{ seed: {seed}n, number: {number}, psi: {psi} }}")
        within_one_level(canvas(tab), np.repeat(expected, 3, axis=2))
    with capsys.disabled():
        print(f" {tab.text('#status')} an image of 16 × 16 pixels", end="")


def test_classes_colours_and_noise(show, colour):
    generator = OnnxGenerator(colour.with_name("generator.onnx"))
    tab = show(colour, "#seed=5&number=2&class=NC")
    images = generator.generate(6, seed=5)
    within_one_level(canvas(tab), levels(images[5]))
    assert tab.evaluate("document.getElementById('class').value") == "NC"
    tab.evaluate("""(() => { const select = document.getElementById("class"); select.value = "AD";
        select.dispatchEvent(new Event("change")); })()""")
    settle(tab)
    within_one_level(canvas(tab), levels(images[4]))
    tab.wait("document.querySelector('#grid canvas').width === 16")
    # The address follows a moment after the image.
    tab.wait("!location.hash.includes('class=NC')")


def test_the_square_goes_through_w(show, grey):
    generator = OnnxGenerator(grey.with_name("generator.onnx"))
    w = generator.map(generator.latents(3, [4, 6, 8, 10]))
    tab = show(grey, "#seed=3&number=4&corners=2&x=0.25&y=-0.2")
    x, y = 0.25, -0.2
    mixed = (1 - y) * ((1 - x) * w[0] + x * w[1]) + y * ((1 - x) * w[2] + x * w[3])
    within_one_level(canvas(tab)[..., :1], levels(generator.synthesize(mixed[None])[0]))
    box = tab.evaluate("(({ left, top, width, height }) => [left, top, width, height])"
                       "(document.getElementById('pad').getBoundingClientRect())")  # fmt: skip
    for kind, across in (("mousePressed", 0.5), ("mouseMoved", 5 / 6), ("mouseReleased", 5 / 6)):
        tab.mouse(kind, box[0] + across * box[2], box[1] + box[3] / 6)
    settle(tab)
    within_one_level(canvas(tab)[..., :1], levels(generator.synthesize(w[1:2])[0]))
    tab.evaluate("document.getElementById('pad').focus()")
    tab.press("Home")
    settle(tab)
    within_one_level(canvas(tab)[..., :1], levels(generator.synthesize(w[:1])[0]))
    tab.press("ArrowRight", modifiers=8)
    settle(tab)
    within_one_level(canvas(tab)[..., :1], levels(generator.synthesize(0.75 * w[:1] + 0.25 * w[1:2])[0]))
    assert tab.evaluate("document.getElementById('pad').getAttribute('aria-valuetext')") == "25 % across, 0 % down"


def test_mixing(show, grey):
    generator = OnnxGenerator(grey.with_name("generator.onnx"))
    w = generator.map(generator.latents(0, [0, 5]), truncation_psi=0.7)
    tab = show(grey, "#seed=0&number=0&psi=0.7&other=5&from=2")
    within_one_level(canvas(tab)[..., :1], levels(generator.mix(w[:1], w[1:], 2)[0]))
    assert (
        "from 8 px on" in tab.text("#mixing")
        and tab.text("#caption") == "Seed 0, number 0, ψ 0.7, fine styles of number 5"
    )


def test_directions_are_sliders(show, grey, tmp_path):
    vector = np.random.default_rng(1).normal(size=12).astype(np.float32)
    generator = OnnxGenerator(grey.with_name("generator.onnx"))
    w = generator.map(generator.latents(0, [0]))
    note = "changes <i>it</i>"
    folder = copy_of(grey, tmp_path)
    write_directions(folder, {"age": vector}, note)
    tab = show(write_page(folder, "test images"), "#d.age=-1.5")
    assert note in tab.text("#directions") and tab.text("#caption") == "Seed 0, number 0, age −1.5 sd"
    w[:, 1:4] -= 1.5 * vector
    within_one_level(canvas(tab)[..., :1], levels(generator.synthesize(w)[0]))
    assert not show(grey).text("#directions-row")


def test_the_signed_difference(show, grey):
    generator = OnnxGenerator(grey.with_name("generator.onnx"))
    first, second = levels(generator.generate(2))[..., 0]
    tab = show(grey)
    tab.press("k")
    settle(tab, "{ number: 1 }")
    expected = second - first
    size = np.abs(expected)
    words = tab.text("#difference-caption")
    assert abs(float(words.split()[2].rstrip(",")) - size.mean()) < 1 and words.endswith("reference: Seed 0, number 0")
    red, _, blue = np.moveaxis(canvas(tab, "difference"), 2, 0)
    assert (red > blue)[expected > 20].all() and (red < blue)[expected < -20].all()
    assert (expected > 20).any() and (expected < -20).any()
    assert tab.evaluate("document.getElementById('tab-difference').getAttribute('aria-selected')") == "true"


def give_file(tab, path):
    node = tab.command("DOM.getDocument")["root"]["nodeId"]
    node = tab.command("DOM.querySelector", nodeId=node, selector="#file")["nodeId"]
    tab.command("DOM.setFileInputFiles", nodeId=node, files=[str(path)])


def test_a_reference_from_a_file(show, grey, tmp_path):
    tab = show(grey)
    Image.fromarray(np.full((20, 10), 9, np.uint8)).save(tmp_path / "oblong.png")
    (tmp_path / "notes.png").write_text("no image")
    for name, words in (
        ("oblong.png", "oblong.png has 10 × 20 pixels: choose an image of the same shape as 16 × 16"),
        ("notes.png", "notes.png is no image that this browser reads: choose a PNG or JPEG file"),
    ):
        give_file(tab, tmp_path / name)
        tab.wait(f"document.getElementById('problem').textContent === {json.dumps(words)}")
    Image.fromarray(canvas(tab)[..., 0].astype(np.uint8)).save(tmp_path / "same.png")
    give_file(tab, tmp_path / "same.png")
    tab.wait("document.getElementById('problem').hidden")
    assert tab.text("#difference-caption") == ("Mean difference 0.0, largest 0 of 255 grey levels; reference: same.png")


def test_downloads_have_the_watermark(chromium, show, grey, tmp_path):
    tab = show(grey, "#seed=2&number=3")
    tab.wait("document.querySelectorAll('#grid canvas')[15].width === 16")
    settle(tab)
    chromium.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path), eventsEnabled=True)
    for button, name in (("save", "seed2_00003.png"), ("save-grid", "seed2_grid0.png")):
        chromium.events.clear()
        tab.evaluate(f"document.getElementById('{button}').click()")
        while chromium.wait_for("Browser.downloadProgress")["state"] != "completed":
            chromium.events.clear()
        with Image.open(tmp_path / name) as image:
            pixels = np.asarray(image.convert("RGB"), int)
        assert pixels.shape == (512, 512, 3)
        if button == "save":
            plain = np.repeat(np.repeat(canvas(tab), 32, axis=0), 32, axis=1)
            np.testing.assert_array_equal(pixels[:448], plain[:448])
        # White letters on a darker ground, across nearly half of the width.
        strip = pixels[-32:, 136:-136].min(axis=2)
        letters = (strip > 240).any(axis=0)
        assert 0.3 < letters.mean() < 0.95 and (strip < 160).mean() > 0.5
