"""The commands `project` and `directions` as the command line takes them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from keras_stylegan.directions import DirectionsOptions
from keras_stylegan.project import ProjectOptions
from keras_stylegan.quiet import start_keras

_Inline = tyro.conf.arg(name="")


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
        from keras_stylegan.project import project

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
        from keras_stylegan.directions import directions

        directions(self.run_dir, self.options)
        return 0
