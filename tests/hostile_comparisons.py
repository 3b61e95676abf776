"""Hostile command lines of `compare`; see `hostile_rows`."""

from hostile_rows import HEAD, Row

OUT = "--output-dir @/out --data.cache-dir @/cache"

COMPARISONS = [
    Row(f"comparing {what}", f"compare {command} {OUT}", words, files)
    for what, command, words, files in (
        ("nothing", "--minutes 1", "name the experiments to compare", {}),
        ("for no time", "demo", "give either --minutes or --kimg, the length of every run. Received: neither", {}),
        ("for two lengths", "demo --minutes 1 --kimg 1", "Received: both", {}),
        ("for zero minutes", "demo --minutes 0", "minutes must be greater than 0. Received: 0.0", {}),
        ("for less than nothing", "demo --kimg=-3", "kimg must be greater than 0. Received: -3.0", {}),
        ("without a seed", "demo --minutes 1 --seeds 0", "seeds must be at least 1. Received: 0", {}),
        ("without a slice", "demo --minutes 1 --slices 0", "slices must be at least 1. Received: 0", {}),
        ("an unknown experiment", "demo domo --minutes 1", "there is no experiment 'domo'; did you mean 'demo'?", {}),
        ("one twice", "demo demo --minutes 1", "demo has the same options as demo", {}),
        ("unequal sizes", "demo adni64_cpu --minutes 1", "resolution is 32x32 in demo and 64x64 in adni64_cpu", {}),
        ("by no metric", "demo --minutes 1 --metric beauty", "metric must be one of frechet", {}),
        ("by another extractor", "demo --minutes 1 --features random --metric recall_domain", "recall_random", {}),
        ("with an unknown option", "demo --minuets 1", "did you mean --minutes", {}),
        ("without held-out people", "adni64_cpu --minutes 1 --data.path @/set", "no held-out subjects", {"set": None}),
        ("in a file", "demo --minutes 1 --data.phantom-count 8", "cannot write to the folder", {"out": "mine"}),
        (
            "unequal images",
            "demo @/other.py --minutes 1",
            "different images, as data.phantom_count is '2000' and '20'",
            {"other.py": HEAD + "config = Config(model=ModelConfig(resolution=32), "
             "data=DataConfig(source='phantom', phantom_count=20))"},
        ),
    )
]  # fmt: skip
