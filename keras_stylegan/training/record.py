"""What a checkpoint says of its run besides the variables: the JSON inside it, typed."""

from dataclasses import dataclass

from keras_stylegan.config import Config
from keras_stylegan.config.checks import is_class_name, require, require_at_least, require_types
from keras_stylegan.latent.covariates import Covariate


@dataclass(frozen=True)
class Record:
    """Written with `typed_json.to_json`, read with `typed_json.from_json(Record, text, where)`."""

    config: Config
    """The resolved options."""
    classes: tuple[str, ...]
    """Names of the classes, in the order of the labels."""
    data_fingerprint: str
    """`ImageSet.fingerprint` of the training images."""
    images_seen: int
    """Real images shown, at least 0."""
    covariates: tuple[Covariate, ...] = ()
    """What the networks are conditioned on besides the class, as the training images have it; none in older files."""
    best_metric: str | None = None
    """The column of evaluation.csv by which a state was chosen as the best."""
    best_value: float | None = None
    """Its value."""

    def __post_init__(self) -> None:
        require_types(self)
        legal = bool(self.classes) and all(map(is_class_name, self.classes))
        require(
            legal,
            "classes",
            "one name or more of up to 100 letters, without a slash and not beginning with a dot",
            self.classes,
        )
        require_at_least(self, 0, "images_seen")
