"""People without their names: salted hashes and numbered sessions."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from keras_stylegan.atomic import replace_file
from keras_stylegan.errors import InputError

SALT_BYTES = 32
DIGITS = 16


def read_salt(path: Path) -> bytes:
    """The secret of a file, which is made, readable by its owner alone, if it is missing.

    Raises:
        InputError: It cannot be read or written, or is too short to be a secret.
    """
    path = Path(path)
    try:
        if not path.exists():
            replace_file(path, secrets.token_hex(SALT_BYTES).encode() + b"\n")
            path.chmod(0o600)
        salt = path.read_bytes().strip()
    except OSError as error:
        raise InputError(f"the salt {path} cannot be read: {error.strerror or error}.") from error
    if len(salt) < SALT_BYTES // 2:
        raise InputError(
            f"the salt {path} has {len(salt)} bytes, which is no secret: expected {SALT_BYTES // 2} or more."
        )
    return salt


def hashed(subject: str, salt: bytes) -> str:
    """What stands for a subject: without the salt nobody can try names until one fits."""
    return hmac.new(salt, subject.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()[:DIGITS]


def session_numbers(sessions: Sequence[tuple[str, str]]) -> list[int]:
    """For each (subject, session) the place, from 1, among the subject's sessions by name; a session may be a date.

    Numbers in a name count as numbers: ses-2 comes before ses-10.
    """
    own: dict[str, set[str]] = {}
    for subject, session in sessions:
        own.setdefault(subject, set()).add(session)
    places = {
        subject: {name: place for place, name in enumerate(sorted(names, key=_natural), 1)}
        for subject, names in own.items()
    }
    return [places[subject][session] for subject, session in sessions]


def _natural(name: str) -> tuple[list, str]:
    """A key that puts 2 before 10, however many zeros lead; the name itself decides between 02 and 2."""
    if "." in name:
        # The time and UID of a DICOM study: dates and times are of fixed width, and what follows a point is a fraction.
        return [name], name
    text = re.split("([0-9]+)", name)
    for place in range(1, len(text), 2):
        digits = text[place].lstrip("0")
        text[place] = (len(digits), digits)
    return text, name
