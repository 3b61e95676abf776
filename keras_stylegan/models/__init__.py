"""The networks of StyleGAN2 and StyleGAN."""

from keras_stylegan.models.discriminator import Discriminator
from keras_stylegan.models.generator import Generator
from keras_stylegan.models.mapping import MappingNetwork
from keras_stylegan.models.stylegan import StyleGANDiscriminator, StyleGANGenerator, StyleGANSynthesis
from keras_stylegan.models.synthesis import SynthesisNetwork

__all__ = [
    "Discriminator",
    "Generator",
    "MappingNetwork",
    "StyleGANDiscriminator",
    "StyleGANGenerator",
    "StyleGANSynthesis",
    "SynthesisNetwork",
]
