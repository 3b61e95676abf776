"""The command line. Each command imports what it runs, so that `--help` answers at once."""

import dataclasses
import errno
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import tyro

from keras_stylegan import __version__
from keras_stylegan.arguments import HELP, parse_command, peek
from keras_stylegan.atomic import require_writable
from keras_stylegan.checking.command import Check
from keras_stylegan.closed_pipe import ending_with_its_reader
from keras_stylegan.comparison import command as comparison
from keras_stylegan.config import Config
from keras_stylegan.config.checks import require_at_least, require_at_most
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.errors import InputError, unknown
from keras_stylegan.evaluation.options import EvaluateOptions
from keras_stylegan.experiments import load_experiment
from keras_stylegan.folders import export_module
from keras_stylegan.generation.generate import GenerateOptions
from keras_stylegan.interrupt import exit_code, interruptible
from keras_stylegan.model_commands import Directions, Import, Project, Usefulness
from keras_stylegan.program import CONSOLE, program
from keras_stylegan.quiet import start_keras
from keras_stylegan.resources import in_words, require_resources
from keras_stylegan.typed_json import to_json

_Inline = tyro.conf.arg(name="")
_Experiment = tyro.conf.Positional[str]
ExportOptions = export_module("options").ExportOptions


@dataclass(frozen=True)
class Train:
    """Train an experiment into a run folder: logs, samples, loss plot, checkpoints."""

    experiment: _Experiment = "demo"
    """A file of experiments/ by its name, or the path of a file of your own."""
    config: Annotated[Config, _Inline] = field(default_factory=Config)
    """Every option of the experiment."""
    run_dir: Path | None = None
    """Run folder; by default models/<experiment>."""
    resume: bool = False
    """Continue the run from its newest checkpoint, with the run's own options. Ctrl-C, SIGTERM and a closed terminal
    write one and end the run, unless nohup or a script's & made it ignore them."""
    init_from: Path | None = None
    """Run folder, of a trained or an imported run, whose weights a new run starts with; its resolution and its classes
    may be others."""
    dry_run: bool = False
    """Print the resolved config and what it needs of memory and disk, and stop."""

    def run(self) -> int:
        """Run the command; returns the exit code."""
        if self.dry_run:
            print(to_json(self.config))
            # Beside the config, which another program may read.
            print(in_words(self.config), file=sys.stderr)
        if self.resume and self.init_from is not None:
            raise InputError("--init-from is for a new run; one that goes on with --resume has its weights already")
        require_resources(self.config, self.run_folder(), self.resume)
        start_keras(distribution="none" if self.dry_run else self.config.training.distribution)
        from keras_stylegan.training.conditioning import check_covariates
        from keras_stylegan.training.train import check_options, train

        if self.dry_run:
            check_options(self.config)
            check_covariates(self.config)
            return 0
        return train(self.config, self.run_folder(), self.resume, init_from=self.init_from)

    def run_folder(self) -> Path:
        """The run folder, chosen or by default."""
        return self.run_dir or Path("models") / Path(self.experiment).stem


@dataclass(frozen=True)
class Generate:
    """Generate images, grids, style mixing and interpolations from a run."""

    run_dir: tyro.conf.Positional[Path | None] = None
    """Run folder; by default the newest run."""
    options: Annotated[GenerateOptions, _Inline] = field(default_factory=GenerateOptions)
    """What to generate."""

    def run(self) -> int:
        """Run the command; returns the exit code."""
        start_keras()
        from keras_stylegan.generation.generate import generate

        generate(self.run_dir, self.options)
        return 0


@dataclass(frozen=True)
class Evaluate:
    """Judge a run on held-out subjects: fidelity, diversity, memorisation; writes a report and a model card."""

    run_dir: tyro.conf.Positional[Path | None] = None
    """Run folder; by default the newest run."""
    options: Annotated[EvaluateOptions, _Inline] = field(default_factory=EvaluateOptions)
    """What to measure, and against what."""

    def run(self) -> int:
        """Run the command; returns the exit code."""
        start_keras()
        from keras_stylegan.evaluation.evaluate import evaluate

        evaluate(self.run_dir, self.options)
        return 0


@dataclass(frozen=True)
class Export:
    """Write a run's generator as verified ONNX files, for machines without TensorFlow. Needs TensorFlow itself."""

    run_dir: tyro.conf.Positional[Path | None] = None
    """Run folder; by default the newest run."""
    options: Annotated[ExportOptions, _Inline] = field(default_factory=ExportOptions)
    """What the files are to look like."""

    def run(self) -> int:
        """Run the command; returns the exit code."""
        start_keras("tensorflow")
        export_module("to_onnx").export_run(self.run_dir, self.options)
        return 0


@dataclass(frozen=True)
class Prepare:
    """Read the images of an experiment once into a fast local cache, and report what was read and refused.

    Scanners' files: `prepare SOURCE --out DATASET` makes a dataset of volumes (with --help: its options).
    """

    experiment: _Experiment = "demo"
    """A file of experiments/ by its name, or the path of a file of your own."""
    config: Annotated[Config, _Inline] = field(default_factory=Config)
    """Every option of the experiment."""
    augmentations: Path | None = None
    """Also draw what augment.operations (by default all) make of two of the images, as a PNG."""

    def run(self) -> int:
        """Run the command; returns the exit code."""
        require_resources(self.config)
        if self.augmentations is not None:
            require_writable(self.augmentations)
        start_keras()
        from rich.console import Console

        from keras_stylegan import prepare

        prepare.run(self.config, Console(), self.augmentations)
        return 0


