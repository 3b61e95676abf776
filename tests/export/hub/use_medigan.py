"""A program for an environment with medigan: adds and uses the model in the folder where it runs."""

import json
import sys
from pathlib import Path

from medigan import Generators

# medigan imports models from the folder where it runs, as in a session or with a script that lie there.
sys.path.insert(0, "")
(package,) = Path().glob("stylegan2_*")
(model_id,) = json.loads((package / "metadata.json").read_text())
Path("config").mkdir()
# Else medigan downloads the list of its models.
Path("config/global.json").write_text("{}")
generators = Generators()
generators.add_model_contributor(model_id, init_py_path=f"{package}/__init__.py")
generators.add_metadata_from_file(model_id, f"{package}/metadata.json")
generators.test_model(model_id)
print("tested")
images = generators.generate(model_id, num_samples=5, save_images=False, truncation_psi=0.7)
generators.generate(model_id, num_samples=5, save_images=True, output_path="out", batch_size=2, seed=1)
saved = [path.read_bytes() for path in Path("out").iterdir()]
assert generators.get_generate_function(model_id, num_samples=2, save_images=False)(num_samples=0) == []
alone = "no TensorFlow" if "tensorflow" not in sys.modules else "TensorFlow"
print(f"{len(images)} images, {len(saved)} saved, {len(set(saved))} different, {alone}")
