"""A program for an environment with Keras and huggingface_hub: loads a repository by its hf:// address.

python use_huggingface.py Z.npy IMAGES.npy: the folder where it runs is put into the hub's cache (HF_HOME) as a download
would have put it, so that no network is needed.
"""

import os
import sys
from pathlib import Path

import keras
import numpy as np

import keras_stylegan.models  # noqa: F401 - registers the networks

REPOSITORY, COMMIT = "somebody/model", 40 * "0"
cached = Path(os.environ["HF_HOME"]) / "hub" / f"models--{REPOSITORY.replace('/', '--')}"
(cached / "refs").mkdir(parents=True)
(cached / "refs" / "main").write_text(COMMIT)
(cached / "snapshots").mkdir()
(cached / "snapshots" / COMMIT).symlink_to(Path.cwd(), target_is_directory=True)
generator = keras.saving.load_model(f"hf://{REPOSITORY}")
images = generator(np.load(sys.argv[1]), truncation_psi=0.7)
np.save(sys.argv[2], np.clip(keras.ops.convert_to_numpy(images), -1, 1))
print(keras.backend.backend(), *sorted(set(sys.modules) & {"tensorflow", "huggingface_hub"}))
