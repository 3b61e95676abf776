import base64
import gzip
import hashlib
import json
import re
import shutil

import numpy as np
import onnx
import pytest
from graphs import edited

from export.options import ExportOptions
from export.page.build import FOLDER, VENDOR, Deviation, measure, slider_step, write_page
from export.runtime import InputError, OnnxGenerator
from export.to_onnx import export_run

PHANTOM = FOLDER.parent / "phantom"


@pytest.fixture(scope="module")
def files(unconditional, tmp_path_factory):
    """The files of an export, to be changed at will."""
    return shutil.copytree(unconditional.folder, tmp_path_factory.mktemp("files") / "export")


@pytest.fixture(scope="module")
def text(files):
    return write_page(files, "test images").read_text(encoding="utf-8")


def block(text, name):
    return re.search(rf'<script type="[^"]*" id="{name}">(.*?)</script>', text, re.DOTALL)[1]


def test_everything_is_inside(text):
    """No address of anything outside, in markup or styles, and scripts that load nothing by themselves."""
    markup = re.sub(r"<script.*?</script>|<!--.*?-->", "", text, flags=re.DOTALL)
    assert re.findall(r"""(?:src|href|action)=["'](?!#|data:,)""", markup) == []
    assert not re.search(r"@import|url\(", markup)
    assert "sourceMappingURL" not in text and "{{" not in markup
    unpacked = gzip.decompress(base64.b64decode(block(text, "runtime")))
    assert unpacked[:4] == b"\0asm"
    table = (VENDOR / "README.md").read_text()
    script = (VENDOR / "ort.wasm.min.js").read_bytes()
    for content in (unpacked, script):
        assert hashlib.sha256(content).hexdigest() in table
    assert "Permission is hereby granted" in text and "Microsoft Corporation" in text


def test_only_these_scripts_and_styles_may_run(text):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert "default-src 'none'" in policy and "unsafe-inline" not in policy and "'unsafe-eval'" not in policy
    inside = re.findall(r"<script>(.*?)</script>|<style>(.*?)</style>", text, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256("".join(pair).encode()).digest()).decode() for pair in inside]
    assert len(hashes) == 3
    assert {f"'sha256-{value}'" for value in hashes} == set(re.findall(r"'sha256-.*?'", policy))


def test_what_the_page_is_told(text, files):
    about = json.loads(block(text, "model"))
    numbers = about["numbers"]
    assert [numbers[key] for key in ("height", "width", "channels", "num_ws")] == [16, 16, 1, 6]
    assert numbers["classes"] == [] and numbers["style_resolutions"] == [4, 8, 8, 16, 16, 16]
    assert about["audit"] is None and about["title"] == "Synthetic images: test images"
    facts = dict(about["facts"])
    assert "1,500 images" in facts["Trained on"] and "not for diagnosis" in facts["Use"]
    assert "config" not in numbers and "metrics" not in numbers
    for part in ("mapping", "synthesis"):
        model = onnx.load_from_string(gzip.decompress(base64.b64decode(block(text, part))))
        onnx.checker.check_model(model, full_check=True)
        large = {weight.data_type for weight in model.graph.initializer if np.prod(weight.dims) > 100}
        assert large == {onnx.TensorProto.FLOAT16}


@pytest.mark.parametrize(
    ("values", "step"),
    [
        (np.arange(60, 92), 1),
        (np.repeat(np.arange(-3, 40), 7), 1),
        (np.arange(2), 1),
        (np.linspace(0, 1, 500), 0.01),
        (np.arange(-30, 45, 1.5), 0.5),
        (np.random.default_rng(0).uniform(0.0146, 39.99, 400), 0.2),
        (np.random.default_rng(0).normal(0, 1e-5, 400), 5e-7),
        (1e5 * np.random.default_rng(0).random(400), 500),
    ],
)
def test_the_steps_of_a_slider_are_numbers_that_people_use(values, step):
    quantiles = [np.quantile(part, np.linspace(0, 1, 17)).tolist() for part in (values[::2], values)]
    item = {"minimum": values.min().item(), "maximum": values.max().item(), "quantiles": quantiles}
    assert slider_step(item) == pytest.approx(step, rel=1e-9)


