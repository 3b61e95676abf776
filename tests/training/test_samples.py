import numpy as np
import pytest

from keras_stylegan.data.image_set import label_record
from keras_stylegan.errors import InputError
from keras_stylegan.latent.latents import draw_latents
from keras_stylegan.models import Generator
from keras_stylegan.training.samples import draw_samples, shares

SIZES = {"resolution": 8, "z_dim": 4, "w_dim": 4, "channel_base": 32, "channel_max": 4, "mapping_layers": 1}
ONE = label_record([0])


def made(**options):
    generator = Generator(**SIZES, seed=0, **options)
    generator.build()
    return generator


@pytest.mark.parametrize(
    ("count", "frequencies", "expected"),
    [
        (10, [1, 1], [5, 5]),
        (10, [608, 640], [5, 5]),
        (100, [1, 2], [33, 67]),
        (5, [1, 1, 1], [2, 2, 1]),
        (1, [0, 3], [0, 1]),
    ],
)
def test_shares_are_proportional_and_complete(count, frequencies, expected):
    assert shares(count, np.array(frequencies)).tolist() == expected


def test_images_are_those_of_their_latents_and_classes():
    generator = made(c_dim=2)
    done = []
    samples = draw_samples(generator, 9, 5, label_record([0, 1, 1]), advance=done.append)
    assert samples.labels["class"].tolist() == [0] * 3 + [1] * 6
    assert samples.indices.tolist() == [0, 1, 2, 0, 1, 2, 3, 4, 5]
    assert sum(done) == 9
    one_hot = np.eye(2, dtype=np.float32)[samples.labels["class"]]
    expected = np.asarray(generator(draw_latents(5, samples.indices.tolist(), 4), one_hot))
    levels = np.clip(np.rint((expected + 1) * 127.5), 0, 255)
    assert samples.images.dtype == np.uint8
    assert np.abs(samples.images - levels).max() <= 1


def test_covariates_come_jointly_with_the_class_from_the_labels():
    generator = made(c_dim=2, covariates={"slice": (1, 9, 5, 2)})
    real = label_record([0, 0, 0, 1], slice=[1, 2, 3, 9], age=[60, 61, 62, 63])
    samples = draw_samples(generator, 8, 5, real)
    assert samples.labels.dtype.names == ("class", "slice")
    assert samples.labels["class"].tolist() == [0] * 6 + [1] * 2
    assert sorted(samples.labels["slice"]) == [1, 1, 2, 2, 3, 3, 9, 9]
    label = np.column_stack([np.eye(2)[samples.labels["class"]], samples.labels["slice"]]).astype(np.float32)
    expected = np.asarray(generator(draw_latents(5, samples.indices.tolist(), 4), label))
    assert np.abs(samples.images - np.clip(np.rint((expected + 1) * 127.5), 0, 255)).max() <= 1


def test_more_images_leave_the_first_ones_as_they_are():
    generator = made()
    few, many = (draw_samples(generator, count, 0, ONE, np.uint16) for count in (3, 12))
    np.testing.assert_array_equal(few.images, many.images[:3])
    assert many.images.dtype == np.uint16 and not many.labels["class"].any()


def test_a_generator_that_gives_nan_or_constants_is_refused():
    generator = made()
    for variable in generator.synthesis.trainable_variables:
        if "bias" not in variable.path:
            variable.assign(np.zeros(variable.shape))
    with pytest.raises(InputError, match="all 4 generated images are constant.*Received: every pixel"):
        draw_samples(generator, 4, 0, ONE)
    for variable in generator.synthesis.trainable_variables:
        variable.assign(np.full(variable.shape, np.nan))
    with pytest.raises(InputError, match="not finite.*Received: image 0 of seed 7 has a value nan"):
        draw_samples(generator, 4, 7, ONE)
