"""google-cloud-storage (PyPI), unmodified, against the real binary."""
import io
import os

import google_crc32c
import pytest
import requests
from google.api_core.exceptions import BadRequest, Conflict, NotFound, PreconditionFailed
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from landfall_server import Server


@pytest.fixture
def client(server, monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    return storage.Client(project="landfall", credentials=AnonymousCredentials())


@pytest.fixture
def made(client, name):
    return client.create_bucket(name)


def test_bucket_life(client, name):
    bucket = client.create_bucket(name)
    assert (bucket.name, bucket.location, bucket.storage_class, bucket.metageneration) == (name, "US", "STANDARD", 1)
    with pytest.raises(Conflict):
        client.create_bucket(name)
    bucket.labels = {"team": "data"}
    bucket.patch()
    assert client.get_bucket(name).labels == {"team": "data"}
    assert name in [b.name for b in client.list_buckets()]
    bucket.blob("x").upload_from_string("x")
    with pytest.raises(Conflict):
        bucket.delete()
    bucket.blob("x").delete()
    bucket.delete()
    with pytest.raises(NotFound):
        client.get_bucket(name)


@pytest.mark.parametrize("object_name", ["plain.txt", "a/b/c", "..", "a//b/../c", "ünïcödé ☃", "a%2Fb?c#d", " ", "x" * 1024])
def test_names_round_trip_exactly(made, object_name):
    if object_name == "..":
        with pytest.raises(BadRequest):
            made.blob("..").upload_from_string("x")
        return
    made.blob(object_name).upload_from_string("data")
    assert [b.name for b in made.list_blobs()] == [object_name]
    assert made.blob(object_name).download_as_bytes() == b"data"
    made.blob(object_name).delete()


def test_multipart_upload_keeps_metadata_and_checksums(made):
    blob = made.blob("m.txt")
    blob.metadata = {"k": "v"}
    blob.cache_control = "no-store"
    blob.upload_from_string("hello", content_type="text/plain", checksum="md5")
    again = made.get_blob("m.txt")
    assert (again.size, again.content_type, again.metadata, again.cache_control) == (5, "text/plain", {"k": "v"}, "no-store")
    assert again.md5_hash == "XUFAKrxLKna5cZ2REBfFkg==" and again.crc32c == "mnG7TA=="
    again.metadata = {"k": None, "n": "w"}
    again.patch()
    assert made.get_blob("m.txt").metadata == {"n": "w"} and made.get_blob("m.txt").metageneration == 2


@pytest.mark.parametrize("size", [0, 1, 256 * 1024, 3 * 1024 * 1024 + 7])
def test_resumable_upload_in_chunks(made, size):
    data = os.urandom(size)
    blob = made.blob("big", chunk_size=256 * 1024)
    blob.upload_from_file(io.BytesIO(data), checksum="crc32c")
    assert blob.size == size
    assert made.blob("big").download_as_bytes(checksum="crc32c") == data


def test_downloads_with_ranges(made):
    data = bytes(range(256)) * 1024
    blob = made.blob("r")
    blob.upload_from_string(data)
    assert blob.download_as_bytes(start=10, end=19) == data[10:20]
    assert blob.download_as_bytes(start=len(data) - 5) == data[-5:]
    chunked = made.blob("r", chunk_size=256 * 1024)
    assert chunked.download_as_bytes() == data


def test_a_download_reads_one_generation_even_when_the_object_is_replaced(made):
    blob = made.blob("g")
    blob.upload_from_string("one")
    first = blob.generation
    made.blob("g").upload_from_string("two")
    with pytest.raises(NotFound):
        made.blob("g", generation=first).download_as_bytes()
    assert made.blob("g").download_as_bytes() == b"two"


def test_preconditions(made):
    blob = made.blob("p")
    blob.upload_from_string("1", if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        made.blob("p").upload_from_string("2", if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        made.blob("p").delete(if_generation_match=blob.generation + 1)
    with pytest.raises(PreconditionFailed):
        blob.patch(if_metageneration_match=7)
    made.blob("p").upload_from_string("3", if_generation_match=blob.generation)
    assert made.blob("p").download_as_bytes() == b"3"
    made.blob("p").delete()
    with pytest.raises(NotFound):
        made.blob("p").delete()


def test_listing_with_prefix_delimiter_and_pages(made):
    names = [f"d{i % 3}/f{i:03d}" for i in range(30)] + ["top"]
    for object_name in names:
        made.blob(object_name).upload_from_string("")
    assert [b.name for b in made.list_blobs(page_size=7)] == sorted(names)
    found = made.list_blobs(delimiter="/")
    assert [b.name for b in found] == ["top"] and found.prefixes == {"d0/", "d1/", "d2/"}
    assert [b.name for b in made.list_blobs(prefix="d1/", max_results=2)] == ["d1/f001", "d1/f004"]
    assert [b.name for b in made.list_blobs(start_offset="d2/f020", end_offset="top")] == ["d2/f020", "d2/f023", "d2/f026", "d2/f029"]


def test_notification_configs(server, made, client):
    # The testbench profile takes topics that do not exist, as the clients' own suites need it.
    made.notification(topic_name="nobody", topic_project="landfall").create()
    (listed,) = made.list_notifications()
    assert listed.topic_name == "nobody"
    listed.delete()
    assert list(made.list_notifications()) == []


def test_a_notification_without_its_topic_is_refused(binary, tmp_path):
    one = Server(binary, tmp_path / "d").start()
    try:
        one.make_bucket("plain")
        answer = one.request("POST", "/storage/v1/b/plain/notificationConfigs",
                             json={"topic": "projects/landfall/topics/nobody", "payload_format": "NONE"})
        assert answer.status_code == 400 and "nobody" in answer.json()["error"]["message"]
    finally:
        one.kill()


def test_wrong_checksum_stores_nothing(server, bucket):
    wrong = {"x-goog-hash": "crc32c=AAAAAA=="}
    answer = server.request("POST", f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name=x", data=b"abc", headers=wrong)
    assert answer.status_code == 400
    good = google_crc32c.Checksum(b"abc").digest()
    import base64
    assert base64.b64encode(good).decode() in answer.json()["error"]["message"]
    assert server.request("GET", f"/storage/v1/b/{bucket}/o/x").status_code == 404


@pytest.mark.parametrize("object_name", [".", "..", "a\rb", "a\nb", "a\0b", "x" * 1025, "é" * 513])
def test_illegal_names_are_400(server, bucket, object_name):
    answer = server.request("POST", f"/upload/storage/v1/b/{bucket}/o", params={"uploadType": "media", "name": object_name}, data=b"")
    assert answer.status_code == 400, answer.text


def test_unimplemented_methods_answer_501_by_name(server, bucket):
    server.put(bucket, "s", "x")
    answer = server.request("POST", f"/storage/v1/b/{bucket}/o/bulkRestore", json={})
    assert answer.status_code == 501
    error = answer.json()["error"]
    assert "storage.objects.bulkRestore" in error["message"] and error["errors"][0]["reason"] == "notImplemented"


def test_an_upload_survives_a_restart(own_server):
    server = own_server
    server.make_bucket("restart-b")
    start = server.request("POST", "/upload/storage/v1/b/restart-b/o?uploadType=resumable&name=r", json={})
    where = start.headers["Location"].replace(server.url, "")
    data = os.urandom(512 * 1024)
    answer = server.request("PUT", where, data=data[:256 * 1024], headers={"Content-Range": f"bytes 0-{256 * 1024 - 1}/{len(data)}"})
    assert answer.status_code == 308 and answer.headers["Range"] == f"bytes=0-{256 * 1024 - 1}"
    server.kill()
    server.start()
    answer = server.request("PUT", where, headers={"Content-Range": f"bytes */{len(data)}"})
    assert answer.status_code == 308 and answer.headers["Range"] == f"bytes=0-{256 * 1024 - 1}"
    answer = server.request("PUT", where, data=data[256 * 1024:], headers={"Content-Range": f"bytes {256 * 1024}-{len(data) - 1}/{len(data)}"})
    assert answer.status_code == 200 and answer.json()["size"] == str(len(data))
    got = server.request("GET", "/download/storage/v1/b/restart-b/o/r?alt=media")
    assert got.content == data


def test_a_vanished_client_leaves_nothing_behind(server, bucket):
    import socket
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as raw:
        raw.sendall(f"POST /upload/storage/v1/b/{bucket}/o?uploadType=media&name=gone HTTP/1.1\r\nHost: x\r\n"
                    "Content-Length: 1000000\r\n\r\n".encode() + b"x" * 100_000)
    assert server.request("GET", f"/storage/v1/b/{bucket}/o/gone").status_code == 404
    assert requests.get(server.url + "/healthz", timeout=10).status_code == 200
