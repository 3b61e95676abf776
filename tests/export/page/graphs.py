"""Exported graphs, changed for tests of the page."""

import onnx

from export.to_onnx import save


def edited(folder, part="*", **values):
    """Change or add metadata of graphs of a folder."""
    for path in folder.glob(f"{part}.onnx"):
        model = onnx.load(path)
        others = [entry for entry in model.metadata_props if entry.key not in values]
        del model.metadata_props[:]
        model.metadata_props.extend(others)
        for key, value in values.items():
            model.metadata_props.add(key=key, value=value)
        save(model, path)
