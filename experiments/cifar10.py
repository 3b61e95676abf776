"""CIFAR-10 at 32x32 in colour, one class label per image; wants a GPU.

Command:  python run.py train cifar10
"""

from keras_stylegan.config import Config, DataConfig, LossConfig, ModelConfig, OptimizerConfig, TrainingConfig

config = Config(
    model=ModelConfig(resolution=32, channels=3, conditional=True, mapping_layers=2, mbstd_group_size=32),
    loss=LossConfig(adversarial="logistic", gp_weight=0.0, r1_gamma=0.01, r1_interval=16),
    optimizer=OptimizerConfig(
        schedule="constant", g_learning_rate=0.0025, m_learning_rate=0.0025, d_learning_rate=0.0025
    ),
    data=DataConfig(source="cifar10"),
    training=TrainingConfig(batch_size=64, total_kimg=20000.0, ema_kimg=500.0),
)
