"""What images can be changed by before the discriminator sees them: one table, from which draws and texts follow."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Operation:
    """One row of the table."""

    name: str
    """In the config."""
    values: int
    """Numbers, uniform in [-1, 1], that it is drawn with."""
    reach: float
    """What a number of 1 stands for; an operation with one sign takes the size of its number."""
    unit: str
    """Of the reach."""
    stated_strength: float = 0.7
    """Up to this probability what is learned is the distribution without the operation (tests/augment/test_no_leak.py).
    """


OPERATIONS = (
    # Pixel blitting. A brain's two sides are alike; up and down, or turned by 90 degrees, it is never seen.
    Operation("flip", 1, 1.0, "mirrored left to right or not, 0.5 each"),
    Operation("shift", 2, 1 / 16, "of each side, in whole pixels"),
    # Geometry: a head lies within a few degrees, and heads differ by about a tenth in length and width.
    Operation("rotation", 1, 10.0, "degrees"),
    Operation("scale", 1, 0.15, "powers of two: 0.9 to 1.11 times as large"),
    Operation("stretch", 1, 0.15, "powers of two between width and height: 0.9 to 1.11"),
    Operation("translation", 2, 1 / 16, "of each side, in fractions of pixels"),
    # What a scanner does: coil, motion and partial volume, a small matrix, electric discharges, thermal noise.
    Operation("bias_field", 5, 0.12, "of the logarithm, for each of five cosines over the image"),
    Operation("blur", 1, 1.0, "pixels, deviation of a Gaussian"),
    Operation("ringing", 1, 0.4, "of the frequencies of each axis, the highest, left out"),
    Operation("spikes", 4, 0.06, "of the range from black to white, amplitude of a stripe pattern"),
    Operation("noise", 1, 0.06, "of the range from black to white, Rician"),
    # Display: no scanner's grey values have a unit.
    Operation("gain", 1, 0.3, "powers of two: 0.81 to 1.23 times as bright"),
    Operation("brightness", 1, 0.1, "of the range from black to white"),
    Operation("gamma", 1, 0.4, "powers of two: gamma 0.76 to 1.32"),
    Operation("contrast", 1, 0.4, "powers of two about the mean: 0.76 to 1.32"),
    Operation("cutout", 2, 0.25, "of each side, a black rectangle"),
)
"""In the order in which they are applied."""

_ROWS = {operation.name: operation for operation in OPERATIONS}
GROUPS = {
    "blit": tuple(_ROWS[name] for name in ("flip", "shift")),
    "geometry": tuple(_ROWS[name] for name in ("rotation", "scale", "stretch", "translation")),
    "scanner": tuple(_ROWS[name] for name in ("bias_field", "blur", "ringing", "spikes", "noise")),
    "intensity": tuple(_ROWS[name] for name in ("gain", "brightness", "gamma", "contrast")),
    # Zhao et al. 2020, "color,translation,cutout", whose numbers are for images in [-1, 1]; always applied there
    # (strength 1). Colour saturation is left out, and what is empty is black instead of grey.
    "diffaugment": (
        replace(_ROWS["shift"], reach=1 / 8),
        replace(_ROWS["brightness"], reach=0.25),
        replace(_ROWS["contrast"], reach=0.585),
        replace(_ROWS["cutout"], reach=0.5),
    ),
}
"""Names for several operations at once, the last a fixed policy with ranges of its own."""


def chosen(names):
    """The operations that names stand for, each once, in the order of the table.

    Args:
        names: Of operations and groups.

    Returns:
        Tuple of `Operation`.

    Raises:
        ValueError: An unknown name.
    """
    unknown = [name for name in names if name not in _ROWS and name not in GROUPS]
    if unknown:
        raise ValueError(f"operations must be of {(*_ROWS, *GROUPS)}. Received: {unknown[0]!r}")
    found = {row.name: row for name in names for row in GROUPS.get(name, (_ROWS.get(name),))}
    return tuple(found[row.name] for row in OPERATIONS if row.name in found)
