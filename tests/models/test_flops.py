"""Operations of StyleGAN2's networks, counted by hand."""

from keras_stylegan.models import Discriminator, Generator

SMALL = {"resolution": 8, "channels": 1, "channel_base": 32, "channel_max": 8}  # 8 channels at 4, 4 at 8


def test_generator_flops_by_hand():
    generator = Generator(z_dim=3, w_dim=5, mapping_layers=2, **SMALL)
    generator.build()
    mapping = 3 * 5 + 5 * 5
    # Pixels · 9 · inputs · outputs; the up-sampling convolution works on the 16 pixels of its input.
    convolutions = 16 * 9 * 8 * 8 + 16 * 9 * 8 * 4 + 64 * 9 * 4 * 4
    to_rgb = 16 * 8 + 64 * 4
    # One style per input channel: three convolutions and two ToRGBs.
    affine = 5 * (8 + 8 + 4 + 8 + 4)
    assert generator.flops() == 2 * (mapping + convolutions + to_rgb + affine)


def test_oblong_flops_by_hand():
    """12x16 pixels from 6x8, with 4 and 2 channels."""
    sizes = SMALL | {"resolution": (12, 16)}
    generator = Generator(z_dim=3, w_dim=5, mapping_layers=2, **sizes)
    generator.build()
    convolutions = 48 * 9 * 4 * 4 + 48 * 9 * 4 * 2 + 192 * 9 * 2 * 2
    assert generator.flops() == 2 * (3 * 5 + 5 * 5 + convolutions + 48 * 4 + 192 * 2 + 5 * (4 + 4 + 2 + 4 + 2))
    discriminator = Discriminator(**sizes)
    discriminator.build()
    block = 192 * 9 * 2 * 2 + 48 * 9 * 2 * 4 + 48 * 2 * 4
    assert discriminator.flops() == 2 * (192 * 2 + block + 48 * 9 * 5 * 4 + 48 * 4 * 4 + 4)


def test_discriminator_flops_by_hand():
    discriminator = Discriminator(**SMALL)
    discriminator.build()
    block = 64 * 9 * 4 * 4 + 16 * 9 * 4 * 8 + 16 * 4 * 8
    epilogue = 16 * 9 * 9 * 8 + 128 * 8 + 8
    assert discriminator.flops() == 2 * (64 * 4 + block + epilogue)
    discriminator = Discriminator(mbstd_maps=True, **SMALL)
    discriminator.build()
    assert discriminator.flops() == 2 * (64 * 4 + block + epilogue + 16 * 8 * 8)
