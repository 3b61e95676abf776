"""What tests ask a page."""

import shutil

import numpy as np

READY = "document.getElementById('main')?.getAttribute('aria-busy') === 'false'"


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


def copy_of(page, folder):
    return shutil.copytree(page.parent, folder / "export")
