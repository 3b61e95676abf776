"""Procedural brain slices, no download: a first look at the whole thing.

Command:   python run.py train
Hardware:  two CPU cores
Time:      about 3 minutes
Result:    brains with ventricles of different width
"""

from keras_stylegan.config import (
    AugmentConfig,
    Config,
    DataConfig,
    LossConfig,
    ModelConfig,
    OptimizerConfig,
    TrainingConfig,
)

# The recipe of adni64_cpu without its deviation maps, which cost time; γ goes with the number of pixels.
config = Config(
    model=ModelConfig(
        resolution=32, z_dim=64, w_dim=64, mapping_layers=4, channel_base=512, channel_max=64, noise="none"
    ),
    loss=LossConfig(adversarial="relativistic", gp_weight=0.0, r1_gamma=0.5, r2_gamma=0.5),
    optimizer=OptimizerConfig(schedule="constant", g_learning_rate=2e-3, m_learning_rate=2e-3, d_learning_rate=2e-3),
    data=DataConfig(source="phantom", phantom_count=2000),
    augment=AugmentConfig(clip_leak=0.1),
    training=TrainingConfig(
        batch_size=8,
        total_kimg=20.0,
        style_mixing_prob=0.9,
        ema_kimg=2.0,
        log_kimg=0.5,
        sample_kimg=4.0,
        checkpoint_kimg=10.0,
    ),
)
