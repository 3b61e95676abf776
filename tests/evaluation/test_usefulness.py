"""The figure of what generated images change."""

import pytest
from matplotlib.figure import Figure

from keras_stylegan.evaluation.usefulness import plot


@pytest.mark.parametrize(("constant", "drawn"), [(1.2, True), (8.0, False)])
def test_one_answer_for_all_is_drawn_only_where_it_leaves_room_for_differences(monkeypatch, constant, drawn):
    figures = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *args, **options: figures.append(figure))
    rows = [{"subjects": 10, "ratio": ratio, "score": score, "interval": [score - 0.1, score + 0.1]}
            for ratio, score in ((0, 1.0), (1.0, 1.1))]  # fmt: skip
    plot({"slice": {"unit": "error", "better": "lower", "without_images": constant, "rows": rows}})
    (axis,) = figures[0].axes
    labels = [text.get_text() for text in figures[0].legends[0].get_texts()]
    assert ("one answer for all" in labels) == drawn
    assert ("one answer for all: 8" in axis.get_title(loc="left")) != drawn
    assert axis.get_ylim()[1] < 1.5
