"""StyleGAN2 in Keras 3 for medical images."""

__version__ = "0.1.0"
