"""How many channels the networks have at each resolution."""


def channels_at(resolution, channel_base, channel_max):
    """min(channel_base / r, channel_max) (Karras et al. 2019, configuration F halves or doubles channel_base)."""
    return min(channel_base // resolution, channel_max)
