import re
from pathlib import Path

import keras
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from small_phantoms import draw

from keras_stylegan.errors import InputError
from keras_stylegan.metrics import domain
from keras_stylegan.metrics.domain import DomainFeatures, instance_loss
from keras_stylegan.metrics.features import extract, make_extractor


class Means:
    name = "means"

    def __call__(self, images):
        return images.mean(axis=(1, 2))


def mean_network(path, shape):
    """An ONNX network that averages over the two spatial axes."""
    axes = [2, 3] if shape[1] in (1, 3) else [1, 2]
    node = helper.make_node("ReduceMean", ["x", "axes"], ["y"], keepdims=0)
    axes = helper.make_tensor("axes", TensorProto.INT64, [2], axes)
    inputs = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    outputs = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph([node], "means", [inputs], [outputs], [axes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, path)
    return str(path)


def test_extract_works_in_batches_on_every_type():
    images = np.random.default_rng(0).integers(0, 256, (7, 8, 8, 1), dtype=np.uint8)
    done = []
    result = extract(Means(), images, batch_size=3, advance=done.append)
    np.testing.assert_allclose(result[:, 0], images.mean(axis=(1, 2, 3)) / 127.5 - 1, atol=1e-6)
    assert done == [3, 3, 1] and result.dtype == np.float32


def test_extractors_that_misbehave():
    images = np.zeros((4, 8, 8, 1), np.uint8)
    bad = Means()
    bad.__class__ = type("Bad", (Means,), {"__call__": lambda self, x: np.full((len(x), 2), np.nan)})
    with pytest.raises(InputError, match="extractor means gave NaN or infinite features for images from 0 on"):
        extract(bad, images)
    bad.__class__ = type("Worse", (Means,), {"__call__": lambda self, x: x})
    with pytest.raises(InputError, match=r"one row per image, \(4, D\). Received: \(4, 8, 8, 1\)"):
        extract(bad, images)


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match="extractor must be one of .* Received: 'vgg'"):
        make_extractor("vgg")
    with pytest.raises(InputError, match="weights belong to the extractor 'inception'. Received: extractor 'random'"):
        make_extractor("random", weights=Path("x.h5"))
    with pytest.raises(InputError, match="'domain' needs training images and their fingerprint"):
        make_extractor("domain")
    assert make_extractor("random").name == "random"


@pytest.mark.parametrize(
    "shape", [["n", 1, "h", "w"], [None, 3, 12, 12], ["n", 8, 8, 1], [4, 3, 8, 8], [1, 12, 12, 3]], ids=str
)
def test_onnx_layouts(tmp_path, shape):
    images = np.repeat(np.random.default_rng(1).uniform(-1, 1, (6, 4, 4, 1)), 2, axis=1).repeat(2, axis=2)
    extractor = make_extractor(mean_network(tmp_path / "means.onnx", shape))
    assert re.fullmatch("onnx-[0-9a-f]{8}", extractor.name)  # no file name: metrics.json is meant to be shared
    result = extract(extractor, images.astype(np.float32))
    assert result.shape == (6, 3 if 3 in shape else 1)
    # enlarging with a triangle filter weighs the border differently
    np.testing.assert_allclose(result[:, -1], images.mean(axis=(1, 2, 3)), atol=1e-6 if 12 not in shape else 0.05)


def test_onnx_errors(tmp_path):
    with pytest.raises(InputError, match="does not exist. Received: '.*none.onnx'"):
        make_extractor(str(tmp_path / "none.onnx"))
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(InputError, match="text.onnx is no ONNX network that can be loaded"):
        make_extractor(str(tmp_path / "text.onnx"))
    with pytest.raises(InputError, match=r"must take 1 or 3 channels, on axis 1 or 3. Received: shape \[1, 4, 4, 5\]"):
        make_extractor(mean_network(tmp_path / "five.onnx", [1, 4, 4, 5]))
    grey = make_extractor(mean_network(tmp_path / "grey.onnx", ["n", 1, "h", "w"]))
    with pytest.raises(InputError, match="takes 1 channels. Received: 3"):
        extract(grey, np.zeros((2, 8, 8, 3), np.uint8))


