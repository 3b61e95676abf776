"""Every measurement of an evaluation, in the order of the report."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from keras_stylegan.evaluation.ledger import Ledger
from keras_stylegan.evaluation.material import Material
from keras_stylegan.metrics.catalogue import measures
from keras_stylegan.metrics.features import FeatureExtractor, extract
from keras_stylegan.metrics.floors import floors, subject_sample
from keras_stylegan.metrics.memorization import Audit, AuditFeatures, audit
from keras_stylegan.metrics.metric import Key, Measure, Part, Sets
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


def audited_covariates(samples: Samples, found: Audit) -> dict[str, dict[str, dict[str, float]]]:
    """What the images that an audit names were drawn for, as without it nobody could draw them again.

    Returns:
        `covariates`: number of the image, as text, to name to value; empty for a run without covariates.
    """
    names = samples.labels.dtype.names[1:]
    rows = sorted({int(row) for space in found.spaces.values() for row in space.outliers})
    values = {str(row): {name: float(samples.labels[name][row]) for name in names} for row in rows}
    return {"covariates": values} if names else {}


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
        self.pool_labels = self.train.labels[self.pool_rows]
        # Held-out images have all of the run (`load_material`); training images of another --data-path may lack them.
        self.covariates = [name for name in samples.labels.dtype.names[1:] if name in self.pool_labels.dtype.names]
        sets = (samples.labels["class"], self.heldout.labels["class"], self.pool_labels["class"])
        self.groups = [Group("", *(np.arange(len(labels)) for labels in sets))]
        for label, name in enumerate(classes):
            self.groups.append(Group(name, *(np.flatnonzero(labels == label) for labels in sets)))

    def of_images(self) -> None:
        """Metrics on pixels, which need no extractor: all images together and every class."""
        self._measure("images", self.samples.images, self.heldout.images, self.pool_images)

    @property
    def feature_steps(self) -> int:
        """Images that `extract` goes through."""
        return len(self.samples.labels) + len(self.heldout) + len(self.pool_rows)

    def extract(self, extractor: FeatureExtractor, advance: Callable[[int], None] | None = None) -> None:
        """The features of one extractor, which `of_features` and `of_memory` use."""
        self.ledger.attempt(str(Key("features", extractor.name)), lambda: self._extracted(extractor, advance))

    def of_features(self, extractor: FeatureExtractor) -> None:
        """Metrics on the features of one extractor: all images together and every class."""
        if extractor.name in self._features:
            self._measure("features", *self._extracted(extractor), extractor=extractor.name)

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
            self.ledger.record["audit"] = result.as_dict() | audited_covariates(self.samples, result)
            authenticity = replace(result.authenticity, floor=result.heldout_authenticity)
            self.ledger.enter(Key("authenticity", extractor.name), authenticity)
            self.ledger.enter(Key("near_duplicates"), result.near_duplicate_share)

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

    def _measure(
        self, on: str, generated: np.ndarray, heldout: np.ndarray, pool: np.ndarray, extractor: str = ""
    ) -> None:
        """Everything of the catalogue that is measured on images, or on features."""
        real = self.heldout
        for group in self.groups:
            sets = Sets(
                self._part(generated, group.generated, self.samples.labels),
                self._part(heldout, group.heldout, real.labels, real.subjects),
                self._part(pool, group.pool, self.pool_labels, self.pool_subjects),
                self.classes,
                self.seed,
            )
            overall = not group.name
            needed = {"classes": overall and bool(self.classes), "covariates": overall and bool(self.covariates)}
            for measure, names in measures(on, **needed).items():
                self.ledger.attempt(
                    str(Key(names, extractor, group.name)),
                    lambda measure=measure, sets=sets, group=group: self._enter(measure, sets, extractor, group.name),
                )

    def _part(
        self, values: np.ndarray, rows: np.ndarray, labels: np.ndarray, subjects: np.ndarray | None = None
    ) -> Part:
        covariates = {name: labels[name][rows] for name in self.covariates}
        return Part(
            _rows(values, rows), labels["class"][rows], None if subjects is None else subjects[rows], covariates
        )

    def _enter(self, measure: Measure, sets: Sets, extractor: str, group: str) -> None:
        """Measures, enters the values, and then once more with their floors, which take longer."""

        def complete(key: Key) -> Key:
            return Key(key.metric, "_".join(filter(None, (key.detail, extractor))), key.group or group)

        estimates = measure(sets)
        for key, estimate in estimates.items():
            self.ledger.enter(complete(key), estimate)
        bare = {key: estimate for key, estimate in estimates.items() if estimate.floor is None}
        if not bare:
            return

        def of_stand_in(values, heldout, subjects):
            found = measure(replace(sets, generated=Part(values, None, subjects), plain=True))
            return {key: estimate.value for key, estimate in found.items()}

        pool, heldout, size = sets.training, sets.heldout, len(sets.generated.values)
        found = floors(of_stand_in, pool.values, pool.subjects, heldout.values, heldout.subjects, size, seed=self.seed)
        for key, estimate in bare.items():
            self.ledger.enter(complete(key), replace(estimate, floor=found[key]))


def _rows(array: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The rows; the array itself where all are wanted, without a copy."""
    return array if len(rows) == len(array) else array[rows]
