"""Mild, plausible changes of real images, which a generator is meant to learn: other heads, other coils.

What it must not learn is in `keras_stylegan.augment`. The layer stands on keras_cv's, which computes with TensorFlow on
every backend. Its own random generator cannot repeat an epoch; so whatever is drawn is an argument, made of the seed,
the epoch and the image alone.
"""

import functools

import keras_cv
import numpy as np
import tensorflow as tf
from scipy.interpolate import BSpline

from keras_stylegan.data.variation_draws import CONTROLS


@functools.cache
def basis(size: int, controls: int) -> np.ndarray:
    """(size, controls) float32: uniform cubic B-splines, scaled so that N(0, 1) control points give N(0, 1) values.

    Args:
        size: Pixels.
        controls: Control points K; they are K − 3 intervals apart on the side.
    """
    knots = np.arange(-3, controls + 1) / (controls - 3)
    places = (np.arange(size) + 0.5) / size
    matrix = BSpline.design_matrix(places, knots, 3).toarray()
    return (matrix / np.sqrt(np.square(matrix).sum(axis=1, keepdims=True))).astype(np.float32)


class Variation(keras_cv.layers.BaseImageAugmentationLayer):
    """Elastic deformation (Simard et al. 2003), then a smooth bias field (Sled et al. 1998: a factor of the intensity).

    Args:
        elastic: Standard deviation of the displacement of every pixel, down and across, as a share of the shorter side.
            Control points are a quarter of a side apart: at 0.05 a fold is a matter of three standard deviations.
        bias_field: Standard deviation of the logarithm of the factor.

    Call arguments:
        inputs: Dictionary with `images` (N, H, W, C) in [-1, 1], black −1, and `labels` (N, NORMALS) from `draws`.

    Returns:
        The same with changed images, clipped to [-1, 1].
    """

    def __init__(self, elastic=0.0, bias_field=0.0, **kwargs):
        super().__init__(seed=0, **kwargs)
        self.elastic, self.bias_field = elastic, bias_field

    def get_random_transformation(self, image=None, label=None, **kwargs):
        """The displacements in pixels (2, H, W) and the factor (H, W, 1) that the draws stand for."""
        height, width = image.shape[:2]
        controls = CONTROLS["elastic"]
        split = 2 * controls**2
        fields = tf.reshape(label[:split], (2, controls, controls))
        displacement = basis(height, controls) @ fields @ basis(width, controls).T
        displacement *= self.elastic * min(height, width)
        controls = CONTROLS["bias_field"]
        field = basis(height, controls) @ tf.reshape(label[split:], (controls, controls)) @ basis(width, controls).T
        return displacement, tf.exp(self.bias_field * field)[..., None]

    def augment_image(self, image, transformation, **kwargs):
        """(H, W, C) to (H, W, C)."""
        displacement, factor = transformation
        # From 0 at black: it stays exactly black, whatever the weights of a sum round to.
        image = image + 1.0
        if self.elastic:
            # Down, then across: half the pixels to read of a move along both at once, and a deformation as well.
            image = _shifted(_shifted(image, displacement[0], 0), displacement[1], 1)
        if self.bias_field:
            image = image * factor
        return tf.clip_by_value(image, 0.0, 2.0) - 1.0

    def augment_label(self, label, transformation, **kwargs):
        """Unchanged."""
        return label

    def get_config(self):
        """All constructor arguments."""
        return super().get_config() | {"elastic": self.elastic, "bias_field": self.bias_field}


def _shifted(image, shift, axis):
    """Every pixel takes the value `shift` (H, W) pixels further along an axis, by Catmull and Rom's cubic (1974).

    A cubic keeps texture, which a linear interpolation would blur for the generator to learn. Beyond an edge stand its
    own pixels.
    """
    height, width, channels = image.shape
    place = [np.arange(height)[:, None], np.arange(width)[None, :]]
    whole = tf.floor(shift)
    start = tf.cast(whole, tf.int32) + place[axis] - 1
    flat = tf.reshape(image, (height * width, channels))
    outputs = 0.0
    for step, weight in enumerate(_cubic(shift - whole)):
        place[axis] = tf.clip_by_value(start + step, 0, image.shape[axis] - 1)
        outputs += weight[..., None] * tf.gather(flat, place[0] * width + place[1])
    return outputs


def _cubic(x):
    """Weights of the pixels at −1, 0, 1, 2 for a point at x in [0, 1)."""
    return (
        ((-0.5 * x + 1.0) * x - 0.5) * x,
        (1.5 * x - 2.5) * x * x + 1.0,
        ((-1.5 * x + 2.0) * x + 0.5) * x,
        (0.5 * x - 0.5) * x * x,
    )


def variation(elastic: float, bias_field: float):
    """A function from images (N, H, W, C) float32 in [-1, 1] and `draws` (N, NORMALS) to images, as arrays."""
    layer = Variation(elastic, bias_field)

    @tf.function
    def graph(images, normals):
        return layer({"images": images, "labels": normals})["images"]

    # A pass on the CPU: it runs beside the steps of a training device.
    def apply(images: np.ndarray, normals: np.ndarray) -> np.ndarray:
        with tf.device("CPU"):
            return graph(tf.constant(images), tf.constant(normals)).numpy()

    return apply
