"""The commands on a trained model beside `generate`, `evaluate` and `export`: `import`, `project`, `directions`,
`usefulness`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import tyro

from keras_stylegan.directions.directions import DirectionsOptions
from keras_stylegan.projection.project import ProjectOptions
from keras_stylegan.quiet import start_keras
from keras_stylegan.usefulness.options import UsefulnessOptions

_Inline = tyro.conf.arg(name="")


@dataclass(frozen=True)
class Import:
    """Read the weights of another StyleGAN2 (.pkl, .pt, .pth, .safetensors) into a run folder; runs nothing of them."""

    file: tyro.conf.Positional[Path] = tyro.MISSING
    """The file: an official pickle (PyTorch or TensorFlow), rosinality's, or a plain state dict."""
    run_dir: Path | None = None
    """Run folder to write; by default models/<name of the file>."""
    channels: Literal[1, 3] | None = None
    """1 makes a grey generator out of an RGB one: the mean of the colours. By default as in the file."""
    resolution: int | None = None
    """Cut the generator to a lower resolution. By default as in the file."""
    classes: tuple[str, ...] = ()
    """Names of the classes of a conditional generator, in the order of its labels; by default class0, class1, ..."""

    def run(self) -> int:
        """Run the command; returns the exit code."""
        start_keras()
        from keras_stylegan.importing.command import import_weights

        run_dir = self.run_dir or Path("models") / self.file.stem
        import_weights(self.file, run_dir, self.channels, self.resolution, self.classes)
        return 0


@dataclass(frozen=True)
class Project:
    """Find the latents of images: how well the model makes them, and what it leaves out."""

    run_dir: tyro.conf.Positional[Path] = tyro.MISSING
    """Run folder."""
    images: tyro.conf.Positional[tuple[Path, ...]] = tyro.MISSING
    """Image files, or folders of them."""
    options: Annotated[ProjectOptions, _Inline] = field(default_factory=ProjectOptions)
    """How to project, and what to compare with."""

    def run(self) -> int:
        """Run the command; returns the exit code."""
        start_keras()
        from keras_stylegan.projection.project import project

        project(self.run_dir, self.images, self.options)
        return 0


@dataclass(frozen=True)
class Directions:
    """Find directions of the latent space, and measure what each really changes; they travel with the export."""

    run_dir: tyro.conf.Positional[Path | None] = None
    """Run folder; by default the newest run."""
    options: Annotated[DirectionsOptions, _Inline] = field(default_factory=DirectionsOptions)
    """Which directions, and how they are measured."""

    def run(self) -> int:
        """Run the command; returns the exit code."""
        start_keras()
        from keras_stylegan.directions.directions import directions

        directions(self.run_dir, self.options)
        return 0


@dataclass(frozen=True)
class Usefulness:
    """Do generated images help? Classifiers of real images against those of real and generated ones, on other people.

    What is learnt is what the run was conditioned on: the class, and every covariate. A label takes
    about 22 minutes of one core with the options as they are, whatever the number of images.
    """

    run_dir: tyro.conf.Positional[Path | None] = None
    """Run folder; by default the newest run."""
    options: Annotated[UsefulnessOptions, _Inline] = field(default_factory=UsefulnessOptions)
    """How many people, how many generated images, and how long is learnt."""

    def run(self) -> int:
        """Run the command; returns the exit code."""
        start_keras()
        from keras_stylegan.usefulness.usefulness import usefulness

        usefulness(self.run_dir, self.options)
        return 0
