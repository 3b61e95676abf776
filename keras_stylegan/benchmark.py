"""The command `benchmark`: how fast this machine trains and generates, and what share of its peak that is.

Share of peak = floating-point operations of convolutions and dense layers / (time · peak), where peak is the best
float32 matrix product of the same run (`matrix_peak`). See `step_flops` for what a training step is counted as.
"""

import dataclasses
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

from keras_stylegan.atomic import replace_file
from keras_stylegan.backend import BackendTrainer, compiled
from keras_stylegan.config import Config, GrowingConfig
from keras_stylegan.data.image_set import ImageSet, label_record
from keras_stylegan.data.pipeline import TrainingBatches
from keras_stylegan.latent.covariates import covariates_of, label_array
from keras_stylegan.losses.adversarial import LOSSES
from keras_stylegan.losses.penalties import active_penalties
from keras_stylegan.matrix_peak import best_time, finalists, peak, products
from keras_stylegan.sizes import height_width, in_words
from keras_stylegan.training.gan import StyleGAN
from keras_stylegan.training.networks import make_gan
from keras_stylegan.training.run_folder import environment
from keras_stylegan.training.state import state as state_of

PIPELINE_IMAGES = 20_000


def step_flops(config: Config, f_g: float, f_d: float) -> float:
    """Operations per image of a training step; 4·F_G + 17·F_D for WGAN-GP with R1.

    In a discriminator update a set of images costs a forward pass and a backward pass of twice that; one with a
    gradient penalty a forward pass, an input gradient and four more for the backward pass through both. A generator
    update costs the generator 3 and the discriminator a forward pass and an input gradient. A lazy penalty is counted
    with its share of the steps, the path length with half the batch.

    Args:
        config: The losses and their intervals.
        f_g: Operations of one forward pass of the generator.
        f_d: Operations of one forward pass of the discriminator.
    """
    # Without a penalty of their own the real and the generated images cost a forward and a backward pass.
    discriminator, scored = 0.0, {"real", "fake"}
    generator_update = 3.0 * f_g + 2.0 * f_d
    for active in active_penalties(vars(config.loss)):
        if active.penalty.of_generator:
            generator_update += 6.0 * f_g / 2 / active.interval
            continue
        discriminator += 6.0 / active.interval
        if not active.own_update:
            scored.discard(active.penalty.points)
    discriminator += 3.0 * len(scored)
    if LOSSES[config.loss.adversarial].generator_needs_real:
        generator_update += f_d
    return f_g + discriminator * f_d + generator_update / config.training.discriminator_steps


def benchmark(config: Config, rounds: int = 5, output: Path | None = None, console: Console | None = None) -> dict:
    """Measure training steps, generation and the input pipeline of an experiment, and print a table.

    A share of peak pairs every measurement with the peak of its own turn.

    The measurements take turns, so that a disturbance hits all of them; medians are reported.

    Args:
        config: The experiment; only its sizes, losses and batch matter, the images are random.
        rounds: Turns.
        output: JSON file of the result.
        console: Where to print.

    Returns:
        The result as written to `output`.

    Raises:
        InputError: `output` cannot be written; the result has been printed by then.
    """
    console = console or Console()
    # Growing is measured at its end, the dearest stage.
    config = dataclasses.replace(config, growing=GrowingConfig())
    batch, model = config.training.batch_size, config.model
    random = np.random.default_rng(config.training.seed)
    records = label_record(random.integers(0, 2, batch), **{name: random.random(batch) for name in model.covariates})
    covariates = covariates_of(records, model.covariates, groups=1)
    gan = make_gan(config, class_count=2, steps_per_epoch=1000, total_steps=1000, covariates=covariates)
    shape = (batch, *height_width(model.resolution), model.channels)
    # Variables, as a compiler may compute with constants beforehand.
    images = _variable(random.uniform(-1, 1, shape).astype("float32"))
    labels = {name: _variable(records[name].astype("int32" if name == "class" else "float32"))
              for name in records.dtype.names}  # fmt: skip
    label = label_array(gan.generator, records["class"], records)
    label = None if label is None else _variable(label)
    z = _variable(random.standard_normal((batch, model.z_dim)).astype("float32"))
    state = [*state_of(gan).values(), images, *labels.values()]

    def train() -> Any:
        return gan.train_on_images(_value(images), {name: _value(column) for name, column in labels.items()})

    step = compiled(train, state, gan.jit_compile)

    def images_of_z() -> Any:
        return gan.generator_ema(_value(z), None if label is None else _value(label))

    inputs = [z] if label is None else [z, label]
    generate = compiled(images_of_z, [*gan.generator_ema.variables, *inputs], gan.jit_compile)
    tasks: dict[Any, Callable[[], Any]] = {"step": lambda: _wait(step()), "generate": lambda: _wait(generate())}
    for call in tasks.values():
        best_time(call, 2)
    # Before the products and the pipeline's images: what training and generating took. All lazy penalties are due in
    # the first step.
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    best_products = finalists(products())
    tasks |= {product: product.run for product in best_products}
    seconds: dict[Any, list[float]] = {task: [] for task in tasks}
    for _ in range(rounds):
        for task, call in tasks.items():
            seconds[task].append(best_time(call, repeat=1 if task == "step" else 3))
    # Each turn has its own peak: a clock that slows down for a while slows both sides of the ratio.
    rates = {product: [product.flops / elapsed for elapsed in seconds[product]] for product in best_products}
    best = peak(rates)
    f_g, f_d = gan.generator.flops(), gan.discriminator.flops()
    median = {task: statistics.median(values) for task, values in seconds.items()}

    def share(name: str, flops: float) -> float:
        turns = zip(seconds[name], rates[best], strict=True)
        return statistics.median(flops / (elapsed * rate) for elapsed, rate in turns)

    result = {
        "resolution": model.resolution,
        "channel_base": model.channel_base,
        "channel_max": model.channel_max,
        "batch_size": batch,
        "peak_gflops": statistics.median(rates[best]) / 1e9,
        "peak_product": str(best),
        "product_gflops": {str(product): statistics.median(turns) / 1e9 for product, turns in rates.items()},
        "generator_gflop_per_image": f_g / 1e9,
        "discriminator_gflop_per_image": f_d / 1e9,
        "step_seconds": median["step"],
        "step_seconds_all": seconds["step"],
        "step_images_per_second": batch / median["step"],
        "seconds_per_kimg": 1000 * median["step"] / batch,
        "step_share_of_peak": share("step", batch * step_flops(config, f_g, f_d)),
        "fit_step_seconds": _fit_step_seconds(gan, config, rounds),
        "generate_seconds": median["generate"],
        "generate_images_per_second": batch / median["generate"],
        "generate_share_of_peak": share("generate", batch * f_g),
        "pipeline_images_per_second": _pipeline_rate(config, rounds),
        "peak_memory_gb": memory,
        "environment": environment(),
    }
    # Shown first: a disk that has become full in these minutes shall not cost the result.
    _print(result, console)
    if output is not None:
        replace_file(output, (json.dumps(result, indent=2) + "\n").encode())
    return result


