import pytest

from keras_stylegan.data import progress


@pytest.mark.parametrize("visible", [True, False])
def test_without_a_terminal_a_line_a_minute_says_how_far_it_is(monkeypatch, capsys, visible):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with progress.progress_bar("Reading scans", 10, visible) as advance:
        for second in range(25, 251, 25):
            now[0] = float(second)
            advance()
    # At 75, 150 and 225 s: the first that are a minute after the last one.
    expected = [f"Reading scans: {count} of 10" for count in (3, 6, 9)]
    assert capsys.readouterr().out.splitlines() == (expected if visible else [])


def test_what_takes_no_minute_says_nothing(capsys):
    with progress.progress_bar("Reading scans", 2, True) as advance:
        advance()
        advance()
    assert capsys.readouterr() == ("", "")
