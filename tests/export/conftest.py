"""Small exported generators, made once for all tests of `export`."""

import pytest
from exported import Exported


@pytest.fixture(scope="session")
def unconditional(tmp_path_factory):
    return Exported(tmp_path_factory.mktemp("unconditional"))


@pytest.fixture(scope="session")
def conditional(tmp_path_factory):
    return Exported(tmp_path_factory.mktemp("conditional"), conditional=True)


@pytest.fixture(scope="session")
def covariates(tmp_path_factory):
    return Exported(tmp_path_factory.mktemp("covariates"), conditional=True, covariates=("slice", "age"))
