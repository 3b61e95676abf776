"""A program for an environment with Keras and huggingface_hub: loads a repository by its hf:// address.

python use_huggingface.py Z.npy IMAGES.npy: the folder where it runs is put into the hub's cache (HF_HOME) as a download
would have put it, so that no network is needed.
"""

import os
import sys
from pathlib import Path

import keras
import numpy as np
from huggingface_hub import snapshot_download

import keras_stylegan.models  # noqa: F401 - registers the networks

REPOSITORY, COMMIT = "somebody/model", 40 * "0"
cached = Path(os.environ["HF_HOME"]) / "hub" / f"models--{REPOSITORY.replace('/', '--')}"
(cached / "refs").mkdir(parents=True)
(cached / "refs" / "main").write_text(COMMIT)
(cached / "snapshots").mkdir()
(cached / "snapshots" / COMMIT).symlink_to(Path.cwd(), target_is_directory=True)
z = np.load(sys.argv[1])
places = (f"hf://{REPOSITORY}", snapshot_download(REPOSITORY))
images = [keras.saving.load_model(place)(z, truncation_psi=0.7) for place in places]
np.save(sys.argv[2], np.clip([keras.ops.convert_to_numpy(found) for found in images], -1, 1))
print("loaded by its address and by its folder")
