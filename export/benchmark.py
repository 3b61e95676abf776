"""How fast an exported generator is: `python -m export.benchmark`.

In one process and in turns, so that a disturbance hits all: the machine's best float32 matrix product, onnxruntime and
Keras's own compiled generator, on the same batch. Then, in processes of their own, the time from start to the first
image and the memory while streaming.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BATCH = 8
PROGRAM = """
import re, sys, time
from pathlib import Path
start = time.perf_counter()
from .runtime import OnnxGenerator
generator = OnnxGenerator(sys.argv[1])
generator.generate(1)
first = time.perf_counter() - start
memory = []
for count in (64, int(sys.argv[2])):
    for _ in generator.stream(count):
        pass
    # The largest size so far. Not getrusage: it counts the parent's memory from before this program was loaded.
    memory.append(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024)
print(first, *memory)
"""


def benchmark(channel_base: int, channel_max: int, resolution: int, rounds: int, stream: int, folder: Path) -> dict:
    """Export an untrained generator (the weights do not change the speed) and measure it.

    Args:
        channel_base: See `ModelConfig`.
        channel_max: See `ModelConfig`.
        resolution: Pixels.
        rounds: Turns.
        stream: Images that are streamed to see whether the memory grows.
        folder: For the ONNX files.

    Returns:
        The numbers, with their units in their names.
    """
    from keras import ops

    from keras_stylegan.backend import compiled
    from keras_stylegan.config import Config, ModelConfig
    from keras_stylegan.matrix_peak import finalists, products
    from keras_stylegan.training.networks import make_generator
    from keras_stylegan.training.trained import TrainedGenerator

    from .options import ExportOptions
    from .runtime import OnnxGenerator
    from .to_onnx import write_part

    model = ModelConfig(resolution=resolution, channel_base=channel_base, channel_max=channel_max)
    config = Config(model=model)
    generator = make_generator(config, class_count=0)
    for variable in generator.synthesis.trainable_variables:
        if not variable.shape:
            variable.assign(0.1)  # The strengths of the noise: at 0, their initial value, it would be left out.
    trained = TrainedGenerator(generator, config, (), 0, folder)
    sizes = {}
    for precision in ("float16", "float32"):
        path = write_part(trained, "generator", ExportOptions(precision=precision), folder)
        sizes[precision] = path.stat().st_size
    exported = OnnxGenerator(path, ["CPUExecutionProvider"])
    z = exported.latents(0, range(BATCH))
    tensor = ops.convert_to_tensor(z)
    generate = compiled(lambda: generator(tensor))
    candidates = finalists(products())
    calls = {
        "onnxruntime": lambda: exported._run("generator", {"z": z}, 1.0),
        "keras": lambda: ops.convert_to_numpy(generate()),
        **{product: product.run for product in candidates},
    }
    for call in calls.values():
        call()
    seconds = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    # The best of the rounds, for all alike: what the machine can do when nothing else disturbs it.
    best = {name: min(values) for name, values in seconds.items()}
    median = {name: statistics.median(values) for name, values in seconds.items()}
    rates = {product: product.flops / best[product] for product in candidates}
    fastest = max(rates, key=rates.get)
    peak = rates[fastest]
    flops = BATCH * generator.flops()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, path, str(stream)], check=True, capture_output=True, text=True, cwd=ROOT
    )
    first, few, many = map(float, done.stdout.split())
    return {
        "channel_base": channel_base,
        "channel_max": channel_max,
        "resolution": resolution,
        "batch_size": BATCH,
        "peak_gflops": peak / 1e9,
        "peak_product": str(fastest),
        "product_gflops": {str(product): round(rate / 1e9, 1) for product, rate in rates.items()},
        "onnxruntime_seconds": best["onnxruntime"],
        "onnxruntime_share_of_peak": flops / best["onnxruntime"] / peak,
        "onnxruntime_median_seconds": median["onnxruntime"],
        "keras_seconds": best["keras"],
        "keras_share_of_peak": flops / best["keras"] / peak,
        "keras_median_seconds": median["keras"],
        "speedup_over_keras": best["keras"] / best["onnxruntime"],
        "first_image_seconds": first,
        "float16_size_ratio": sizes["float16"] / sizes["float32"],
        "memory_64_images_mb": few,
        f"memory_{stream}_images_mb": many,
    }


def main() -> None:
    """Run a command line and print the numbers as JSON."""
    parser = argparse.ArgumentParser(prog="python -m export.benchmark", description=__doc__)
    parser.add_argument("--channel-base", type=int, default=4096)
    parser.add_argument("--channel-max", type=int, default=128)
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=20, help="turns (20)")
    parser.add_argument("--stream", type=int, default=10_000, help="images streamed to watch the memory (10000)")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory() as folder:
        result = benchmark(**vars(options), folder=Path(folder))
    rounded = {key: round(value, 4) if isinstance(value, float) else value for key, value in result.items()}
    print(json.dumps(rounded, indent=2))


if __name__ == "__main__":
    main()