@dataclass(frozen=True)
class PrepareVolumes:
    """Read NIfTI and DICOM volumes into a dataset of slices, split by subject; then `train --data.path DATASET`."""

    source: tyro.conf.Positional[Path | None] = None
    """A NIfTI or DICOM file, a folder, a BIDS tree, or a CSV `path,subject,label[,age,...]`."""
    out: Path | None = None
    """New folder of the dataset."""
    options: Annotated[VolumeOptions, _Inline] = field(default_factory=VolumeOptions)
    """Which slices, and how."""

    def run(self) -> int:
        """Run the command; returns the exit code: 3 if a volume was refused and the others are done."""
        if self.source is None or self.out is None:
            raise InputError("give both a source and a folder: prepare SOURCE --out DATASET")
        from rich.console import Console

        from keras_stylegan import prepare

        return prepare.run_volumes(self.source, self.out, self.options, Console())


@dataclass(frozen=True)
class Benchmark:
    """Measure seconds per step, images/s, peak memory and the share of this machine's matrix-product peak."""

    experiment: _Experiment = "demo"
    """A file of experiments/ by its name, or the path of a file of your own."""
    config: Annotated[Config, _Inline] = field(default_factory=Config)
    """Every option of the experiment."""
    rounds: int = 5
    """Measurements of each kind, taken in turn; the medians are reported."""
    output: Path | None = None
    """Also write the result to this JSON file."""

    def __post_init__(self) -> None:
        require_at_least(self, 1, "rounds")
        require_at_most(self, 1000, "rounds")

    def run(self) -> int:
        """Run the command; returns the exit code."""
        require_resources(self.config)
        if self.output is not None:
            # Before Keras is started, which takes seconds.
            require_writable(self.output)
        start_keras()
        from keras_stylegan.benchmark import benchmark

        benchmark(self.config, self.rounds, self.output)
        return 0


COMMANDS = {
    "train": Train,
    "generate": Generate,
    "predict": Generate,
    "evaluate": Evaluate,
    "usefulness": Usefulness,
    "export": Export,
    "import": Import,
    "project": Project,
    "directions": Directions,
    "prepare": Prepare,
    "benchmark": Benchmark,
    "compare": comparison.Compare,
    "check": Check,
}


@ending_with_its_reader()
def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit code: 2 for bad input, which is told in one line."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    # Before TensorFlow is imported; a user who wants its messages sets the variable.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if arguments == ["--version"]:
        print(f"{CONSOLE} {__version__}")
        return 0
    try:
        with interruptible():
            return parse(arguments).run()
    except InputError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        # Before Python 3.14 `Path.exists` and its like raise this for a name that no file can have.
        if error.errno != errno.ENAMETOOLONG:
            raise
        print(f"Error: {error.strerror}: {str(error.filename)[:200]}...; choose a shorter one", file=sys.stderr)
        return 2
    except KeyboardInterrupt as error:
        print(f"Interrupted{f' {error}' if str(error) else ''}.", file=sys.stderr)
        return exit_code(error)


def parse(arguments: Sequence[str]) -> Any:
    """The command of a command line, with all its options.

    The config of an experiment, wherever it is named, gives the defaults of all other options. With `--resume` the
    config of the run does.
    """
    command, rest = (arguments[0] if arguments else "--help"), list(arguments[1:])
    name = program().removeprefix("python ")
    if command in HELP:
        # Prints the commands and exits.
        description = f"{DESCRIPTION} `{name} COMMAND --help` shows options."
        commands = {name: _summary(kind) for name, kind in COMMANDS.items()}
        return tyro.extras.subcommand_cli_from_dict(commands, args=[command], prog=name, description=description)
    if command not in COMMANDS:
        raise unknown("command", command, list(COMMANDS))
    kind = COMMANDS[command]
    if kind is comparison.Compare:
        return comparison.parse(rest, f"{name} {command}")
    if kind is Prepare and any(argument.split("=")[0] == "--out" for argument in rest):
        kind = PrepareVolumes
    default = kind()
    if hasattr(default, "experiment"):
        given = peek(kind, rest)
        try:
            default = kind(experiment=given.experiment, config=load_experiment(given.experiment))
        except InputError as error:
            if kind is not Prepare or not os.path.isdir(given.experiment):
                raise
            raise InputError(f"{error}; volumes are prepared by: prepare SOURCE --out DATASET") from error
        if getattr(given, "resume", False):
            from keras_stylegan.training.run_folder import RunFolder

            folder = RunFolder(dataclasses.replace(default, run_dir=given.run_dir).run_folder())
            if folder.has_config():
                default = dataclasses.replace(default, config=folder.read_config())
            elif given.experiment not in rest:
                raise InputError(f"{folder.path} holds no run to resume; name its folder, or the experiment to start")
    return parse_command(kind, default, rest, f"{name} {command}")


DESCRIPTION = "StyleGAN2 for medical images: train, evaluate, generate, export."


def _summary(kind):
    def command() -> None:
        pass

    command.__doc__ = kind.__doc__
    return command
