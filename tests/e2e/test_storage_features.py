"""Versions, copies, composition and policies through the official Python client, across restarts of the real binary."""
import io

import pytest
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage


def client_of(server):
    return storage.Client("landfall", AnonymousCredentials(), client_options={"api_endpoint": server.url})


@pytest.fixture
def client(server):
    return client_of(server)


def test_versions_survive_overwrites_and_a_restart(own_server):
    bucket = client_of(own_server).bucket("versions")
    bucket.versioning_enabled = True
    bucket.create(location="EU")
    blob = bucket.blob("a/b")
    blob.upload_from_string("one")
    first = blob.generation
    blob.upload_from_string("two")
    own_server.restart()
    client = client_of(own_server)
    bucket = client.get_bucket("versions")
    assert bucket.versioning_enabled
    assert bucket.blob("a/b").download_as_bytes() == b"two"
    assert bucket.blob("a/b", generation=first).download_as_bytes() == b"one"
    assert [b.generation for b in client.list_blobs("versions", versions=True)][0] == first
    bucket.blob("a/b").delete()
    assert not bucket.blob("a/b").exists()
    assert bucket.blob("a/b", generation=first).exists()


def test_rewrite_tokens_survive_a_restart(own_server):
    bucket = client_of(own_server).create_bucket("rewrites")
    source = bucket.blob("source")
    source.upload_from_file(io.BytesIO(b"x" * (3 << 20)))
    url = "/storage/v1/b/rewrites/o/source/rewriteTo/b/rewrites/o/copy"
    one = own_server.request("POST", url, params={"maxBytesRewrittenPerCall": 1 << 20}).json()
    assert (one["done"], one["totalBytesRewritten"]) == (False, str(1 << 20))
    own_server.restart()
    seen = []
    while not one["done"]:
        one = own_server.request("POST", url, params={"rewriteToken": one["rewriteToken"]}).json()
        seen.append(one["totalBytesRewritten"])
    assert seen == [str(2 << 20), str(3 << 20)]
    assert client_of(own_server).bucket("rewrites").blob("copy").download_as_bytes() == b"x" * (3 << 20)


def test_compose_then_compose_again(client, bucket):
    handle = client.bucket(bucket)
    for name in "abc":
        handle.blob(name).upload_from_string(name * 100_000)
    joined = handle.blob("joined")
    joined.compose([handle.blob(n) for n in "abc"], if_generation_match=0)
    assert (joined.component_count, joined.md5_hash) == (3, None)
    again = handle.blob("again")
    again.compose([joined, handle.blob("a")])
    assert again.component_count == 4
    assert again.download_as_bytes() == b"a" * 100_000 + b"b" * 100_000 + b"c" * 100_000 + b"a" * 100_000
    with pytest.raises(exceptions.PreconditionFailed):
        joined.compose([handle.blob("a")], if_generation_match=0)


def test_holds_keep_an_object(client, bucket):
    blob = client.bucket(bucket).blob("held")
    blob.upload_from_string("x")
    blob.temporary_hold = True
    blob.patch()
    with pytest.raises(exceptions.Forbidden):
        blob.delete()
    blob.temporary_hold = False
    blob.patch()
    blob.delete()


def test_soft_deleted_objects_are_restored(client, name):
    bucket = client.bucket(name)
    bucket.soft_delete_policy.retention_duration_seconds = 7 * 86400
    bucket.create()
    blob = bucket.blob("gone")
    blob.upload_from_string("x")
    generation = blob.generation
    blob.delete()
    assert [b.name for b in client.list_blobs(name, soft_deleted=True)] == ["gone"]
    restored = bucket.restore_blob("gone", generation=generation)
    assert restored.generation != generation
    assert bucket.blob("gone").download_as_bytes() == b"x"


def test_bucket_settings_come_back_as_they_were_given(client, name):
    bucket = client.bucket(name)
    bucket.cors = [{"origin": ["*"], "method": ["GET"], "maxAgeSeconds": 60}]
    bucket.labels = {"team": "data"}
    bucket.add_lifecycle_delete_rule(age=30, matches_prefix=["tmp/"])
    bucket.add_lifecycle_set_storage_class_rule("NEARLINE", number_of_newer_versions=2)
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.create()
    got = client.get_bucket(name)
    assert got.cors == [{"origin": ["*"], "method": ["GET"], "maxAgeSeconds": 60}]
    assert got.labels == {"team": "data"}
    assert [rule["action"]["type"] for rule in got.lifecycle_rules] == ["Delete", "SetStorageClass"]
    assert got.iam_configuration.uniform_bucket_level_access_enabled
    got.clear_lifecycle_rules()
    got.patch()
    assert list(client.get_bucket(name).lifecycle_rules) == []


def test_lists_glob_and_delimit(client, bucket):
    handle = client.bucket(bucket)
    for name in ("a.txt", "b.csv", "d/c.txt", "d/e/f.txt"):
        handle.blob(name).upload_from_string("x")
    assert [b.name for b in client.list_blobs(bucket, match_glob="**.txt")] == ["a.txt", "d/c.txt", "d/e/f.txt"]
    listing = client.list_blobs(bucket, delimiter="/")
    assert [b.name for b in listing] == ["a.txt", "b.csv"]
    assert listing.prefixes == {"d/"}
