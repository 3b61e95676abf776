"""Every metric, once: what it is called and means, which direction is good, and how it is measured.

To add one: write its function in a file of its own, and its record here. Evaluation, report, model card, plots and
verdict follow from the record; with `quick=True` so does the evaluation while a run goes on.
"""

from dataclasses import replace

from keras_stylegan.metrics.agreement import class_agreement, synthetic_training
from keras_stylegan.metrics.covariate_agreement import covariate_agreement
from keras_stylegan.metrics.diversity import ms_ssim_diversity
from keras_stylegan.metrics.estimate import Estimate
from keras_stylegan.metrics.frechet import frechet, frechet_distance
from keras_stylegan.metrics.kernel import kernel_distance
from keras_stylegan.metrics.laplacian import sliced_wasserstein
from keras_stylegan.metrics.main_directions import covered_variance
from keras_stylegan.metrics.metric import Key, Measure, Metric, Part, Sets
from keras_stylegan.metrics.precision_recall import precision_recall
from keras_stylegan.metrics.spectrum import histogram_distance, spectrum_distance


def _frechet(sets: Sets) -> dict[Key, Estimate]:
    generated, heldout = sets.generated.values, sets.heldout.values
    if sets.plain:
        value = frechet_distance(generated, heldout)
        return {Key("frechet"): Estimate(value, None, len(generated), len(heldout), sets.seed)}
    return {Key("frechet"): frechet(generated, heldout, sets.heldout.subjects, sets.seed)}


def _kernel(sets: Sets) -> dict[Key, Estimate]:
    found = kernel_distance(
        sets.generated.values, sets.heldout.values, sets.heldout.subjects, sets.seed, sets.generated.subjects
    )
    return {Key("kernel"): found}


def _precision_recall(sets: Sets) -> dict[Key, Estimate]:
    found = precision_recall(
        sets.generated.values, sets.heldout.values, sets.heldout.subjects, sets.seed, sets.generated.subjects
    )
    return {Key(name): estimate for name, estimate in found.items()}


def _sliced_wasserstein(sets: Sets) -> dict[Key, Estimate]:
    levels = sliced_wasserstein(sets.generated.values, sets.heldout.values, seed=sets.seed)
    return {Key("sliced_wasserstein", level): estimate for level, estimate in levels.items()}


def _covered_variance(sets: Sets) -> dict[Key, Estimate]:
    generated, heldout = sets.generated.values, sets.heldout.values
    return {Key("covered_variance"): covered_variance(generated, heldout, sets.heldout.subjects, sets.seed, sets.plain)}


def _histogram(sets: Sets) -> dict[Key, Estimate]:
    found = histogram_distance(sets.generated.values, sets.heldout.values, sets.heldout.subjects, sets.seed)
    return {Key("histogram"): found}


def _spectrum(sets: Sets) -> dict[Key, Estimate]:
    found = spectrum_distance(sets.generated.values, sets.heldout.values, sets.heldout.subjects, sets.seed)
    return {Key("spectrum"): found}


def _ms_ssim(sets: Sets) -> dict[Key, Estimate]:
    def similarity(part: Part) -> Estimate:
        labels = part.labels if sets.classes else None
        return ms_ssim_diversity(part.values, labels, part.subjects, seed=sets.seed)

    found = similarity(sets.generated)
    if not sets.plain:
        count = len(sets.heldout.values)
        found = replace(found, reference_count=count, floor=similarity(sets.heldout))
    return {Key("ms_ssim"): found}


def _class_agreement(sets: Sets) -> dict[Key, Estimate]:
    found = class_agreement(*_labelled(sets), sets.classes, sets.heldout.subjects, sets.seed)
    overall = replace(found.generated, note=found.note, floor=found.heldout)
    return {
        Key("class_agreement"): overall,
        **{
            Key("class_agreement", group=name): replace(generated, floor=heldout)
            for name, (generated, heldout) in found.per_class.items()
        },
    }


