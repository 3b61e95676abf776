"""`fit` with a last batch that is smaller than the others and than a group, on every backend."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PROGRAM = """
from small_gan import images, make_gan
for count in (9, 11):
    gan = make_gan(batch_size=None, group=4)
    gan.fit(images(count=count), batch_size=4, verbose=0)
    print(gan.images_seen, int(gan.trackers["skipped_updates"].result()))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "backend", ["tensorflow", *(pytest.param(name, marks=pytest.mark.needs(name)) for name in ("jax", "torch"))]
)
def test_every_image_is_shown(backend):
    paths = os.pathsep.join(map(str, (TESTS.parent, TESTS / "training")))
    environment = os.environ | {"KERAS_BACKEND": backend, "PYTHONPATH": paths, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split() == ["9", "0", "11", "0"]
