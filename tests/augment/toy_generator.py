"""A generator that can only choose how much of an operation is in its images, and learns it behind the augmentation.

The data are phantoms without the operation. The generator makes the same phantoms with the operation by known amounts,
one of them none, and learns the shares of the amounts, which are equal in the beginning. It sees its images and the
data as the discriminator does, augmented, through 500 random Fourier features, whose mean tells any two distributions
apart (Rahimi and Recht 2007), and descends along the gradient of the squared distance of the means. The known answer:
nothing but the phantoms as they are.
"""

import numpy as np
from keras import ops

from keras_stylegan.augment.operations import chosen
from keras_stylegan.augment.pipeline import Pipeline
from keras_stylegan.data.phantom import phantom_images

ONE_SIGN = ("blur", "ringing", "noise", "spikes")
"""Operations of which an amount and its negative are the same."""
FEATURES, DRAWS, STEPS = 500, 3000, 3000


def leak(name, strength, draws=DRAWS, seed=0):
    """How much of the operation is left in what the generator makes after training, 1 as much as in the beginning.

    Args:
        name: Of an operation.
        strength: Of the augmentation, a probability.
        draws: Images of every amount.
        seed: Of all draws.
    """
    random = np.random.default_rng(seed)
    images = phantom_images(12, 16, seed=seed).images[::4].astype("float32") / 127.5 - 1
    pipeline = Pipeline((name,), 16, 16, 1)
    (operation,) = chosen((name,))
    none, *others = amounts(operation)
    # What the generator can make, before and behind the augmentation.
    plain = [made(pipeline, images, amount, draws, random) for amount in (none, *others)]
    features = random_features(np.concatenate(plain[1:]), images, random)
    before = np.stack([features(batch) for batch in plain])
    behind = np.stack([features(augmented(pipeline, batch, strength, random)) for batch in plain])
    data = features(augmented(pipeline, made(pipeline, images, none, draws, random), strength, random))
    shares = learned_shares(behind, data)
    return np.linalg.norm(shares @ before - before[0]) / np.linalg.norm(before.mean(0) - before[0])


def amounts(operation):
    """None first, then six others: the last number of the operation; the others are drawn."""
    if operation.name == "flip":
        return [-1.0, 1.0]
    if operation.name == "cutout":
        return [None, *np.linspace(-1, 1, 6)]
    return [None, *(np.linspace(1 / 6, 1, 6) if operation.name in ONE_SIGN else (-1, -2 / 3, -1 / 3, 1 / 3, 2 / 3, 1))]


def made(pipeline, images, amount, draws, random):
    """Phantoms with so much of the operation."""
    chosen_images = images[random.integers(len(images), size=draws)]
    if amount is None:
        return chosen_images
    uniform = random.uniform(size=(draws, pipeline.numbers)).astype("float32")
    uniform[:, -1] = (amount + 1) / 2
    uniform[:, 0] = 0
    return applied(pipeline, chosen_images, uniform, 1.0, random)


def augmented(pipeline, images, strength, random):
    """What the discriminator sees."""
    uniform = random.uniform(size=(len(images), pipeline.numbers)).astype("float32")
    return applied(pipeline, images, uniform, strength, random)


def applied(pipeline, images, uniform, strength, random):
    noise = random.normal(size=(len(images), 16, 16, 2)).astype("float32")
    drawn = pipeline.parameters(ops.convert_to_tensor(uniform), noise, strength)
    return ops.convert_to_numpy(pipeline.apply(images, drawn))


def random_features(images, phantoms, random):
    """From images to the mean of cos(w·x + b), w as wide as images typically are from their phantoms."""
    flat, origins = images.reshape(len(images), -1), phantoms.reshape(len(phantoms), -1)
    width = np.median(np.min([np.linalg.norm(flat - origin, axis=1) for origin in origins], axis=0))
    w = random.normal(size=(flat.shape[1], FEATURES)) / width
    b = random.uniform(0, 2 * np.pi, FEATURES)
    return lambda batch: np.cos(batch.reshape(len(batch), -1) @ w + b).mean(0)


def learned_shares(behind, data):
    """Mirror descent on ‖shares @ behind − data‖² from equal shares."""
    rate = 1.0 / np.linalg.norm((behind - behind.mean(0)) @ (behind - behind.mean(0)).T, 2)
    shares = np.full(len(behind), 1 / len(behind))
    for _ in range(STEPS):
        gradient = 2 * behind @ (shares @ behind - data)
        shares = shares * np.exp(-rate * (gradient - gradient.min()))
        shares /= shares.sum()
    return shares
