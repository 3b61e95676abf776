"""Hostile plans of growing, as `hostile_rows` has them."""

from hostile_rows import Row

TRAIN = "train adni64_cpu --growing.start 8 --growing.kimg 10 --growing.fade-kimg 10"

GROWING = [
    Row("growing from above the resolution", "train adni64_cpu --growing.start 128",
        "growing.start must be below model.resolution, one of (4, 8, 16, 32). Received: 128"),
    Row("growing from the resolution", "train adni64_cpu --growing.start 64", "growing.start must be below"),
    Row("phases longer than the run", "train adni64_cpu --growing.start 8",
        "training.total_kimg must be at least 3600"),
    Row("a run of epochs that grows", "train adni64 --growing.start 8 --optimizer.schedule constant",
        "training.total_kimg must be at least 3600"),
    Row("a batch that breaks the groups", f"{TRAIN} --growing.batch 8 6",
        "growing.batch must be of multiples of model.mbstd_group_size (4). Received: ((8, 6),)"),
    Row("a batch of another resolution", f"{TRAIN} --growing.batch 4 8", "resolutions are one of (8, 16, 32, 64)"),
    Row("half a pair of a resolution", f"{TRAIN} --growing.batch 8", "--growing.batch"),
    Row("learning rates that change", f"{TRAIN} --optimizer.schedule cosine", "optimizer.schedule must be 'constant'"),
    Row("growing without a start", "train --growing.kimg 3", "growing.kimg must be left out without growing.start"),
    Row("growing without end", f"{TRAIN} --growing.kimg inf", "growing.kimg must be greater than 0"),
    Row("resuming with another plan", "train --run-dir @/run --resume --data.cache-dir @/cache --growing.start 4 "
        "--growing.kimg 0.01 --growing.fade-kimg 0.01 --optimizer.schedule constant",
        "was trained with growing.start = None and cannot continue with 4"),
]  # fmt: skip
