import numpy as np
import pytest

from keras_stylegan.config import ModelConfig
from keras_stylegan.data.image_set import ImageSet, label_record
from keras_stylegan.errors import InputError
from keras_stylegan.latent.covariates import covariates_of
from keras_stylegan.training.conditioning import labelled, training_covariates


def image_set(**columns):
    count = 8
    names = np.array([f"AD/{n}_{n}.png" for n in range(count)])
    labels = label_record(np.arange(count) % 2, **columns)
    return ImageSet(np.zeros((count, 8, 8, 1), np.uint8), labels, ("AD", "NC"), names, names, "f", "")


HEIGHTS = np.arange(8) + 1.0


def test_one_table_of_quantiles_or_one_a_class():
    data = image_set(slice=HEIGHTS)
    (item,) = training_covariates(ModelConfig(covariates=("slice",)), data)
    assert (item.minimum, item.maximum, item.mean) == (1, 8, 4.5) and len(item.quantiles) == 1
    (item,) = training_covariates(ModelConfig(covariates=("slice",), conditional=True), data)
    assert [row[0] for row in item.quantiles] == [1, 2] and [row[-1] for row in item.quantiles] == [7, 8]
    assert training_covariates(ModelConfig(), data) == ()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, r"no covariate 'slice'; there are none; they come from groups of data.subject_pattern.*Received: 'slice'"),
        ({"age": HEIGHTS, "bmi": HEIGHTS}, "no covariate 'slice'; there are age, bmi. Received: 'slice'"),
        (
            {"slice": np.where(HEIGHTS > 6, np.nan, HEIGHTS)},
            "2 of 8 training images have no number for 'slice', e.g. AD/6_6.png",
        ),
        ({"slice": np.full(8, np.nan)}, "8 of 8 training images have no number for 'slice', e.g. AD/0_0.png"),
        ({"slice": np.full(8, 3.0)}, "'slice' is 3 for all 8 training images"),
    ],
)
def test_images_that_cannot_be_conditioned_on(columns, message):
    with pytest.raises(InputError, match=message) as caught:
        training_covariates(ModelConfig(covariates=("slice",)), image_set(**columns))
    assert "\n" not in str(caught.value)


def test_heldout_labels_are_said_where_they_cannot_be_drawn_or_were_not_learned():
    covariates = covariates_of(image_set(slice=HEIGHTS).labels, ("slice",), 1)
    heldout = image_set(slice=np.array([1, 2, np.nan, 4, 9, 10, 0, 3])).labels
    kept, lines = labelled(heldout, covariates, "held-out images")
    np.testing.assert_array_equal(kept["slice"], [1, 2, 4, 9, 10, 0, 3])
    assert lines == [
        "1 of the held-out images have no number for a covariate: their labels are not drawn",
        "3 of the held-out images have a slice outside the range of training, 1 to 8: the generator extrapolates there",
    ]
    whole, lines = labelled(heldout, (), "held-out images")
    assert len(whole) == 8 and lines == []
    with pytest.raises(
        InputError, match=r"conditioned on 'slice', which the held-out images do not have .*\(they have: age\)"
    ):
        labelled(image_set(age=HEIGHTS).labels, covariates, "held-out images")
    with pytest.raises(InputError, match="none of the 8 held-out images has a number for every covariate"):
        labelled(image_set(slice=np.full(8, np.nan)).labels, covariates, "held-out images")
