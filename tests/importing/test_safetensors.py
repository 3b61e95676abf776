import json
import struct

from files import refuse


def test_tensors_that_overlap(tmp_path):
    """20 GB of float32, if each were a copy."""
    entry = {"dtype": "BF16", "shape": [1_000_000], "data_offsets": [0, 2_000_000]}
    header = json.dumps({f"t{i}": entry for i in range(5_000)}).encode()
    content = struct.pack("<Q", len(header)) + header + bytes(2_000_000)
    refuse(tmp_path, content, "more bytes than the file", "a.safetensors")
