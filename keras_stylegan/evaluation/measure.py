"""Every measurement of an evaluation, in the order of the report."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from keras_stylegan.evaluation.comparisons import OF_FEATURES, OF_IMAGES, Comparison
from keras_stylegan.evaluation.ledger import Ledger
from keras_stylegan.evaluation.material import Material
from keras_stylegan.metrics.agreement import class_agreement, synthetic_training
from keras_stylegan.metrics.diversity import ms_ssim_diversity
from keras_stylegan.metrics.features import FeatureExtractor, extract
from keras_stylegan.metrics.floors import floors, subject_sample
from keras_stylegan.metrics.memorization import Audit, AuditFeatures, audit
from keras_stylegan.training.samples import Samples

POOL = 10000
"""Training images that floors and classifiers use at most; more make them slower and hardly better."""
POOL_BYTES = 10**9
BLOCK = 2048
"""Training images outside the pool that are in memory at a time."""


@dataclass(frozen=True)
class Group:
    """Images that are compared: all of them, or those of one class.

    Attributes:
        name: Class, or empty.
        generated: Rows of the samples.
        heldout: Rows of the held-out images.
        pool: Places in the pool of training images.
    """

    name: str
    generated: np.ndarray
    heldout: np.ndarray
    pool: np.ndarray

    @property
    def suffix(self) -> str:
        """End of its metrics' keys."""
        return f"/{self.name}" if self.name else ""


