"""ADNI's AD_NC folder at 128x128 with the recipe of the StyleGAN2 papers; wants a GPU.

Command:  python run.py train adni128 --data.path AD_NC
"""

from keras_stylegan.config import Config, LossConfig, ModelConfig, OptimizerConfig, TrainingConfig

BATCH = 32

config = Config(
    model=ModelConfig(resolution=128),
    loss=LossConfig(
        adversarial="logistic",
        gp_weight=0.0,
        r1_gamma=0.0002 * 128**2 / BATCH,
        r1_interval=16,
        pl_weight=2.0,
        pl_interval=4,
    ),
    optimizer=OptimizerConfig(
        schedule="constant", g_learning_rate=0.0025, m_learning_rate=0.0025, d_learning_rate=0.0025
    ),
    training=TrainingConfig(batch_size=BATCH, total_kimg=5000.0, style_mixing_prob=0.9),
)
