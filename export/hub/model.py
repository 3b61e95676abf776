"""What all hubs are told of a model: its name, its card, its licence, its figures with their floors."""

import csv
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_stylegan.data.dataset import MANIFEST
from keras_stylegan.errors import InputError
from keras_stylegan.evaluation.model_card import card_without_evaluation, model_card, network_name
from keras_stylegan.evaluation.numbers import number, ordered, title
from keras_stylegan.evaluation.run_facts import run_facts
from keras_stylegan.folders import licence
from keras_stylegan.metrics.metric import Key
from keras_stylegan.sizes import height_width
from keras_stylegan.training.trained import TrainedGenerator

from ..directions import DIRECTIONS, read_directions
from ..metadata import LICENCE, dataset_name, evaluation, of_phantoms
from ..options import ExportOptions

RUNTIME = ("runtime.py", "labels.py", "directions.py", "command.py")
"""What generates without TensorFlow, from the folder above."""

PAPERS = {
    "stylegan": "Karras et al. 2019: A Style-Based Generator Architecture for Generative Adversarial Networks, "
    "arXiv:1812.04948",
    "stylegan2": "Karras et al. 2020: Analyzing and Improving the Image Quality of StyleGAN, arXiv:1912.04958",
}
"""Of the networks by the names of `ModelConfig.network`."""


@dataclass(frozen=True)
class HubModel:
    """A trained generator as hubs are told of it.

    Attributes:
        trained: The generator and what is known of it.
        options: What its files are like.
        record: What metrics.json holds of these weights, with `Key`s as keys of `metrics`; None if not evaluated.
        card: The model card, Markdown.
    """

    trained: TrainedGenerator
    options: ExportOptions
    record: dict[str, Any] | None
    card: str

    @classmethod
    def of(cls, trained: TrainedGenerator, options: ExportOptions) -> "HubModel":
        """Gathers what is known.

        Raises:
            InputError: The run's metrics.json is damaged.
        """
        record = evaluation(trained)
        if record is None:
            print("The run is not evaluated as it is now, and the card says so: `evaluate` first gives it its figures.")
            people = _people(trained.run_dir / MANIFEST)
            source = dataset_name(trained, options)
            card = card_without_evaluation(run_facts(trained), trained.config, source, people)
            return cls(trained, options, None, card)
        try:
            entries = record["metrics"].values()
            record["metrics"] = {Key(*(entry[name] for name in Key._fields)): entry for entry in entries}
            card = model_card(record, trained.config, dataset_name(trained, options))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            path = trained.run_dir / "evaluation" / "metrics.json"
            raise InputError(f"{path} is damaged; evaluate the run again or remove the file") from error
        return cls(trained, options, record, card)

    @property
    def name(self) -> str:
        """'stylegan2_0123abcd', of its weights: a legal name of a folder, a module and a repository."""
        return f"{self.network.lower()}_{self.trained.weights_sha256[:8]}"

    @property
    def network(self) -> str:
        """'StyleGAN2' or another family."""
        return network_name(self.trained.config)

    @property
    def paper(self) -> str:
        """Where the networks are described."""
        return PAPERS[self.trained.config.model.network]

    @property
    def dataset(self) -> str:
        """What the training images are called."""
        return dataset_name(self.trained, self.options)

    @property
    def of_phantoms(self) -> bool:
        """See `metadata.of_phantoms`."""
        return of_phantoms(self.trained)

    @property
    def licence(self) -> str:
        """The text of LICENSE."""
        return licence() if self.of_phantoms else f"{LICENCE}\n\nThe software:\n\n{licence()}"

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return height_width(self.trained.generator.resolution)

    def figures(self) -> list[dict[str, Any]]:
        """Every metric with `type` (its key), `name`, `value` and `args`: floor, interval and numbers of images."""
        if self.record is None:
            return []
        found = []
        for key, entry in ordered(self.record["metrics"]).items():
            floor = (entry["floor"] or {}).get("value")
            group = f", class {key.group}" if key.group else ""
            beside = "no floor" if floor is None else f"between real people: {number(floor)}"
            args = {
                "floor": floor,
                "interval": entry["interval"],
                "generated": entry["generated_count"],
                "real": entry["reference_count"],
                "ratio": entry["ratio"],
            }
            name = f"{title(key)}{group} ({beside})"
            found.append({"type": str(key), "name": name, "value": entry["value"], "args": args})
        return found

    def card_with(self, usage: str) -> str:
        """The card with a section "How to use" after its first one."""
        head, rest = re.split(r"(?=^## )", self.card, maxsplit=1, flags=re.MULTILINE)
        return f"{head}## How to use\n\n{usage.strip()}\n\n{rest}"

    def place(self, source: Path, folder: Path, generator: str = "generator.onnx") -> None:
        """Moves the graphs of an export into a folder, and its directions; the whole generator may get another name."""
        folder.mkdir(parents=True, exist_ok=True)
        if (source / DIRECTIONS).is_file():
            (source / DIRECTIONS).rename(folder / DIRECTIONS)
        for name in ("generator.onnx", "mapping.onnx", "synthesis.onnx"):
            (source / name).rename(folder / (generator if name == "generator.onnx" else name))


def walks(path: Path, command: str) -> str:
    """A section of a card on how to walk along directions; "" without any.

    Args:
        path: Where directions.json would be.
        command: What generates with the runtime, in the card's words.
    """
    names = list(read_directions(path)) if path.is_file() else []
    if not names:
        return ""
    return (
        f"\nAlong a direction of the styles ({', '.join(names)}; {DIRECTIONS} tells what each really changes), in "
        f'standard deviations:\n\n```bash\n{command} --direction "{names[0]}=2"\n```\n'
    )


def _people(manifest: Path) -> str | None:
    """How many images of how many people the manifest of a prepared set counts for training."""
    if not manifest.exists():
        return None
    with manifest.open(encoding="utf-8", newline="") as file:
        subjects = [row["subject"] for row in csv.DictReader(file) if row["split"] == "train"]
    return f"{len(subjects)} images of {len(set(subjects))} subjects"


def copy_runtime(folder: Path, first_lines: str) -> None:
    """Makes a package of a folder that generates with numpy, Pillow and onnxruntime.

    Args:
        folder: Of the package; need not exist.
        first_lines: Text of its `__init__.py`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in RUNTIME:
        (folder / name).write_bytes((Path(__file__).parents[1] / name).read_bytes())
    (folder / "__init__.py").write_text(first_lines, encoding="utf-8")
    # Not `-m package.runtime`: Python warns of a module that __init__.py has imported already.
    (folder / "__main__.py").write_text("from .command import main\n\nraise SystemExit(main())\n", encoding="utf-8")


def write_json(path: Path, content: Any) -> None:
    """Indented; creates the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
