from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage

from keras_stylegan.data.phantom import (
    CLASSES,
    FIELD_OF_VIEW_MM,
    SLICES_PER_SUBJECT,
    add_rician_noise,
    draw_factors,
    phantom_images,
    render,
    ventricle_area_mm2,
)

AD, NC = CLASSES.index("AD"), CLASSES.index("NC")


def ideal_factors(seed, label=NC, **changes):
    """Factors of a slice without noise, bias, rotation or shift, apart from `changes`."""
    ideal = {
        "noise_sigma": 0.0,
        "bias_amplitude": 0.0,
        "rotation_degrees": 0.0,
        "shift_right_mm": 0.0,
        "shift_up_mm": 0.0,
        "slice_height_mm": 24.0,  # above the third ventricle and the thalamus
    }
    return replace(draw_factors(label, np.random.default_rng(seed)), **{**ideal, **changes})


def measured_ventricle_area_mm2(factors, resolution):
    """Area of the dark regions that reach into the middle of a noise-free slice."""
    threshold = 0.5 * (factors.white_intensity + factors.fluid_intensity)
    regions, _ = ndimage.label(render(factors, resolution) < threshold)
    pixel_mm = FIELD_OF_VIEW_MM / resolution
    middle = slice(int(resolution / 2 - 12 / pixel_mm), int(resolution / 2 + 12 / pixel_mm))
    found = set(np.unique(regions[middle, middle])) - {0}
    return np.isin(regions, list(found)).sum() * pixel_mm**2


@pytest.mark.parametrize("scale", [0.8, 1.2, 1.8])
@pytest.mark.parametrize("asymmetry", [0.0, 0.15])
def test_ventricle_area_can_be_measured_in_the_image(scale, asymmetry):
    factors = ideal_factors(3, ventricle_scale=scale, ventricle_asymmetry=asymmetry)

    area = measured_ventricle_area_mm2(factors, 256)

    assert area == pytest.approx(ventricle_area_mm2(factors), rel=0.015)


def test_ventricle_area_is_the_same_in_every_pose():
    factors = ideal_factors(4, rotation_degrees=7.0, shift_right_mm=3.0, shift_up_mm=-2.0)

    assert measured_ventricle_area_mm2(factors, 256) == pytest.approx(ventricle_area_mm2(factors), rel=0.015)


@pytest.mark.parametrize("asymmetry", [-0.15, 0.15])
def test_positive_asymmetry_widens_the_left_ventricle(asymmetry):
    factors = ideal_factors(3, ventricle_asymmetry=asymmetry, ventricle_scale=1.5)
    dark = render(factors, 256) < 0.5 * (factors.white_intensity + factors.fluid_intensity)
    rows = dark[118:138]  # 15 mm about the middle of the brain, of which 36 mm to either side count
    left, right = rows[:, 80:128].sum(), rows[:, 128:176].sum()

    assert left / right == pytest.approx((1.0 + asymmetry) / (1.0 - asymmetry), rel=0.1)


def test_cortex_never_touches_the_ventricles():
    factors = [ideal_factors(seed, ventricle_scale=1.8) for seed in range(12)]
    measured = [measured_ventricle_area_mm2(drawn, 128) for drawn in factors]  # grows where a sulcus merges

    np.testing.assert_allclose(measured, [ventricle_area_mm2(drawn) for drawn in factors], rtol=0.03)


def test_highest_slices_lie_above_the_ventricles():
    heights = (10.0, 24.0, 33.0, 40.0)
    areas = [ventricle_area_mm2(ideal_factors(0, slice_height_mm=height)) for height in heights]

    assert areas[0] > 100.0
    assert areas[1] > areas[2] > areas[3] == 0.0


def test_classes_differ_as_in_atrophy():
    drawn = {label: [draw_factors(label, np.random.default_rng(seed)) for seed in range(200)] for label in (AD, NC)}

    def mean(label, name):
        return np.mean([getattr(factors, name) for factors in drawn[label]])

    assert mean(AD, "ventricle_scale") > 1.3 * mean(NC, "ventricle_scale")
    assert mean(AD, "cortical_thickness_mm") < mean(NC, "cortical_thickness_mm") - 0.3
    assert mean(AD, "sulcal_width_mm") > mean(NC, "sulcal_width_mm") + 0.5


def test_classes_differ_in_the_images():
    data = phantom_images(80, 64, seed=1)
    fluid = [
        np.mean(image[image > 0] < 255 * 0.4 * drawn.white_intensity)
        for image, drawn in zip(data.images, data.factors, strict=True)
    ]

    assert np.mean(np.array(fluid)[data.labels == AD]) > 1.3 * np.mean(np.array(fluid)[data.labels == NC])


