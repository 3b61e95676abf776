"""A few training steps on a device, against the same ones on the CPU."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from keras_stylegan.checking.failed import Failed

TOLERANCE = 0.02
"""Of losses and penalties after a few steps, relative to their size or to 1: those of TF32 drift apart."""
STEPS, BATCH = 3, 8


def training_step(device: str, results: list[Mapping[str, float]]) -> str:
    """A few steps on a device, with the losses of the first device in `results` for comparison; theirs are added."""
    found = run_steps(device)
    if not all(map(np.isfinite, found.values())):
        raise Failed(f"not finite: {found}", "its results are wrong: try another backend")
    results.append(found)
    losses = ", ".join(f"{name} {found[name]:.4g}" for name in ("d_loss", "g_loss"))
    if len(results) == 1:
        return f"{losses} after {STEPS} steps"
    first = results[0]
    differences = {name: abs(value - first[name]) / max(1, abs(first[name])) for name, value in found.items()}
    worst = max(differences, key=differences.get)
    if not differences[worst] <= TOLERANCE:
        raise Failed(
            f"{worst} is {found[worst]:.4g}, and {first[worst]:.4g} on the CPU",
            "its results are wrong: update the driver, try another backend, and do not train on this device",
        )
    return f"{losses}: as on the CPU, to {differences[worst]:.0e}"


def run_steps(device: str) -> dict[str, float]:
    """Losses, penalties and scores of a small WGAN-GP with R1 after a few steps, the same numbers on every device.

    Weights, images and draws come from numpy: a generator of random numbers is each device's own.

    Raises:
        Failed: The weights did not move, or lie on another device.
    """
    import keras
    from keras import ops

    from keras_stylegan.backend import compiled
    from keras_stylegan.config import Config, ModelConfig, TrainingConfig
    from keras_stylegan.training.draws import Draws, GeneratorDraws
    from keras_stylegan.training.networks import make_gan
    from keras_stylegan.training.state import state

    class Fixed(Draws):
        def latents(self, batch):
            shapes = self.generator.synthesis.noise_shapes(batch)
            return GeneratorDraws(normal(batch, self.generator.z_dim), None, None, [normal(*shape) for shape in shapes])

        def epsilon(self, batch):
            return ops.full((batch, 1, 1, 1), 0.5)

    random = np.random.default_rng(0)

    def normal(*shape: int) -> Any:
        return ops.convert_to_tensor(random.normal(size=shape).astype("float32"))

    model = ModelConfig(resolution=16, z_dim=32, w_dim=32, mapping_layers=2, channel_base=512, channel_max=32)
    config = Config(model=model, training=TrainingConfig(batch_size=BATCH))
    with keras.device(device):
        gan = make_gan(config, 2, steps_per_epoch=STEPS, total_steps=STEPS)
        weights = [*gan.generator.trainable_variables, *gan.discriminator.trainable_variables]
        for variable in weights:
            variable.assign(random.normal(size=variable.shape).astype("float32"))
        before = [ops.convert_to_numpy(variable) for variable in weights]
        gan.draws = Fixed(gan.generator, gan.seed_generator)
        images = keras.Variable(random.uniform(-1, 1, (BATCH, 16, 16, 1)).astype("float32"), trainable=False)
        step = compiled(
            lambda: gan.train_on_images(ops.convert_to_tensor(images)), [*state(gan).values(), images], gan.jit_compile
        )
        for _ in range(STEPS):
            logs = step()
        found = {name: float(ops.convert_to_numpy(value)) for name, value in logs.items()}
    moved = [np.any(ops.convert_to_numpy(variable) != old) for variable, old in zip(weights, before, strict=True)]
    count = len(gan.generator.trainable_variables)
    if not any(moved[:count]) or not any(moved[count:]):
        raise Failed("the weights did not move", "its results are wrong: try another backend")
    place = str(weights[0].value.device).lower()
    if ("cpu" in place) != device.startswith("cpu"):
        raise Failed(f"its weights lie on {place}", "unset what chooses a device: JAX_PLATFORMS, KERAS_TORCH_DEVICE")
    return found
