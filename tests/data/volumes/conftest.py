import pytest


@pytest.fixture
def salt(tmp_path):
    (tmp_path / "salt").write_text("0123456789abcdef")
    return tmp_path / "salt"
