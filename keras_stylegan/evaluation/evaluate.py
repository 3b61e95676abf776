"""`python run.py evaluate`: from a run folder to a report."""

import contextlib
import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from keras_stylegan.atomic import replace_file
from keras_stylegan.data.image_set import ImageSet
from keras_stylegan.data.progress import progress_bar
from keras_stylegan.errors import InputError
from keras_stylegan.evaluation.ledger import Ledger, append_row, read_rows
from keras_stylegan.evaluation.material import Material, load_material
from keras_stylegan.evaluation.measure import Measurements
from keras_stylegan.evaluation.model_card import model_card
from keras_stylegan.evaluation.options import EvaluateOptions
from keras_stylegan.evaluation.pictures import draw_pairs, draw_pictures
from keras_stylegan.evaluation.projected import STEPS, measure_projection, projected_images
from keras_stylegan.evaluation.report import report
from keras_stylegan.evaluation.run_facts import run_facts
from keras_stylegan.evaluation.usefulness import read_usefulness
from keras_stylegan.evaluation.verdict import verdict
from keras_stylegan.interrupt import interruptible
from keras_stylegan.latent.peaks import activation_peaks
from keras_stylegan.metrics.duplicates import near_duplicate_warning, near_duplicates
from keras_stylegan.metrics.features import FeatureExtractor, make_extractor
from keras_stylegan.metrics.memorization import Audit
from keras_stylegan.resources import gb, memory
from keras_stylegan.training.run_folder import RunFolder, environment
from keras_stylegan.training.samples import Samples, draw_samples
from keras_stylegan.training.trained import TrainedGenerator, load_generator

FILES = ("report.html", "metrics.json", "MODEL_CARD.md", "evaluations.csv")
FEATURE_MAPS = 64
"""Images whose feature maps are looked at."""


def evaluate(run_dir: Path | None, options: EvaluateOptions, console: Console | None = None) -> Path:
    """Measures a run and writes report.html, metrics.json, MODEL_CARD.md and a row of evaluations.csv.

    A metric that the images do not allow is named with its reason, and the others are reported. A signal (see
    `interrupt`) or an error ends it with a report of what had been measured. Only the report names files and subjects
    of the data.

    Args:
        run_dir: Run folder; None: the newest run.
        options: See `EvaluateOptions`.
        console: Where to print.

    Returns:
        The report.

    Raises:
        InputError: No such run or images, images that do not suit the run, a generator that gives no usable image, an
            extractor that cannot be had, or an output folder that cannot be written.
        KeyboardInterrupt: After what had been measured was written.
    """
    console = console or Console()

    def say(text: str) -> None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)

    trained = load_generator(run_dir, best=options.checkpoint == "best")
    output_dir = options.output_dir or RunFolder(trained.run_dir).evaluation
    _check_output(output_dir)
    material = load_material(trained, options, console.is_terminal)
    _require_memory(options.count, material.train.images)
    say(
        f"{trained.run_dir} after {trained.images_seen / 1000:g} kimg: {options.count} generated images against "
        f"{len(material.heldout)} {'stand-in' if material.seen else 'held-out'} images → {output_dir}"
    )
    for remark in (*material.remarks, *material.named):
        say(f"Warning: {remark}")
    # Extractors come first: one that cannot be had is found out before anything takes time.
    extractors = [_extractor(name, trained, material, options, say) for name in options.features]
    header = _header(trained, material, options, [extractor.name for extractor in extractors])

    @contextlib.contextmanager
    def bar(description: str, total: int) -> Iterator[Callable[[int], None]]:
        with progress_bar(description, total, True) as advance:
            yield lambda images: [advance() for _ in range(images)]

    with interruptible():
        with bar("Generating", options.count) as advance:
            dtype = material.train.images.dtype
            samples = draw_samples(trained.generator, options.count, options.seed, material.labels, dtype, advance)
        ledger = Ledger(output_dir / "metrics.json", header, say)
        classes = trained.classes if trained.generator.c_dim else ()
        measurements = Measurements(material, samples, classes, ledger, options.seed)
        writer = _Writer(output_dir, trained, material, samples, classes, ledger)
        try:
            for extractor in extractors:
                with bar(f"Features ({extractor.name})", measurements.feature_steps) as advance:
                    measurements.extract(extractor, advance)
                measurements.of_features(extractor)
            measurements.of_images()
            ledger.attempt("feature maps", lambda: _feature_maps(ledger, trained, options))
            with bar("Memorisation audit", 2 * options.count + len(material.heldout)) as advance:
                writer.audit = measurements.of_memory(extractors[0], advance)
            if options.projected:
                total = STEPS * projected_images(material, samples, options.projected)
                with bar("Projecting", total) as advance:
                    arguments = (trained, material, samples, ledger, options.projected, options.seed, advance)
                    ledger.attempt("projection", lambda: measure_projection(*arguments))
            ledger.attempt("data checks", lambda: writer.named.extend(_check_data(ledger, material)))
        except KeyboardInterrupt:
            ledger.record["failures"]["everything after"] = "interrupted"
            say(f"Interrupted; what has been measured is kept: {writer.write('interrupted')}")
            raise
        except Exception as error:
            say(
                f"{ledger.current} failed ({type(error).__name__}: {error}); what has been measured is kept: "
                f"{writer.write('failed')}"
            )
            raise
        path = writer.write("partial" if ledger.record["failures"] else "complete")
    for line in ledger.record["verdict"]:
        say(f"[{line['level']}] {line['text']}")
    say(f"Report: {path}")
    return path