def test_a_model_cannot_write_into_the_page(files, tmp_path):
    folder = shutil.copytree(files, tmp_path / "export")
    attack = "</script><script>alert(1)</script><!--"
    edited(folder, intended_use=attack, licence=attack)
    text = write_page(folder, attack).read_text(encoding="utf-8")
    assert "<script>alert" not in text and "</title><script>" not in text
    assert dict(json.loads(block(text, "model"))["facts"])["Use"] == attack


def test_the_deviation_is_measured(files, tmp_path):
    generator = OnnxGenerator(files / "generator.onnx")
    graphs = {part: (files / f"{part}.onnx").read_bytes() for part in ("mapping", "synthesis")}
    assert measure(generator, graphs) == Deviation(0, 0.0, 32)
    model = onnx.load_from_string(graphs["synthesis"])
    # Images three grey levels darker, where they are not black already.
    output = model.graph.output[0].name
    last = next(node for node in model.graph.node if output in node.output)
    last.output[:] = ["before"]
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.float32(3 / 127.5), "levels"))
    model.graph.node.append(onnx.helper.make_node("Sub", ["before", "levels"], [output]))
    found = measure(generator, graphs | {"synthesis": model.SerializeToString()})
    assert found.largest == 3 and found.share == 1.0
    assert str(found) == "at most 3 grey levels from float32, 100.00% of the pixels by more than one (32 images)"
    assert str(Deviation(1, 0.0, 64)) == "at most 1 grey level from float32 (64 images)"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "mapping.onnx").unlink(), "mapping.onnx does not exist"),
        (lambda folder: (folder / "generator.onnx").write_bytes(b"\x08\x01"), "generator.onnx is damaged"),
        (lambda folder: edited(folder, format="somebody's generator 1"), "generator.onnx is not the generator of"),
        (lambda folder: edited(folder, layout="nchw"), "made of a file with --precision float32 and --layout nhwc"),
        (lambda folder: (folder / "directions.json").write_text("{"), "directions.json is damaged"),
        (lambda folder: edited(folder, "mapping", weights_sha256="0" * 64), "mapping.onnx has other weights than"),
    ],
)
def test_another_kind_of_model(files, tmp_path, change, message):
    folder = shutil.copytree(files, tmp_path / "export")
    (folder / "generator.html").unlink(missing_ok=True)
    change(folder)
    with pytest.raises(InputError, match=message):
        write_page(folder, "test images")
    assert not (folder / "generator.html").exists()


@pytest.mark.parametrize(
    "options", [{"precision": "float16"}, {"layout": "nchw"}, {"output": "uint8"}, {"format": "medigan"}]
)
def test_options_that_a_page_cannot_have(options):
    ((name, value),) = options.items()
    with pytest.raises(ValueError, match=f"{name} must be .* for a page. Received: '{value}'"):
        ExportOptions(page=True, **options)


def test_the_page_of_phantoms_is_todays(tmp_path):
    """export/phantom/generator.html is what its ONNX files give; packed bytes depend on the version of zlib."""
    folder = shutil.copytree(PHANTOM, tmp_path / "phantom")
    shipped = (folder / "generator.html").read_text(encoding="utf-8")
    made = write_page(folder, "procedural phantoms").read_text(encoding="utf-8")
    for part in ("mapping", "synthesis"):
        packed = [block(page, part) for page in (shipped, made)]
        first, second = (gzip.decompress(base64.b64decode(text)) for text in packed)
        assert first == second
        shipped, made = (page.replace(text, "") for page, text in zip((shipped, made), packed, strict=True))
    assert shipped == made, (
        'python -c "from pathlib import Path; from export.page.build import write_page; '
        "write_page(Path('export/phantom'), 'procedural phantoms')\" renews it"
    )
    assert (PHANTOM / "generator.onnx").stat().st_size < 1e6


@pytest.mark.slow
def test_export_writes_it(conditional, tmp_path, capsys):
    export_run(conditional.run, ExportOptions(page=True, dataset="ADNI", output_dir=tmp_path))
    assert "weights as float16, images at most" in capsys.readouterr().out
    about = json.loads(block((tmp_path / "generator.html").read_text(encoding="utf-8"), "model"))
    assert about["title"] == "Synthetic images: ADNI" and about["numbers"]["classes"] == ["AD", "NC"]
