"""Pictures in the terminal, where it can show them: by kitty's graphics protocol, iTerm2's, or sixel."""

import base64
import contextlib
import os
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from rich.control import ControlType
from rich.segment import Segment

from keras_stylegan.data.image_files import encode_png, enlarge
from keras_stylegan.data.intensity import to_integers

KITTY = {"TERM": ("xterm-kitty", "xterm-ghostty"), "TERM_PROGRAM": ("ghostty",)}
"""Values by which terminals with kitty's protocol are known."""
ITERM2 = {"TERM_PROGRAM": ("iTerm.app", "WezTerm", "mintty"), "LC_TERMINAL": ("iTerm2",)}
"""Values by which terminals with iTerm2's protocol are known; ssh passes LC_TERMINAL on."""
BETWEEN = ("TMUX", "STY", "ZELLIJ", "INSIDE_EMACS", "CI")
"""Variables that say that something lies between this process and a terminal which may not pass pictures on."""
ANSWER_SECONDS = 1.0
"""How long a terminal may take to say whether it knows sixel: a slow connection takes a few tenths."""
SIXEL = "4"
"""Of the primary device attributes (VT340 and later)."""
KITTY_CHUNK = 4096
GREYS = 64
"""Levels of a grey picture: sixel counts colours in hundredths."""


class TerminalPictures:
    """Shows pictures on a console, above its progress bar; nothing where the terminal cannot.

    Args:
        console: A `rich.console.Console`.
    """

    def __init__(self, console: Any) -> None:
        self.console = console
        self.encode = ENCODERS.get(protocol(console.file, os.environ)) if console.is_terminal else None

    def show(self, image: np.ndarray) -> None:
        """Prints an image (H, W, C), float in [-1, 1], enlarged if it is small."""
        if self.encode is not None:
            self.console.print(_Sequence(self.encode(enlarge(image))))


class _Sequence:
    """Control characters, as something that `rich` prints between two states of its bar."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Segment]:
        # A control segment takes no room on the line and is left out where the output is no terminal.
        yield Segment(self.text, None, [(ControlType.BELL,)])
        yield Segment.line()


def protocol(file: Any, environment: Mapping[str, str]) -> str | None:
    """Which protocol a terminal understands: 'kitty', 'iterm2', 'sixel' or None.

    The first two are known by the environment; sixel is asked for where the answer can be read, which takes
    `ANSWER_SECONDS` at most.

    Args:
        file: Where pictures would be written.
        environment: `os.environ`.
    """
    term = environment.get("TERM", "dumb")
    if not file.isatty() or term in ("dumb", "unknown") or term.startswith(("screen", "tmux")):
        return None
    if any(map(environment.get, BETWEEN)):
        return None
    for name, known in (("kitty", KITTY), ("iterm2", ITERM2)):
        if any(environment.get(variable) in values for variable, values in known.items()):
            return name
    return "sixel" if knows_sixel(sys.stdin, file) else None


def knows_sixel(source: Any, file: Any, seconds: float = ANSWER_SECONDS) -> bool:
    """Ask the terminal for its attributes (DA1), and whether sixel is one of them.

    What was typed ahead stays where it is; then, and in the background, nothing is asked.

    Args:
        source: The standard input.
        file: The standard output; the same terminal.
        seconds: How long to wait for an answer.
    """
    try:
        reading, writing = source.fileno(), file.fileno()
        # A process in the background is stopped when it reads from its terminal or sets it up.
        if os.ttyname(reading) != os.ttyname(writing) or os.tcgetpgrp(reading) != os.getpgrp():
            return False
        file.flush()
        return SIXEL in _attributes(reading, writing, seconds)
    except (OSError, ValueError, AttributeError, termios.error):  # No terminal after all, or one that was closed.
        return False


def _attributes(reading: int, writing: int, seconds: float) -> list[str]:
    before = termios.tcgetattr(reading)
    answer, after = b"", termios.TCSANOW
    try:
        # Without echo: the answer shall not be seen.
        tty.setcbreak(reading, termios.TCSANOW)
        if select.select([reading], [], [], 0)[0]:
            return []
        # Half an answer is thrown away with the rest of it.
        after = termios.TCSAFLUSH
        os.write(writing, b"\x1b[c")
        end = time.monotonic() + seconds
        while not answer.endswith(b"c") and select.select([reading], [], [], max(0, end - time.monotonic()))[0]:
            read = os.read(reading, 256)
            if not read:
                break
            answer += read
        if answer.endswith(b"c"):
            after = termios.TCSANOW
    finally:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(reading, after, before)
    # "\x1b[?62;4;22c": the first number is the terminal's class.
    return answer.decode("ascii", "replace").rpartition("[?")[2].rstrip("c").split(";")[1:]


def kitty(image: np.ndarray) -> str:
    """kitty's graphics protocol: PNG in chunks of base64; q=2: the terminal shall not answer.

    Args:
        image: (H, W, C) float in [-1, 1]; so for the others.
    """
    text = base64.b64encode(encode_png(image)).decode()
    chunks = [text[start : start + KITTY_CHUNK] for start in range(0, len(text), KITTY_CHUNK)]
    heads = ["a=T,f=100,q=2,", *[""] * (len(chunks) - 1)]
    more = [1] * (len(chunks) - 1) + [0]
    return "".join(f"\x1b_G{head}m={m};{chunk}\x1b\\" for head, m, chunk in zip(heads, more, chunks, strict=True))


def iterm2(image: np.ndarray) -> str:
    """iTerm2's inline images: OSC 1337 with a file."""
    png = encode_png(image)
    return f"\x1b]1337;File=inline=1;size={len(png)}:{base64.b64encode(png).decode()}\x07"