def test_cortical_thickness_widens_the_grey_ribbon():
    def grey_share(thickness_mm):
        factors = ideal_factors(5, cortical_thickness_mm=thickness_mm)
        image = render(factors, 128)
        return np.mean(np.abs(image[image > 0] - factors.grey_intensity) < 0.1)

    assert grey_share(3.5) > 1.2 * grey_share(2.0)


def test_sulcal_width_darkens_the_cortex():
    narrow, wide = (render(ideal_factors(6, sulcal_width_mm=width), 64) for width in (1.0, 4.0))

    assert wide.mean() < 0.95 * narrow.mean()


def test_rotation_turns_the_long_axis_counter_clockwise():
    def angle_degrees(rotation):
        row, column = np.nonzero(render(ideal_factors(7, rotation_degrees=rotation), 128))
        (xx, xy), (_, yy) = np.cov(column, -row)
        return np.rad2deg(0.5 * np.arctan2(2.0 * xy, xx - yy)) % 180.0

    assert angle_degrees(8.0) - angle_degrees(0.0) == pytest.approx(8.0, abs=0.5)


def test_shift_moves_the_centre():
    def centre_mm(**shift):
        row, column = ndimage.center_of_mass(render(ideal_factors(8, **shift), 64) > 0)
        return np.array([column, -row]) * FIELD_OF_VIEW_MM / 64

    shifted = centre_mm(shift_right_mm=6.0, shift_up_mm=-3.0)
    np.testing.assert_allclose(shifted - centre_mm(), [6.0, -3.0], atol=0.3)


@pytest.mark.parametrize("width_mm, length_mm", [(120.0, 170.0), (145.0, 155.0)])
def test_brain_has_the_size_of_its_factors(width_mm, length_mm):
    factors = ideal_factors(9, slice_height_mm=10.0, brain_width_mm=width_mm, brain_length_mm=length_mm)
    rows, columns = np.nonzero(render(factors, 128))
    pixel_mm = FIELD_OF_VIEW_MM / 128

    assert np.ptp(columns) * pixel_mm == pytest.approx(width_mm, rel=0.05)
    assert np.ptp(rows) * pixel_mm == pytest.approx(length_mm, rel=0.05)


def test_halves_are_nearly_but_not_exactly_mirror_images():
    def correlation(first, second):
        inside = (first > 0) & (second > 0)
        return np.corrcoef(first[inside], second[inside])[0, 1]

    # Means over subjects: in a single one, chance decides how well another subject happens to fit.
    images = [render(ideal_factors(seed, ventricle_asymmetry=0.0), 64) for seed in range(20)]
    mirrored = [correlation(image, image[:, ::-1]) for image in images]
    others = [correlation(image, other) for image, other in pairwise(images)]

    assert np.mean(mirrored) > np.mean(others) + 0.1
    assert max(mirrored) < 0.95


def test_every_resolution_shows_the_same_anatomy():
    factors = ideal_factors(12)
    fine = render(factors, 256)
    for resolution in (64, 128):
        block = 256 // resolution
        averaged = fine.reshape(resolution, block, resolution, block).mean(axis=(1, 3))
        inside = ndimage.binary_erosion(averaged > 0, iterations=2)
        rendered = render(factors, resolution)[inside]
        assert np.corrcoef(averaged[inside], rendered)[0, 1] > 0.97
        assert rendered.mean() == pytest.approx(averaged[inside].mean(), rel=0.01)


def test_bias_field_is_smooth_and_bounded():
    factors = ideal_factors(13)
    plain, biased = render(factors, 64), render(replace(factors, bias_amplitude=0.1, noise_seed=5), 64)
    ratio = np.where(plain > 0, biased / np.maximum(plain, 1e-6), np.nan)

    assert 0.02 < np.nanmax(np.abs(ratio - 1.0)) <= 0.1 + 1e-5
    assert np.nanmax(np.abs(np.diff(ratio, axis=1))) < 0.02


def test_noise_in_air_is_rayleigh():
    sigma = 0.03
    noise = add_rician_noise(np.zeros((400, 400), "float32"), sigma, np.random.default_rng(0))

    assert noise.mean() == pytest.approx(sigma * np.sqrt(np.pi / 2.0), rel=0.01)
    assert noise.std() == pytest.approx(sigma * np.sqrt(2.0 - np.pi / 2.0), rel=0.01)


def test_noise_on_bright_tissue_has_the_sigma_of_the_factors():
    plain = ideal_factors(14, noise_seed=1)
    sigma = 0.02
    clean, noisy = render(plain, 128), render(replace(plain, noise_sigma=sigma), 128)
    white = np.abs(clean - plain.white_intensity) < 0.01  # bright, yet far enough from the clip at 1

    assert np.std((noisy - clean)[white]) == pytest.approx(sigma, rel=0.05)


