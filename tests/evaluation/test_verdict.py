import pytest

from keras_stylegan.evaluation.verdict import verdict
from keras_stylegan.metrics.metric import Key

FRECHET, RECALL, SIMILARITY = Key("frechet", "random"), Key("recall", "random"), Key("ms_ssim")
AGREEMENT, DUPLICATES = Key("class_agreement", "random"), Key("near_duplicates")


def entry(value, floor=None, interval=None, note=""):
    ratio = value / floor if floor else None
    return {"value": value, "floor": {"value": floor} if floor else None, "ratio": ratio, "interval": interval,
            "note": note}  # fmt: skip


def record(metrics=(), **parts):
    audit = {"verdict": "clear", "reason": "Nothing is close.", "spaces": {}}
    run = {"classes": ["AD", "NC"]}
    return {"status": "complete", "run": run, "failures": {}, "audit": audit, "data": {"warnings": []}} | parts | {
        "metrics": dict(metrics)
    }  # fmt: skip


def said(found, level):
    return " ".join(line["text"] for line in found if line["level"] == level)


@pytest.mark.parametrize(
    ("audit", "level", "words"),
    [
        ("copies", "bad", "copies training images"),
        ("close", "notice", "closer to training images"),
        ("undecided", "notice", "could not decide"),
        ("clear", "good", "No sign of memorisation"),
    ],
)
def test_the_audit_has_its_words_and_its_reason(audit, level, words):
    spaces = {"pixel": {"outliers": [3]}}
    found = verdict(record(audit={"verdict": audit, "reason": "For this reason.", "spaces": spaces}))
    assert words in said(found, level)
    assert "For this reason." in said(found, level)


def test_a_share_without_single_copies_is_a_sign_only():
    audit = {"verdict": "copies", "reason": "3 %.", "spaces": {"pixel": {"outliers": []}}}
    assert said(verdict(record(audit=audit)), "bad") == "Signs of memorisation. 3 %."


def test_no_audit_is_not_silence():
    assert "not audited" in said(verdict(record(audit=None)), "notice")


@pytest.mark.parametrize(("value", "level"), [(1.4, "good"), (2.0, "notice"), (5.0, "bad")])
def test_fidelity_is_judged_by_the_ratio_to_the_floor(value, level):
    found = verdict(record({FRECHET: entry(value * 7, 7.0)}))
    assert f"Fréchet distance (random) is {value:g} times its floor" in said(found, level)


def test_a_wide_interval_is_no_good_news():
    found = verdict(record({FRECHET: entry(7.0, 7.0, interval=[0.0, 28.0])}))
    assert not said(found, "good").startswith("Generated")
    assert "too few images to judge them: the Fréchet distance (random) is 1 times its floor" in said(found, "notice")
    assert "may be 4 times" in said(found, "notice")


@pytest.mark.parametrize(("value", "level"), [(0.3, "bad"), (0.5, "notice"), (0.75, "")])
def test_missing_variety(value, level):
    found = verdict(record({RECALL: entry(value, 0.8), Key("coverage", "domain-1"): entry(value, 0.8)}))
    for lines in ("bad", "notice"):
        assert ("recall (random)" in said(found, lines)) == (lines == level)
        assert ("coverage (domain-1)" in said(found, lines)) == (lines == level)


def test_what_real_images_do_not_reach_is_not_missing():
    assert not said(verdict(record({RECALL: entry(0.0, 0.004)})), "bad")


@pytest.mark.parametrize(
    ("smooth", "level", "words"),
    [
        (0.75, "notice", "it is texture that differs."),
        (0.6, "bad", "most of it is texture."),
        (0.3, "bad", "it is shape that differs, not only texture."),
    ],
)
def test_texture_is_told_from_shape(smooth, level, words):
    found = said(verdict(record({RECALL: entry(0.2, 0.8), Key("recall", "smooth"): entry(smooth, 0.9)})), level)
    assert "recall (random) is 0.20, where real images reach 0.80; without texture and background it is " in found
    assert f"{smooth:.2f}, where real images reach 0.90: {words}" in found
    assert "recall (smooth)" not in found


def test_a_shortfall_in_shape_alone_is_told_as_well():
    metrics = {RECALL: entry(0.79, 0.8), Key("recall", "smooth"): entry(0.3, 0.9)}
    assert "recall (smooth) is 0.30, where real images reach 0.90" in said(verdict(record(metrics)), "bad")


def test_collapse():
    assert "resemble each other more" in said(verdict(record({SIMILARITY: entry(0.6, 0.4)})), "bad")
    assert "differ no less" in said(verdict(record({SIMILARITY: entry(0.42, 0.4)})), "good")
    found = verdict(record({DUPLICATES: entry(0.3, interval=[0.2, 0.4])}))
    assert "30% of generated images" in said(found, "bad")
    assert "Diversity" not in said(verdict(record({DUPLICATES: entry(0.01, interval=[0, 0.02])})), "notice")


@pytest.mark.parametrize(
    ("value", "level", "word"),
    [(0.88, "good", "respected"), (0.75, "notice", "confused"), (0.5, "bad", "confused"), (0.4, "bad", "confused")],
)
def test_classes_count_by_what_is_recognised_beyond_chance(value, level, word):
    """Of two classes half are recognised by chance: 50 % of 90 % is nothing."""
    found = verdict(record({AGREEMENT: entry(value, 0.9)}))
    assert f"Classes are {word}: the requested class is recognised in {value:.0%}" in said(found, level)
    assert "90% of held-out images (random; 50% by chance)" in said(found, level)


def test_classes_that_cannot_be_told_apart_are_not_judged():
    note = "the classes cannot be told apart"
    assert note in said(verdict(record({AGREEMENT: entry(0.5, 0.5, note=note)})), "notice")
    assert "no better than by chance" in said(verdict(record({AGREEMENT: entry(0.5, 0.5)})), "notice")


def test_the_gravest_comes_first_and_nothing_is_hidden():
    metrics = {FRECHET: entry(1.0, 1.0), RECALL: entry(0.1, 0.8)}
    found = verdict(record(metrics, status="interrupted", failures={"spectrum": "x"}, data={"warnings": ["2 twins"]}))
    levels = [line["level"] for line in found]
    assert levels == sorted(levels, key=("bad", "notice", "good").index)
    assert "was interrupted" in said(found, "bad")
    assert "was ended by an error" in said(verdict(record(status="failed")), "bad")
    assert "Not measured: spectrum" in said(found, "notice") and "2 twins." in said(found, "notice")


@pytest.mark.parametrize(("value", "level"), [(0.7, "good"), (0.6, "notice"), (0.3, "bad")])
def test_a_covariate_is_judged_by_what_is_read_off_real_images(value, level):
    key = Key("covariate_agreement", "slice_domain")
    found = said(verdict(record({key: entry(value, 0.8)})), level)
    assert f"Covariate agreement (slice_domain) is {value:.2f}, where real images reach 0.80" in found
    assert ("not shown as asked for" in found) == (level != "good")


def test_a_covariate_that_real_images_do_not_show_says_nothing():
    key = Key("covariate_agreement", "age_random")
    found = verdict(record({key: entry(0.7, 0.02, note="the number cannot be read off real held-out people")}))
    assert "age_random): the number cannot be read off real held-out people" in said(found, "notice")
    assert "asked for" not in said(found, "good")
