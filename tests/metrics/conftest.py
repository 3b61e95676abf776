import pytest
from small_phantoms import draw, part


@pytest.fixture(scope="session")
def people():
    """100 training, 40 held-out and 60 new subjects, four images each."""
    everybody = draw(800)
    return part(everybody, 0, 100), part(everybody, 100, 140), part(everybody, 140, 200)