def sixel(image: np.ndarray) -> str:
    """DEC's sixel graphics: bands of six rows, a run-length encoded line for every colour of a band."""
    levels, palette = _palette(to_integers(image, np.uint8))
    height, width = levels.shape
    parts = [f'\x1bPq"1;1;{width};{height}']
    parts += [f"#{index};2;{';'.join(map(str, colour))}" for index, colour in enumerate(palette)]
    # Places below the picture have no colour.
    padded = np.full((-(-height // 6) * 6, width), -1)
    padded[:height] = levels
    bits = 1 << np.arange(6)[:, None]
    for band in padded.reshape(-1, 6, width):
        lines = [(index, ((band == index) * bits).sum(axis=0)) for index in np.unique(band[band >= 0])]
        parts.append("$".join(f"#{index}{_runs(columns)}" for index, columns in lines) + "-")
    return "".join(parts) + "\x1b\\"


def _palette(pixels: np.ndarray) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    """(H, W) indices of colours, and the colours in hundredths."""
    if pixels.shape[-1] == 1:
        levels = np.rint(pixels[..., 0] / 255 * (GREYS - 1)).astype(int)
        return levels, [(round(100 * level / (GREYS - 1)),) * 3 for level in range(GREYS)]
    # 6 levels of each colour: a fixed palette needs no search.
    parts = np.rint(pixels / 51).astype(int)
    colours = [(20 * r, 20 * g, 20 * b) for r in range(6) for g in range(6) for b in range(6)]
    return parts @ np.array([36, 6, 1]), colours


def _runs(columns: np.ndarray) -> str:
    starts = np.flatnonzero(np.diff(columns, prepend=-1))
    lengths = np.diff(starts, append=len(columns))
    return "".join(
        f"!{length}{chr(63 + columns[start])}" if length > 3 else chr(63 + columns[start]) * length
        for start, length in zip(starts, lengths, strict=True)
    )


ENCODERS: dict[str | None, Callable[[np.ndarray], str]] = {"kitty": kitty, "iterm2": iterm2, "sixel": sixel}
