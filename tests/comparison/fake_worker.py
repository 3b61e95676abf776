"""Contenders of tiny phantoms, and a worker that trains nothing."""

import json

import numpy as np

from keras_stylegan.comparison.options import CompareOptions
from keras_stylegan.comparison.sheet import save_row
from keras_stylegan.config import Config, DataConfig, ModelConfig, TrainingConfig
from keras_stylegan.training.clock import Moment, read_clock, write_clock
from keras_stylegan.typed_json import to_json

MODEL = {"resolution": 16, "z_dim": 8, "w_dim": 8, "mapping_layers": 1, "channel_base": 64, "channel_max": 4}


def tiny(folder, batch_size=4, **training):
    """A config of 16 phantoms."""
    return Config(
        model=ModelConfig(**MODEL),
        data=DataConfig(source="phantom", phantom_count=16, cache_dir=folder / "cache"),
        training=TrainingConfig(batch_size=batch_size, **training),
    )


def options(folder, **others):
    return CompareOptions(**({"minutes": 1.0, "seeds": 2, "slices": 2, "output_dir": folder / "out"} | others))


def record(images, value, count=100):
    """metrics.json of a run whose Fréchet distance is given, and whose recall is 1 / (1 + that)."""

    def entry(metric, detail, value, real):
        return {"metric": metric, "detail": detail, "group": "", "value": value, "floor": real and {"value": real}}

    entries = [
        entry("frechet", "random", value, 2.0),
        entry("frechet", "domain-1234abcd", 10 * value, 20.0),
        entry("recall", "domain-1234abcd", 1 / (1 + value), 0.9),
        entry("near_duplicates", "", 0.01, None),
        entry("covered_variance", "", 0.5, 0.98),
        entry("frechet", "random", 99.0, None) | {"group": "AD"},
    ]
    return {
        "status": "complete",
        "run": {"images_seen": images},
        "evaluation": {"count": count, "features": ["random", "domain-1234abcd"]},
        "metrics": {f"{e['metric']}_{e['detail']}/{e['group']}": e for e in entries},
        "audit": {"verdict": "clear"},
        "failures": {"ms_ssim": "MS-SSIM needs 11 pixels"},
    }


class FakeWorker:
    """Writes what children would: checkpoints' names, clocks, evaluations, metrics. Tells what it did in `done`.

    Args:
        value: Fréchet distance of a run by its name.
        speed: Images per second of a contender.
        fail: Name of a run to the failures of its first trainings, None for none.
        evaluation: The same for its evaluations.
        interrupt_at: Number of the task that is interrupted, half done.
        end: Contender to the images at which its experiment ends.
    """

    def __init__(self, value=lambda run: 5.0, speed=None, fail=None, evaluation=None, interrupt_at=None, end=None):
        self.value, self.speed, self.failures = value, speed or {}, fail or {}
        self.evaluations, self.interrupt_at, self.end = evaluation or {}, interrupt_at, end or {}
        self.done, self.count = [], 2000

    def train(self, turn):
        run = turn.run
        self.done.append((run.name, turn.number))
        failure = self.failures[run.name].pop(0) if self.failures.get(run.name) else None
        if failure is not None:
            return failure
        speed = self.speed.get(run.contender, 10.0)
        moments = read_clock(run.folder.clock)
        images = turn.images if turn.images is not None else round(speed * turn.seconds)
        images = min(images, self.end.get(run.contender, images))
        if len(self.done) == self.interrupt_at:
            self.interrupt_at, images = None, images - 100
            self._save(run, moments, images, speed)
            raise KeyboardInterrupt
        self._save(run, moments, images, speed)
        path = run.path / "evaluation.csv"
        begins = not path.exists()
        with open(path, "a") as file:
            file.write("kimg,frechet_random,frechet_random/training\n" if begins else "")
            file.write(f"{images / 1000},{self.value(run) / images},1.0\n")
        return None

    def evaluate(self, run):
        self.done.append((run.name, "evaluate"))
        failure = self.evaluations[run.name].pop(0) if self.evaluations.get(run.name) else None
        if failure is not None:
            return failure
        run.folder.evaluation.mkdir()
        images = read_clock(run.folder.clock)[-1].images
        (run.folder.evaluation / "metrics.json").write_text(json.dumps(record(images, self.value(run), self.count)))
        save_row(run.folder.evaluation, np.full((3, 16, 16, 1), 40 * run.seed, np.uint8))
        return None

    @staticmethod
    def _save(run, moments, images, speed):
        run.folder.checkpoints.mkdir(parents=True, exist_ok=True)
        run.folder.config.write_text(to_json(run.config))
        (run.folder.checkpoints / f"checkpoint_{images:010d}.npz").touch()
        write_clock(run.folder.clock, [*moments, Moment(images, images / speed, 20.0 * (len(moments) + 1))])
