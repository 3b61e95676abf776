"""ADNI's AD_NC folder at 64x64, narrow enough for two CPU cores.

Command:  python run.py train adni64_cpu --data.path AD_NC
"""

from keras_stylegan.config import Config, LossConfig, ModelConfig, OptimizerConfig, TrainingConfig

BATCH = 8

config = Config(
    model=ModelConfig(z_dim=128, w_dim=128, mapping_layers=4, channel_base=1024, channel_max=64, noise="none"),
    loss=LossConfig(adversarial="logistic", gp_weight=0.0, r1_gamma=0.0002 * 64**2 / BATCH, r1_interval=16),
    optimizer=OptimizerConfig(schedule="constant", g_learning_rate=2e-3, m_learning_rate=2e-3, d_learning_rate=2e-3),
    training=TrainingConfig(
        batch_size=BATCH, total_kimg=300.0, ema_kimg=10.0, sample_kimg=5.0, checkpoint_kimg=5.0, evaluate_kimg=25.0
    ),
)
