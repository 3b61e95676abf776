"""Experiment files: whatever is in them, a config or one line that says where it went wrong."""

from pathlib import Path

import pytest

from keras_stylegan.cli import main, parse
from keras_stylegan.config import Config
from keras_stylegan.errors import InputError
from keras_stylegan.experiments import load_experiment
from keras_stylegan.folders import EXPERIMENTS

HEAD = "from keras_stylegan.config import *\n"


@pytest.mark.parametrize("path", sorted(EXPERIMENTS.glob("*.py")), ids=lambda path: path.stem)
def test_experiments_are_valid_and_say_their_command(path):
    assert isinstance(load_experiment(path.stem), Config)
    assert f"python run.py train {path.stem}" in path.read_text() or path.stem == "demo"


def test_an_experiment_of_the_users_own(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(HEAD + "config = Config(training=TrainingConfig(batch_size=16))\n")
    command = parse(["train", str(path), "--training.seed", "3"])
    assert (command.config.training.batch_size, command.config.training.seed) == (16, 3)
    assert command.run_folder() == Path("models/mine")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("config = 3\n", " must define config = Config(...). Received: int"),
        ("", " must define config = Config(...). Received: NoneType"),
        ("x = 1\nconfig = Config(\n", ", line 2: SyntaxError: '(' was never closed"),
        ("if True:\nx = 1\n", ", line 2: IndentationError: expected an indented block after 'if' statement on line 1"),
        ("\nimport no_such_module\n", ", line 2: ModuleNotFoundError: No module named 'no_such_module'"),
        ("from keras_stylegan.config import Confg\n", ", line 1: ImportError: cannot import name 'Confg'"),
        ("x = 1\n\ny = x / 0\n", ", line 3: ZeroDivisionError: division by zero"),
        ("def f():\n    raise KeyError('a b')\nf()\n", ", line 2: KeyError: 'a b'"),
        ("raise ValueError('two\\nlines')\n", ", line 1: ValueError: two lines"),
        (HEAD + "config = Config(model=ModelConfig(resolutin=16))\n",
         ", line 2: TypeError: ModelConfig.__init__() got an unexpected keyword argument 'resolutin'"),
        (HEAD + "config = Config(training=TrainingConfig(batch_size='8'))\n",
         ", line 2: training.batch_size must be an integer. Received: '8'"),
        (HEAD + "\nconfig = Config(\n    model=ModelConfig(\n        resolution=50,\n    ),\n)\n",
         ", line 4: model.resolution must be the side of a square"),
        ("import sys\nsys.exit(0)\n", ", line 2: SystemExit: 0"),
        ("raise SystemExit\n", ", line 1: SystemExit"),
        ("def f():\n    f()\nf()\n", ", line 2: RecursionError: maximum recursion depth exceeded"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe", "Error"),
        (b"x = '\xff\xfe'\n", "SyntaxError"),
        ("# coding: no_such_coding\n", "SyntaxError"),
    ],
)  # fmt: skip
def test_a_file_that_is_wrong_is_one_line(tmp_path, capsys, content, message):
    path = tmp_path / "mine.py"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert main(["train", str(path), "--dry-run"]) == 2
    line = capsys.readouterr().err.rstrip("\n")
    assert line.startswith(f"Error: {path}")
    assert message in line and "\n" not in line
    assert len(line) < 500


def test_a_folder_and_a_name_that_is_too_long_are_no_experiments(tmp_path):
    (tmp_path / "folder.py").mkdir()
    for name in (str(tmp_path / "folder.py"), "x" * 300 + ".py", str(tmp_path / "nothing.py"), "a\0b.py"):
        with pytest.raises(InputError, match="there is no experiment"):
            load_experiment(name)


def test_a_key_of_the_keyboard_is_no_error_of_the_file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        load_experiment(str(path))
