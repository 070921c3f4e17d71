import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from landfall_server import Server  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--binary", default=str(HERE.parent.parent / "build/release/landfall"))


@pytest.fixture(scope="session")
def server(request, tmp_path_factory):
    binary = str(pathlib.Path(request.config.getoption("--binary")).resolve())
    one = Server(binary, tmp_path_factory.mktemp("data") / "d", "--profile", "testbench", "--log-level", "warn").start()
    yield one
    assert one.stop() == 0, one.log_tail()
