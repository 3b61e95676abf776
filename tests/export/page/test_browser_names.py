"""Names, captions, badges and pixels of the page are of one image, in headless Chromium."""

import json
import shutil

import numpy as np
import pytest
from chromium import find_chromium
from graphs import edited
from pages import canvas, copy_of, levels, settle, within_one_level
from PIL import Image

from export.page.build import write_page
from export.runtime import OnnxGenerator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium: apt-get install chromium"),
]
AUDIT = {"verdict": "clear", "threshold": 0.0612, "share": 0.008, "count": 1000, "seed": "7"}
RECORD_NAMES = """window.names = [];
HTMLAnchorElement.prototype.click = function () { window.names.push(this.download); };"""


def test_what_is_saved_while_something_is_drawn_is_what_its_name_says(chromium, show, grey, tmp_path):
    generator = OnnxGenerator(grey.with_name("generator.onnx"))
    images = np.repeat(levels(generator.generate(48)), 3, axis=3)
    tab = show(grey)
    settle(tab)
    chromium.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path), eventsEnabled=True)

    def saved(change, button, name):
        chromium.events.clear()
        tab.evaluate(f"void ({change}, document.getElementById('{button}').click())")
        while chromium.wait_for("Browser.downloadProgress")["state"] != "completed":
            chromium.events.clear()
        with Image.open(tmp_path / name) as image:
            return np.asarray(image.convert("RGB"), int)

    pixels = saved("document.getElementById('next').click()", "save", "seed0_00001.png")
    within_one_level(pixels[16:448:32, 16::32], images[1, :14])
    pixels = saved("window.generator.set({ number: 40 })", "save-grid", "seed0_grid32.png")
    expected = images[32:].reshape(4, 4, 16, 16, 3).transpose(0, 2, 1, 3, 4).reshape(64, 64, 3)
    within_one_level(pixels[4:448:8, 4::8], expected[:56])
    tab.evaluate("void (window.generator.set({ number: 3 }), document.getElementById('keep').click())")
    tab.wait("document.getElementById('difference-caption').textContent.endsWith('reference: Seed 0, number 3')")
    within_one_level(canvas(tab, "reference"), images[3])


def test_names_tell_what_was_altered(show, colour):
    tab = show(colour, "#seed=5&number=2&class=NC")
    tab.evaluate(RECORD_NAMES)
    for values, name, words in (
        ("{}", "NC_seed5_00002", ""),
        ("{ psi: 0.7 }", "NC_seed5_00002_psi=0.7", ", ψ 0.7"),
        ("{ psi: 1, x: 0.5, corners: 3 }", "NC_seed5_00002_x=0.5_corners=3", ", between four images"),
        ("{ x: 0, other: 9 }", "NC_seed5_00002", ""),
        ("{ from: 2 }", "NC_seed5_00002_other=9_from=2", ", fine styles of number 9"),
    ):
        settle(tab, values)
        tab.evaluate("document.getElementById('save').click()")
        tab.wait("names.length")
        assert tab.evaluate("names.pop()") == f"{name}.png"
        assert tab.text("#caption") == f"Seed 5, number 2, NC{words}"
    settle(tab, "{ psi: 0.5 }")
    tab.evaluate("document.getElementById('save-grid').click()")
    tab.wait("names.length")
    assert tab.evaluate("names.pop()") == "NC_seed5_grid0_psi=0.5.png"


def test_the_badge_of_the_audit(show, grey, tmp_path):
    folder = copy_of(grey, tmp_path)
    edited(folder, audit=json.dumps(AUDIT | {"named": [[0, 3]]}))
    page = write_page(folder, "test images")
    tab = show(page, "#seed=7&number=2")
    assert tab.text("#badge summary") == "✓ Audit: no sign of copies"
    words = tab.evaluate("document.querySelector('#badge p').textContent")
    assert "farther away than 0.061" in words and "0.8 % are closer" in words
    for values, said in (
        ("{ number: 3 }", "✗ Audit: names this very image"),
        ("{ psi: 0 }", "! Audit: names this number"),
        ("{ psi: 1, x: 0.1 }", "! Audit: names this number"),
        ("{ x: 0, seed: 8n }", "✓ Audit: no sign of copies"),
    ):
        settle(tab, values)
        assert tab.text("#badge summary") == said
    named = "[...document.querySelectorAll('#grid button')].map((tile) => tile.className)"
    assert set(tab.evaluate(named)) == {""}
    settle(tab, "{ seed: 7n }")
    assert [i for i, name in enumerate(tab.evaluate(named)) if name] == [3] and "named image" in tab.evaluate(named)
    assert not show(grey).text("#badge")


def test_the_audit_names_an_image_with_its_covariates(show, covariates, tmp_path):
    folder = shutil.copytree(covariates.folder, tmp_path / "export")
    edited(folder, audit=json.dumps(AUDIT | {"named": [[1, 3, [12.0, 100.5]], [1, 4, None]]}))
    page = write_page(folder, "test images")
    tab = show(page, "#seed=7&number=3&class=NC&c.slice=12&c.age=100.5")
    assert tab.text("#badge summary") == "✗ Audit: names this very image"
    for values in ("{ 'c.age': 100 }", "{ 'c.age': null, 'c.slice': null }", "{ number: 4 }"):
        settle(tab, values)
        assert tab.text("#badge summary") == "! Audit: names this number"
    settle(tab, "{ number: 3 }")
    words = tab.evaluate("document.querySelector('#badge p').textContent")
    assert "as it comes, for slice 12, age 100.5. This one it has not seen" in words
    settle(tab, "{ class: 'AD' }")
    assert tab.text("#badge summary") == "✓ Audit: no sign of copies"
