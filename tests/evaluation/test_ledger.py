import csv
import json

import numpy as np
import pytest

from keras_stylegan.errors import InputError
from keras_stylegan.evaluation.ledger import Ledger, append_row

HEADER = {
    "run": {"run_dir": "models/a", "images_seen": 1000, "checkpoint": "newest"},
    "evaluation": {"started": "2024-01-01T00:00:00+00:00", "count": 10, "seed": 0},
    "data": {"heldout": {"images": 5}, "heldout_seen": False},
}
MEASUREMENT = {"value": 6.0, "interval": [5.0, 7.0], "generated_count": 10, "reference_count": 5, "seed": 0, "note": ""}


def read(path):
    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    return json.loads(path.read_text(), parse_constant=refuse)


def test_every_measurement_is_on_disk_at_once(tmp_path):
    path = tmp_path / "new" / "metrics.json"
    ledger = Ledger(path, HEADER, lambda line: None)
    assert (read(path)["status"], read(path)["metrics"]) == ("running", {})
    assert ledger.attempt("a", lambda: ledger.enter("frechet_random", MEASUREMENT, {"value": 2.0}))
    assert read(path)["metrics"]["frechet_random"] == {**MEASUREMENT, "floor": {"value": 2.0}, "ratio": 3.0}
    ledger.finish("complete")
    assert read(path)["status"] == "complete"
    assert read(path)["run"] == HEADER["run"]


def test_a_metric_that_fails_is_named_and_the_others_stay(tmp_path):
    lines = []
    ledger = Ledger(tmp_path / "metrics.json", HEADER, lines.append)

    def fail():
        ledger.enter("frechet_random", MEASUREMENT)
        raise InputError("the audit needs at least 100 held-out images. Received: 5")

    assert not ledger.attempt("audit", fail)
    record = read(tmp_path / "metrics.json")
    assert record["failures"] == {"audit": "the audit needs at least 100 held-out images. Received: 5"}
    assert record["metrics"]["frechet_random"]["value"] == 6
    assert lines == ["audit: not measured: the audit needs at least 100 held-out images. Received: 5"]


def test_what_a_killed_measurement_had_entered_stays(tmp_path):
    ledger = Ledger(tmp_path / "metrics.json", HEADER, lambda line: None)

    def interrupted():
        ledger.enter("frechet_random", MEASUREMENT)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ledger.attempt("frechet", interrupted)
    assert "frechet_random" in read(tmp_path / "metrics.json")["metrics"]


@pytest.mark.parametrize(
    ("key", "floor", "ratio"), [("spectrum", 0.0, None), ("kernel_random", 0.5, None), ("spectrum", 4.0, 1.5)]
)
def test_a_ratio_needs_a_floor_that_means_something(tmp_path, key, floor, ratio):
    ledger = Ledger(tmp_path / "metrics.json", HEADER, lambda line: None)
    ledger.enter(key, MEASUREMENT, {"value": floor})
    assert ledger.metrics[key]["ratio"] == ratio


def test_numpy_numbers_and_nan_become_standard_json(tmp_path):
    ledger = Ledger(tmp_path / "metrics.json", HEADER, lambda line: None)
    entry = {**MEASUREMENT, "value": np.float32(0.5), "interval": np.array([np.nan, np.inf]), "seed": np.int64(3)}
    ledger.enter("spectrum", entry)
    ledger.save()
    found = read(tmp_path / "metrics.json")["metrics"]["spectrum"]
    assert (found["value"], found["interval"], found["seed"]) == (0.5, [None, None], 3)


def test_rows_of_evaluations_are_appended_also_with_new_metrics(tmp_path):
    path = tmp_path / "evaluations.csv"
    record = {**HEADER, "status": "complete", "audit": {"verdict": "clear"}}
    first = {"frechet_random": {**MEASUREMENT, "ratio": 3.0}}
    second = {"frechet_random": {**MEASUREMENT, "value": 7.0, "ratio": None}, "spectrum": {**MEASUREMENT, "ratio": 2.0}}
    append_row(path, record | {"metrics": first})
    append_row(path, record | {"metrics": second, "audit": None})
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["frechet_random"] for row in rows] == ["6.0", "7.0"]
    assert [row["frechet_random:ratio"] for row in rows] == ["3.0", ""]
    assert [row["spectrum"] for row in rows] == ["", "6.0"]
    assert [row["audit"] for row in rows] == ["clear", ""]
    assert [row["images_seen"] for row in rows] == ["1000", "1000"]


def test_a_damaged_table_is_not_overwritten(tmp_path):
    path = tmp_path / "evaluations.csv"
    path.write_text("started,status\n1,2,3\n")
    with pytest.raises(InputError, match="evaluations.csv cannot be read as a table"):
        append_row(path, {**HEADER, "status": "complete", "audit": None, "metrics": {}})
    assert path.read_text() == "started,status\n1,2,3\n"
