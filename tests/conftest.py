"""Puts `tests/` on the import path (pytest does so for the folder of a conftest) and silences TensorFlow."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
