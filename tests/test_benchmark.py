import errno
import json
import os

import pytest

from keras_stylegan import benchmark as module
from keras_stylegan.benchmark import step_flops
from keras_stylegan.config import Config, LossConfig, ModelConfig, TrainingConfig
from keras_stylegan.errors import InputError
from keras_stylegan.matrix_peak import products


@pytest.mark.parametrize(
    ("loss", "steps", "generator", "discriminator"),
    [
        (LossConfig(), 1, 4, 17),
        # Generated 3, real 3, R1 in one of 16 steps 6; generator update 2.
        (LossConfig("logistic", gp_weight=0, r1_interval=16), 1, 4, 3 + 3 + 6 / 16 + 2),
        (LossConfig("logistic", gp_weight=0, r1_gamma=0, pl_weight=2, pl_interval=4), 1, 4 + 3 / 4, 8),
        (LossConfig("relativistic", gp_weight=0, r1_gamma=1, r2_gamma=1), 1, 4, 6 + 6 + 3),
        (LossConfig(), 5, 1 + 3 / 5, 15 + 2 / 5),
        # Mixed images 6 in every second step, real and generated 3 each with R2 in every fourth one 6.
        (LossConfig(gp_interval=2, r1_gamma=0, r2_gamma=1, r2_interval=4), 1, 4, 6 / 2 + 3 + 3 + 6 / 4 + 2),
    ],
)
def test_step_flops(loss, steps, generator, discriminator):
    config = Config(loss=loss, training=TrainingConfig(discriminator_steps=steps))
    assert step_flops(config, 1.0, 0.0) == pytest.approx(generator)
    assert step_flops(config, 0.0, 1.0) == pytest.approx(discriminator)


def test_a_loss_that_needs_real_logits_is_counted_with_them(monkeypatch):
    needing = module.LOSSES["hinge"]._replace(generator_needs_real=True)
    config = Config(loss=LossConfig("hinge", gp_weight=0, r1_gamma=0))
    without = step_flops(config, 0.0, 1.0)
    monkeypatch.setitem(module.LOSSES, "hinge", needing)
    assert step_flops(config, 0.0, 1.0) == without + 1


@pytest.mark.slow
def test_benchmark_reports_what_it_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "products", lambda: products([(64, 64, 64)]))
    monkeypatch.setattr(module, "PIPELINE_IMAGES", 64)
    config = Config(
        model=ModelConfig(resolution=8, z_dim=8, w_dim=8, mapping_layers=1, channel_base=32, channel_max=8),
        training=TrainingConfig(batch_size=4),
    )
    result = module.benchmark(config, rounds=2, output=tmp_path / "result.json")
    assert json.loads((tmp_path / "result.json").read_text()) == result
    assert result["step_images_per_second"] == pytest.approx(4 / result["step_seconds"])
    assert result["seconds_per_kimg"] == pytest.approx(250 * result["step_seconds"])
    assert 0 < result["step_share_of_peak"] < 1
    assert 0 < result["generate_share_of_peak"] < 1
    assert result["pipeline_images_per_second"] > 0
    assert result["peak_gflops"] == result["product_gflops"][result["peak_product"]]
    assert 0.1 < result["peak_memory_gb"] < 24


@pytest.mark.slow
def test_a_disk_that_is_full_at_the_end_costs_no_result(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module, "products", lambda: products([(64, 64, 64)]))
    monkeypatch.setattr(module, "PIPELINE_IMAGES", 64)
    model = ModelConfig(resolution=8, z_dim=8, w_dim=8, mapping_layers=1, channel_base=32, channel_max=8)

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"Cannot write .*result\.json: No space left on device"):
        module.benchmark(Config(model=model, training=TrainingConfig(batch_size=4)), 1, tmp_path / "result.json")
    assert "input pipeline" in capsys.readouterr().out
    assert os.listdir(tmp_path) == []
