"""Pickles of weights, read by a machine of our own that can run nothing.

A pickle is a program for a small stack machine, and Python's own machine calls whatever function the program names.
This one knows the values that weights are made of, and a table of names for the rest; each stands for a function of
ours. Any other name is refused before anything is made of it. The opcodes are those of `pickletools`.
"""

import io
import pickletools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

MOST_OPCODES = 1_000_000
"""Of a file with all that is nested in it; official ones have fewer than 100,000. Bounds time and memory."""
LARGEST_KEY = 2**60
"""Integers as keys stay below it: larger ones could all have one hash value, and a dict of such takes hours."""
LONGEST_KEY = 1000
"""Letters or bytes of a key: paths are made of them."""
MOST_MEMO = 2**32
LONGEST_SHOWN = 80
"""Characters of a name that a message shows."""
LITERALS = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}


class Inert:
    """What stands for an object of a class whose content does not matter; its state is dropped."""

    def __init__(self, *arguments: Any) -> None:
        pass

    def build(self, state: Any) -> None:
        """Take the state that a pickle gives an object after it was made."""


class Budget:
    """What may still be done for a file and all the files nested in it.

    Args:
        opcodes: Steps: an opcode, or an item of what a name of the table is called with; a list of a pickle can be
            named, and so walked, a million times.
        copied: Bytes to copy: one text of a pickle can be named, and so copied, a million times.
    """

    def __init__(self, opcodes: int = MOST_OPCODES, copied: int = 0) -> None:
        self.left, self.copied = opcodes, copied

    def spend(self, steps: int = 1) -> None:
        """Raise a `ValueError` once all are spent."""
        self.left -= steps
        if self.left < 0:
            raise ValueError(f"it takes more than {MOST_OPCODES:,} steps to read, which no file of weights does")

    def copy(self, count: int) -> None:
        """Raise a `ValueError` once more bytes are copied than the file can have."""
        self.copied -= count
        if self.copied < 0:
            raise ValueError("its arrays have more bytes than the file")


Known = Mapping[str, Callable[..., Any]]
"""`module.name` to a function of ours that takes the arguments of the pickle."""


def shown(value: Any, longest: int = LONGEST_SHOWN) -> str:
    """A text of a file in a message, or the type of another value: short, on one line, and nothing for a terminal."""
    text = value if isinstance(value, str) else type(value).__name__
    text = "".join(letter if letter.isprintable() else "?" for letter in text[: longest + 1])
    return text if len(text) <= longest else text[:longest] + "..."


def load(
    file: BinaryIO | bytes, known: Known, budget: Budget | None = None, persistent: Callable[[Any], Any] | None = None
) -> Any:
    """Read one pickle.

    Args:
        file: In memory (`io.BytesIO` or bytes), so that a count cannot claim more than is there; read up to its end.
        known: What names stand for. A result with a method `build` takes the state that the pickle gives it.
        budget: Shared with other pickles of the same file.
        persistent: What a persistent id stands for; none are accepted by default.

    Raises:
        ValueError: Any other name, an opcode that has no place in weights, or a damaged file. What other exceptions
            a damaged file can lead to (IndexError, TypeError, ...) is the caller's to catch.
    """
    file = io.BytesIO(file) if isinstance(file, (bytes, bytearray)) else file
    budget = budget or Budget()
    machine = _Machine(known, budget, persistent)
    for opcode, argument in _opcodes(file):
        budget.spend()
        if opcode.name in LITERALS:
            machine.stack.append(argument)
        elif opcode.name in OPERATIONS:
            OPERATIONS[opcode.name](machine, argument)
        elif opcode.name not in ("PROTO", "FRAME", "STOP"):
            raise ValueError(f"its opcode {opcode.name} has no place in a file of weights")
    return machine.stack.pop()


def _opcodes(file: BinaryIO) -> Iterator[tuple[pickletools.OpcodeInfo, Any]]:
    """(opcode, argument) one after the other; what pickletools raises on arbitrary bytes is not said anywhere."""
    try:
        for opcode, argument, _ in pickletools.genops(file):
            yield opcode, argument
    except Exception as error:
        raise ValueError("its pickle is damaged, or ends too early") from error


