"""Features from any ONNX network."""

import hashlib
from pathlib import Path

import numpy as np

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.images import resize


class OnnxFeatures:
    """The first output of an .onnx file that takes one float32 image batch in [-1, 1].

    The layout (NCHW or NHWC), size and channels are read from the file: images are resized to a fixed size, and grey
    ones are repeated for three channels. Maps (N, h, w, c) in the output are flattened.

    Args:
        path: The .onnx file.

    Raises:
        InputError: No such file, no onnxruntime, or a network that does not take images.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise InputError(f"the ONNX feature extractor does not exist. Received: {str(path)!r}")
        try:
            import onnxruntime
        except ImportError as error:
            raise InputError("an .onnx extractor needs onnxruntime: pip install onnxruntime") from error
        try:
            self._session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        except Exception as error:
            raise InputError(f"{path} is no ONNX network that can be loaded ({str(error).splitlines()[0]})") from error
        inputs = self._session.get_inputs()
        shape = inputs[0].shape
        if len(inputs) != 1 or len(shape) != 4 or inputs[0].type != "tensor(float)":
            described = ", ".join(f"{item.name} {item.type} {item.shape}" for item in inputs)
            raise InputError(f"{path} must take one float32 batch of images with 4 axes. Received: {described}")
        self._input = inputs[0].name
        self._channels_first = shape[1] in (1, 3)
        if not self._channels_first and shape[3] not in (1, 3):
            raise InputError(f"{path} must take 1 or 3 channels, on axis 1 or 3. Received: shape {shape}")
        self._channels = shape[1] if self._channels_first else shape[3]
        self._size = tuple(shape[2:4] if self._channels_first else shape[1:3])
        self._batch = shape[0] if isinstance(shape[0], int) else None
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        self.name = f"onnx-{digest}"

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """float32 (N, H, W, 1 or 3) in [-1, 1] to float32 (N, D)."""
        height, width = (
            wanted if isinstance(wanted, int) else given
            for wanted, given in zip(self._size, images.shape[1:3], strict=True)
        )
        images = resize(np.asarray(images, np.float32), height, width)
        if images.shape[-1] == 1 and self._channels == 3:
            images = np.repeat(images, 3, axis=-1)
        if images.shape[-1] != self._channels:
            raise InputError(f"extractor {self.name} takes {self._channels} channels. Received: {images.shape[-1]}")
        if self._channels_first:
            images = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
        step = self._batch or len(images)
        parts = [self._run(images[start : start + step], step) for start in range(0, len(images), step)]
        return np.concatenate(parts)

    def _run(self, images, step):
        count = len(images)
        if self._batch and count < step:  # a fixed batch is filled up with copies of the last image
            images = np.concatenate([images, np.repeat(images[-1:], step - count, axis=0)])
        try:
            result = self._session.run(None, {self._input: images})[0]
        except Exception as error:
            raise InputError(f"extractor {self.name} failed ({str(error).splitlines()[0]})") from error
        return np.asarray(result[:count], np.float32).reshape(count, -1)