def _train_on_synthetic(sets: Sets) -> dict[Key, Estimate]:
    found = synthetic_training(*_labelled(sets), sets.classes, sets.heldout.subjects, sets.seed)
    note, difference = found.note, found.difference
    if difference.interval:
        low, high = difference.interval
        paired = f"on synthetic minus on real, paired: {difference.value:+.2f} [{low:+.2f}, {high:+.2f}]"
        note = f"{paired}; {note}" if note else paired
    return {Key("train_on_synthetic"): replace(found.synthetic, note=note, floor=found.real)}


def _covariate_agreement(sets: Sets) -> dict[Key, Estimate]:
    training, heldout, generated = sets.training, sets.heldout, sets.generated
    return {
        Key("covariate_agreement", name): covariate_agreement(
            *(training.values, training.covariates[name], training.subjects),
            *(heldout.values, heldout.covariates[name], heldout.subjects),
            *(generated.values, asked),
            sets.seed,
        )
        for name, asked in generated.covariates.items()
    }


def _labelled(sets: Sets) -> list:
    return [item for part in (sets.training, sets.heldout, sets.generated) for item in (part.values, part.labels)]


METRICS = {
    "frechet": Metric(
        "Fréchet distance",
        "lower",
        "How far the cloud of generated images is from the cloud of held-out real ones, comparing mean and covariance "
        "of their features. 'FID' is this with Inception features; values of different extractors or of different N "
        "cannot be compared, ratios to the floor can.",
        "Heusel et al. 2017",
        "features",
        _frechet,
        quick=True,
    ),
    "kernel": Metric(
        "Kernel distance (KID)",
        "lower",
        "The same question with a polynomial kernel instead of two Gaussians. Unbiased: two samples of one source "
        "give 0 on average, so small negative values are normal.",
        "Bińkowski et al. 2018",
        "features",
        _kernel,
        has_ratio=False,
    ),
    "precision": Metric(
        "Precision",
        "higher",
        "Share of generated images that lie among the real ones: are they plausible?",
        "Kynkäänniemi et al. 2019",
        "features",
        _precision_recall,
        shortfall="Generated images look less plausible than real ones",
        quick=True,
    ),
    "recall": Metric(
        "Recall",
        "higher",
        "Share of real images that lie among the generated ones: is the variety there? Low when modes are missing.",
        "Kynkäänniemi et al. 2019",
        "features",
        _precision_recall,
        shortfall="Variety is missing",
        quick=True,
    ),
    "density": Metric(
        "Density",
        "higher",
        "Like precision, but counts in how many real neighbourhoods an image lies, so that outliers weigh less. "
        "About 1 for real images; can exceed 1.",
        "Naeem et al. 2020",
        "features",
        _precision_recall,
        quick=True,
    ),
    "coverage": Metric(
        "Coverage",
        "higher",
        "Share of real images with a generated one in their neighbourhood. Low when modes are missing.",
        "Naeem et al. 2020",
        "features",
        _precision_recall,
        shortfall="Variety is missing",
        quick=True,
    ),
    "sliced_wasserstein": Metric(
        "Sliced Wasserstein distance",
        "lower",
        "Compares small patches at each scale of a Laplacian pyramid: coarse levels for shape, fine ones for texture. "
        "Times 1000.",
        "Karras et al. 2017",
        "images",
        _sliced_wasserstein,
    ),
    "ms_ssim": Metric(
        "MS-SSIM of random pairs",
        "equal",
        "How alike two generated images of one class are. Well above the value of real images means little variety.",
        "Odena et al. 2017",
        "images",
        _ms_ssim,
        quick=True,
    ),
    "covered_variance": Metric(
        "Covered variance",
        "higher",
        "Share of the real images' variance that generated ones have, along the ten directions in which real images "
        "differ most (the height of the slice, the size of the head, ...). Texture has no say. Low when every image is "
        "a variant of one: it shows this before anything else does.",
        "this report",
        "images",
        _covered_variance,
        shortfall="Variety is missing in what differs most between real images",
        quick=True,
    ),
    "histogram": Metric(
        "Intensity histogram distance",
        "lower",
        "How far grey values would have to move to get the real histogram, as a share of the full range.",
        "1-Wasserstein distance",
        "images",
        _histogram,
    ),
    "spectrum": Metric(
        "Power spectrum distance",
        "lower",
        "Root mean square difference of the radial power spectra in decibels. Blur and checkerboards show here.",
        "Durall et al. 2020",
        "images",
        _spectrum,
    ),
    "class_agreement": Metric(
        "Class agreement",
        "equal",
        "A classifier trained on real images recognises the class that was asked for in this share of generated "
        "images (balanced accuracy). The value beside it is the same classifier's on held-out real images.",
        "Ravuri & Vinyals 2019; Odena et al. 2017",
        "features",
        _class_agreement,
        needs="classes",
    ),
    "covariate_agreement": Metric(
        "Covariate agreement",
        "equal",
        "A regression on real images reads off generated images the number that was asked for: 1 is exact, 0 no better "
        "than one answer for all (1 − mean absolute error over that of the median). The value beside it is the same "
        "regression's on held-out real images.",
        "Murphy 1988 (skill score)",
        "features",
        _covariate_agreement,
        needs="covariates",
    ),
    "train_on_synthetic": Metric(
        "Train on synthetic, test on real",
        "higher",
        "Balanced accuracy on held-out images of a classifier that saw generated images only. The value beside it is "
        "that of one trained on as many real images.",
        "Esteban et al. 2017",
        "features",
        _train_on_synthetic,
        needs="classes",
    ),
    "authenticity": Metric(
        "Authenticity",
        "equal",
        "Share of generated images that are no closer to their nearest training image than that one is to the nearest "
        "image of another subject. New people have the value beside it.",
        "Alaa et al. 2022",
        None,
        None,
    ),
    "near_duplicates": Metric(
        "Near duplicates among the generated",
        "lower",
        "Share of generated images that are closer to another generated one than 99 % of new people are to any "
        "training image. Far above 1 % the generator repeats itself.",
        "this report",
        None,
        None,
    ),
    "projection_advantage": Metric(
        "Projection advantage of training subjects",
        "equal",
        "How often a training image is found nearer in the latent space than a held-out one (1/2: no more often than "
        "not). Clearly above 1/2 the model makes the people it was trained on better than others, and somebody with a "
        "scan can tell whether it was used.",
        "Chen et al. 2020 (GAN-Leaks)",
        None,
        None,
        has_ratio=False,
    ),
    "projection_distance": Metric(
        "Projection distance of held-out people",
        "lower",
        "How far the nearest image that the model can make is from a held-out person's, in grey values (2 is the whole "
        "range). The value beside it is that of the model's own images, projected in the same way: what the search "
        "itself leaves.",
        "Karras et al. 2019, appendix D",
        None,
        None,
        has_ratio=False,
    ),
}
"""Name to record, in the order of the report."""


def measures(on: str, *, classes: bool = False, covariates: bool = False, quick: bool = False) -> dict[Measure, str]:
    """The functions that measure the catalogue, each once, with the names of what they measure.

    Args:
        on: 'images' or 'features'.
        classes: Those that need a run which is conditioned on the class too.
        covariates: Those that need one with covariates too.
        quick: Only those of the evaluation while a run goes on.
    """
    given = {None: True, "classes": classes, "covariates": covariates}
    found: dict[Measure, list[str]] = {}
    for name, metric in METRICS.items():
        if metric.on == on and given[metric.needs] and (metric.quick or not quick):
            found.setdefault(metric.measure, []).append(name)
    return {measure: "+".join(names) for measure, names in found.items()}
