"""Hostile commands: what is wrong, the command, and words of the one line that it is answered with.

`@` stands for an empty folder, in which `files` are made first: text or bytes are written, None is a folder, a function
is called with the path. A command that names `@/run` finds a run there, with one checkpoint and its config.
"""

import os
import zipfile
from collections.abc import Callable
from typing import Any, NamedTuple

from PIL import Image


class Row(NamedTuple):
    """One hostile command."""

    what: str
    command: str
    words: str
    files: dict[str, str | bytes | Callable[[Any], Any] | None] = {}  # noqa: RUF012 - never changed


def grey(size=8, mode="L"):
    return lambda path: Image.new(mode, (size, size), 7).save(path)


def link(target):
    return lambda path: os.symlink(target, path)


def zipped(**members):
    def write(path):
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name.replace("__", "."), content)

    return write


HEAD = "from keras_stylegan.config import *\n"
BINARY = b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe"
NEWEST = "run/checkpoints/checkpoint_0000000008.npz"
CONFIG = "run/config.json"

COMMAND_LINE = [
    Row("near miss of a command", "trian", "there is no command 'trian'; did you mean 'train'?"),
    Row("an option for a command", "--resume", "there is no command '--resume'"),
    Row("a path for a command", "/etc/passwd", "there is no command '/etc/passwd'"),
    Row("an empty command", "''", "there is no command ''"),
    Row("a very long command", "x" * 5000, "there is no command 'xxx"),
    Row("an unknown option", "train --foo", "Unrecognized options: --foo"),
    Row("near miss of an option", "train --model.resolutoin 64", "did you mean --model.resolution?"),
    Row("an option without its section", "train --batch-size 8", "did you mean --training.batch-size"),
    Row("an option of another command", "generate --training.seed 1", "Unrecognized options"),
    Row("a short option", "train -x", "Unrecognized options: -x"),
    Row("a missing value", "train --training.seed", "Missing value for argument '--training.seed'"),
    Row("text for an integer", "train --training.seed abc", "--training.seed: must be a whole number"),
    Row("a float for an integer", "train --training.seed 1.5", "--training.seed: must be a whole number"),
    Row("a number of 5,000 digits", "train --training.seed " + "9" * 5000, "--training.seed: "),
    Row("text for a float", "train --loss.gp-weight ten", "--loss.gp-weight: must be a number"),
    Row("an empty value", "train --training.seed ''", "--training.seed: must be a whole number"),
    Row("no choice", "train --model.architecture original", "Expected one of ('skip', 'resnet')"),
    Row("a choice in capitals", "train --loss.adversarial WGAN-GP", "invalid choice 'WGAN-GP'"),
    Row("a value for a flag", "train --data.upscale=maybe", "there is no experiment 'maybe'"),
    Row("half a pair", "train --optimizer.phases 100", "--optimizer.phases: Could not find valid parse"),
    Row("two experiments", "train demo adni64", "Unrecognized options: adni64"),
    Row("an unknown experiment", "train nonsense", "there is no experiment 'nonsense'; Known: adni128"),
    Row("near miss of an experiment", "train adni46", "did you mean 'adni64'?"),
    Row("an unknown experiment after an option", "train --training.seed 1 nonsense", "no experiment 'nonsense'"),
    Row("a system file as an experiment", "train --training.seed 1 /etc/passwd", "no experiment '/etc/passwd'"),
    Row("a way out of the folder", "prepare ../experiments/demo", "no experiment '../experiments/demo'"),
    Row("an experiment's name of 300 characters", "train " + "x" * 300, "no experiment 'xxx"),
    Row("a file name of 300 characters", "train " + "x" * 300 + ".py", "no experiment 'xxx"),
    Row("an empty experiment", "benchmark ''", "there is no experiment ''"),
    Row("an experiment's folder", "train @/folder.py", "there is no experiment", {"folder.py": None}),
    Row("two runs", "generate @/run @/run", "Unrecognized options"),
]