class Measurements:
    """The metrics of one set of samples.

    Args:
        material: The real images.
        samples: The generated ones.
        classes: Names of the classes of a conditional run; empty for an unconditional one.
        ledger: Where the results go.
        seed: Of all random draws.
    """

    def __init__(
        self, material: Material, samples: Samples, classes: tuple[str, ...], ledger: Ledger, seed: int = 0
    ) -> None:
        self.train, self.heldout, self.samples = material.train, material.heldout, samples
        self.classes, self.ledger, self.seed = classes, ledger, seed
        self._features: dict[str, list[np.ndarray]] = {}
        size = min(POOL, POOL_BYTES // self.train.images[0].nbytes)
        if len(self.train) > size:
            self.pool_rows = subject_sample(self.train.subjects, size, seed)
        else:
            self.pool_rows = np.arange(len(self.train))
        self.pool_images = np.asarray(self.train.images[self.pool_rows])
        self.pool_subjects = self.train.subjects[self.pool_rows]
        self.pool_labels = self.train.labels["class"][self.pool_rows]
        sets = (samples.labels, self.heldout.labels["class"], self.pool_labels)
        self.groups = [Group("", *(np.arange(len(labels)) for labels in sets))]
        for label, name in enumerate(classes):
            self.groups.append(Group(name, *(np.flatnonzero(labels == label) for labels in sets)))

    def of_images(self) -> None:
        """Metrics on pixels, which need no extractor: all images together and every class."""
        for group in self.groups:
            for comparison in OF_IMAGES:
                self._compare(comparison, group, self.samples.images, self.heldout.images, self.pool_images)
            self.ledger.attempt("ms_ssim" + group.suffix, lambda group=group: self._diversity(group))

    @property
    def feature_steps(self) -> int:
        """Images that `extract` goes through."""
        return len(self.samples.labels) + len(self.heldout) + len(self.pool_rows)

    def extract(self, extractor: FeatureExtractor, advance: Callable[[int], None] | None = None) -> None:
        """The features of one extractor, which `of_features` and `of_memory` use."""
        self.ledger.attempt(f"features_{extractor.name}", lambda: self._extracted(extractor, advance))

    def of_features(self, extractor: FeatureExtractor) -> None:
        """Metrics on the features of one extractor: all images together and every class."""
        name = extractor.name
        if name not in self._features:
            return
        features = self._extracted(extractor)
        for group in self.groups:
            for comparison in OF_FEATURES:
                self._compare(comparison, group, *features, extractor=name)
        if self.classes:
            self._agreement(name, *features)

    def of_memory(self, extractor: FeatureExtractor, advance: Callable[[int], None] | None = None) -> Audit | None:
        """The memorisation audit; None if it could not be made."""
        found: list[Audit] = []

        def run():
            result = audit(
                self.samples.images,
                self.train.images,
                self.heldout.images,
                self._audit_features(extractor),
                training_subjects=self.train.subjects,
                heldout_subjects=self.heldout.subjects,
                seed=self.seed,
                advance=advance,
            )
            found.append(result)
            self.ledger.record["audit"] = result.as_dict()
            self.ledger.enter(
                f"authenticity_{extractor.name}",
                result.authenticity.as_dict(),
                _as_floor(result.heldout_authenticity),
            )
            self.ledger.enter("near_duplicates", result.near_duplicate_share.as_dict())

        self.ledger.attempt("memorisation audit", run)
        return found[0] if found else None

    def _extracted(self, extractor: FeatureExtractor, advance: Callable[[int], None] | None = None) -> list[np.ndarray]:
        """Features of the generated, the held-out and the pooled training images."""
        if extractor.name not in self._features:
            sets = (self.samples.images, self.heldout.images, self.pool_images)
            self._features[extractor.name] = [extract(extractor, images, advance=advance) for images in sets]
        return self._features[extractor.name]

    def _audit_features(self, extractor: FeatureExtractor) -> AuditFeatures:
        """Features of all images, also of the training images outside the pool, and of the mirrored ones."""
        generated, heldout, pool = self._extracted(extractor)
        training = np.empty((len(self.train), pool.shape[1]), pool.dtype)
        training[self.pool_rows] = pool
        others = np.setdiff1d(np.arange(len(self.train)), self.pool_rows)
        for start in range(0, len(others), BLOCK):
            rows = others[start : start + BLOCK]
            training[rows] = extract(extractor, np.asarray(self.train.images[rows]))
        return AuditFeatures(
            extractor.name,
            generated,
            training,
            heldout,
            extract(extractor, self.samples.images[:, :, ::-1]),
            extract(extractor, np.asarray(self.heldout.images[:, :, ::-1])),
        )

    def _compare(
        self,
        comparison: Comparison,
        group: Group,
        generated: np.ndarray,
        heldout: np.ndarray,
        pool: np.ndarray,
        extractor: str = "",
    ) -> None:
        ending = f"_{extractor}" if extractor else ""

        def run():
            heldout_subjects = self.heldout.subjects[group.heldout]
            reference = _rows(heldout, group.heldout)
            estimates = comparison.measure(
                _rows(generated, group.generated), reference, None, heldout_subjects, self.seed
            )
            for key, estimate in estimates.items():
                self.ledger.enter(key + ending + group.suffix, estimate.as_dict())
            found = floors(
                lambda *sets: comparison.values(*sets, heldout_subjects, self.seed),
                _rows(pool, group.pool),
                self.pool_subjects[group.pool],
                reference,
                heldout_subjects,
                len(group.generated),
                seed=self.seed,
            )
            for key, estimate in estimates.items():
                self.ledger.enter(key + ending + group.suffix, estimate.as_dict(), asdict(found[key]))

        self.ledger.attempt(comparison.name + ending + group.suffix, run)

    def _diversity(self, group: Group) -> None:
        images, labels = self.samples.images[group.generated], self.samples.labels[group.generated]
        generated = ms_ssim_diversity(images, labels if self.classes else None, seed=self.seed)
        heldout = self.heldout
        real = ms_ssim_diversity(
            _rows(heldout.images, group.heldout),
            heldout.labels["class"][group.heldout] if self.classes else None,
            heldout.subjects[group.heldout],
            seed=self.seed,
        )
        generated = replace(generated, reference_count=len(group.heldout))
        self.ledger.enter("ms_ssim" + group.suffix, generated.as_dict(), _as_floor(real))

    def _agreement(self, name: str, generated: np.ndarray, heldout: np.ndarray, pool: np.ndarray) -> None:
        inputs = (
            (pool, self.pool_labels, heldout, self.heldout.labels["class"], generated, self.samples.labels),
            {"classes": self.classes, "heldout_subjects": self.heldout.subjects, "seed": self.seed},
        )

        def agreement():
            found = class_agreement(*inputs[0], **inputs[1])
            self.ledger.enter(f"class_agreement_{name}", _noted(found.generated, found), _as_floor(found.heldout))
            for label, class_name in enumerate(self.classes):
                recognised, real = found.per_class[class_name]
                entry = {
                    "value": recognised,
                    "interval": None,
                    "generated_count": int((self.samples.labels == label).sum()),
                    "reference_count": int((self.heldout.labels["class"] == label).sum()),
                    "seed": self.seed,
                    "note": "",
                }
                self.ledger.enter(f"class_agreement_{name}/{class_name}", entry, {"value": real})

        def synthetic():
            found = synthetic_training(*inputs[0], **inputs[1])
            self.ledger.enter(f"train_on_synthetic_{name}", _noted(found.synthetic, found), _as_floor(found.real))
            self.ledger.metrics[f"train_on_synthetic_{name}"]["difference"] = found.difference.as_dict()

        self.ledger.attempt(f"class_agreement_{name}", agreement)
        self.ledger.attempt(f"train_on_synthetic_{name}", synthetic)


def _rows(array: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The rows; the array itself where all are wanted, without a copy."""
    return array if len(rows) == len(array) else array[rows]


def _noted(estimate: Any, found: Any) -> dict[str, Any]:
    return estimate.as_dict() | {"note": found.note}


def _as_floor(estimate: Any) -> dict[str, Any]:
    """The value of real images beside that of generated ones."""
    fields = estimate.as_dict()
    return {"value": fields["value"], "interval": fields["interval"], "note": fields["note"]}
