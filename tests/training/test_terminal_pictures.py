"""Pictures in terminals: read back by the rules of each protocol, and asked for in a pseudo-terminal."""

import base64
import fcntl
import io
import os
import re
import select
import subprocess
import sys
import termios
import time
from pathlib import Path

import numpy as np
import pytest
from fake_gan import FakeGan, fit, rows
from PIL import Image
from rich.console import Console

from keras_stylegan.training import terminal_pictures as module
from keras_stylegan.training.callbacks import Progress
from keras_stylegan.training.journal import Journal
from keras_stylegan.training.terminal_pictures import TerminalPictures, iterm2, kitty, protocol, sixel

ROOT = Path(__file__).parents[2]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def image(channels, height=13, width=70):
    levels = np.random.default_rng(channels).integers(0, 256, (height, width, channels))
    levels[:, :20] = 200  # Something to encode as a run.
    return levels, (levels / 127.5 - 1).astype(np.float32)


def decoded(png):
    pixels = np.asarray(Image.open(io.BytesIO(png)))
    return pixels[..., None] if pixels.ndim == 2 else pixels


@pytest.mark.parametrize("channels", [1, 3])
def test_kitty(channels):
    levels, picture = image(channels)
    chunks = re.findall(r"\x1b_G([^;]*);([A-Za-z0-9+/=]*)\x1b\\", kitty(picture))
    assert "".join(f"\x1b_G{keys};{data}\x1b\\" for keys, data in chunks) == kitty(picture)
    assert all(len(data) <= 4096 for _, data in chunks)
    assert chunks[0][0].startswith("a=T,f=100,q=2,m=")
    assert [keys[-3:] for keys, _ in chunks] == ["m=1"] * (len(chunks) - 1) + ["m=0"]
    np.testing.assert_array_equal(decoded(base64.b64decode("".join(data for _, data in chunks))), levels)


def test_kitty_in_several_chunks():
    text = kitty(image(3, 100, 100)[1])
    assert text.count("\x1b_G") > 5 and text.count("m=0") == 1 and text.count("a=T") == 1


@pytest.mark.parametrize("channels", [1, 3])
def test_iterm2(channels):
    levels, picture = image(channels)
    size, data = re.fullmatch(r"\x1b\]1337;File=inline=1;size=(\d+):(\S+)\x07", iterm2(picture)).groups()
    png = base64.b64decode(data)
    assert len(png) == int(size)
    np.testing.assert_array_equal(decoded(png), levels)


def read_sixel(text):
    """The picture (H, W, 3) in levels, by the VT340's manual: '#' colours, '!' repeats, '$' and '-' move."""
    width, height, body = re.fullmatch(r'\x1bPq"1;1;(\d+);(\d+)(.*)\x1b\\', text, re.DOTALL).groups()
    pixels = np.full((int(height) + 5, int(width), 3), -1.0)
    colours, colour, x, y = {}, None, 0, 0
    for define, r, g, b, choose, count, repeated, plain, move in re.findall(
        r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)([?-~])|([?-~])|([$-])", body
    ):
        if define:
            colours[define] = [float(part) * 2.55 for part in (r, g, b)]
        elif choose:
            colour = colours[choose]
        elif move:
            x, y = 0, y + 6 * (move == "-")
        else:
            bits = ord(repeated or plain) - 63
            beyond = x + int(count or 1)
            for row in range(6):
                if bits >> row & 1:
                    assert (pixels[y + row, x:beyond] == -1).all(), "painted twice"
                    pixels[y + row, x:beyond] = colour
            x = beyond
    assert (pixels[int(height) :] == -1).all()
    return pixels[: int(height)]


