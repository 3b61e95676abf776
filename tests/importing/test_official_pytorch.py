import time

import files
import pytest
from files import Name, refuse

PAIRS = b"](" + b"".join(b"X\x05\x00\x00\x00%05dN\x86" % i for i in range(30_000)) + b"e"
TEXTS = PAIRS.replace(b"N\x86", b"")


@pytest.mark.parametrize(
    ("name", "items"),
    [
        (("builtins", "set"), TEXTS),
        (("__builtin__", "set"), TEXTS),
        (("collections", "OrderedDict"), PAIRS),
        (("dnnlib.util", "EasyDict"), PAIRS),
        # All items as arguments.
        (("argparse", "Namespace"), None),
    ],
)
def test_a_list_that_is_walked_again_and_again(tmp_path, name, items):
    """30,000 items, 90,000 times: hours and terabytes, if it were done."""
    arguments = b"(" + TEXTS[2:-1] + b"t" if items is None else items + b"\x85"
    content = b"\x80\x02" + arguments + b"q\x010" + files.dumps(Name(*name))[2:-1] + b"q\x020]("
    content += b"h\x02h\x01R" * 90_000 + b"e."
    start = time.monotonic()
    refuse(tmp_path, content, "takes more than 1,000,000 steps")
    if name[1] == "OrderedDict":
        refuse(tmp_path, files.legacy("HERE", {}).replace(files.dumps("HERE"), content), "takes more than", "a.pt")
    assert time.monotonic() - start < 20


def test_a_source_text_that_is_hashed_again_and_again(tmp_path):
    """30,000 times 3 MB."""
    meta = {"module_src": "a" * 3_000_000, "class_name": "M", "state": {}}
    arguments = files.dumps((meta,))[2:-1] + b"q\x010"
    name = files.dumps(Name("torch_utils.persistence", "_reconstruct_persistent_obj"))[2:-1] + b"q\x020"
    start = time.monotonic()
    refuse(tmp_path, b"\x80\x02" + arguments + name + b"](" + b"h\x02h\x01R" * 30_000 + b"e.", "holds a list")
    assert time.monotonic() - start < 10


def test_modules_that_hold_themselves(tmp_path):
    """Each holds the one before ten times, and ten levels of it."""
    module = files.persistent("Module", {"_modules": {}})
    code = b"\x80\x02" + files.dumps(module)[2:-1] + b"q\x00"
    for level in range(10):
        children = b"}(" + b"".join(b"\x8c\x01" + bytes([97 + i]) + b"h" + bytes([level]) for i in range(10)) + b"u"
        head = files.dumps(Name("torch_utils.persistence", "_reconstruct_persistent_obj"))[2:-1]
        meta = files.dumps({"module_src": "", "class_name": "M"})[2:-2]
        state = files.dumps("state")[2:-1] + b"}" + files.dumps("_modules")[2:-1] + children + b"s"
        code += head + b"(" + meta + state + b"ut" + b"Rq" + bytes([level + 1])
    refuse(tmp_path, code + b".", "too many modules|nested too deeply")