NUMBERS = [
    Row(f"{option} {value}", f"train --{option} {value}", words)
    for option, value, words in (
        ("model.resolution", 0, "model.resolution must be the side"),
        ("model.resolution", 50, "model.resolution must be the side"),
        ("model.resolution", 2048, "model.resolution must be the side"),
        ("model.channels", 2, "Expected one of ('1', '3')"),
        ("model.z-dim", 0, "model.z_dim must be at least 1"),
        ("model.z-dim", 1000000, "model.z_dim must be at most 65,536"),
        ("model.w-dim", -512, "model.w_dim must be at least 1"),
        ("model.mapping-layers", 1000000, "model.mapping_layers must be at most 100"),
        ("model.channel-base", 1, "model.channel_base must be at least the resolution (32)"),
        ("model.channel-max", 10**9, "model.channel_max must be at most 65,536"),
        ("model.mbstd-group-size", 0, "model.mbstd_group_size must be at least 1"),
        ("loss.gp-weight", -1, "loss.gp_weight must be at least 0"),
        ("loss.gp-weight", "nan", "loss.gp_weight must be at least 0. Received: nan"),
        ("loss.r1-gamma", "inf", "loss.r1_gamma must be at least 0. Received: inf"),
        ("loss.pl-weight", 1e300, "loss.pl_weight must be at most 1,000,000"),
        ("loss.r1-interval", 0, "loss.r1_interval must be at least 1"),
        ("optimizer.phases", "0 1e-4", "optimizer.phases must be pairs (epochs > 0, learning rate > 0)"),
        ("optimizer.phases", "9 nan", "optimizer.phases must be pairs"),
        ("optimizer.g-learning-rate", 0, "optimizer.g_learning_rate must be greater than 0"),
        ("optimizer.d-learning-rate", 1e9, "optimizer.d_learning_rate must be at most 1"),
        ("optimizer.beta-2", 1, "optimizer.beta_2 must be in [0, 1)"),
        ("schedule.r1-gamma", "0 2 9 1", "schedule.r1_gamma must be given to the end of the run (20.0 kimg)"),
        ("schedule.r2-gamma", "0 2 99 1 --loss.r2-gamma 0", "r2_gamma must be left out while loss.r2_gamma is 0"),
        ("schedule.beta-2", "0 .9 9 1", "schedule.beta_2 must be pairs (kimg, value) with values above 0 and below 1"),
        ("augment.clip-leak", "nan", "augment.clip_leak must be in (0, 1]. Received: nan"),
        ("data.background", -1, "data.background must be at least 0"),
        ("data.phantom-count", 0, "data.phantom_count must be at least 1"),
        ("data.phantom-count", 10**12, "data.phantom_count must be at most 10,000,000"),
        ("data.max-refused", -1, "data.max_refused must be at least 0"),
        ("data.hold-out", 1, "data.hold_out must be at least 0 and below 1"),
        ("data.hold-out", 0.5, "data.hold_out is for a folder of images that has no held-out part"),
        ("data.subject-pattern", "'('", "data.subject_pattern is not a regular expression"),
        ("data.subject-pattern", "'(.*)'", "a regular expression with a group (?P<subject>...)"),
        ("training.batch-size", 0, "training.batch_size must be at least 1"),
        ("training.batch-size", 30, "training.batch_size must be a multiple of model.mbstd_group_size (4)"),
        ("training.batch-size", 10**9, "training.batch_size must be at most 65,536"),
        ("training.epochs", 0, "training.epochs must be at least 1"),
        ("training.epochs", 10**15, "training.epochs must be at most 100,000"),
        ("training.total-kimg", 1e300, "training.total_kimg must be at most 2,147,483"),
        ("training.total-kimg", "nan", "training.total_kimg must be greater than 0. Received: nan"),
        ("training.total-kimg", "-inf", "training.total_kimg must be greater than 0. Received: -inf"),
        ("training.style-mixing-prob", 1.5, "training.style_mixing_prob must be in [0, 1]"),
        ("training.seed", -1, "training.seed must be at least 0"),
        ("training.seed", 2**32, "training.seed must be at most 2,147,483,647"),
        ("training.sample-count", 10**12, "training.sample_count must be at most 10,000"),
        ("training.log-kimg", 0, "training.log_kimg must be greater than 0"),
        ("training.checkpoint-kimg", 1e300, "training.checkpoint_kimg must be at most 2,147,483"),
        ("training.checkpoint-gb", "nan", "training.checkpoint_gb must be at least 0. Received: nan"),
        ("training.evaluate-count", 10**12, "training.evaluate_count must be at most 1,000,000"),
        ("training.steps-per-execution", 0, "training.steps_per_execution must be at least 1"),
        ("training.ema-rampup", 0, "training.ema_rampup must be greater than 0"),
    )
]

