"""Draws the pictures of `how_it_works.md` from the code: `python docs/draw.py` writes them beside it."""

import ast
import sys
from html import escape
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
STYLE = """<style>
text { font: 13px system-ui, sans-serif; fill: #1b1b1b } .code { font-family: ui-monospace, monospace }
.soft { fill: #5b6570; font-size: 12px } .title { font-weight: 600 } rect { stroke: #8a94a0; rx: 4px }
path { stroke: #8a94a0; fill: none }
</style>"""
MAPPING, SYNTHESIS, IMAGE, DISCRIMINATOR = "#e8eefb", "#e6f4ea", "#fdf3dc", "#f9e6e6"
ROW, BOX = 30, 24


def svg(width: int, height: int, parts: list[str]) -> str:
    """A picture on white, whatever the page's colour."""
    start = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
    return "\n".join(
        [start, STYLE, f'<rect width="{width}" height="{height}" fill="#fff" stroke="none"/>', *parts, "</svg>\n"]
    )


def box(x: int, y: int, width: int, text: str, colour: str) -> str:
    """A box with its text inside."""
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{BOX}" fill="{colour}"/>'
        f'<text x="{x + 8}" y="{y + 16}">{escape(text)}</text>'
    )


def networks(generator, discriminator) -> str:
    """Both networks, layer by layer.

    Args:
        generator: `keras_stylegan.models.Generator`, built.
        discriminator: `keras_stylegan.models.Discriminator` of the same images.
    """
    mapping = ["z: " + str(generator.z_dim), *(f"dense {layer.units}" for layer in generator.mapping.dense_layers)]
    mapping.append(f"w: {generator.w_dim}, {generator.num_ws} times")
    columns = [("Mapping network", 20, 150, [(text, MAPPING) for text in mapping])]
    synthesis = generator.synthesis
    shape = tuple(synthesis.const.shape)
    rows = [(f"constant {_size(shape)}", SYNTHESIS)]
    shape, convs = (None, *shape), iter(synthesis.convs)
    for r in synthesis.resolutions:
        for _ in range(1 if r == synthesis.coarsest else 2):
            conv = next(convs)
            shape = conv.compute_output_shape(shape, (None, generator.w_dim))
            rows.append((f"styled conv{' ↑2' if conv.up else ''} {_size(shape[1:])}", SYNTHESIS))
        if f"{r}" in synthesis.to_rgbs:
            rows.append((f"ToRGB {r}x{r}, added to the image", IMAGE))
    columns.append(("Synthesis network", 210, 250, rows))
    side = discriminator.resolution
    rows = [(f"image {side}x{side}x{discriminator.channels}", IMAGE)]
    rows.append((f"from RGB {_size((side, side, discriminator.from_rgb.filters))}", DISCRIMINATOR))
    for first, second, *skip in discriminator.blocks:
        rows.append((f"conv {_size((side, side, first.filters))}", DISCRIMINATOR))
        side //= 2
        beside = ", plus a 1x1 skip" if skip else ""
        rows.append((f"conv ↓2 {_size((side, side, second.filters))}{beside}", DISCRIMINATOR))
    rows.append((f"minibatch stddev, groups of {discriminator.mbstd_group_size}", DISCRIMINATOR))
    rows.append((f"conv {_size((side, side, discriminator.conv.filters))}", DISCRIMINATOR))
    rows += [(f"dense {discriminator.fc.units}", DISCRIMINATOR), ("score: 1", DISCRIMINATOR)]
    columns.append(("Discriminator", 510, 270, rows))
    parts = []
    for title, x, width, rows in columns:
        parts.append(f'<text class="title" x="{x}" y="26">{title}</text>')
        for i, (text, colour) in enumerate(rows):
            y = 40 + i * ROW
            parts.append(box(x, y, width, text, colour))
            if i:
                parts.append(f'<path d="M{x + width // 2} {y - ROW + BOX} v{ROW - BOX}"/>')
    height = 60 + ROW * max(len(rows) for *_, rows in columns)
    y = 40 + (len(mapping) - 1) * ROW + BOX // 2
    parts.append(f'<path d="M170 {y} H210"/><text class="soft" x="174" y="{y - 6}">styles</text>')
    return svg(800, height, parts)


def _size(shape) -> str:
    return "x".join(map(str, shape))


def training_step(source: str, root: str = "training_step") -> str:
    """What calls what in a step: every function of a module that another refers to, below it, with its first line.

    Args:
        source: Of the module.
        root: The function that is drawn first.
    """
    nodes = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    functions = {node.name: node for node in nodes if ast.get_docstring(node)}
    rows = list(_calls(functions, root, 0, ()))
    parts = []
    for i, (depth, name) in enumerate(rows):
        x, y = 20 + 28 * depth, 20 + i * ROW
        line = ast.get_docstring(functions[name]).splitlines()[0].replace("`", "")
        width = 12 + 8 * len(name)
        colour = MAPPING if "generator" in name or name.startswith(("generate", "path")) else DISCRIMINATOR
        parts.append(f'<rect x="{x}" y="{y}" width="{width}" height="{BOX}" fill="{colour if depth else SYNTHESIS}"/>')
        parts.append(f'<text class="code" x="{x + 6}" y="{y + 16}">{escape(name)}</text>')
        parts.append(f'<text class="soft" x="{x + width + 10}" y="{y + 16}">{escape(line)}</text>')
        if depth:
            above = max(j for j in range(i) if rows[j][0] == depth - 1)
            parts.append(f'<path d="M{x - 16} {20 + above * ROW + BOX} V{y + BOX // 2} h16"/>')
    return svg(960, 30 + ROW * len(rows), parts)


def _calls(functions, name, depth, above):
    """(depth, name) of a function and, in the order of the source, of those that it refers to."""
    yield depth, name
    names = (node for node in ast.walk(functions[name]) if isinstance(node, ast.Name) and node.id in functions)
    found = sorted(names, key=lambda node: (node.lineno, node.col_offset))
    for inner in dict.fromkeys(node.id for node in found):
        if inner not in (*above, name):
            yield from _calls(functions, inner, depth + 1, (*above, name))


def pictures() -> dict[str, str]:
    """Name of a file to its content."""
    sys.path.insert(0, str(ROOT))
    from keras_stylegan.models import Discriminator, Generator

    generator = Generator(z_dim=512, w_dim=512, resolution=64)
    generator.build()
    source = (ROOT / "keras_stylegan" / "training" / "algorithm.py").read_text(encoding="utf-8")
    return {
        "networks.svg": networks(generator, Discriminator(resolution=64)),
        "training_step.svg": training_step(source),
    }


if __name__ == "__main__":
    for file, content in pictures().items():
        (DOCS / file).write_text(content, encoding="utf-8")
        print(DOCS / file)
