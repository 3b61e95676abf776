"""ADNI's AD_NC folder at 64x64: the most varied slices that two CPU cores learn within an hour.

Command:   python run.py train adni64_cpu --data.path AD_NC
Hardware:  two CPU cores, 1.1 GB
Time:      10 s/kimg, an hour on two quiet cores
Result:    after six minutes an eighth of the Fréchet distance of a logistic loss with lazy R1 on held-out subjects, and
           three times its recall (README.md, "Variety")
"""

from keras_stylegan.config import AugmentConfig, Config, LossConfig, ModelConfig, OptimizerConfig, TrainingConfig

# Half the channels of 1024/64: with so little time images count more than width. No noise inputs: they would soon be
# used for grain. Pairing real with generated images and penalising both sides is what keeps people apart, and maps of
# what a group of images differs in show the discriminator folds that are the same in all.
config = Config(
    model=ModelConfig(
        z_dim=128, w_dim=128, mapping_layers=4, channel_base=512, channel_max=64, noise="none", mbstd_maps=True
    ),
    loss=LossConfig(adversarial="relativistic", gp_weight=0.0, r1_gamma=2.0, r2_gamma=2.0),
    optimizer=OptimizerConfig(schedule="constant", g_learning_rate=2e-3, m_learning_rate=2e-3, d_learning_rate=2e-3),
    augment=AugmentConfig(clip_leak=0.1),
    training=TrainingConfig(
        batch_size=8,
        total_kimg=350.0,
        style_mixing_prob=0.9,
        ema_kimg=10.0,
        sample_kimg=10.0,
        checkpoint_kimg=10.0,
        evaluate_kimg=25.0,
    ),
)