def test_air_is_black():
    factors = draw_factors(NC, np.random.default_rng(15))
    image = render(factors, 64)
    assert np.all(image[[0, -1]] == 0.0) and np.all(image[:, [0, -1]] == 0.0)
    assert 0.35 < np.mean(image > 0) < 0.65


@pytest.mark.parametrize("resolution", [16, 32, 64, 256])
def test_render_returns_a_float_image_in_the_unit_interval(resolution):
    image = render(draw_factors(AD, np.random.default_rng(16)), resolution)

    assert image.shape == (resolution, resolution) and image.dtype == np.float32
    assert image.min() == 0.0 and 0.7 < image.max() <= 1.0


def test_equal_factors_give_equal_images():
    factors = draw_factors(NC, np.random.default_rng(17))

    np.testing.assert_array_equal(render(factors, 64), render(replace(factors), 64))


@pytest.mark.parametrize("name", ["texture_seed", "noise_seed"])
def test_each_seed_changes_the_image(name):
    factors = draw_factors(NC, np.random.default_rng(18))
    other = replace(factors, **{name: getattr(factors, name) + 1})

    assert np.any(render(factors, 64) != render(other, 64))


def test_phantom_images_have_the_documented_types():
    data = phantom_images(9, 16)

    assert data.images.shape == (9, 16, 16, 1) and data.images.dtype == np.uint8
    assert data.labels.shape == (9,) and data.labels.dtype == np.int64
    assert data.subjects.shape == (9,) and len(data.factors) == 9
    np.testing.assert_array_equal(data.images[8, :, :, 0], np.rint(255 * render(data.factors[8], 16)))


def test_a_longer_set_begins_with_a_shorter_one():
    short, long = phantom_images(5, 16, seed=2), phantom_images(11, 16, seed=2)

    np.testing.assert_array_equal(short.images, long.images[:5])
    np.testing.assert_array_equal(short.subjects, long.subjects[:5])
    assert short.factors == long.factors[:5]


def test_subject_offset_skips_subjects():
    whole = phantom_images(3 * SLICES_PER_SUBJECT, 16)
    tail = phantom_images(SLICES_PER_SUBJECT, 16, subject_offset=2)

    np.testing.assert_array_equal(tail.images, whole.images[2 * SLICES_PER_SUBJECT :])
    assert set(tail.subjects) == {"phantom-0002"}


def test_other_seeds_give_other_subjects():
    first, second = (phantom_images(1, 16, seed=seed).factors[0] for seed in (0, 1))

    assert first.texture_seed != second.texture_seed
    assert first.noise_seed != second.noise_seed


def test_slices_of_a_subject_share_its_anatomy():
    data = phantom_images(2 * SLICES_PER_SUBJECT, 16)
    first, second = data.factors[:SLICES_PER_SUBJECT], data.factors[SLICES_PER_SUBJECT:]

    for name in ("ventricle_scale", "cortical_thickness_mm", "texture_seed", "label"):
        assert len({getattr(factors, name) for factors in first}) == 1
        assert getattr(first[0], name) != getattr(second[0], name)
    assert len({factors.slice_height_mm for factors in first}) == SLICES_PER_SUBJECT
    assert len({factors.noise_seed for factors in first}) == SLICES_PER_SUBJECT


def test_classes_alternate_between_subjects():
    data = phantom_images(4 * SLICES_PER_SUBJECT, 16)

    np.testing.assert_array_equal(data.labels, np.repeat([0, 1, 0, 1], SLICES_PER_SUBJECT))
    np.testing.assert_array_equal(data.labels, [factors.label for factors in data.factors])


@pytest.mark.parametrize("resolution", [8, 48, 100, 0])
def test_resolution_must_be_a_power_of_two(resolution):
    with pytest.raises(ValueError, match=f"power of two.*Received: resolution={resolution}"):
        phantom_images(1, resolution)
    with pytest.raises(ValueError, match=f"power of two.*Received: resolution={resolution}"):
        render(ideal_factors(0), resolution)


@pytest.mark.parametrize("name, value", [("count", 0), ("seed", -1), ("subject_offset", -2)])
def test_counts_and_seeds_must_be_in_range(name, value):
    with pytest.raises(ValueError, match=f"Received: {name}={value}"):
        phantom_images(**{"count": 1, "resolution": 16, name: value})


def test_label_must_be_a_class():
    with pytest.raises(ValueError, match="Received: label=2"):
        draw_factors(2, np.random.default_rng(0))