def _variable(array: np.ndarray) -> keras.Variable:
    return keras.Variable(array, dtype=array.dtype.name, trainable=False)


def _value(variable: keras.Variable) -> Any:
    return ops.convert_to_tensor(variable)


class _Sink(BackendTrainer):
    """A model that does nothing with the images it is shown."""

    def train_on_images(self, images, labels=None):
        """Touch the batch, so that it must have arrived."""
        return {"loss": images[0, 0, 0, 0]}


def _pipeline_rate(config: Config, rounds: int) -> float:
    """Images per second that `fit` gets out of a cache of random images; the median over epochs."""
    sink = _Sink()
    sink.built = True
    sink.compile(optimizer=None, jit_compile=False)
    batches = _random_batches(config, PIPELINE_IMAGES)
    times = _epoch_seconds(sink, batches, rounds + 1, lambda: None)
    return batches.batches_per_epoch * config.training.batch_size / statistics.median(times[1:])


def _fit_step_seconds(gan: StyleGAN, config: Config, steps: int) -> float:
    """Seconds per step of a whole epoch in `fit`: what exceeds a bare step went into the input and the callbacks."""
    gan.step_logs = False
    batches = _random_batches(config, steps * config.training.batch_size)
    times = _epoch_seconds(gan, batches, 2, lambda: _wait(gan.step.value))
    return times[1] / steps


def _random_batches(config: Config, count: int) -> TrainingBatches:
    shape = (count, *height_width(config.model.resolution), config.model.channels)
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    names = np.full(count, "", dtype=str)
    image_set = ImageSet(images, label_record(np.arange(count) % 2), ("a", "b"), names, names, "", "")
    return TrainingBatches(image_set, config.training.batch_size, seed=0, horizontal_flip=True)


def _epoch_seconds(model: keras.Model, batches: TrainingBatches, epochs: int, wait: Callable[[], None]) -> list[float]:
    """Seconds of every epoch of a `fit`, the first with the building of the graph."""
    times: list[float] = []

    def end(epoch: int, logs: dict) -> None:
        wait()
        times.append(times.pop() + time.perf_counter())

    clock = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: times.append(-time.perf_counter()), on_epoch_end=end
    )
    model.fit(batches, epochs=epochs, shuffle=False, verbose=0, callbacks=[clock])
    return times


def _wait(outputs: Any) -> None:
    """Until a result is on the host: a device may return before it has computed."""
    keras.tree.map_structure(ops.convert_to_numpy, outputs)


def _print(result: dict, console: Console) -> None:
    table = Table(
        title=f"{in_words(result['resolution'])}, channels {result['channel_base']}/"
        f"{result['channel_max']}, batch {result['batch_size']}; "
        f"peak {result['peak_gflops']:.0f} GFLOP/s float32"
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
    console.print(f"The peak is the fastest matrix product found here: {result['peak_product']}.")
    console.print(f"A step in fit takes {result['fit_step_seconds'] / result['step_seconds']:.2f} times a bare one.")
    console.print(f"{result['seconds_per_kimg']:.1f} s/kimg; peak memory {result['peak_memory_gb']:.2f} GB")