class _Machine:
    def __init__(self, known: Known, budget: Budget, persistent: Callable[[Any], Any] | None) -> None:
        self.known, self.budget, self.persistent = known, budget, persistent
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def since_mark(self) -> list[Any]:
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def take(self, count: int) -> list[Any]:
        if count > len(self.stack):
            raise ValueError("its stack is empty too early")
        items = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return items

    def put(self, index: int) -> None:
        if not 0 <= index < MOST_MEMO:
            raise ValueError(f"it has no memo {shown(str(index))}")
        self.memo[index] = self.stack[-1]

    def extend(self, items: list[Any]) -> None:
        _only(list, self.stack[-1]).extend(items)

    def update(self, items: list[Any]) -> None:
        target = _only(dict, self.stack[-1])
        if len(items) % 2:
            raise ValueError("a dict has a key without a value")
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[require_key(key)] = value

    def add(self, items: list[Any]) -> None:
        _only(set, self.stack[-1]).update(map(require_key, items))

    def name(self, module: Any, name: Any) -> None:
        full = f"{_only(str, module)}.{_only(str, name)}"
        if full not in self.known:
            raise ValueError(
                f"it names the global {shown(full)}, which is not on the list of what weights are made of; "
                "nothing of the file was run"
            )
        self.stack.append(_Name(full, self.known[full]))

    def call(self) -> None:
        function, arguments = self.take(2)
        self.budget.spend(len(_only(tuple, arguments)))
        self.stack.append(_only(_Name, function).function(*arguments))

    def build(self) -> None:
        target, state = self.take(2)
        if hasattr(target, "build"):
            target.build(state)
        elif type(target) is not dict:
            # A dict may have attributes, as PyTorch's state dicts do; they say nothing of the weights.
            raise ValueError(f"it sets the state of a {shown(target)}")
        self.stack.append(target)

    def persist(self) -> None:
        if self.persistent is None:
            raise ValueError("it refers to storages outside of it")
        self.stack.append(self.persistent(self.stack.pop()))


class _Name:
    """A name of the table on the stack; as a value it means nothing."""

    def __init__(self, full: str, function: Callable[..., Any]) -> None:
        self.full, self.function = full, function


def name_of(value: Any) -> str:
    """The name that a pickle gives instead of a value, such as `torch.FloatStorage`.

    Raises:
        ValueError: It is none.
    """
    return _only(_Name, value).full


def _only(kind: type, value: Any) -> Any:
    """A value that must be of exactly this type: a subclass could have methods of its own."""
    if type(value) is not kind:
        raise ValueError(f"it has a {shown(value)} where a {kind.__name__.strip('_').lower()} belongs")
    return value


def require_key(value: Any) -> Any:
    """A key that takes no time to hash, and no recursion: no tuple, no float.

    Raises:
        ValueError: It is none.
    """
    small = type(value) is int and -LARGEST_KEY < value < LARGEST_KEY
    short = type(value) in (str, bytes) and len(value) <= LONGEST_KEY
    if not (small or short or value is None or type(value) is bool):
        raise ValueError(f"a {shown(value)} is no key")
    return value


def _pair(machine: _Machine, _: Any) -> None:
    items = machine.take(2)
    machine.update(items)


OPERATIONS: dict[str, Callable[[_Machine, Any], Any]] = {
    "NONE": lambda m, _: m.stack.append(None),
    "NEWTRUE": lambda m, _: m.stack.append(True),
    "NEWFALSE": lambda m, _: m.stack.append(False),
    "EMPTY_LIST": lambda m, _: m.stack.append([]),
    "EMPTY_DICT": lambda m, _: m.stack.append({}),
    "EMPTY_TUPLE": lambda m, _: m.stack.append(()),
    "EMPTY_SET": lambda m, _: m.stack.append(set()),
    "MARK": lambda m, _: m.marks.append(len(m.stack)),
    "POP": lambda m, _: m.stack.pop(),
    "POP_MARK": lambda m, _: m.since_mark(),
    "DUP": lambda m, _: m.stack.append(m.stack[-1]),
    "LIST": lambda m, _: m.stack.append(m.since_mark()),
    "TUPLE": lambda m, _: m.stack.append(tuple(m.since_mark())),
    "TUPLE1": lambda m, _: m.stack.append(tuple(m.take(1))),
    "TUPLE2": lambda m, _: m.stack.append(tuple(m.take(2))),
    "TUPLE3": lambda m, _: m.stack.append(tuple(m.take(3))),
    "DICT": lambda m, _: (items := m.since_mark(), m.stack.append({}), m.update(items)),
    "APPEND": lambda m, _: m.extend(m.take(1)),
    "APPENDS": lambda m, _: m.extend(m.since_mark()),
    "SETITEM": _pair,
    "SETITEMS": lambda m, _: m.update(m.since_mark()),
    "ADDITEMS": lambda m, _: m.add(m.since_mark()),
    "PUT": lambda m, index: m.put(index),
    "BINPUT": lambda m, index: m.put(index),
    "LONG_BINPUT": lambda m, index: m.put(index),
    "MEMOIZE": lambda m, _: m.put(len(m.memo)),
    "GET": lambda m, index: m.stack.append(m.memo[index]),
    "BINGET": lambda m, index: m.stack.append(m.memo[index]),
    "LONG_BINGET": lambda m, index: m.stack.append(m.memo[index]),
    "GLOBAL": lambda m, name: m.name(*name.split(" ", 1)),
    "STACK_GLOBAL": lambda m, _: m.name(*m.take(2)),
    "REDUCE": lambda m, _: m.call(),
    "NEWOBJ": lambda m, _: m.call(),
    "BUILD": lambda m, _: m.build(),
    "BINPERSID": lambda m, _: m.persist(),
}
"""What the opcodes do; FROZENSET, OBJ, INST, EXT*, NEWOBJ_EX, PERSID and buffers are refused."""
