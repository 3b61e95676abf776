"""Floating-point operations of StyleGAN2's networks: 2 · multiply-adds of all convolutions and dense layers."""

from keras_stylegan.models.channels import channels_at


def convolution_flops(size: tuple[int, int], kernel: int, inputs: int, outputs: int) -> int:
    """2 · multiply-adds of a convolution whose kernel is applied at height · width places."""
    return 2 * size[0] * size[1] * kernel * kernel * inputs * outputs


def generator_flops(generator) -> int:
    """Operations per image of one forward pass: convolutions and dense layers, styles included."""
    mapping, synthesis = generator.mapping, generator.synthesis
    total = sum(2 * layer.kernel.shape[0] * layer.kernel.shape[1] for layer in mapping.dense_layers)
    if mapping.c_dim:
        total += 2 * mapping.c_dim * mapping.w_dim
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
            total += convolution_flops(half, 3, c, halved) + convolution_flops(half, 1, c, halved)
    total += convolution_flops(sizes[coarsest], 3, filters(coarsest) + 1, filters(coarsest))
    dense = [discriminator.fc, discriminator.out]
    if discriminator.c_dim:
        dense += [discriminator.mapping.embed, *discriminator.mapping.dense_layers]
    return total + sum(2 * layer.kernel.shape[0] * layer.kernel.shape[1] for layer in dense)