SIZES = [
    Row("weights beyond any memory", "train --model.z-dim 65536 --model.w-dim 65536 --model.mapping-layers 100",
        "lower model.channel_base, channel_max, z_dim or w_dim"),
    Row("a batch beyond any memory", "benchmark adni256 --training.batch-size 65536", "lower training.batch_size"),
    Row("phantoms beyond any disk", "prepare --data.phantom-count 10000000 --model.resolution 1024 "
        "--model.channel-base 1024 --model.channels 3", "the image cache: 39,322 GB are needed"),
    Row("volumes that are not there", "prepare @/nothing --out @/new", "there is no '@/nothing'"),
    Row("no source of volumes", "prepare --out @/new", "prepare SOURCE --out DATASET"),
    Row("volumes and no dataset", "prepare @", "volumes are prepared by: prepare SOURCE --out DATASET"),
    Row("a folder without volumes", "prepare @ --out @/new", "no volumes in @"),
    Row("text for a volume", "prepare @/a.nii --out @/new", "e.g. a.nii: it is no NIfTI",
        {"a.nii": "text"}),
    Row("volumes into a file", "prepare @/a.nii --out @/a.nii", "holds something else", {"a.nii": "text"}),
    Row("half a split", "prepare @ --out @/new --split 0.5", "split must be two shares"),
    Row("an experiment's option with --out", "prepare adni64 --out @/new --data.path @", "Unrecognized options"),
    Row("rounds 0", "benchmark --rounds 0", "rounds must be at least 1. Received: 0"),
    Row("rounds below 0", "benchmark --rounds -3", "rounds must be at least 1. Received: -3"),
    Row("rounds without end", "benchmark --rounds 1000000", "rounds must be at most 1,000. Received: 1000000"),
    Row("a result into a missing folder", "benchmark --output @/missing/result.json", "there is no folder @/missing"),
    Row("a result into a folder's name", "benchmark --output @", "Cannot write @: it is a folder"),
    Row("a result below a file", "benchmark --output @/file/result.json", "there is no folder @/file", {"file": ""}),
]  # fmt: skip

EXPERIMENTS = [
    Row(f"an experiment with {what}", "train @/mine.py", "@/mine.py" + words, {"mine.py": content})
    for what, content, words in (
        ("a syntax error", "x = 1\nconfig = Config(\n", ", line 2: SyntaxError"),
        ("an unknown import", "import no_such_module\n", ", line 1: ModuleNotFoundError"),
        ("an exception", "\n1 / 0\n", ", line 2: ZeroDivisionError"),
        ("an unknown option", HEAD + "config = Config(model=ModelConfig(resolutin=16))", ", line 2: TypeError"),
        ("a string for a number", HEAD + "config = Config(training=TrainingConfig(batch_size='8'))",
         ", line 2: training.batch_size must be an integer. Received: '8'"),
        ("a section for another", HEAD + "config = Config(model=LossConfig())", ", line 2: model must be ModelConfig"),
        ("bytes of a picture", BINARY, ""),
        ("SystemExit", "raise SystemExit(0)\n", ", line 1: SystemExit"),
        ("endless recursion", "def f():\n    f()\nf()\n", ", line 2: RecursionError"),
        ("no config", "x = 1\n", " must define config = Config(...). Received: NoneType"),
        ("another config", "config = {}\n", " must define config = Config(...). Received: dict"),
        ("nothing in it", "", " must define config = Config(...)"),
    )
]  # fmt: skip

CONFIGS = [
    Row(f"a config.json that is {what}: {command.split()[0]}", command, words, {CONFIG: content})
    for what, content, words in (
        ("binary", BINARY, "@/run/config.json is damaged"),
        ("a folder", None, "@/run/config.json is no file"),
        ("empty", "", "config.json is damaged or of another version: Invalid JSON: EOF"),
        ("cut", '{"model": {"z_d', "config.json is damaged or of another version: Invalid JSON: EOF"),
        ("100,000 brackets", "[" * 100_000, "config.json is damaged or of another version: Invalid JSON: recursion"),
        ("null", "null", "Input should be an object. Received: None"),
        ("a list", "[]", "Input should be an object. Received: []"),
        ("of another version", '{"modle": {}}', "modle: no such key"),
        ("full of null", '{"model": null}', "model: Input should be an object. Received: None"),
        ("a float for an integer", '{"model": {"z_dim": 8.0}}', "model.z_dim: Input should be a valid integer"),
        ("a text for an integer", '{"training": {"seed": "1"}}', "training.seed: Input should be a valid integer"),
        ("out of range", '{"model": {"resolution": 50}}', "model.resolution must be the side"),
        ("a number of 5,000 digits", '{"model": {"z_dim": ' + "9" * 5000 + "}}", "number out of range"),
    )
    for command in ("train --run-dir @/run --resume", "generate @/run", "evaluate @/run")
]