@pytest.mark.parametrize(("channels", "step"), [(1, 255 / 63), (3, 51)])
@pytest.mark.parametrize("height", [12, 13])
def test_sixel(channels, step, height):
    levels, picture = image(channels, height)
    # Half a step of the palette, and half a hundredth of its colours.
    assert np.abs(read_sixel(sixel(picture)) - levels).max() <= step / 2 + 1.3
    assert "!20" in sixel(picture)


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "ghostty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "iterm2"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "iterm2"),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux-0/default,1,0"}, None),
        ({"TERM": "screen-256color", "LC_TERMINAL": "iTerm2"}, None),
        ({"TERM": "xterm-kitty", "CI": "true"}, None),
        ({"TERM": "dumb", "LC_TERMINAL": "iTerm2"}, None),
        ({"LC_TERMINAL": "iTerm2"}, None),
        ({"TERM": "xterm-256color"}, None),
    ],
)
def test_what_the_environment_tells(environment, name):
    assert protocol(Terminal(), environment) == name


def test_nothing_in_a_pipe_or_a_file(tmp_path):
    with open(tmp_path / "out", "w") as file:
        assert protocol(file, {"TERM": "xterm-kitty"}) is None
        # FORCE_COLOR makes a terminal of everything.
        TerminalPictures(Console(file=file, force_terminal=True)).show(image(1)[1])
    assert (tmp_path / "out").read_bytes() == b""


def test_a_picture_above_the_bar(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "protocol", lambda file, environment: "kitty")
    console = Console(file=Terminal(), force_terminal=True, width=100)
    pictures = TerminalPictures(console)
    progress = Progress(16, Journal(console), kimg=0.008)
    model = FakeGan()
    progress.set_model(model)
    progress.on_train_begin()
    pictures.show(image(1)[1])
    progress.on_train_end()
    fit(model, rows(4), [])
    shown = console.file.getvalue()
    start, end = shown.index("\x1b_G"), shown.rindex("\x1b\\") + 2
    # Nothing comes between its parts, and it stands on lines of its own.
    assert re.fullmatch(r"(\x1b_G[^\x1b]*\x1b\\)+", shown[start:end]) and shown[end] == "\n"


PROGRAM = """
import sys, time
from keras_stylegan.training.terminal_pictures import knows_sixel
started = time.monotonic()
found = knows_sixel(sys.stdin, sys.stdout, 0.5)
print("found", found, time.monotonic() - started < 5, flush=True)
print("line", repr(input()), flush=True)
"""


def in_a_terminal(answer, typed=b"", foreground=True):
    """What the program says in a pseudo-terminal whose terminal answers a question so; and what it was asked."""
    master, slave = os.openpty()

    def own_terminal():
        os.setsid()
        if foreground:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    if typed:
        os.write(master, typed)
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, stdin=slave, stdout=slave, stderr=slave, preexec_fn=own_terminal
    )
    os.close(slave)
    said, answered, typed_line, end = b"", False, False, time.monotonic() + 120
    while process.poll() is None and time.monotonic() < end:
        if not select.select([master], [], [], 0.1)[0]:
            continue
        try:
            said += os.read(master, 4096)
        except OSError:
            break
        if b"\x1b[c" in said and not answered:
            answered = True
            os.write(master, answer)
        if re.search(rb"found \w+ \w+\r\n", said) and not typed_line:
            typed_line = True
            os.write(master, b"next\n")
    process.kill()
    process.wait()
    os.close(master)
    return said.decode()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (b"\x1b[?62;4;22c", True),
        (b"\x1b[?64;1;2;4c", True),
        (b"\x1b[?4;1c", False),
        (b"\x1b[?1;2c", False),
        (b"", False),
    ],
)
def test_a_terminal_is_asked_for_sixel(answer, found):
    said = in_a_terminal(answer)
    assert f"found {found} True" in said
    # The answer is neither seen nor left over for what reads next.
    assert "line 'next'" in said
    assert said.count("\x1b") == 1 and "22c" not in said


@pytest.mark.slow
def test_what_was_typed_ahead_is_kept_and_nothing_is_asked():
    said = in_a_terminal(b"\x1b[?62;4c", typed=b"early\n")
    assert "found False True" in said and "line 'early'" in said and "\x1b" not in said


@pytest.mark.slow
def test_without_a_controlling_terminal_nothing_is_asked():
    said = in_a_terminal(b"\x1b[?62;4c", foreground=False)
    assert "found False True" in said and "\x1b" not in said
