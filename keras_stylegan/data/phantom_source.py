"""The source 'phantom': procedural brain slices, drawn into the cache."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from keras_stylegan.data import cache, phantom
from keras_stylegan.data.cache_entry import Writer, pixel_digest
from keras_stylegan.data.fit import Size, fit_to
from keras_stylegan.data.image_set import ImageSet
from keras_stylegan.data.progress import progress_bar
from keras_stylegan.data.source import SPLITS, Source
from keras_stylegan.errors import InputError

# Images of the test split per image of the train split.
TEST_SHARE = 0.25
# Phantoms drawn between two steps of the progress bar; whole subjects.
CHUNK_SUBJECTS = 8
SMALLEST = 16


class PhantomSource(Source):
    """`data.phantom_count` phantoms to train on and a quarter of them, of other subjects, to test with.

    Sizes that phantoms do not have (their side is a power of two from 16 on) are made from the next larger one.
    """

    shows_people = False
    reads_path = False
    has_test = True
    classes = phantom.CLASSES
    covariates = ("slice_height_mm",)

    @property
    def planned_images(self) -> int:
        """See `Source`."""
        return sum(map(self._count, SPLITS))

    def _count(self, split: str) -> int:
        count = self.data.phantom_count
        return count if split == "train" else max(1, round(TEST_SHARE * count))

    def load(self, split: str, size: Size, channels: int, progress: bool = True) -> ImageSet:
        """See `Source.load`."""
        data = self.data
        count = self._count(split)
        here = Path(__file__).parent
        key = {
            "source": "phantom",
            "seed": self.seed,
            "split": split,
            "count": [data.phantom_count, count],
            "fit": data.fit,
            # The files of this source are its program: a version that draws other brains must not find an older cache.
            "files": [hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(here.glob("phantom*.py"))],
        }

        def build(writer: Writer) -> dict[str, Any]:
            with progress_bar("Drawing phantoms", count, progress) as advance:
                self._draw(writer, count, size, channels, split, advance)
            return {}

        shape = (*size, channels)
        entry = cache.load_or_build(data.cache_dir, f"phantom-{split}", key, shape, build, self.covariates)
        report = [
            f"Phantoms {split}: {entry.description} of {entry.subject_count} subjects; "
            f"{entry.class_counts(self.classes)}."
        ]
        return entry.image_set(self.classes, report, self.shows_people)

    def _draw(
        self, writer: Writer, count: int, size: Size, channels: int, split: str, advance: Callable[[], None]
    ) -> None:
        per_subject = phantom.SLICES_PER_SUBJECT
        side = 1 << (max(SMALLEST, *size) - 1).bit_length()
        # The test split begins after the last subject of the train split.
        offset = 0 if split == "train" else -(-self.data.phantom_count // per_subject)
        chunk = CHUNK_SUBJECTS * per_subject
        for start in range(0, count, chunk):
            try:
                drawn = phantom.phantom_images(
                    min(chunk, count - start), side, seed=self.seed, subject_offset=offset + start // per_subject
                )
            except ValueError as error:
                raise InputError(f"phantoms: {error}") from error
            for index, image in enumerate(drawn.images):
                subject = str(drawn.subjects[index])
                writer.append(
                    np.repeat(fit_to(image, size, self.data.fit, background=0), channels, axis=-1),
                    label=int(drawn.labels[index]),
                    subject=subject,
                    name=f"{subject}_{index % per_subject}",
                    digest=pixel_digest(image),
                    covariates={"slice_height_mm": drawn.factors[index].slice_height_mm},
                )
                advance()
