import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from keras_stylegan.errors import InputError
from keras_stylegan.evaluation.ledger import Ledger, append_row
from keras_stylegan.metrics.estimate import Estimate
from keras_stylegan.metrics.metric import Key

HEADER = {
    "run": {"weights_sha256": "a0", "images_seen": 1000, "checkpoint": "newest"},
    "evaluation": {"started": "2024-01-01T00:00:00+00:00", "count": 10, "seed": 0},
    "data": {"heldout": {"images": 5}, "heldout_seen": False},
}
MEASURED = Estimate(6.0, (5.0, 7.0), 10, 5, 0)
FRECHET, SPECTRUM = Key("frechet", "random"), Key("spectrum")


def with_floor(value):
    return replace(MEASURED, floor=Estimate(value, None, 0, 5))


def read(path):
    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    return json.loads(path.read_text(), parse_constant=refuse)


def test_every_measurement_is_on_disk_at_once(tmp_path):
    path = tmp_path / "new" / "metrics.json"
    ledger = Ledger(path, HEADER, lambda line: None)
    assert (read(path)["status"], read(path)["metrics"]) == ("running", {})
    assert ledger.attempt("a", lambda: ledger.enter(FRECHET._replace(group="a_b/c"), with_floor(2.0)))
    (entry,) = read(path)["metrics"].values()
    assert (entry["value"], entry["interval"], entry["ratio"], entry["floor"]["value"]) == (6.0, [5.0, 7.0], 3.0, 2.0)
    # The parts of the key are fields: nobody has to take its text apart.
    assert Key(*(entry[name] for name in Key._fields)) == Key("frechet", "random", "a_b/c")
    ledger.finish("complete")
    assert read(path)["status"] == "complete"
    assert read(path)["run"] == HEADER["run"]


def test_a_metric_that_fails_is_named_and_the_others_stay(tmp_path):
    lines = []
    ledger = Ledger(tmp_path / "metrics.json", HEADER, lines.append)

    def fail():
        ledger.enter(FRECHET, MEASURED)
        raise InputError("the audit needs at least 100 held-out images. Received: 5")

    assert not ledger.attempt("audit", fail)
    record = read(tmp_path / "metrics.json")
    assert record["failures"] == {"audit": "the audit needs at least 100 held-out images. Received: 5"}
    assert record["metrics"]["frechet_random"]["value"] == 6
    assert lines == ["audit: not measured: the audit needs at least 100 held-out images. Received: 5"]


def test_what_a_killed_measurement_had_entered_stays(tmp_path):
    ledger = Ledger(tmp_path / "metrics.json", HEADER, lambda line: None)

    def interrupted():
        ledger.enter(FRECHET, MEASURED)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ledger.attempt("frechet", interrupted)
    assert "frechet_random" in read(tmp_path / "metrics.json")["metrics"]


@pytest.mark.parametrize(
    ("key", "floor", "ratio"), [(SPECTRUM, 0.0, None), (Key("kernel", "random"), 0.5, None), (SPECTRUM, 4.0, 1.5)]
)
def test_a_ratio_needs_a_floor_that_means_something(tmp_path, key, floor, ratio):
    ledger = Ledger(tmp_path / "metrics.json", HEADER, lambda line: None)
    ledger.enter(key, with_floor(floor))
    assert ledger.metrics[key]["ratio"] == ratio


def test_numpy_numbers_and_nan_become_standard_json(tmp_path):
    ledger = Ledger(tmp_path / "metrics.json", HEADER, lambda line: None)
    ledger.enter(SPECTRUM, Estimate(np.float32(0.5), (np.nan, np.float64(np.inf)), 10, 5, np.int64(3)))
    ledger.save()
    found = read(tmp_path / "metrics.json")["metrics"]["spectrum"]
    assert (found["value"], found["interval"], found["seed"]) == (0.5, [None, None], 3)


def test_rows_of_evaluations_are_appended_also_with_new_metrics(tmp_path):
    path = tmp_path / "evaluations.csv"
    record = {**HEADER, "status": "complete", "audit": {"verdict": "clear"}}
    first = {FRECHET: {"value": 6.0, "ratio": 3.0}}
    second = {FRECHET: {"value": 7.0, "ratio": None}, SPECTRUM: {"value": 6.0, "ratio": 2.0}}
    append_row(path, record | {"metrics": first})
    append_row(path, record | {"metrics": second, "audit": None})
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["frechet_random"] for row in rows] == ["6.0", "7.0"]
    assert [row["frechet_random:ratio"] for row in rows] == ["3.0", ""]
    assert [row["spectrum"] for row in rows] == ["", "6.0"]
    assert [row["audit"] for row in rows] == ["clear", ""]
    assert [row["images_seen"] for row in rows] == ["1000", "1000"]


def test_an_error_of_any_kind_is_noted_by_its_kind_alone_and_goes_on(tmp_path):
    ledger = Ledger(tmp_path / "metrics.json", HEADER, lambda line: None)
    ledger.enter(FRECHET, MEASURED)

    def fail():
        raise ValueError("/data/people/smith.png is broken")

    with pytest.raises(ValueError, match="smith"):
        ledger.attempt("kernel_random", fail)
    record = read(tmp_path / "metrics.json")
    assert record["failures"] == {"kernel_random": "ended by an error (ValueError)"}
    assert record["metrics"] and ledger.current == "kernel_random"


FIXED = "started,status,weights_sha256,images_seen,checkpoint,count,seed"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"started,status\n1,2,3\n", "it has no column 'weights_sha256'"),
        (f"{FIXED}\n1,2,3,4,5,6,7,8\n".encode(), "a row has other cells than the header"),
        (f"{FIXED}\n1,2\n".encode(), "a row has other cells than the header"),
        (b"\x93\x00\xff binary", "it is not text"),
        (b"\x00\x01\x02", "it has no column 'started'"),
        (None, "Is a directory"),
    ],
)
def test_what_is_no_table_is_not_overwritten(tmp_path, content, told):
    path = tmp_path / "evaluations.csv"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(InputError, match=rf"evaluations.csv cannot be read as a table \({told}\): move it away"):
        append_row(path, {**HEADER, "status": "complete", "audit": None, "metrics": {}})
    assert path.is_dir() if content is None else path.read_bytes() == content
