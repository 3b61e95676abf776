import pytest

from keras_stylegan.errors import InputError
from keras_stylegan.training.trained import load_generator


def test_a_folder_that_is_none_is_one_short_line(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("file", "loop", "none", "x" * 5000, "file/run"):
        with pytest.raises(
            InputError, match="run folder .* does not exist; name a folder such as models/demo"
        ) as caught:
            load_generator(tmp_path / name)
        assert len(str(caught.value)) < 400
    with pytest.raises(InputError, match="is no run folder: config.json is missing"):
        load_generator(tmp_path)
