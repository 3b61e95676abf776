"""ADNI's AD_NC folder at 256x256 with the recipe of the StyleGAN2 papers; wants a GPU.

Command:  python run.py train adni256 --data.path AD_NC
"""

from keras_stylegan.config import Config, DataConfig, LossConfig, ModelConfig, OptimizerConfig, TrainingConfig

BATCH = 16

config = Config(
    model=ModelConfig(resolution=256),
    loss=LossConfig(
        adversarial="logistic",
        gp_weight=0.0,
        r1_gamma=0.0002 * 256**2 / BATCH,
        r1_interval=16,
        pl_weight=2.0,
        pl_interval=4,
    ),
    optimizer=OptimizerConfig(
        schedule="constant", g_learning_rate=0.0025, m_learning_rate=0.0025, d_learning_rate=0.0025
    ),
    # Slices a little smaller than 256 pixels are enlarged.
    data=DataConfig(upscale=True),
    training=TrainingConfig(batch_size=BATCH, total_kimg=5000.0, style_mixing_prob=0.9),
)
