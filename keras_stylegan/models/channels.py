"""How many channels the networks have at each resolution."""


def channels_at(resolution, channel_base, channel_max):
    """min(channel_base / r, channel_max) (Karras et al. 2019, configuration F halves or doubles channel_base)."""
    return min(channel_base // resolution, channel_max)


def block_resolutions(resolution):
    """[4, 8, ..., resolution].

    Raises:
        ValueError: The resolution is not 4·2^k with 8 <= resolution <= 1024.
    """
    resolutions = [4 * 2**k for k in range(9)]
    if resolution not in resolutions[1:]:
        raise ValueError(f"resolution must be one of {resolutions[1:]}. Received: {resolution}")
    return resolutions[: resolutions.index(resolution) + 1]
