"""Bad input gets a clear error that names the thing and the rule, and nothing is lost."""
import gzip
import os
import socket
import subprocess
import time

import pytest

import nation
from landfall_server import Server


def raw(server, text):
    """Sends raw bytes, returns the status line and everything after it until the server closes or pauses."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(text.encode() if isinstance(text, str) else text)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while True:
            block = connection.recv(65536)
            if not block:
                return answer.decode(errors="replace")
            answer += block


@pytest.mark.parametrize("text,status", [
    ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "400"),
    ("POST /storage/v1/b?project=p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"),
    ("GET / HTTP/1.1\r\nHost: x\r\nX: " + "y" * 100_000 + "\r\n\r\n", "431"),
    ("GARBAGE\r\n\r\n", "400"),
    ("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "501"),
])
def test_malformed_http_is_refused(server, text, status):
    assert raw(server, text).split(" ")[1] == status


def test_malformed_json_names_the_place(server, bucket):
    answer = server.request("PATCH", f"/storage/v1/b/{bucket}", data="{\"labels\": ", headers={"Content-Type": "application/json"})
    assert answer.status_code == 400 and answer.json()["error"]["errors"][0]["reason"] == "parseError"
    answer = server.request("POST", "/bigquery/v2/projects/p/datasets", data="[1]", headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


def test_malformed_multipart_stores_nothing(server, bucket):
    for body in (b"", b"--x\r\n\r\n{}", b"--x\r\nContent-Type: application/json\r\n\r\n{\"name\": \"m\"}\r\n--x--"):
        answer = server.request("POST", f"/upload/storage/v1/b/{bucket}/o?uploadType=multipart", data=body,
                                headers={"Content-Type": "multipart/related; boundary=x"})
        assert answer.status_code == 400, answer.text
    assert server.request("GET", f"/storage/v1/b/{bucket}/o").json().get("items") is None


def test_a_gap_in_a_resumable_upload_is_refused(server, bucket):
    where = server.request("POST", f"/upload/storage/v1/b/{bucket}/o?uploadType=resumable&name=g", json={}).headers["Location"]
    answer = server.request("PUT", where.replace(server.url, ""), data=b"x" * 10, headers={"Content-Range": "bytes 262144-262153/262154"})
    assert answer.status_code == 400
    assert server.request("GET", f"/storage/v1/b/{bucket}/o/g").status_code == 404


def test_a_compressed_chunk_of_a_resumable_upload_is_stored_as_it_was_before(server, bucket):
    where = server.request("POST", f"/upload/storage/v1/b/{bucket}/o?uploadType=resumable&name=z", json={}).headers["Location"]
    answer = server.request("PUT", where.replace(server.url, ""), data=gzip.compress(b"x"), headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 200 and answer.json()["size"] == "1", answer.text


def json_batch(server, bucket, name, data, file="x.json"):
    server.load_json(bucket, "", {"sourceFormat": "NEWLINE_DELIMITED_JSON"})
    server.make_table(name, "t", ["a INTEGER", "b STRING"])
    server.put(bucket, f"{name}/t/{file}", data)
    return server.drop(bucket, f"{name}/t/_SUCCESS")


@pytest.mark.parametrize("line", [
    b'{"a": NaN}', b'{"a": 1, "a": 2}', b'{"b": "\xff\xfe"}', b'{"a": 99999999999999999999}', b'{"a": 1.5}',
    b'{"a": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", b'{"a": 1', b'"text"', b'{"zzz": 1}',
], ids=["nan", "duplicate-key", "utf8", "big-integer", "fraction", "depth", "cut", "scalar", "unknown-key"])
def test_a_bad_record_is_kept_beside_the_table_and_the_rest_loads(server, bucket, name, line):
    load = json_batch(server, bucket, name, b'{"a": 1}\n' + line + b'\n{"a": 2}\n')
    assert (load["status"], load["rows_in"], load["rows_good"], load["rows_bad"]) == ("DONE", "3", "2", "1"), load
    code, offset = server.query(f"SELECT code, byte_offset FROM {name}.t__bad")[0]
    assert code and offset == "9"


def test_a_100_mb_line_is_one_bad_row(server, bucket, name):
    load = json_batch(server, bucket, name, b'{"a": 1}\n{"b": "' + b"x" * (101 << 20) + b'"}\n{"a": 2}\n')
    assert (load["status"], load["rows_good"], load["rows_bad"]) == ("DONE", "2", "1"), load


def test_truncated_gzip_fails_the_batch_by_name_and_loads_nothing(server, bucket, name):
    whole = gzip.compress(b'{"a": 1}\n' * 5000)
    load = json_batch(server, bucket, name, whole[: len(whole) // 2], "cut.json.gz")
    assert load["status"] == "FAILED" and "cut.json.gz" in load["error"] and "gzip" in load["error"], load
    assert server.one(f"SELECT COUNT(*) FROM {name}.t") == "0"


def test_half_a_parquet_file_fails_the_batch_by_name(server, bucket, name, tmp_path):
    import duckdb
    duckdb.sql(f"COPY (SELECT range AS a FROM range(10000)) TO '{tmp_path}/p.parquet' (FORMAT PARQUET)")
    data = (tmp_path / "p.parquet").read_bytes()
    server.load_json(bucket, "", {"sourceFormat": "PARQUET"})
    server.make_table(name, "t", ["a INTEGER"])
    server.put(bucket, f"{name}/t/half.parquet", data[: len(data) // 2])
    load = server.drop(bucket, f"{name}/t/_SUCCESS")
    assert load["status"] == "FAILED" and "half.parquet" in load["error"], load


@pytest.mark.parametrize("path,word", [("$2024", "2024"), ("$20241301", "13"), ("$abc", "abc")])
def test_a_partition_that_does_not_fit_is_refused(server, bucket, name, path, word):
    server.make_table(name, "t", ["a INTEGER"], timePartitioning={"type": "DAY"})
    server.put(bucket, f"{name}/t/{path}/x.csv", "1\n")
    load = server.drop(bucket, f"{name}/t/{path}/_SUCCESS")
    assert load["status"] == "FAILED" and word in load["error"], load
    assert server.one(f"SELECT COUNT(*) FROM {name}.t") == "0"


def test_a_second_server_on_the_directory_is_refused_naming_the_holder(own_server):
    done = subprocess.run([own_server.binary, "up", "--listen", "127.0.0.1:0", "--data-dir", str(own_server.data_dir)],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and str(own_server.process.pid) in done.stderr, done.stderr


@pytest.mark.parametrize("words", [["up", "--lissten", "x"], ["qurey", "SELECT 1"], ["query"], ["ls", "--nope"]])
def test_wrong_usage_ends_in_2_and_says_so(binary, words):
    done = subprocess.run([binary, *words], capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and done.stderr


def test_every_command_has_help(binary):
    top = subprocess.run([binary, "--help"], capture_output=True, text=True, timeout=30)
    assert top.returncode == 0
    for command in ("up", "demo", "query", "cp", "ls", "loads", "explain", "doctor", "ingest create"):
        assert command in top.stdout
        one = subprocess.run([binary, *command.split(), "--help"], capture_output=True, text=True, timeout=30)
        assert one.returncode == 0 and "Usage: landfall " + command in one.stdout


def test_faults_are_closed_outside_the_testbench_profile(binary, tmp_path):
    server = Server(binary, tmp_path / "d").start()
    try:
        answer = server.request("POST", "/landfall/v1/faults", json={"point": "storage.write", "count": 1})
        assert answer.status_code == 404
    finally:
        server.stop()


def test_storage_faults_fail_without_a_trace(own_server):
    server = own_server
    server.make_bucket("faulty")
    assert server.request("POST", "/landfall/v1/faults", json={"point": "storage.write", "count": 1}).status_code == 200
    answer = server.request("POST", "/upload/storage/v1/b/faulty/o?uploadType=media&name=x", data=b"1")
    assert answer.status_code == 503
    assert server.request("GET", "/storage/v1/b/faulty/o/x").status_code == 404
    assert server.put("faulty", "x", "1")["size"] == "1"
    assert server.request("POST", "/landfall/v1/faults", json={"point": "nope", "count": 1}).status_code == 400


@pytest.fixture
def small_disk(tmp_path):
    where = tmp_path / "small"
    where.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", str(where)], capture_output=True).returncode != 0:
        pytest.skip("a full disk needs the right to mount a tmpfs")
    yield where
    subprocess.run(["umount", "-l", str(where)], check=True)


def test_a_full_disk_is_507_before_acceptance_and_loads_wait(binary, small_disk):
    """What was acknowledged stays; when there is room again the waiting load goes on."""
    server = Server(binary, small_disk / "d", "--log-level", "warn").start()
    try:
        server.make_bucket("full")
        server.load_json("full", "", {"fieldDelimiter": "|"})
        server.put("full", "ds/nation/part", nation.csv())
        free = os.statvfs(small_disk)
        (small_disk / "filler").write_bytes(b"x" * (free.f_bavail * free.f_frsize - (2 << 20)))
        deadline = time.monotonic() + 30
        status = 0
        while status not in (503, 507) and time.monotonic() < deadline:
            status = server.request("POST", "/upload/storage/v1/b/full/o?uploadType=media&name=big", data=b"x" * (1 << 20)).status_code
        assert status in (503, 507)
        (small_disk / "filler").unlink()
        while status != 200 and time.monotonic() < deadline:
            status = server.request("POST", "/upload/storage/v1/b/full/o?uploadType=media&name=ds/nation/_SUCCESS", data=b"").status_code
        assert server.wait_load("full", "ds/nation/_SUCCESS")["status"] == "DONE"
        assert server.one("SELECT COUNT(*) FROM ds.nation") == "25"
    finally:
        server.kill()
