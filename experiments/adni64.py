"""ADNI's AD_NC folder at 64x64 with WGAN-GP and R1: the defaults of this package.

Command:  python run.py train adni64 --data.path AD_NC
"""

from keras_stylegan.config import Config

config = Config()
