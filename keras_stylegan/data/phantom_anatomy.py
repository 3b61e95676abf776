"""Geometry of the brain phantom: where each tissue lies in an axial slice.

Positions are mm in the frame of the brain: x to the right, y to the front, u = abs(x). All lengths that are
not `PhantomFactors` are chosen by eye.
"""

import numpy as np

from keras_stylegan.data.phantom_field import smooth_field

SEPTUM_MM = 0.8
"""Half the thickness of the wall between the two lateral ventricles."""
OUTER_SULCI = 17
"""Sulci along the convex surface of one hemisphere, from front to back."""
MEDIAL_SPACING_MM = 14.0
"""Distance between neighbouring sulci along the interhemispheric fissure."""


def ventricle_profile(y, height_mm, scale):
    """Outline of one lateral ventricle: the points with `abs(u - centre) < half_width`.

    Args:
        y: Array of positions along the front-back axis in mm.
        height_mm: Height of the slice above the lower end of the ventricles.
        scale: Width relative to the normal template.

    Returns:
        Tuple of `centre` and `half_width` in mm, both of the shape of `y`.
    """
    body = _step(height_mm, 7.0, 20.0)  # 0: two horns with the thalamus between them; 1: one long body
    top = 1.0 - _step(height_mm, 28.0, 37.0)
    shrink, length = 0.4 + 0.6 * top, 1.0 + 0.15 * (scale - 1.0)
    lobes = (  # y of the centre, half length, half width
        (26.0 - 5.0 * body, 12.0 + 4.0 * body, 4.0 + 0.9 * body),
        (-1.0, 30.0, 3.7 * body),
        (-27.0 + 2.0 * body, 13.0 + 4.0 * body, 3.2 + 1.6 * body),
    )
    fourth_power = np.zeros_like(y)  # adding fourth powers is a maximum without its kinks
    for centre, half_length, width in lobes:
        lobe = 1.0 - ((y - centre * shrink) / (half_length * shrink * length)) ** 2
        fourth_power += (width * width * np.maximum(lobe, 0.0)) ** 2
    half_width = top * scale * np.sqrt(np.sqrt(fourth_power))
    curvature = np.where(y > 8.0, np.float32(0.017 - 0.007 * body), np.float32(0.0008 + 0.0052 * body))
    centre = 4.0 + 3.0 * body + curvature * (y - 8.0) ** 2
    # A growing ventricle pushes outwards, as its twin sits on the other side of the midline.
    return np.maximum(centre, half_width + SEPTUM_MM), half_width


def ventricle_area_mm2(factors):
    """Exact area of both lateral ventricles in the slice, the integral of their outline.

    Args:
        factors: `PhantomFactors`.

    Returns:
        Area in mm², 0 above the ventricles.
    """
    y = np.linspace(-80.0, 80.0, 3201)
    scales = _ventricle_scales(factors)
    half_widths = [ventricle_profile(y, factors.slice_height_mm, scale)[1] for scale in scales]
    return float(2.0 * np.sum(half_widths) * (y[1] - y[0]))


def tissue_maps(factors, grid):
    """Share of each tissue in each sample.

    Args:
        factors: `PhantomFactors`.
        grid: `Grid`.

    Returns:
        Dict of (size, size) float32 arrays in [0, 1], in the order in which they cover each other and the
        white matter below: `deep_grey`, `cortex`, `sulci`, `ventricles`; and `brain`, with air outside it.
    """
    rng = np.random.default_rng(factors.texture_seed)
    height, spacing = factors.slice_height_mm, grid.spacing_mm
    coarse_x, coarse_y = (smooth_field(grid, rng, 27.0, height, parity) for parity in (-1, 1))
    fine_x, fine_y = (smooth_field(grid, rng, 11.0, height, parity) for parity in (-1, 1))
    drift = smooth_field(grid, rng, 36.0, height, 1)
    # A bent midline: shear along x keeps every area as it is.
    x, y = grid.coordinates()
    x += 1.2 * np.sin(y / 30.0 + float(rng.uniform(0.0, 2.0 * np.pi)))
    u, right = np.abs(x), x > 0.0
    depth = _depth(u, y, factors, drift, spacing)
    folded_x = x + 2.7 * coarse_x + 0.8 * fine_x
    folded_y = y + 2.7 * coarse_y + 0.8 * fine_y
    left_scale, right_scale = _ventricle_scales(factors)
    scale = np.where(right, np.float32(right_scale), np.float32(left_scale))
    centre, half_width = ventricle_profile(y, height, scale)
    fluid = _sulci(factors, rng, folded_x, folded_y, y, depth, drift, right, spacing)
    ribbon = fluid - factors.cortical_thickness_mm
    wall = _ventricle_wall(u, y, height, scale)
    fluid, ribbon = np.maximum(fluid, factors.cortical_thickness_mm - wall), np.maximum(ribbon, -wall)
    ventricles = _inside(np.abs(u - centre) - half_width, spacing)
    ventricles *= np.minimum(2.0 * half_width / spacing, 1.0)  # a tip thinner than a sample fills it partly
    third = 1.0 - _step(height, 9.0, 16.0)
    if third > 0.0:
        slit = _ellipse(u, y, (0.0, -5.0), (1.6 * factors.ventricle_scale, 13.0))
        ventricles = np.maximum(ventricles, third * _inside(slit, spacing))
    return {
        "deep_grey": _deep_grey(np.abs(folded_x), folded_y, y, u - centre, half_width, height, spacing),
        "cortex": _inside(ribbon, max(spacing, 2.0)),
        "sulci": _inside(fluid, max(spacing, 1.6)),
        "ventricles": ventricles,
        "brain": _inside(-depth, spacing),
    }


