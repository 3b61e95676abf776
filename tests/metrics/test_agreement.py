import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.agreement import PENALTY, LinearClassifier, class_agreement, synthetic_training

CLASSES = ("AD", "NC")


def two_classes(count, seed, gap=2.0, size=5):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    return rng.standard_normal((count, size)) + gap * labels[:, None] * np.eye(size)[0], labels


def test_equals_scikit_learn():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [50, 30, 20])
    features = rng.standard_normal((100, 4)) * [1, 5, 1, 0.1] + 3 + labels[:, None]
    ours = LinearClassifier(features, labels, 3)
    # mean loss with balanced classes + PENALTY |W|² = (C · sum + |W|² / 2) · 2 PENALTY, with C = 1 / (2 PENALTY N)
    scaled = StandardScaler().fit(features)
    theirs = LogisticRegression(C=1 / (2 * PENALTY * 100), class_weight="balanced", tol=1e-8, max_iter=1000)
    theirs.fit(scaled.transform(features), labels)
    np.testing.assert_allclose(ours.parameters[:-1].T, theirs.coef_, atol=2e-3)
    new = rng.standard_normal((200, 4)) * 3 + 4
    assert np.mean(ours.predict(new) == theirs.predict(scaled.transform(new))) > 0.98


def test_a_constant_feature_is_ignored():
    features, labels = two_classes(100, 1)
    constant = np.concatenate([features, np.full((100, 1), 7.0)], axis=1)
    assert np.abs(LinearClassifier(constant, labels, 2).parameters[5]).max() == 0


def test_accuracy_of_known_gaussians():
    """Two unit Gaussians 2 apart: the best rule is right with probability Phi(1) = 0.841."""
    training, heldout, generated = two_classes(2000, 2), two_classes(2000, 3), two_classes(1000, 4)
    result = class_agreement(*training, *heldout, *generated, CLASSES)
    assert result.heldout.value == pytest.approx(0.841, abs=0.03)
    assert result.generated.value == pytest.approx(0.841, abs=0.04)
    assert result.generated.interval[0] < 0.841 < result.generated.interval[1]
    assert result.note == "" and result.chance == 0.5
    assert set(result.per_class) == set(CLASSES)
    assert np.mean([shares[0].value for shares in result.per_class.values()]) == pytest.approx(result.generated.value)


def test_classes_that_cannot_be_learnt_are_named():
    sets = [part for seed in (5, 6, 7) for part in two_classes(300, seed, gap=0.0)]
    result = class_agreement(*sets, CLASSES)
    assert "cannot be told apart on real held-out people" in result.note


def test_balanced_accuracy_ignores_class_sizes():
    training, heldout = two_classes(400, 8, gap=50.0), two_classes(400, 9, gap=50.0)
    labels = np.repeat([0, 1], [90, 10])
    generated = np.full((100, 5), -25.0)  # everything looks like the first class
    assert class_agreement(*training, *heldout, generated, labels, CLASSES).generated.value == pytest.approx(0.5)


def test_training_on_good_and_on_mislabelled_images():
    training, heldout, generated = two_classes(600, 10), two_classes(600, 11), two_classes(600, 12)
    subjects = np.repeat(np.arange(150), 4)
    good = synthetic_training(*training, *heldout, *generated, CLASSES, subjects)
    assert good.difference.interval[0] < 0 < good.difference.interval[1]
    assert good.synthetic.generated_count == good.real.generated_count <= 600
    swapped = synthetic_training(*training, *heldout, generated[0], 1 - generated[1], CLASSES, subjects)
    assert swapped.synthetic.value < 0.3
    assert swapped.difference.interval[1] < -0.4
    assert swapped.difference.value == pytest.approx(swapped.synthetic.value - swapped.real.value)


def test_bad_input():
    good = two_classes(100, 13)
    few = (good[0], np.where(np.arange(100) < 9, 1, 0))
    with pytest.raises(InputError, match="at least 10 generated images of the class NC. Received: 9"):
        class_agreement(*good, *good, *few, CLASSES)
    with pytest.raises(InputError, match=r"held-out images: labels must be indices into .* Received: \[0, 1, 2\]"):
        class_agreement(*good, good[0], np.arange(100) % 3, *good, CLASSES)
    with pytest.raises(InputError, match=r"at least 2 classes. Received: \('AD',\)"):
        synthetic_training(*good, *good, *good, ("AD",))
    with pytest.raises(InputError, match=r"one label per image is needed, 100. Received: shape \(99,\)"):
        class_agreement(good[0], good[1][:99], *good, *good, CLASSES)
