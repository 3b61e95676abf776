"""Who is first, by what, and whether it means anything."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from fake_worker import record

from keras_stylegan.comparison.decision import decide, deciding_key, ranked, require_metric
from keras_stylegan.comparison.ledger import DIVERGED, Failure
from keras_stylegan.comparison.options import CompareOptions
from keras_stylegan.comparison.results import Result, Standing
from keras_stylegan.errors import InputError
from keras_stylegan.metrics.metric import Key
from keras_stylegan.training.clock import Moment


def standing(name, *values):
    """A contender with a Fréchet distance (random) for each seed, None for a seed that diverged."""
    results = [
        Result(
            SimpleNamespace(name=f"{name}_seed{seed}", path=Path()),
            Moment(100, 10.0, 5.0),
            Failure(DIVERGED, "d_loss is nan") if value is None else None,
            False,
            None if value is None else record(100, value),
        )
        for seed, value in enumerate(values)
    ]
    return Standing(name, tuple(results))


@pytest.mark.parametrize(
    ("a", "b", "beyond", "words"),
    [
        # Means 2 and 5; ranges [1, 3] and [4, 6] are apart.
        ((1, 2, 3), (4, 5, 6), True, "before b with 50 .40 to 60.. The difference is beyond the spread over seeds"),
        # Means 3 and 4; ranges [1, 5] and [2, 6] overlap.
        ((1, 3, 5), (2, 4, 6), False, "within the spread over seeds"),
        ((1,), (4,), None, "One seed does not tell the difference from chance"),
        ((3, 3), (1, None), None, "there is no other whose runs all went well"),
    ],
)
def test_the_first_and_how_sure_it_is(a, b, beyond, words):
    found = decide([standing("b", *b), standing("a", *a)], CompareOptions(minutes=1.0))
    assert (found.winner, found.metric, found.beyond_spread) == ("a", "frechet_domain", beyond)
    assert words.replace(".", "") in found.reason.replace("(", "").replace(")", "").replace(".", "")


def test_nobody_wins_where_every_contender_failed():
    assert decide([standing("a", None), standing("b", 1, None)], CompareOptions(minutes=1.0)) is None


def test_the_metric_is_chosen_and_more_is_better_for_some():
    lot = [standing("a", 1, 2), standing("b", 4, 5), standing("c", 0.1, None)]
    assert deciding_key(lot, CompareOptions()) == Key("frechet", "domain")
    assert deciding_key(lot, CompareOptions(metric="frechet_random")) == Key("frechet", "random")
    assert deciding_key(lot, CompareOptions(metric="kernel_random")) is None
    # The fake's recall falls with its Fréchet distance. A contender of which a seed failed comes last.
    for metric in ("frechet_random", "recall_domain"):
        key = deciding_key(lot, CompareOptions(metric=metric))
        assert [s.name for s in ranked(lot[::-1], key)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("beauty", "metric must be one of frechet, kernel, precision"),
        ("ms_ssim", "metric must be one of frechet"),
        ("frechet", "metric must name one of the extractors --features random, as frechet_random"),
        ("recall_domain", "metric must name one of the extractors --features random, as recall_random"),
    ],
)
def test_a_metric_that_cannot_decide_is_refused(metric, words):
    with pytest.raises(InputError, match=words):
        require_metric(CompareOptions(features=("random",), metric=metric))
    for good in ("frechet_random", "histogram", "sliced_wasserstein_16", None):
        require_metric(CompareOptions(features=("random",), metric=good))