class _Writer:
    """Writes the files of an evaluation from whatever has been measured."""

    def __init__(
        self,
        output_dir: Path,
        trained: TrainedGenerator,
        material: Material,
        samples: Samples,
        classes: tuple[str, ...],
        ledger: Ledger,
    ) -> None:
        self.output_dir, self.trained, self.material, self.samples = output_dir, trained, material, samples
        self.classes, self.ledger = classes, ledger
        self.audit: Audit | None = None
        self.named = list(material.named)

    def write(self, status: str) -> Path:
        record = self.ledger.record
        record["status"] = status
        found = read_usefulness(RunFolder(self.trained.run_dir).evaluation, record["run"]["weights_sha256"])
        record["usefulness"] = found and found["tasks"]
        record["verdict"] = verdict(record)
        self.ledger.finish(status)
        images = draw_pictures(record, self.material, self.samples, self.classes, self.audit)
        sheets = draw_pairs(self.material, self.samples, self.classes, self.audit) if self.audit else {}
        path = self.output_dir / "report.html"
        replace_file(path, report(record, self.trained.run_dir.resolve().name, images, sheets, self.named).encode())
        replace_file(self.output_dir / "MODEL_CARD.md", model_card(record, self.trained.config).encode())
        append_row(self.output_dir / "evaluations.csv", record)
        return path


def _check_output(folder: Path) -> None:
    """Raises an `InputError` before anything is measured if the files of an evaluation cannot be written."""
    place = folder.absolute()
    try:
        while not place.exists():
            place = place.parent
    except OSError as error:
        raise InputError(f"cannot write to the folder {folder}: {error.strerror}; choose --output-dir") from error
    if not place.is_dir():
        raise InputError(f"cannot write to the folder {folder}: {place} is a file; choose --output-dir")
    for name in FILES:
        if (folder / name).is_dir():
            raise InputError(f"cannot write {folder / name}: it is a folder; move it away or choose --output-dir")
    read_rows(folder / "evaluations.csv")


def _require_memory(count: int, like: np.ndarray) -> None:
    """Raise an `InputError` if so many images like these do not fit the memory."""
    needed = count * math.prod(like.shape[1:]) * like.dtype.itemsize
    if needed > memory():
        raise InputError(
            f"count: the images need {gb(needed)} of memory, and there are {gb(memory())}; lower it. Received: {count}"
        )


def _feature_maps(ledger: Ledger, trained: TrainedGenerator, options: EvaluateOptions) -> None:
    peaks = activation_peaks(trained.generator, min(options.count, FEATURE_MAPS), options.seed)
    ledger.record["feature_maps"] = [peak._asdict() for peak in peaks]


def _check_data(ledger: Ledger, material: Material) -> list[str]:
    """Warns of images that are there twice; returns the lines that name them."""
    train, heldout = material.train, material.heldout
    across = near_duplicates(heldout.images, train.images)
    within = near_duplicates(train.images, subjects=train.subjects)
    named = []
    for pairs, first, where in (
        (across, heldout, "in the held-out and the training images"),
        (within, train, "of different subjects in the training images"),
    ):
        if pairs:
            ledger.record["data"]["warnings"].append(f"{len(pairs)} pairs of equal or nearly equal images {where}")
        lines = near_duplicate_warning(pairs, first.names, train.names, where)
        named += [line.removeprefix("Warning: ") for line in lines]
    return named


def _extractor(
    name: str,
    trained: TrainedGenerator,
    material: Material,
    options: EvaluateOptions,
    say: Callable[[str], None],
) -> FeatureExtractor:
    return make_extractor(
        name,
        weights=options.weights if name == "inception" else None,
        training_images=material.train.images,
        fingerprint=material.train.fingerprint,
        cache_dir=trained.config.data.cache_dir,
        report=say,
    )


def _header(
    trained: TrainedGenerator, material: Material, options: EvaluateOptions, extractors: list[str]
) -> dict[str, Any]:
    return {
        "run": run_facts(trained, options.checkpoint),
        "evaluation": {
            "count": options.count,
            "seed": options.seed,
            "features": extractors,
            "truncation_psi": 1.0,
            "noise": "const",
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "versions": environment(),
            "command": _command(options),
        },
        "data": {
            "source": trained.config.data.source,
            "shows_people": material.train.shows_people or material.heldout.shows_people,
            "train": _summary(material.train),
            "heldout": _summary(material.heldout),
            "heldout_seen": material.seen,
            "warnings": list(material.remarks),
        },
    }


def _command(options: EvaluateOptions) -> str:
    """The command to repeat it, with words in place of all paths: the files that hold it are meant to be shared."""
    features = " ".join("ENCODER.onnx" if name.endswith(".onnx") else name for name in options.features)
    command = f"python run.py evaluate RUN --count {options.count} --seed {options.seed} --features {features}"
    command += f" --projected {options.projected}" if options.projected else ""
    for option, word in (("weights", "WEIGHTS"), ("data_path", "TRAINING_IMAGES"), ("heldout_path", "OTHER_SUBJECTS")):
        if getattr(options, option) is not None:
            command += f" --{option.replace('_', '-')} {word}"
    return command + (f" --checkpoint {options.checkpoint}" if options.checkpoint != "newest" else "")


def _summary(images: ImageSet) -> dict[str, Any]:
    labels = images.labels["class"]
    counts = np.bincount(labels, minlength=len(images.classes)).tolist()
    people = [len(set(images.subjects[labels == label].tolist())) for label in range(len(images.classes))]
    return {
        "images": len(images),
        "subjects": len(set(images.subjects.tolist())),
        "classes": dict(zip(images.classes, counts, strict=True)),
        "class_subjects": dict(zip(images.classes, people, strict=True)),
        "fingerprint": images.fingerprint,
    }