RUNS = [
    Row(f"{what}: {command}", f"{command} @/{name}", words, files)
    for what, name, words, files in (
        ("a run that is not there", "nowhere", "run folder @/nowhere does not exist", {}),
        ("an empty run folder", "empty", "@/empty is no run folder: config.json is missing", {"empty": None}),
        ("a file for a run folder", "file", "run folder @/file does not exist", {"file": ""}),
        ("a run without checkpoints", "run", "there is no checkpoint", {NEWEST: os.remove}),
        ("a file for the checkpoints' folder", "run", "checkpoints", {"run/checkpoints": "file"}),
        ("an empty checkpoint", "run", "every checkpoint is damaged", {NEWEST: b""}),
        ("a picture for a checkpoint", "run", "every checkpoint is damaged", {NEWEST: BINARY}),
        ("a folder for a checkpoint", "run", "there is no checkpoint", {NEWEST: None}),
        ("a checkpoint without its record", "run", "every checkpoint is damaged", {NEWEST: zipped(a__npy=b"")}),
        ("a record that is a list", "run", "every checkpoint is damaged", {NEWEST: zipped(record__json="[]")}),
        ("a record that is null", "run", "every checkpoint is damaged", {NEWEST: zipped(record__json="null")}),
        ("a record of brackets", "run", "every checkpoint is damaged", {NEWEST: zipped(record__json="[" * 100_000)}),
    )
    for command in ("generate", "evaluate", "export")
]

PLACES = [
    Row("a run folder below a file", "train --run-dir @/file/run", "cannot write to run folder @/file/run",
        {"file": ""}),
    Row("a run folder that is a file", "train --run-dir @/file", "cannot write to run folder @/file", {"file": ""}),
    Row("resuming where no run is", "train --run-dir @/typo --resume", "typo holds no run to resume; name its folder"),
    Row("a run that is there already", "train --run-dir @/run", "holds a run already; continue it with --resume"),
    Row("pictures into a file", "generate @/run --output-dir @/file", "Cannot write @/file", {"file": ""}),
    Row("a report into a file", "evaluate @/run --output-dir @/file", "@/file", {"file": ""}),
    Row("ONNX files into a file", "export @/run --output-dir @/file", "Cannot write @/file", {"file": ""}),
]  # fmt: skip

DATA = [
    Row(f"{what}: {command}", f"{command} adni64 --data.cache-dir @/cache {options}", words, files)
    for what, options, words, files in (
        ("no data", "", "--data.path", {}),
        ("data that are not there", "--data.path @/nothing", "@/nothing", {}),
        ("a file for the data", "--data.path @/file", "@/file", {"file": "x"}),
        ("an empty folder", "--data.path @/images", "@/images", {"images": None}),
        ("classes without images", "--data.path @/images", "@/images", {"images/AD": None, "images/NC": None}),
        ("no image among the files", "--data.path @/images --data.strict", "a_1.png",
         {"images/AD/a_1.png": "text", "images/NC/b_1.png": grey(64)}),
        ("images that are too small", "--data.path @/images --data.strict", "--data.upscale",
         {"images/AD/a_1.png": grey(8), "images/NC/b_1.png": grey(8)}),
        ("a link that leads to itself", "--data.path @/images", "@/images", {"images": link("images")}),
        ("the system's files", "--data.path /proc", "/proc", {}),
        ("a cache below a file", "--data.path @/images --data.cache-dir @/file/cache", "cache",
         {"images/AD/a_1.png": grey(64), "images/NC/b_1.png": grey(64), "file": ""}),
        ("a missing archive", "--data.source cifar10 --model.resolution 32 --data.path @/nothing", "@/nothing", {}),
    )
    for command in ("prepare", "train --run-dir @/new")
] + [
    Row(f"a folder for phantoms: {command}", f"{command} --data.path @/scans", "'phantom' draws its images")
    for command in ("train", "train demo --dry-run", "prepare", "benchmark")
]  # fmt: skip

