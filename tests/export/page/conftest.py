"""Pages of small generators, and a browser to open them in."""

import shutil

import pytest
from chromium import Chromium, find_chromium
from exported import Exported
from pages import READY

from export.page.build import write_page


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
