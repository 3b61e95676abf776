import files
from files import Name, refuse


def test_networks_that_hold_themselves(tmp_path):
    """TensorFlow's: each holds the one before thirty times, and seven levels of it."""
    head = files.dumps(Name("dnnlib.tflib.network", "Network"))[2:-1] + b")R"
    code = b"\x80\x02" + head + b"}bq\x00"
    for level in range(7):
        children = b"}(" + b"".join(b"\x8c\x01" + bytes([65 + i]) + b"h" + bytes([level]) for i in range(30)) + b"u"
        state = b"}" + files.dumps("components")[2:-1] + children + b"s"
        code += head + state + b"bq" + bytes([level + 1])
    refuse(tmp_path, code + b".", "too many variables")
