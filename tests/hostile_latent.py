"""Hostile commands of the latent space: `project`, `directions` and `evaluate --projected`; see `hostile_rows`."""

import os

from hostile_rows import BINARY, NEWEST, Row, grey
from PIL import Image


def colour(path):
    image = Image.new("RGB", (8, 8))
    image.putpixel((3, 3), (200, 10, 10))
    image.save(path)


LATENT = [
    Row(what, command, words, files)
    for what, command, words, files in (
        ("projecting nothing", "project @/run", "name at least one image", {}),
        ("projecting a missing image", "project @/run @/no.png", "there is no image @/no.png", {}),
        ("projecting an empty folder", "project @/run @/empty", "@/empty holds no image", {"empty": None}),
        ("projecting text", "project @/run @/a.png", "@/a.png cannot be read as an image", {"a.png": "text"}),
        ("projecting half an image", "project @/run @/a.png", "@/a.png cannot be read as an image", {"a.png": BINARY}),
        ("projecting a small image", "project @/run @/a.png", "@/a.png is smaller (7x7 pixels)", {"a.png": grey(7)}),
        ("projecting a colour image", "project @/run @/a.png", "@/a.png is a colour image", {"a.png": colour}),
        ("projecting into a missing run", "project @/no @/a.png", "run folder @/no does not exist", {"a.png": grey()}),
        ("projecting without a checkpoint", "project @/run @/a.png", "there is no checkpoint",
         {"a.png": grey(), NEWEST: os.remove}),
        ("projecting with a broken checkpoint", "project @/run @/a.png", "every checkpoint is damaged",
         {"a.png": grey(), NEWEST: BINARY}),
        ("projecting into z", "project @/run @/a.png --space z", "invalid choice 'z'", {"a.png": grey()}),
        ("projecting in no step", "project @/run @/a.png --steps 0", "steps must be from 1", {"a.png": grey()}),
        ("projecting without end", "project @/run @/a.png --steps 1000000000", "steps must be from 1", {}),
        ("projecting below a file", "project @/run @/a.png --references 0 --output-dir @/a.png/out", "Cannot write",
         {"a.png": grey()}),
        ("directions of a missing run", "directions @/no", "run folder @/no does not exist", {}),
        ("directions without a checkpoint", "directions @/run", "there is no checkpoint", {NEWEST: os.remove}),
        ("directions with a broken checkpoint", "directions @/run", "every checkpoint is damaged", {NEWEST: BINARY}),
        ("directions on no image", "directions @/run --samples 0", "samples must be from 8 to 10,000", {}),
        ("directions against no chance", "directions @/run --chance 1", "chance must be from 20 to 1,000", {}),
        ("a file for the directions' folder", "directions @/run", "cannot write to @/run/directions",
         {"run/directions": "file"}),
        ("starting from a missing run", "train --init-from @/no --run-dir @/new", "run folder @/no does not exist", {}),
        ("starting from a folder", "train --init-from @/empty --run-dir @/new", "@/empty is no run folder",
         {"empty": None}),
        ("starting from a run without checkpoint", "train --init-from @/run --run-dir @/new", "there is no checkpoint",
         {NEWEST: os.remove}),
        ("starting from another width", "train --init-from @/run --run-dir @/new", "has model.z_dim 8, and this run 64",
         {}),
        ("starting from a run in grey", "train --init-from @/run --run-dir @/new --model.channels 3",
         "has model.channels 1, and this run 3", {}),
        ("starting from another family", "train --init-from @/run --run-dir @/new --model.network stylegan",
         "has model.network 'stylegan2', and this run", {}),
        ("starting anew what goes on", "train --run-dir @/run --resume --init-from @/run", "is for a new run", {}),
        ("freezing random layers", "train --run-dir @/new --training.freeze-d 1", "training.freeze_d keeps layers", {}),
        ("freezing below nothing", "train --training.freeze-d -1", "training.freeze_d must be at least 0", {}),
        ("evaluating one projection", "evaluate @/run --projected 1", "projected must be 0, or from 2 to 10,000", {}),
    )
]  # fmt: skip
