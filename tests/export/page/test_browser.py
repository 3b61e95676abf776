"""The page in headless Chromium, opened as a file, with no network."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from chromium import Chromium, find_chromium
from exported import Exported
from PIL import Image

from export.page.build import FOLDER, write_page
from export.runtime import OnnxGenerator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium: apt-get install chromium"),
]
READY = "document.getElementById('main')?.getAttribute('aria-busy') === 'false'"
NO_SIMD = "WebAssembly.validate = () => false"


@pytest.fixture(scope="module")
def chromium():
    browser = Chromium(find_chromium())
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def grey(unconditional, tmp_path_factory):
    return write_page(shutil.copytree(unconditional.folder, tmp_path_factory.mktemp("grey") / "export"), "test images")


@pytest.fixture(scope="module")
def colour(tmp_path_factory):
    """RGB, two classes, noise as inputs."""
    exported = Exported(tmp_path_factory.mktemp("colour"), {"noise": "input"}, channels=3, conditional=True)
    return write_page(exported.folder, "test images")


@pytest.fixture
def show(chromium):
    """Opens a page and waits until it shows an image or a problem; closes it after the test."""
    tabs = []

    def opened(path, address="", **options):
        tabs.append(chromium.open(path.as_uri() + address, **options))
        tabs[-1].wait(f"{READY} || !document.getElementById('problem').hidden")
        return tabs[-1]

    yield opened
    for tab in tabs:
        tab.close()


def levels(images):
    return np.rint((np.asarray(images, np.float64) + 1) * 127.5).astype(int)


def canvas(tab, name="image"):
    """(H, W, 3) pixels of a canvas."""
    code = f"""(() => {{ const canvas = document.getElementById({name!r}), {{ width, height }} = canvas;
        return [height, width, [...canvas.getContext("2d").getImageData(0, 0, width, height).data]]; }})()"""
    height, width, values = tab.evaluate(code)
    return np.reshape(values, (height, width, 4))[..., :3]


def settle(tab, values="{}"):
    """Set values of the state and wait for the image."""
    tab.evaluate(f"window.generator.set({values})")


def within_one_level(actual, expected):
    assert np.abs(np.asarray(actual, int) - expected).max() <= 1


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
    assert "class=NC" not in tab.evaluate("location.hash")


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
    assert "from 8 px on" in tab.text("#mixing") and tab.text("#caption") == "Seed 0, number 0, altered"


def test_the_address_names_what_is_shown(show, grey):
    tab = show(grey, "#seed=18446744073709551615&number=17&psi=0.65")
    assert tab.text("#caption") == "Seed 18446744073709551615, number 17"
    assert tab.text("#grid-caption") == "Numbers 16 to 31 of seed 18446744073709551615"
    before = canvas(tab)
    settle(tab, "{ number: 18, x: 0.5 }")
    tab.wait("location.hash === '#seed=18446744073709551615&number=18&psi=0.65&x=0.5'")
    assert np.abs(canvas(tab) - before).max() > 1
    tab.evaluate("location.hash = '#seed=18446744073709551615&number=17&psi=0.65'")
    tab.wait("document.getElementById('caption').textContent.endsWith('number 17')")
    settle(tab)
    np.testing.assert_array_equal(canvas(tab), before)


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("#seed=-1", "The link's seed must be from 0 to 2^64 − 1. Received: -1"),
        ("#seed=18446744073709551616", "The link's seed must be from 0 to 2^64 − 1. Received: 18446744073709551616"),
        ("#seed=" + 100_000 * "9", "The link's seed must be from 0 to 2^64 − 1. Received: " + 60 * "9"),
        ("#seed=0x10", "The link's seed must be from 0 to 2^64 − 1. Received: 0x10"),
        ("#number=1e3", "The link's number must be a whole number from 0 to 1000000000000. Received: 1e3"),
        ("#psi=NaN", "The link's psi must be from -2 to 2. Received: NaN"),
        ("#psi=2.5&x=nonsense", "The link's psi must be from -2 to 2. Received: 2.5"),
        ("#from=7", "The link's from must be a whole number from 0 to 6. Received: 7"),
        ("#class=AD", "The link's class is not known to this model. Received: AD"),
        ("#__proto__=1", "The link's __proto__ is not known to this model. Received: 1"),
        ("#<img src=x onerror=document.title=1>", "The link's <img src is not known to this model. "
         "Received: x onerror=document.title=1>"),
        ("#%00%ff&seed=%F0%9F%A7%A0", "The link's \x00� is not known to this model. Received:"),
    ],
    ids=lambda value: value[:12],
)  # fmt: skip
def test_a_hostile_address(show, grey, address, complaint):
    tab = show(grey, address)
    tab.wait(READY)
    assert tab.evaluate("document.getElementById('problem').textContent").strip() == complaint
    assert tab.text("#caption") == "Seed 0, number 0" and tab.evaluate("document.title") != "1"
    assert canvas(tab).shape == (16, 16, 3)


def test_bad_numbers_in_the_fields(show, grey):
    tab = show(grey)
    tab.evaluate("""(() => { const input = document.getElementById("seed"); input.value = "twelve";
        input.dispatchEvent(new Event("change")); })()""")
    assert tab.text("#problem") == "seed must be from 0 to 2^64 − 1. Received: twelve"
    assert tab.evaluate("document.getElementById('seed').getAttribute('aria-invalid')") == "true"
    settle(tab, "{ seed: 12n }")
    assert tab.text("#caption") == "Seed 12, number 0" and not tab.text("#problem")


def test_keys(show, grey):
    tab = show(grey, "#seed=9&number=4")
    for key, caption in (("ArrowRight", "number 5"), ("ArrowLeft", "number 4"), ("r", "number 0")):
        tab.press(key)
        tab.wait(f"document.getElementById('caption').textContent.endsWith({caption!r})")
    assert tab.text("#caption") != "Seed 9, number 0"
    tab.press("k")
    assert tab.text("#difference-caption").startswith("Mean difference 0.0, largest 0 of 255 grey levels")
    tab.press("g")
    assert tab.evaluate("document.getElementById('view-difference').hidden")
    tab.evaluate("document.getElementById('shortcuts').click()")
    tab.press("ArrowRight")
    settle(tab)
    assert tab.text("#caption").endswith("number 0")


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


def test_nothing_is_asked_of_a_network_and_nothing_is_refused(chromium, show, grey):
    chromium.events.clear()
    tab = show(grey)
    tab.press("r")
    settle(tab)
    asked = [params["request"]["url"] for name, params in chromium.events if name == "Network.requestWillBeSent"]
    assert asked and {url.split(":")[0] for url in asked} <= {"file", "blob", "data"}
    said = [params for name, params in chromium.events if name in ("Log.entryAdded", "Runtime.exceptionThrown")]
    assert said == []
    tab.evaluate("fetch('https://example.org').catch(() => {})")
    while "Log.entryAdded" not in [name for name, _ in chromium.events]:
        tab.evaluate("0")
    words = [params["entry"]["text"] for name, params in chromium.events if name == "Log.entryAdded"]
    assert "Content Security Policy" in words[0]


def test_a_browser_without_simd_is_told_so(show, grey):
    tab = show(grey, before=NO_SIMD)
    words = tab.text("#problem")
    assert words.startswith("This browser has no WebAssembly SIMD") and "\n" not in words
    assert not tab.text("#starting")


def test_a_browser_that_cannot_unpack_is_told_so(show, grey):
    tab = show(grey, before="delete window.DecompressionStream")
    assert tab.text("#problem").startswith("This browser cannot unpack the generator")


def test_every_control_has_a_name(show, colour):
    tab = show(colour)
    nodes = tab.command("Accessibility.getFullAXTree")["nodes"]
    controls = ("button", "textbox", "slider", "combobox", "checkbox", "tab", "image")
    found = [(node["role"]["value"], node["name"]["value"]) for node in nodes if not node["ignored"]
             and node["role"]["value"] in controls]  # fmt: skip
    assert {role for role, _ in found} >= set(controls[:4]) and len(found) > 25
    assert [role for role, name in found if not name] == []


@pytest.mark.parametrize("dark", [False, True])
def test_text_is_told_from_its_ground(show, grey, dark):
    """WCAG 2.2, 1.4.3: contrast of at least 4.5."""
    tab = show(grey, dark=dark)

    def luminance(colour):
        colour = np.array([int(part) for part in colour.strip("rgb()").split(",")[:3]]) / 255
        return np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4) @ (0.2126, 0.7152, 0.0722)

    def style(selector, name):
        return tab.evaluate(f"getComputedStyle(document.querySelector({selector!r})).{name}")

    ground = style("body", "backgroundColor"), style("#save", "backgroundColor")
    for selector in ("h1", "#facts", "#caption", "label", "legend", "footer", "#save", "#tab-grid"):
        for behind in ground:
            low, high = sorted((luminance(style(selector, "color")), luminance(behind)))
            assert (high + 0.05) / (low + 0.05) > 4.5, (selector, behind)


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_window(show, grey, width):
    tab = show(grey, width=width)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert Path(grey).stat().st_size < 6e6
