"""How the page is used, in headless Chromium: addresses, keys, what it must not do, and who can use it."""

import json
from pathlib import Path

import numpy as np
import pytest
from chromium import find_chromium
from graphs import edited
from pages import READY, canvas, copy_of, settle, write_directions

from export.page.build import write_page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium: apt-get install chromium"),
]
NO_SIMD = "WebAssembly.validate = () => false"


def test_the_address_names_what_is_shown(show, grey):
    tab = show(grey, "#seed=18446744073709551615&number=17&psi=0.65")
    assert tab.text("#caption") == "Seed 18446744073709551615, number 17, ψ 0.65"
    assert tab.text("#grid-caption") == "Numbers 16 to 31 of seed 18446744073709551615"
    before = canvas(tab)
    settle(tab, "{ number: 18, x: 0.5 }")
    tab.wait("location.hash === '#seed=18446744073709551615&number=18&psi=0.65&x=0.5'")
    assert np.abs(canvas(tab) - before).max() > 1
    tab.evaluate("location.hash = '#seed=18446744073709551615&number=17&psi=0.65'")
    tab.wait("document.getElementById('caption').textContent.includes('number 17')")
    settle(tab)
    np.testing.assert_array_equal(canvas(tab), before)


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("#seed=-1", "The link's seed must be a whole number from 0 to 2^64 − 1. Received: -1"),
        ("#seed=18446744073709551616", "The link's seed must be a whole number from 0 to 2^64 − 1. Received: "
         "18446744073709551616"),
        ("#seed=" + 100_000 * "9", "The link's seed must be a whole number from 0 to 2^64 − 1. Received: " + 60 * "9"),
        ("#seed=0x10", "The link's seed must be a whole number from 0 to 2^64 − 1. Received: 0x10"),
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
    assert tab.text("#problem") == "seed must be a whole number from 0 to 2^64 − 1. Received: twelve"
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


def test_the_image_stays_in_sight_of_many_directions(show, grey, tmp_path):
    folder = copy_of(grey, tmp_path)
    audit = {"verdict": "clear", "threshold": 0.1, "share": 0, "count": 1000, "seed": "0", "named": []}
    edited(folder, audit=json.dumps(audit))
    write_directions(folder, {f"direction {i}": np.ones(12, np.float32) for i in range(14)}, 30 * "words ")
    page = write_page(folder, "test images")
    for width in (1280, 900):
        tab = show(page, width=width)
        box = "(({ top, bottom }) => [top, bottom])(document.getElementById('image').getBoundingClientRect())"
        last = "document.querySelector('#directions .slider:last-child')"
        tab.evaluate(f"{last}.scrollIntoView({{ block: 'end', behavior: 'instant' }})")
        assert tab.evaluate("scrollY") > 500
        top, bottom = tab.evaluate(box)
        assert 0 <= top < bottom <= 800
    step = "document.querySelector('#directions input').step"
    assert tab.evaluate(step) == "0.05"


def test_the_opened_badge_covers_nothing(show, grey, tmp_path):
    folder = copy_of(grey, tmp_path)
    audit = {"verdict": "clear", "threshold": 0.1, "share": 0, "count": 1000, "seed": "0", "named": []}
    edited(folder, audit=json.dumps(audit))
    tab = show(write_page(folder, "test images"), "#seed=abc")
    tab.evaluate("document.getElementById('badge').open = true")
    boxes = """["#badge p", "#problem", "#grid", "#image", "h1"].map((name) => document.querySelector(name)
        .getBoundingClientRect()).map(({ left, top, right, bottom }) => [left, top, right, bottom])"""
    badge, *others = tab.evaluate(boxes)
    for left, top, right, bottom in others:
        assert left >= badge[2] or right <= badge[0] or top >= badge[3] or bottom <= badge[1]


def test_the_slider_of_truncation_goes_as_far_as_its_address(show, grey):
    tab = show(grey, "#psi=-1")
    assert tab.evaluate("(({ min, max, value }) => [min, max, value])(document.querySelector('#sliders input'))") == [
        "-2.00", "2.00", "-1"]  # fmt: skip
    assert tab.text("#sliders output") == "-1.00" and tab.text("#caption") == "Seed 0, number 0, ψ -1"
