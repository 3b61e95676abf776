"""What every metric is, in words that a reader of the report needs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MetricText:
    """A metric for people.

    Attributes:
        title: Its name.
        better: 'lower', 'higher', or 'equal' where the value of real images is the aim.
        meaning: What it says, in plain words.
        source: Where it is defined.
    """

    title: str
    better: str
    meaning: str
    source: str


METRICS = {
    "frechet": MetricText(
        "Fréchet distance",
        "lower",
        "How far the cloud of generated images is from the cloud of held-out real ones, comparing mean and covariance "
        "of their features. 'FID' is this with Inception features; values of different extractors or of different N "
        "cannot be compared, ratios to the floor can.",
        "Heusel et al. 2017",
    ),
    "kernel": MetricText(
        "Kernel distance (KID)",
        "lower",
        "The same question with a polynomial kernel instead of two Gaussians. Unbiased: two samples of one source "
        "give 0 on average, so small negative values are normal.",
        "Bińkowski et al. 2018",
    ),
    "precision": MetricText(
        "Precision",
        "higher",
        "Share of generated images that lie among the real ones: are they plausible?",
        "Kynkäänniemi et al. 2019",
    ),
    "recall": MetricText(
        "Recall",
        "higher",
        "Share of real images that lie among the generated ones: is the variety there? Low when modes are missing.",
        "Kynkäänniemi et al. 2019",
    ),
    "density": MetricText(
        "Density",
        "higher",
        "Like precision, but counts in how many real neighbourhoods an image lies, so that outliers weigh less. "
        "About 1 for real images; can exceed 1.",
        "Naeem et al. 2020",
    ),
    "coverage": MetricText(
        "Coverage",
        "higher",
        "Share of real images with a generated one in their neighbourhood. Low when modes are missing.",
        "Naeem et al. 2020",
    ),
    "sliced_wasserstein": MetricText(
        "Sliced Wasserstein distance",
        "lower",
        "Compares small patches at each scale of a Laplacian pyramid: coarse levels for shape, fine ones for texture. "
        "Times 1000.",
        "Karras et al. 2017",
    ),
    "ms_ssim": MetricText(
        "MS-SSIM of random pairs",
        "equal",
        "How alike two generated images of one class are. Well above the value of real images means little variety.",
        "Odena et al. 2017",
    ),
    "histogram": MetricText(
        "Intensity histogram distance",
        "lower",
        "How far grey values would have to move to get the real histogram, as a share of the full range.",
        "1-Wasserstein distance",
    ),
    "spectrum": MetricText(
        "Power spectrum distance",
        "lower",
        "Root mean square difference of the radial power spectra in decibels. Blur and checkerboards show here.",
        "Durall et al. 2020",
    ),
    "class_agreement": MetricText(
        "Class agreement",
        "equal",
        "A classifier trained on real images recognises the class that was asked for in this share of generated "
        "images (balanced accuracy). The value beside it is the same classifier's on held-out real images.",
        "Ravuri & Vinyals 2019; Odena et al. 2017",
    ),
    "train_on_synthetic": MetricText(
        "Train on synthetic, test on real",
        "higher",
        "Balanced accuracy on held-out images of a classifier that saw generated images only. The value beside it is "
        "that of one trained on as many real images.",
        "Esteban et al. 2017",
    ),
    "authenticity": MetricText(
        "Authenticity",
        "equal",
        "Share of generated images that are no closer to their nearest training image than that one is to the nearest "
        "image of another subject. New people have the value beside it.",
        "Alaa et al. 2022",
    ),
    "near_duplicates": MetricText(
        "Near duplicates among the generated",
        "lower",
        "Share of generated images that are closer to another generated one than 99 % of new people are to any "
        "training image. Far above 1 % the generator repeats itself.",
        "this report",
    ),
}


def text_of(key: str) -> MetricText:
    """The text of a metric by its key in metrics.json, `<metric>[_<extractor or level>][/<class>]`.

    Raises:
        KeyError: No metric begins like this.
    """
    name = key.split("/")[0]
    for metric in sorted(METRICS, key=len, reverse=True):
        if name == metric or name.startswith(metric + "_"):
            return METRICS[metric]
    raise KeyError(key)


def qualifier_of(key: str) -> str:
    """The extractor or level in a key: 'random' of 'frechet_random/AD'; empty if there is none."""
    name = key.split("/")[0]
    for metric in sorted(METRICS, key=len, reverse=True):
        if name.startswith(metric + "_"):
            return name[len(metric) + 1 :]
    return ""


def class_of(key: str) -> str:
    """The class in a key: 'AD' of 'frechet_random/AD'; empty for all classes together."""
    return key.partition("/")[2]