def test_inception_without_a_download(tmp_path, monkeypatch):
    def offline(**_):
        raise OSError("URL fetch failure on https://example: None -- Temporary failure in name resolution")

    monkeypatch.setattr(keras.applications, "InceptionV3", offline)
    with pytest.raises(InputError, match="could not be downloaded .URL fetch failure.*--weights FILE|random"):
        make_extractor("inception")
    with pytest.raises(InputError, match="weights file does not exist. Received: '.*none.h5'"):
        make_extractor("inception", weights=tmp_path / "none.h5")
    (tmp_path / "wrong.h5").write_bytes(b"x")
    with pytest.raises(InputError, match="holds no weights of keras.applications.InceptionV3"):
        make_extractor("inception", weights=tmp_path / "wrong.h5")


@pytest.mark.slow
@pytest.mark.parametrize("head", [False, True])
def test_inception_from_a_file(tmp_path, head):
    keras.utils.set_random_seed(0)
    model = keras.applications.InceptionV3(include_top=head, pooling="avg", weights=None)
    model.save_weights(tmp_path / "own.weights.h5")
    extractor = make_extractor("inception", weights=tmp_path / "own.weights.h5")
    images = np.random.default_rng(2).uniform(-1, 1, (2, 299, 299, 3)).astype(np.float32)
    inner = keras.Model(model.input, model.get_layer("avg_pool").output) if head else model
    np.testing.assert_allclose(extractor(images), keras.ops.convert_to_numpy(inner(images)), atol=1e-4)
    assert extractor.name.startswith("inception-")


def test_instance_loss_equals_the_loop():
    embeddings = np.random.default_rng(3).standard_normal((6, 4)).astype(np.float32)
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    similarity = np.exp(unit @ unit.T / domain.TEMPERATURE)
    losses = []
    for row, partner in enumerate([1, 0, 3, 2, 5, 4]):
        others = [similarity[row, column] for column in range(6) if column != row]
        losses.append(-np.log(similarity[row, partner] / np.sum(others)))
    assert float(instance_loss(None, keras.ops.convert_to_tensor(embeddings))) == pytest.approx(
        np.mean(losses), rel=1e-4
    )


@pytest.mark.slow
def test_domain_encoder_is_cached_by_its_data(tmp_path):
    images = draw(160, seed=2).images
    lines = []
    options = {"cache_dir": tmp_path, "report": lines.append, "steps": 2}
    first = DomainFeatures.load_or_train(images, "abc", **options)
    again = DomainFeatures.load_or_train(images, "abc", **options)
    other = DomainFeatures.load_or_train(images, "def", **options)
    assert first.name == again.name != other.name
    assert [line.split(",")[0] for line in lines] == [
        f"Training the feature extractor {name} on 160 images" for name in (first.name, other.name)
    ]
    np.testing.assert_array_equal(extract(first, images[:4]), extract(again, images[:4]))
    assert extract(first, images[:4]).shape == (4, 128)
    next(tmp_path.glob(f"{first.name}*")).write_bytes(b"damaged")
    DomainFeatures.load_or_train(images, "abc", **options)
    assert "is damaged and will be trained anew" in lines[2]
    with pytest.raises(InputError, match="'domain' needs at least 128 images. Received: 100"):
        DomainFeatures.load_or_train(images[:100], "abc", **options)


@pytest.mark.slow
def test_domain_encoder_learns_to_tell_images_apart(tmp_path):
    images = draw(400, seed=3).images
    chance, trained = (
        DomainFeatures.load_or_train(images[:300], "x", tmp_path, report=str, steps=steps) for steps in (1, 60)
    )
    rates = []
    for extractor in (chance, trained):  # new people, shifted: is each one's nearest image itself?
        plain, moved = (extract(extractor, x) for x in (images[300:], np.roll(images[300:], (1, 1), (1, 2))))
        distances = np.linalg.norm(plain[:, None] - moved[None], axis=-1)
        rates.append(np.mean(distances.argmin(axis=1) == np.arange(100)))
    assert rates[1] > rates[0] + 0.1 and rates[1] > 0.5, rates