OPTIONS = [
    Row(f"{command} {options}", f"{command} @/run {options}", words)
    for command, options, words in (
        ("generate", "--count 0", "count must be at least 1. Received: 0"),
        ("generate", "--count -5", "count must be at least 1. Received: -5"),
        ("generate", "--seed -1", "seed must be from 0 to 2^64"),
        ("generate", "--truncation-psi nan", "truncation_psi must be in [-2, 2]. Received: nan"),
        ("generate", "--truncation-psi 100", "truncation_psi must be in [-2, 2]. Received: 100"),
        ("generate", "--truncation-cutoff -1", "truncation_cutoff must be at least 0"),
        ("generate", "--label MCI", "MCI"),
        ("generate", "--format jpg", "Expected one of ('png', 'npy', 'nifti')"),
        ("generate", "--bits 12", "Expected one of ('8', '16')"),
        ("generate", "--mixing 100000", "mixing must be"),
        ("generate", "--interpolation 1", "interpolation must be 0 or"),
        ("generate", "--interpolation-frames 1000000", "interpolation_frames must be"),
        ("evaluate", "--count 0", "count must be at least 1. Received: 0"),
        ("evaluate", "--count 1000000000000", "count must be at most 1,000,000"),
        ("evaluate", "--seed 99999999999999999999", "seed must be from 0 to 2^64"),
        ("evaluate", "--features none", "features must be of"),
        ("evaluate", "--features", "features must name at least one extractor"),
        ("evaluate", "--features random random", "features must name every extractor once"),
        ("evaluate", "--checkpoint best", "best.npz is missing"),
        ("evaluate", "--heldout-path @/nothing", "Error: --heldout-path: no train images"),
        ("export", "--opset 99", "opset must be from 13 to 18. Received: 99"),
        ("export", "--pixel-size-mm 0", "pixel_size_mm must be a number above 0"),
        ("export", "--pixel-size-mm nan", "pixel_size_mm must be a number above 0"),
        ("export", "--layout chw", "Expected one of ('nhwc', 'nchw')"),
        ("export", "--page --precision float16", "precision must be 'float32' for a page. Received: 'float16'"),
        ("export", "--format pickle", "Expected one of ('onnx', 'huggingface', 'medigan', 'monai')"),
    )
]

LONG_NAMES = [
    Row(f"a name of 300 characters: {command} {option}{ending}", f"{command} {option}{300 * 'x'}{ending}", words)
    for command, option, ending, words in (
        ("train", "--run-dir @/", "", "File name too long"),
        ("prepare adni64", "--data.path @/", "", "File name too long"),
        ("prepare", "--data.cache-dir @/", "", "File name too long"),
        ("benchmark", "--output @/", "", "File name too long"),
        ("benchmark", "--output @/", "/result.json", "File name too long"),
        ("generate", "@/", "", "does not exist"),
        ("generate @/run", "--output-dir @/", "", "File name too long"),
        ("evaluate @/run", "--output-dir @/", "", "File name too long"),
        ("evaluate @/run", "--heldout-path @/", "", "File name too long"),
        ("evaluate @/run", "--features @/", ".onnx", "File name too long"),
        ("evaluate @/run", "--features inception --weights @/", "", "File name too long"),
        ("export @/run", "--output-dir @/", "", "File name too long"),
    )
]

RESUMED = [
    Row(f"resuming {what}", f"train --run-dir @/run --resume --data.cache-dir @/cache {options}", words, files)
    for what, options, words, files in (
        ("with other networks", "--model.w-dim 16", "model.w_dim = 8 and cannot continue with 16", {}),
        ("with another seed", "--training.seed 1", "training.seed = 0 and cannot continue with 1", {}),
        ("with other images", "--data.phantom-count 12", "was trained on other images", {}),
        ("with a binary log.csv", "", "log.csv", {"run/log.csv": BINARY}),
        ("with a folder for log.csv", "", "log.csv", {"run/log.csv": None}),
        ("with a folder for train.log", "", "train.log", {"run/train.log": None}),
        ("with a file for the samples", "", "samples", {"run/samples": ""}),
        ("with a file for tensorboard", "", "tensorboard", {"run/tensorboard": ""}),
        ("with a broken checkpoint", "", "every checkpoint is damaged", {NEWEST: BINARY}),
    )
]

ROWS = [*COMMAND_LINE, *NUMBERS, *SIZES, *EXPERIMENTS, *CONFIGS, *RUNS, *PLACES, *DATA, *OPTIONS, *LONG_NAMES, *RESUMED]
