"""What pyproject.toml cannot say: dependencies from requirements*.txt, and two folders that move into the package.

`export` and `experiments` are names that anybody's site-packages may have: in a wheel they lie in `keras_stylegan`
(`keras_stylegan/folders.py` finds them in both places).
"""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
MOVED = {"keras_stylegan.experiments": "experiments"}
MOVED |= {f"keras_stylegan.{name}": name.replace(".", "/") for name in find_packages(include=["export", "export.*"])}


def requirements(name: str) -> dict[str, list[str]]:
    """The requirements of a file by the extra that they stand under; those of every install under ""."""
    parts: dict[str, list[str]] = {"": []}
    extra = ""
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if header := re.match(r"# \[(\w+)\]", line):
            extra = header[1]
            parts[extra] = []
        elif line and not line.startswith("#"):
            parts[extra].append(line)
    return parts


EXTRAS = requirements("requirements.txt")
INSTALL = EXTRAS.pop("")
for framework in ("jax", "torch"):
    every = requirements(f"requirements-{framework}.txt")[""]
    EXTRAS[framework] = [line for line in every if line not in INSTALL]
EXTRAS["pixels"] = ["pylibjpeg>=2.0", "pylibjpeg-libjpeg>=2.3", "pylibjpeg-openjpeg>=2.4"]  # Compressed DICOM.
EXTRAS["page"] = []  # What a page needs lies in export/page/vendor.
EXTRAS["gpu"] = [re.sub(r"^tensorflow\b", "tensorflow[and-cuda]", line) for line in INSTALL if "tensorflow>" in line]

setup(
    packages=[*find_packages(include=["keras_stylegan", "keras_stylegan.*"]), *MOVED],
    package_dir=MOVED,
    include_package_data=False,
    package_data={
        "keras_stylegan": ["py.typed"],
        "keras_stylegan.export": ["README.md", "requirements.txt"],
        "keras_stylegan.export.page": ["page.html", "page.css", "*.js", "vendor/*"],
        "keras_stylegan.experiments": ["README.md", "slurm/*"],
    },
    install_requires=INSTALL,
    extras_require=EXTRAS,
)
