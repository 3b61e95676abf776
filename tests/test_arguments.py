"""The command line's own errors: one plain line, with near misses, after the help on a terminal."""

import sys

import pytest

from keras_stylegan.cli import main, parse


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--model.architecture foo",
         "invalid choice 'foo' for argument '--model.architecture'. Expected one of ('skip', 'resnet')."),
        ("--training.best-metric fid",
         "invalid choice 'fid' for argument '--training.best-metric'. Expected one of ('frechet_random', "
         "'coverage_random', 'precision_random', 'recall_random')."),
        ("--training.seed abc", "--training.seed: must be a whole number. Received: 'abc'."),
        ("--training.seed 1.5", "--training.seed: must be a whole number. Received: '1.5'."),
        ("--training.seed", "Missing value for argument '--training.seed'. Expected 1 values."),
        ("--training.total-kimg none", "--training.total-kimg: no type matching {None}|FLOAT could be instantiated"),
        ("--optimizer.phases 1", "--optimizer.phases: Could not find valid parse for arguments: ['1']."),
        ("--foo 3", "Unrecognized options: --foo, 3."),
        ("--model.resolution abc", "--model.resolution: expected a side, or height and width as 208 176 or 208x176."),
        ("--model.resolution 1x2x3", "--model.resolution: expected a side, or height and width as 208 176 or 208x176."),
        ("--model.resolutoin 3", "Unrecognized options: --model.resolutoin, 3; did you mean --model.resolution?"),
        ("--channels 3", "Unrecognized options: --channels, 3; did you mean --model.channels?"),
        ("--no-strict", "Unrecognized options: --no-strict; did you mean --data.strict?"),
        ("demo adni64", "Unrecognized options: adni64."),
        ("--model.z-dim 0", "model.z_dim must be at least 1. Received: 0"),
    ],
)  # fmt: skip
def test_an_error_is_one_line(capsys, words, message):
    assert main(["train", "--dry-run", *words.split()]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    line = err.removesuffix("\n")
    assert "\n" not in line and line.startswith("Error: " + message)
    assert message.endswith("Received: 0") or line.endswith("See run.py train --help")


def test_on_a_terminal_the_help_of_the_option_stands_above(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert main(["train", "--training.seed", "abc"]) == 2
    *box, last = capsys.readouterr().err.splitlines()
    assert "Seed of the initial weights, the data order and all draws." in "\n".join(box)
    assert last == "Error: --training.seed: must be a whole number. Received: 'abc'. See run.py train --help"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--model.resolution 32", ("demo", 32)),
        ("--model.resolution 48 64", ("demo", (48, 64))),
        ("--model.resolution=48x64", ("demo", (48, 64))),
        ("--model.resolution 64 64", ("demo", 64)),
        # An experiment counts wherever it stands.
        ("--model.resolution 32 adni64_cpu", ("adni64_cpu", 32)),
        ("--model.resolution 208 176 adni64_cpu", ("adni64_cpu", (208, 176))),
        ("adni64_cpu --model.resolution 208 176 --model.channels 3", ("adni64_cpu", (208, 176))),
    ],
)
def test_a_resolution_is_one_number_or_two(words, expected):
    command = parse(["train", *words.split()])
    assert (command.experiment, command.config.model.resolution) == expected
