"""The command `benchmark`: how fast this machine trains and generates, and what share of its peak that is.

Share of peak = floating-point operations of convolutions and dense layers / (time · peak). Operations are
2 · multiply-adds of one forward pass; a training step costs 4·F_G + 17·F_D per image:
discriminator update: generator forward 1; discriminator forward 3, input gradients 2, backward 2 + 4 + 4;
generator update: generator 3, discriminator 2. Peak is the best float32 matrix product of the same run.
"""

import json
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from rich.console import Console
from rich.table import Table

from keras_stylegan.backend import compiled
from keras_stylegan.config import Config
from keras_stylegan.models import Discriminator, Generator
from keras_stylegan.models.channels import channels_at
from keras_stylegan.training.networks import make_gan
from keras_stylegan.training.run_folder import environment

MATRIX_SIZES = (1024, 2048)
STEP_FLOPS = {"generator": 4, "discriminator": 17}
PIPELINE_IMAGES = 20_000


def convolution_flops(size: int, kernel: int, inputs: int, outputs: int) -> int:
    """2 · multiply-adds of a convolution whose kernel is applied at size x size places."""
    return 2 * size * size * kernel * kernel * inputs * outputs


def generator_flops(generator: Generator) -> int:
    """Operations per image of one forward pass: convolutions and dense layers, styles included."""
    mapping, synthesis = generator.mapping, generator.synthesis
    total = sum(2 * layer.kernel.shape[0] * layer.kernel.shape[1] for layer in mapping.dense_layers)
    if mapping.c_dim:
        total += 2 * mapping.c_dim * mapping.w_dim
    previous = channels_at(4, synthesis.channel_base, synthesis.channel_max)
    for r in synthesis.resolutions:
        filters = channels_at(r, synthesis.channel_base, synthesis.channel_max)
        layers = [(r, filters, filters)]
        if r > 4:
            # A transposed convolution of stride 2 applies its kernel once per input pixel.
            layers.append((r // 2, previous, filters))
        total += sum(convolution_flops(size, 3, c, filters) + 2 * synthesis.w_dim * c for size, c, filters in layers)
        if f"{r}" in synthesis.to_rgbs:
            total += convolution_flops(r, 1, filters, synthesis.channels) + 2 * synthesis.w_dim * filters
        if f"{r}" in synthesis.skips:
            total += convolution_flops(r, 1, previous, filters)
        previous = filters
    return total


def discriminator_flops(discriminator: Discriminator) -> int:
    """Operations per image of one forward pass: convolutions and dense layers."""

    def filters(r: int) -> int:
        return channels_at(r, discriminator.channel_base, discriminator.channel_max)

    top = discriminator.resolution
    total = convolution_flops(top, 1, discriminator.channels, filters(top))
    r = top
    while r > 4:
        c, halved = filters(r), filters(r // 2)
        total += convolution_flops(r, 3, c, c)
        total += convolution_flops(r // 2, 3, c, halved) + convolution_flops(r // 2, 1, c, halved)
        r //= 2
    total += convolution_flops(4, 3, filters(4) + 1, filters(4))
    dense = [discriminator.fc, discriminator.out]
    if discriminator.c_dim:
        dense += [discriminator.mapping.embed, *discriminator.mapping.dense_layers]
    return total + sum(2 * layer.kernel.shape[0] * layer.kernel.shape[1] for layer in dense)


def benchmark(config: Config, rounds: int = 5, output: Path | None = None, console: Console | None = None) -> dict:
    """Measure training steps, generation and the input pipeline of an experiment, and print a table.

    The measurements take turns, so that a disturbance hits all of them; medians are reported.

    Args:
        config: The experiment; only its sizes, losses and batch matter, the images are random.
        rounds: Turns.
        output: JSON file of the result.
        console: Where to print.

    Returns:
        The result as written to `output`.
    """
    console = console or Console()
    batch, model = config.training.batch_size, config.model
    gan = make_gan(config, class_count=2, steps_per_epoch=1000, total_steps=1000)
    random = np.random.default_rng(config.training.seed)
    shape = (batch, model.resolution, model.resolution, model.channels)
    images = ops.convert_to_tensor(random.uniform(-1, 1, shape).astype("float32"))
    labels = ops.convert_to_tensor(random.integers(0, 2, batch).astype("int32"))
    step = compiled(lambda: gan.train_on_images(images, labels))
    z = ops.convert_to_tensor(random.standard_normal((batch, model.z_dim)).astype("float32"))
    label = ops.one_hot(labels, 2) if model.conditional else None
    generate = compiled(lambda: gan.generator_ema(z, label))
    products = {}
    for size in MATRIX_SIZES:
        matrix = ops.convert_to_tensor(random.standard_normal((size, size)).astype("float32"))
        products[size] = compiled(lambda matrix=matrix: ops.matmul(matrix, matrix))

    tasks = {"step": step, "generate": generate} | {f"matmul {size}": call for size, call in products.items()}
    for call in tasks.values():
        for _ in range(2):
            _wait(call())
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, call in tasks.items():
            # The best of a few, as a disturbance of a few milliseconds hits a short task hardest.
            seconds[name].append(_time(call, repeat=1 if name == "step" else 3))
    # Each turn has its own peak: a clock that slows down for a while slows both sides of the ratio.
    peaks = [max(2 * size**3 / seconds[f"matmul {size}"][turn] for size in MATRIX_SIZES) for turn in range(rounds)]
    f_g, f_d = generator_flops(gan.generator), discriminator_flops(gan.discriminator)
    step_flops = batch * (STEP_FLOPS["generator"] * f_g + STEP_FLOPS["discriminator"] * f_d)
    median = {name: statistics.median(values) for name, values in seconds.items()}

    def share(name: str, flops: float) -> float:
        turns = zip(seconds[name], peaks, strict=True)
        return statistics.median(flops / (elapsed * peak) for elapsed, peak in turns)

    result = {
        "resolution": model.resolution,
        "channel_base": model.channel_base,
        "channel_max": model.channel_max,
        "batch_size": batch,
        "peak_gflops": statistics.median(peaks) / 1e9,
        "generator_gflop_per_image": f_g / 1e9,
        "discriminator_gflop_per_image": f_d / 1e9,
        "step_seconds": median["step"],
        "step_seconds_all": seconds["step"],
        "step_images_per_second": batch / median["step"],
        "seconds_per_kimg": 1000 * median["step"] / batch,
        "step_share_of_peak": share("step", step_flops),
        "generate_seconds": median["generate"],
        "generate_images_per_second": batch / median["generate"],
        "generate_share_of_peak": share("generate", batch * f_g),
        "pipeline_images_per_second": _pipeline_rate(config, rounds),
        "peak_memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
        "environment": environment(),
    }
    if output is not None:
        output.write_text(json.dumps(result, indent=2) + "\n")
    _print(result, console)
    return result


def _pipeline_rate(config: Config, rounds: int) -> float:
    """Images per second that `fit` gets out of a cache of random images."""
    from keras_stylegan.data.pipeline import measure_rate

    model = config.model
    shape = (PIPELINE_IMAGES, model.resolution, model.resolution, model.channels)
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    return statistics.median(measure_rate(images, config.training.batch_size) for _ in range(rounds))


def _time(call: Callable[[], Any], repeat: int) -> float:
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        _wait(call())
        times.append(time.perf_counter() - start)
    return min(times)


def _wait(outputs: Any) -> None:
    """Until a result is on the host: a device may return before it has computed."""
    keras.tree.map_structure(ops.convert_to_numpy, outputs)


def _print(result: dict, console: Console) -> None:
    table = Table(
        title=f"{result['resolution']}x{result['resolution']}, channels {result['channel_base']}/{result['channel_max']},"
        f" batch {result['batch_size']}; peak {result['peak_gflops']:.0f} GFLOP/s float32"
    )
    for column in ("", "seconds", "images/s", "share of peak"):
        table.add_column(column, justify="left" if not column else "right")
    for name in ("step", "generate"):
        table.add_row(
            name,
            f"{result[f'{name}_seconds']:.3f}",
            f"{result[f'{name}_images_per_second']:.1f}",
            f"{result[f'{name}_share_of_peak']:.2f}",
        )
    table.add_row("input pipeline", "", f"{result['pipeline_images_per_second']:.0f}", "")
    console.print(table)
    console.print(f"{result['seconds_per_kimg']:.1f} s/kimg; peak memory {result['peak_memory_gb']:.2f} GB")
