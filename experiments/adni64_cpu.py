"""ADNI's AD_NC folder at 64x64, narrow enough for two CPU cores.

Command:   python run.py train adni64_cpu --data.path AD_NC
Hardware:  two CPU cores, 1.1 GB
Time:      12 to 20 s/kimg, so 1 to 1.7 hours
Result:    symmetric brains after 25 kimg, different slice heights after 55, sharp cortex after 135 (README.md)
"""

from keras_stylegan.config import Config, LossConfig, ModelConfig, OptimizerConfig, TrainingConfig

# Small batches and no noise inputs: with so few images, updates count, and noise would soon be used for grain.
BATCH = 8

config = Config(
    model=ModelConfig(z_dim=128, w_dim=128, mapping_layers=4, channel_base=1024, channel_max=64, noise="none"),
    loss=LossConfig(adversarial="logistic", gp_weight=0.0, r1_gamma=0.0002 * 64**2 / BATCH, r1_interval=16),
    optimizer=OptimizerConfig(schedule="constant", g_learning_rate=2e-3, m_learning_rate=2e-3, d_learning_rate=2e-3),
    training=TrainingConfig(
        batch_size=BATCH, total_kimg=300.0, ema_kimg=10.0, sample_kimg=5.0, checkpoint_kimg=5.0, evaluate_kimg=25.0
    ),
)
