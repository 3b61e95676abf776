"""A check that is not passed."""

LONGEST = 200
"""Characters of somebody else's message that are shown."""


class Failed(Exception):
    """A check that is not passed.

    Args:
        said: What is wrong.
        advice: What to do.
    """

    def __init__(self, said: str, advice: str) -> None:
        super().__init__(said)
        self.advice = advice


def one_line(text: str) -> str:
    """The beginning of a text, without its line breaks."""
    return " ".join(text.split())[:LONGEST]