def _ventricle_scales(factors):
    """Ventricle scale of the left and of the right side."""
    return tuple(factors.ventricle_scale * (1.0 + sign * factors.ventricle_asymmetry) for sign in (1.0, -1.0))


def _step(value, low, high):
    """Smooth rise from 0 at `low` to 1 at `high` (cubic Hermite) of a number."""
    t = min(max((value - low) / (high - low), 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


def _ventricle_wall(u, y, height_mm, scale):
    """Signed distance in mm, negative inside, to a margin around the ventricles that cortex never enters.

    White matter separates the two everywhere. The margin is a ventricle a little longer and 3 mm wider.
    """
    centre, half_width = ventricle_profile(0.88 * y, height_mm, scale)
    beyond_tip = 1.0 - np.minimum(half_width, 1.0)
    return np.abs(u - centre) - half_width - 3.0 + 12.0 * beyond_tip


def _inside(distance, width_mm):
    """Share of a sample inside a surface at signed `distance` mm, with an edge `width_mm` wide."""
    return np.clip(0.5 - distance / width_mm, 0.0, 1.0)


def _length(a, b):
    """Euclidean length; several times faster than `numpy.hypot`, which guards against overflow."""
    squared = a * a
    squared += b * b
    return np.sqrt(squared, out=squared)


def _ellipse(u, y, centre, radii, tilt_degrees=0.0):
    """Approximate signed distance in mm to an ellipse, negative inside."""
    cos, sin = float(np.cos(np.deg2rad(tilt_degrees))), float(np.sin(np.deg2rad(tilt_degrees)))
    du, dy = u - centre[0], y - centre[1]
    return (_length((cos * du + sin * dy) / radii[0], (cos * dy - sin * du) / radii[1]) - 1.0) * min(radii)


def _segment(u, y, start, end):
    """Distance in mm to the straight segment between two points."""
    du, dy = end[0] - start[0], end[1] - start[1]
    u, y = u - start[0], y - start[1]
    t = np.clip((u * du + y * dy) / (du * du + dy * dy), 0.0, 1.0)
    return _length(u - t * du, y - t * dy)


def _slope(field, spacing_mm):
    """Length of the gradient of a sampled field, per mm: central differences, repeated at the border."""
    across, along = np.empty_like(field), np.empty_like(field)
    np.subtract(field[2:], field[:-2], out=across[1:-1])
    np.subtract(field[:, 2:], field[:, :-2], out=along[:, 1:-1])
    across[0], across[-1], along[:, 0], along[:, -1] = across[1], across[-2], along[:, 1], along[:, -2]
    return _length(across, along) / (2.0 * spacing_mm)


def _depth(u, y, factors, drift, spacing_mm):
    """Distance in mm below the surface of the brain, to first order; negative outside."""
    upper = _step(factors.slice_height_mm, 15.0, 60.0)
    b = 0.5 * factors.brain_length_mm * (1.0 - 0.08 * upper)
    v = y / b
    w = u / (0.5 * factors.brain_width_mm * (1.0 - 0.06 * upper) * (1.0 - 0.10 * v))  # narrower in front
    squared = v * v + w * w
    # The second factor makes the ellipse a little squarer, as foreheads are blunt.
    radius = np.sqrt(squared) * (1.0 - 0.14 * (v * w) ** 2 / np.maximum(squared * squared, 1e-4))
    radius = radius + 0.008 * drift + 0.03 * np.exp(-u / 3.0)  # and a notch at the end of the fissure
    return (1.0 - radius) / np.maximum(_slope(radius, spacing_mm), 0.008)


def _folds(phase, depth, right, spacing_mm, rng, height_mm, depth_mm):
    """A family of sulci that run inwards along the integer values of `phase`, each with one side branch.

    Args:
        phase: Position along the surface, in sulci.
        depth: Distance from the surface in mm.
        right: Whether a sample lies in the right hemisphere.
        spacing_mm: Distance between samples.
        rng: `numpy.random.Generator`.
        height_mm: Position across slices.
        depth_mm: Depth of the shallowest and of the deepest sulcus.

    Returns:
        Tuple of the distance to the middle of the nearest sulcus in mm and its relative width there.
    """
    count = 48
    mean, spread = 0.5 * (depth_mm[1] + depth_mm[0]), 0.5 * (depth_mm[1] - depth_mm[0])
    wave = rng.uniform(0.0, 2.0 * np.pi, count) + height_mm / 9.0
    # Both hemispheres follow the same table of sulci, apart from a small difference in every entry.
    wave = np.stack([wave, wave + rng.normal(0.0, 0.5, count)])
    width = np.exp(rng.normal(0.0, 0.4, count) + rng.normal(0.0, 0.15, (2, count)))
    branch = rng.uniform(0.45, 0.95, count) + rng.normal(0.0, 0.03, (2, count))
    length = rng.uniform(-7.0, 7.0, count) + rng.normal(0.0, 1.0, (2, count))
    number = np.rint(phase)
    index = (number + np.where(right, np.float32(1.5 * count), np.float32(0.5 * count))).astype("intp")
    tables = (mean + spread * np.sin(wave), width, branch, length)
    end, width, branch, length = (t.astype("float32").ravel().take(index, mode="clip") for t in tables)
    # Phase over its slope is a distance; the floor keeps a stretched place from growing a thick sulcus.
    across = (phase - number) / np.maximum(_slope(phase, spacing_mm), 0.035)
    trunk = _length(across, np.maximum(depth - end, 0.0))
    beside = np.maximum(np.abs(across - 0.5 * length) - 0.5 * np.abs(length), 0.0)
    fork = _length(beside, depth - branch * end)
    return np.minimum(trunk, fork), width * (1.0 - 0.6 * np.clip(depth / end, 0.0, 1.0))


def _sulci(factors, rng, folded_x, folded_y, y, depth, drift, right, spacing_mm):
    """Signed distance in mm, negative inside, to the fluid of the sulci."""
    height, half = factors.slice_height_mm, 0.5 * factors.sulcal_width_mm
    folded_u = np.abs(folded_x)
    a, b = 0.5 * factors.brain_width_mm, 0.5 * factors.brain_length_mm
    phase = OUTER_SULCI / np.pi * np.arctan2(folded_u / a, folded_y / b) + 0.3 * drift
    outer, outer_width = _folds(phase, depth, right, spacing_mm, rng, height, (7.0, 29.0))
    # The fissure parts the hemispheres in front of and behind the corpus callosum, and above it everywhere.
    above = _step(height, 30.0, 40.0)
    gap = np.maximum(np.minimum(36.0 * (1.0 - above) - y, y + 42.0 * (1.0 - above)), 0.0)
    fissure = _length(folded_u, gap)
    phase = folded_y / MEDIAL_SPACING_MM + 0.3 * drift
    medial, medial_width = _folds(phase, fissure, right, spacing_mm, rng, height, (4.0, 15.0))
    # The lateral sulcus opens onto the insula, a second stretch of cortex along the putamen.
    retreat = 14.0 * _step(height, 10.0, 24.0)
    insula = 1.0 - retreat / 14.0
    back, front = (40.0 + retreat, -14.0 * insula - 1.0), (38.0 + retreat, 16.0 * insula + 1.0)
    lateral = np.minimum(
        _segment(folded_u, folded_y, (a + 4.0, -6.0), (41.0 + retreat, 2.0)),
        _segment(folded_u, folded_y, back, front),
    )
    walls = (
        (outer, half * outer_width),
        (medial + 0.6 * gap, 0.8 * half * medial_width),
        (fissure, 0.9 * half),
        (lateral, 1.3 * half),
        (depth, 0.7 * half),
    )
    fluid = walls[0][0] - walls[0][1]
    for distance, opening in walls[1:]:
        fluid = np.minimum(fluid, distance - opening)
    return fluid


def _deep_grey(folded_u, folded_y, y, beside_ventricle, half_width, height_mm, spacing_mm):
    """Share of thalamus, putamen and caudate nucleus, each in the slices that it reaches."""
    edge = max(spacing_mm, 2.5)
    share = np.zeros_like(y)
    thalamus, putamen = 1.0 - _step(height_mm, 12.0, 20.0), 1.0 - _step(height_mm, 13.0, 22.0)
    caudate = 1.0 - _step(height_mm, 22.0, 32.0)
    if thalamus > 0.0:
        body = _ellipse(folded_u, folded_y, (11.0, -9.0), (8.0, 14.0), 25.0)
        share = np.maximum(share, 0.75 * thalamus * _inside(body, edge))
    if putamen > 0.0:
        body = _ellipse(folded_u, folded_y, (29.0, 3.0), (6.0, 17.0), -15.0)
        share = np.maximum(share, putamen * _inside(body, edge))
    if caudate > 0.0:
        # Along the lateral wall of the ventricle, thickest beside the frontal horn.
        thickness = 6.5 * np.maximum(1.0 - ((y - 19.0) / 14.0) ** 2, 0.0)
        wall = np.abs(beside_ventricle - half_width - 0.5 * thickness) - 0.5 * thickness
        share = np.maximum(share, caudate * _inside(wall, edge) * np.minimum(thickness / 2.0, 1.0))
    return share
