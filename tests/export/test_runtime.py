import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from exported import Exported

from export.runtime import InputError, OnnxGenerator
from keras_stylegan.latent.latents import draw_latents, draw_noise

SIZES = [(size, size) for size in (4, 8, 8, 16, 16)]
ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_latents_and_noise_are_those_of_the_project(unconditional, tmp_path):
    generator = OnnxGenerator(unconditional.path)
    for seed, indices in ((0, [0, 1, 2]), (2**64 - 1, [7]), (12345, [10**12, 3])):
        np.testing.assert_array_equal(generator.latents(seed, indices), draw_latents(seed, indices, 8))
    assert generator.latents(0, []).shape == (0, 8)
    noisy = Exported(tmp_path, {"noise": "input"})
    noise = OnnxGenerator(noisy.path)._noise(5, [3, 1])
    for i, expected in enumerate(draw_noise(5, [3, 1], SIZES)):
        np.testing.assert_array_equal(noise[f"noise_{i}"], expected)
    images = OnnxGenerator(noisy.path).generate(3, seed=5)
    expected = noisy.images(draw_latents(5, range(3), 8), noise=draw_noise(5, range(3), SIZES))
    np.testing.assert_allclose(images, expected, atol=5e-5)


def test_images_are_those_of_keras(conditional):
    generator = OnnxGenerator(conditional.path)
    assert generator.provider == "CPUExecutionProvider" and generator.classes == ("AD", "NC")
    images = generator.generate(5, seed=3, truncation_psi=0.7)
    z = draw_latents(3, [0, 0, 1, 1, 2], 8)
    np.testing.assert_allclose(images, conditional.images(z, [0, 1, 0, 1, 0], truncation_psi=0.7), atol=5e-5)
    np.testing.assert_array_equal(generator.generate(2, seed=3, truncation_psi=0.7, label="NC"), images[[1, 3]])
    np.testing.assert_array_equal(generator.generate(2, seed=3, truncation_psi=0.7, label=1), images[[1, 3]])


def test_an_image_does_not_depend_on_batch_or_count(unconditional):
    images = OnnxGenerator(unconditional.path).generate(20)
    for batch_size, workers in ((1, 1), (3, 2), (16, 1)):
        generator = OnnxGenerator(unconditional.path, batch_size=batch_size, workers=workers)
        np.testing.assert_array_equal(generator.generate(11), images[:11])
    chosen = dict(OnnxGenerator(unconditional.path).stream(20, numbers=[17, 2]))
    assert list(chosen) == [17, 2]
    np.testing.assert_array_equal(chosen[17], images[17])
    assert OnnxGenerator(unconditional.path).generate(0).shape == (0, 16, 16, 1)


def test_map_synthesize_mix_interpolate(conditional):
    generator = OnnxGenerator(conditional.path)
    z = draw_latents(0, range(3), 8)
    w = generator.map(z, truncation_psi=0.5, label="NC")
    one_hot = np.eye(2, dtype=np.float32)[[1, 1, 1]]
    expected = np.asarray(conditional.generator.mapping(z, one_hot, truncation_psi=0.5))
    np.testing.assert_allclose(w, expected, atol=2e-5)
    np.testing.assert_array_equal(generator.map(z, 0.5, [1, 1, 1]), w)
    images = generator.synthesize(w)
    np.testing.assert_allclose(images, conditional.images(z, [1] * 3, truncation_psi=0.5), atol=5e-5)
    mixed = w[:1].copy()
    mixed[:, 2:] = w[1:2, 2:]
    np.testing.assert_array_equal(generator.mix(w[:1], w[1:2], 2), generator.synthesize(mixed))
    path = generator.interpolate(w, 4)
    assert path.shape == (9, 16, 16, 1)
    np.testing.assert_allclose(path[[0, 4, 8]], images, atol=1e-5)
    np.testing.assert_allclose(path[1], generator.synthesize(0.75 * w[:1] + 0.25 * w[1:2])[0], atol=1e-5)


def test_bad_arrays(conditional, unconditional):
    generator = OnnxGenerator(conditional.path)
    with pytest.raises(InputError, match=r"z must be of shape \(N ≥ 1, 8\). Received: \(2, 7\)"):
        generator.map(np.zeros((2, 7)), label="AD")
    with pytest.raises(InputError, match=r"z must be of shape \(N ≥ 1, 8\). Received: \(8,\)"):
        generator.map(np.zeros(8), label="AD")
    with pytest.raises(InputError, match=r"w must be of shape \(N ≥ 1, 6, 12\). Received: \(2, 12\)"):
        generator.synthesize(np.zeros((2, 12)))
    with pytest.raises(InputError, match=r"label must be one of \['AD', 'NC'\]. Received: None"):
        generator.map(np.zeros((2, 8)))
    with pytest.raises(InputError, match=r"label must be 2 numbers from 0 to 1. Received: \[0, 2\]"):
        generator.map(np.zeros((2, 8)), label=[0, 2])
    with pytest.raises(InputError, match=r"label must be from 0 to 1. Received: 2"):
        generator.generate(1, label=2)
    with pytest.raises(InputError, match=r"crossover must be from 0 to 6. Received: 7"):
        generator.mix(np.zeros((1, 6, 12)), np.zeros((1, 6, 12)), 7)
    with pytest.raises(InputError, match=r"w_fine must be as many as w_coarse \(1\). Received: 2"):
        generator.mix(np.zeros((1, 6, 12)), np.zeros((2, 6, 12)), 2)
    with pytest.raises(InputError, match=r"w must be of shape \(N ≥ 1, 6, 12\). Received: \(0, 6, 12\)"):
        generator.interpolate(np.zeros((0, 6, 12)), 2)
    with pytest.raises(InputError, match=r"steps must be at least 1. Received: 0"):
        generator.interpolate(np.zeros((2, 6, 12)), 0)
    with pytest.raises(InputError, match="label must be left out.*Received: 'AD'"):
        OnnxGenerator(unconditional.path).map(np.zeros((1, 8)), label="AD")


def test_imports_numpy_onnxruntime_and_pillow_only():
    """Nothing of ours, of Keras or of TensorFlow: they are made impossible to import here."""
    code = (
        "import sys\n"
        "for name in ('keras', 'tensorflow', 'keras_stylegan', 'tyro', 'rich', 'onnx', 'scipy'):\n"
        "    sys.modules[name] = None\n"
        "import export.command"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_count(unconditional):
    code = (
        "import re, sys\n"
        "from export.runtime import OnnxGenerator\n"
        "generator = OnnxGenerator(sys.argv[1])\n"
        "def peak(count):\n"
        "    for _ in generator.stream(count): pass\n"
        "    return re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]\n"
        "print(peak(200), peak(10_000))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, unconditional.path], cwd=ROOT, check=True, capture_output=True, text=True
    )
    few, many = map(int, done.stdout.split())
    assert many < 1.02 * few
