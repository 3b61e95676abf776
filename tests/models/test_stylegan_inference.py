"""The form for export of StyleGAN's synthesis network against the network itself."""

import numpy as np
import pytest
from helpers import OBLONG, normal, randomize
from onnx.reference import ReferenceEvaluator

from export.options import ExportOptions
from export.to_onnx import to_onnx
from keras_stylegan.models import StyleGANGenerator


@pytest.fixture(scope="module")
def generator():
    generator = StyleGANGenerator(z_dim=6, w_dim=5, mapping_layers=1, seed=0, **OBLONG)
    generator.build()
    randomize(generator)
    return generator


@pytest.mark.parametrize("noise", ["none", "const", "input"])
def test_an_exported_graph_gives_the_networks_images(generator, noise):
    graph = to_onnx(generator, "synthesis", ExportOptions(noise=noise))
    ws = normal(3, generator.num_ws, 5)
    drawn = [normal(*shape, seed=i) for i, shape in enumerate(generator.synthesis.noise_shapes(3))]
    feeds = {f"noise_{i}": value for i, value in enumerate(drawn)} if noise == "input" else {}
    images = ReferenceEvaluator(graph).run(None, {"w": ws, **feeds})[0]
    expected = generator.synthesis(ws, noise=drawn if noise == "input" else noise)
    np.testing.assert_allclose(images, np.clip(expected, -1, 1), atol=1e-5)


@pytest.mark.parametrize("factor", [1024.0, 1e-2])
def test_float16_survives_features_that_adain_divides_by_their_size(generator, factor):
    """Features before AdaIN are larger or smaller here, and their squares leave the range of float16.

    Computed by onnx's reference, whose float16 is float16: onnxruntime's CPU kernels compute in float32.
    """
    variables = [layer.kernel for layer in generator.synthesis.styled[1:]]
    for layer in generator.synthesis.styled[1:]:
        variables += [layer.epilogue.bias, layer.epilogue.noise.strength]
    before = [variable.numpy() for variable in variables]
    for variable, value in zip(variables, before, strict=True):
        variable.assign(value * factor)
    ws = normal(2, generator.num_ws, 5)
    graph = to_onnx(generator, "synthesis", ExportOptions(precision="float16"))
    images = ReferenceEvaluator(graph).run(None, {"w": ws})[0]
    error = np.abs(images - np.clip(generator.synthesis(ws), -1, 1)) / 2
    for variable, value in zip(variables, before, strict=True):
        variable.assign(value)
    assert error.max() < 2e-2 and error.mean() < 2e-3
