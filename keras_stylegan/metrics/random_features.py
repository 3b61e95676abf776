"""An untrained convolutional embedding: image features that need neither ImageNet nor a download."""

import numpy as np

CHANNELS = 3
WIDEST = 256
PROJECTION = 128
SCALE = 1 / 5
"""Brings the squared norm of a brain slice's features to about D, as the polynomial kernel of KID expects."""
CHUNK = 64
"""Images convolved at a time; their activations fit into the processor's cache."""


class RandomFeatures:
    """Fixed-seed random convolutions with ReLU; Naeem et al. (2020, section 4.3) find them sound off ImageNet.

    A 5x5 and then 3x3 convolutions of stride 2, with 32, 64, 128, 256 filters, until the map measures at most 4x4.
    An image becomes the summed maps of the two finest layers (detail, contrast) and a random projection of the last
    map (layout), less those of a black image: 32 + 64 + 128 = 224 numbers. So few keep the covariance of a thousand
    images regular. The weights come from numpy's Philox generator through its frozen legacy normal distribution: the
    same on every machine.

    Args:
        seed: Seed of the weights. Values of different seeds are not comparable.
    """

    def __init__(self, seed: int = 0) -> None:
        self.name = "random" if seed == 0 else f"random-seed{seed}"
        self._seed = seed
        self._weights: dict[tuple, np.ndarray] = {}

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """float32 (N, H, W, 1 or 3) in [-1, 1] to float32 (N, D). Grey counts as red = green = blue."""
        black = self._embed(np.full((1, *images.shape[1:]), -1, np.float32))
        chunks = [self._embed(images[start : start + CHUNK]) - black for start in range(0, len(images), CHUNK)]
        return np.concatenate(chunks)

    def kernels(self, height: int, width: int, channels: int) -> list[np.ndarray]:
        """Kernels (k, k, inputs, filters) float32 of the convolutions of such images, from fine to coarse."""
        found, inputs = [], channels
        while not found or max(height, width) > 4:
            layer = len(found)
            size, filters = (5 if layer == 0 else 3), min(32 << layer, WIDEST)
            depth = CHANNELS if layer == 0 else inputs
            kernel = self._normal(("kernel", layer), (size, size, depth, filters), size * size * depth).copy()
            if layer == 0 and channels == 1:
                kernel = kernel.sum(axis=2, keepdims=True)
            if layer == 0:
                # Every second filter sees only differences between pixels; without a bias its rectified response is
                # the amount of detail, which intensities would hide.
                kernel[..., ::2] -= kernel[..., ::2].mean(axis=(0, 1), keepdims=True)
            found.append(kernel)
            height, width, inputs = -(-height // 2), -(-width // 2), filters
        return found

    def _embed(self, images):
        maps = np.asarray(images, np.float32)
        parts = []
        for layer, kernel in enumerate(self.kernels(*maps.shape[1:])):
            maps = self._convolve(maps, kernel)
            if layer < 2:
                # Divided by the root of the number of positions: the size a random projection of the map would have.
                positions = maps.shape[1] * maps.shape[2]
                parts.append(maps.sum(axis=(1, 2)) * np.float32(SCALE / np.sqrt(positions)))
        flat = maps.reshape(len(maps), -1)
        projection = self._normal(("projection", flat.shape[1]), (flat.shape[1], PROJECTION), flat.shape[1])
        parts.append(flat @ projection * np.float32(SCALE))
        return np.concatenate(parts, axis=1)

    def _convolve(self, maps, kernel):
        """Stride 2, edge padding (zeros would draw a frame around a dark background), ReLU."""
        count, height, width, channels = maps.shape
        size, filters = kernel.shape[0], kernel.shape[-1]
        half, rows, columns = size // 2, -(-height // 2), -(-width // 2)
        padded = np.pad(maps, ((0, 0), (half, half), (half, half), (0, 0)), mode="edge")
        patches = np.empty((count, rows, columns, size * size, channels), np.float32)
        for i in range(size):
            for j in range(size):
                tap = padded[:, i : i + 2 * rows - 1 : 2, j : j + 2 * columns - 1 : 2]
                patches[:, :, :, i * size + j] = tap
        result = patches.reshape(-1, size * size * channels) @ kernel.reshape(-1, filters)
        np.maximum(result, 0, out=result)
        return result.reshape(count, rows, columns, filters)

    def _normal(self, key, shape, fan_in):
        """He-initialised float32 weights of a name and shape: variance 2 / fan_in keeps the size of activations."""
        if (key, shape) not in self._weights:
            words = [self._seed, *(value if isinstance(value, int) else len(value) for value in key), *shape]
            entropy = np.random.SeedSequence(words)
            # RandomState, not Generator: numpy promises never to change its streams (NEP 19).
            draws = np.random.RandomState(np.random.Philox(entropy)).standard_normal(shape)
            self._weights[key, shape] = (draws * np.sqrt(2 / fan_in)).astype(np.float32)
        return self._weights[key, shape]
