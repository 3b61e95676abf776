"""Floating-point operations of StyleGAN2's networks: 2 · multiply-adds of all convolutions and dense layers."""

from keras_stylegan.models.channels import channels_at


def convolution_flops(size: int, kernel: int, inputs: int, outputs: int) -> int:
    """2 · multiply-adds of a convolution whose kernel is applied at size x size places."""
    return 2 * size * size * kernel * kernel * inputs * outputs


def generator_flops(generator) -> int:
    """Operations per image of one forward pass: convolutions and dense layers, styles included."""
    mapping, synthesis = generator.mapping, generator.synthesis
    total = sum(2 * layer.kernel.shape[0] * layer.kernel.shape[1] for layer in mapping.dense_layers)
    if mapping.c_dim:
        total += 2 * mapping.c_dim * mapping.w_dim
    previous = channels_at(4, synthesis.channel_base, synthesis.channel_max)
    for r in synthesis.resolutions:
        filters = channels_at(r, synthesis.channel_base, synthesis.channel_max)
        layers = [(r, filters, filters)]
        if r > 4:
            # A transposed convolution of stride 2 applies its kernel once per input pixel.
            layers.append((r // 2, previous, filters))
        total += sum(convolution_flops(size, 3, c, filters) + 2 * synthesis.w_dim * c for size, c, filters in layers)
        if f"{r}" in synthesis.to_rgbs:
            total += convolution_flops(r, 1, filters, synthesis.channels) + 2 * synthesis.w_dim * filters
        if f"{r}" in synthesis.skips:
            total += convolution_flops(r // 2, 1, previous, filters)
        previous = filters
    return total


def discriminator_flops(discriminator) -> int:
    """Operations per image of one forward pass: convolutions and dense layers."""

    def filters(r: int) -> int:
        return channels_at(r, discriminator.channel_base, discriminator.channel_max)

    top = discriminator.resolution
    total = convolution_flops(top, 1, discriminator.channels, filters(top))
    r = top
    while r > 4:
        c, halved = filters(r), filters(r // 2)
        total += convolution_flops(r, 3, c, c)
        total += convolution_flops(r // 2, 3, c, halved) + convolution_flops(r // 2, 1, c, halved)
        r //= 2
    total += convolution_flops(4, 3, filters(4) + 1, filters(4))
    dense = [discriminator.fc, discriminator.out]
    if discriminator.c_dim:
        dense += [discriminator.mapping.embed, *discriminator.mapping.dense_layers]
    return total + sum(2 * layer.kernel.shape[0] * layer.kernel.shape[1] for layer in dense)
