import pathlib
import uuid

import pytest

from landfall_server import Server

HERE = pathlib.Path(__file__).resolve().parent
SHARED = HERE.parent.parent.parent / "shared"


def pytest_addoption(parser):
    parser.addoption("--binary", default=str(HERE.parent.parent / "build/release/landfall"))


@pytest.fixture(scope="session")
def binary(request):
    return str(pathlib.Path(request.config.getoption("--binary")).resolve())


@pytest.fixture(scope="module")
def server(binary, tmp_path_factory):
    """A server shared by one file of tests; each test uses names of its own."""
    one = Server(binary, tmp_path_factory.mktemp("data") / "d", "--profile", "testbench").start()
    yield one
    assert one.stop() == 0, one.log_tail()


@pytest.fixture
def own_server(binary, tmp_path):
    """A server of the test's own, to stop, kill and start again."""
    one = Server(binary, tmp_path / "d", "--profile", "testbench").start()
    yield one
    one.kill()


@pytest.fixture
def name():
    return "t" + uuid.uuid4().hex[:12]


@pytest.fixture
def bucket(server, name):
    server.make_bucket(name)
    return name
