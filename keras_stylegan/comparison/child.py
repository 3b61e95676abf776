"""One slice of a run, or its evaluation, in a process of its own: `python -m keras_stylegan.comparison.child`.

A process for each keeps memory and crashes apart, and a slice is what every user knows: a stop at a checkpoint and a
bit-exact resume. It ends, with a checkpoint, when whoever started it is gone.
"""

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from keras_stylegan.comparison.options import CompareOptions
from keras_stylegan.config import Config
from keras_stylegan.errors import InputError
from keras_stylegan.interrupt import exit_code, interruptible
from keras_stylegan.quiet import start_keras
from keras_stylegan.typed_json import read_json

STARTED = time.perf_counter()
SAMPLES = 10
"""Images of a row of the sheet."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a task; returns the exit code of `train`, or 0 and 2 of an evaluation."""
    parser = argparse.ArgumentParser(prog="python -m keras_stylegan.comparison.child")
    parser.add_argument("task", choices=("train", "evaluate"))
    parser.add_argument("options", type=Path, help="JSON of the config, or of the comparison's options")
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--images", type=int)
    given = parser.parse_args(arguments)
    try:
        with interruptible():
            if given.task == "evaluate":
                return _evaluate(read_json(CompareOptions, given.options), given.run_dir)
            return _train(read_json(Config, given.options), given.run_dir, given.seconds, given.images)
    except InputError as error:
        print(f"Error: {error}", file=sys.stderr, flush=True)
        return 2
    except KeyboardInterrupt as error:
        print(f"Interrupted {error}.", file=sys.stderr)
        return exit_code(error)


def _train(config: Config, run_dir: Path, seconds: float | None, images: int | None) -> int:
    start_keras(distribution=config.training.distribution)
    from keras_stylegan.training.callbacks import Sitting
    from keras_stylegan.training.run_folder import RunFolder
    from keras_stylegan.training.train import train

    sitting = Sitting(RunFolder(run_dir).clock, seconds, images, STARTED)
    return train(config, run_dir, resume=True, sitting=sitting)


def _evaluate(options: CompareOptions, run_dir: Path) -> int:
    start_keras()
    import numpy as np

    from keras_stylegan.comparison.sheet import save_row
    from keras_stylegan.evaluation.evaluate import evaluate
    from keras_stylegan.training.conditioning import own_labels
    from keras_stylegan.training.run_folder import RunFolder
    from keras_stylegan.training.samples import draw_samples
    from keras_stylegan.training.trained import load_generator

    evaluate(run_dir, options.evaluation())
    trained = load_generator(run_dir)
    seed, classes = options.evaluation().seed, np.arange(SAMPLES) % len(trained.classes)
    labels = own_labels(trained.covariates, seed, range(SAMPLES), classes)
    samples = draw_samples(trained.generator, SAMPLES, seed, labels)
    save_row(RunFolder(run_dir).evaluation, samples.images)
    return 0


def _end_with_parent() -> None:
    """SIGTERM to this process when the other end of its standard input is closed."""

    def watch() -> None:
        os.read(0, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    _end_with_parent()
    raise SystemExit(main())
