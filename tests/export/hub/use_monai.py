"""A program for an environment with MONAI: verifies and runs the bundle in the folder where it runs.

The schema is the list of mandatory keys in MONAI's specification of bundles, so that nothing is downloaded. Where the
official file lies beside it (`MONAI_SCHEMA` names it), that is taken.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from monai.bundle import verify_metadata

KEYS = ["version", "monai_version", "pytorch_version", "numpy_version", "required_packages_version", "task",
        "description", "authors", "copyright", "network_data_format"]  # fmt: skip
TENSOR = ["type", "format", "num_channels", "spatial_shape", "dtype", "value_range", "is_patch_data", "channel_def"]
TENSORS = {"type": "object", "additionalProperties": {"type": "object", "required": TENSOR}}
SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "required": KEYS,
    "properties": {
        **{key: {"type": "string"} for key in KEYS if not key.endswith(("packages_version", "data_format"))},
        "network_data_format": {"type": "object", "required": ["inputs", "outputs"], "additionalProperties": TENSORS},
    },
}

schema = os.environ.get("MONAI_SCHEMA", "schema.json")
if "MONAI_SCHEMA" not in os.environ:
    Path(schema).write_text(json.dumps(SCHEMA))
verify_metadata(meta_file="configs/metadata.json", filepath=schema)
wrong = json.loads(Path("configs/metadata.json").read_text())
del wrong["network_data_format"]
Path("wrong.json").write_text(json.dumps(wrong))
try:
    verify_metadata(meta_file="wrong.json", filepath=schema)
except ValueError:
    print("verified", flush=True)
command = [sys.executable, "-m", "monai.bundle", "run", "--config_file", "configs/inference.json", "--count", "3"]
subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
print(len(list(Path("outputs").glob("*.png"))), "images")
