"""ADNI's AD_NC folder at 64x64 with StyleGAN (2018): AdaIN after every convolution, no skips, growing from 8x8.

Beside adni64_cpu, whose recipe it has, it shows what StyleGAN2 changed. The paper's own recipe is WGAN-GP or the
logistic loss with R1, and style mixing with probability 0.9.

Command:   python run.py train adni64_stylegan --data.path AD_NC
Hardware:  two CPU cores, 1.1 GB
Result:    with phases half as long, after ten minutes of one core, about as near to held-out slices as StyleGAN2, and
           as without growing (README.md, "StyleGAN, StyleGAN2, and growing": one seed)
"""

import dataclasses

from keras_stylegan.config import GrowingConfig
from keras_stylegan.experiments import load_experiment

base = load_experiment("adni64_cpu")
config = dataclasses.replace(
    base,
    model=dataclasses.replace(base.model, network="stylegan"),
    growing=GrowingConfig(start=8, kimg=10.0, fade_kimg=10.0),
)
