"""Floating-point operations of the networks: 2 · multiply-adds of all convolutions and dense layers."""

from keras_stylegan.models.channels import channels_at


def convolution_flops(size: tuple[int, int], kernel: int, inputs: int, outputs: int) -> int:
    """2 · multiply-adds of a convolution whose kernel is applied at height · width places."""
    return 2 * size[0] * size[1] * kernel * kernel * inputs * outputs


def mapping_flops(mapping) -> int:
    """Operations of one forward pass of a mapping network."""
    total = sum(2 * layer.kernel.shape[0] * layer.kernel.shape[1] for layer in mapping.dense_layers)
    return total + (2 * mapping.embed.kernel.shape[0] * mapping.w_dim if mapping.label_dim else 0)


def generator_flops(generator) -> int:
    """Operations per image of one forward pass: convolutions and dense layers, styles included."""
    synthesis = generator.synthesis
    total = mapping_flops(generator.mapping)
    previous = coarser = None
    for r, size in synthesis.sizes.items():
        filters = channels_at(r, synthesis.channel_base, synthesis.channel_max)
        layers = [(size, filters)]
        if coarser is not None:
            # A transposed convolution of stride 2 applies its kernel once per input pixel.
            layers.append((coarser, previous))
        total += sum(convolution_flops(places, 3, c, filters) + 2 * synthesis.w_dim * c for places, c in layers)
        if f"{r}" in synthesis.to_rgbs:
            total += convolution_flops(size, 1, filters, synthesis.channels) + 2 * synthesis.w_dim * filters
        if f"{r}" in synthesis.skips:
            total += convolution_flops(coarser, 1, previous, filters)
        previous, coarser = filters, size
    return total


def stylegan_flops(generator) -> int:
    """As `generator_flops`, of the networks of 2018: styles of the outputs, two values a channel, and one ToRGB."""
    synthesis = generator.synthesis
    total = mapping_flops(generator.mapping)
    previous = coarser = None
    for r, size in synthesis.sizes.items():
        filters = channels_at(r, synthesis.channel_base, synthesis.channel_max)
        total += convolution_flops(size, 3, filters, filters) + 2 * (2 * synthesis.w_dim * 2 * filters)
        if coarser is not None:
            total += convolution_flops(coarser, 3, previous, filters)
        previous, coarser = filters, size
    return total + convolution_flops(coarser, 1, previous, synthesis.channels)


def discriminator_flops(discriminator) -> int:
    """Operations per image of one forward pass: convolutions and dense layers."""

    def filters(r: int) -> int:
        return channels_at(r, discriminator.channel_base, discriminator.channel_max)

    sizes = discriminator.sizes
    coarsest, top = min(sizes), max(sizes)
    total = convolution_flops(sizes[top], 1, discriminator.channels, filters(top))
    for r in sizes:
        if r > coarsest:
            c, halved, half = filters(r), filters(r // 2), sizes[r // 2]
            total += convolution_flops(sizes[r], 3, c, c)
            total += convolution_flops(half, 3, c, halved)
            total += convolution_flops(half, 1, c, halved) if discriminator.residual else 0
            # Once for a group, which may be one image.
            total += convolution_flops(half, 1, halved, halved) if discriminator.mbstd_maps else 0
    total += convolution_flops(sizes[coarsest], 3, filters(coarsest) + 1, filters(coarsest))
    dense = [discriminator.fc, discriminator.out]
    total += mapping_flops(discriminator.mapping) if discriminator.label_dim else 0
    return total + sum(2 * layer.kernel.shape[0] * layer.kernel.shape[1] for layer in dense)
