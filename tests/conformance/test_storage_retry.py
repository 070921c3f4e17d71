"""The storage clients' retry scenarios, driven through the official Python client against the real binary.

The server injects the faults (its testbench profile); the client must retry exactly what is safe. Waits between tries
are cut short: how long the client waits is its own business.
"""
import collections
import io
import os
import time
import uuid

import pytest
import requests
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import storage
from google.cloud.storage.exceptions import InvalidResponse
from google.cloud.storage.hmac_key import HMACKeyMetadata
from google.cloud.storage.retry import DEFAULT_RETRY_IF_GENERATION_SPECIFIED, DEFAULT_RETRY_IF_METAGENERATION_SPECIFIED

import retry_scenarios as scenarios

PROJECT = "my-project-id"
ACCOUNT = f"my-service-account@{PROJECT}.iam.gserviceaccount.com"
CHUNK = 2 << 20
BIG = os.urandom(9 << 20)
SMALL = b"hello, conformance"

# Calls the Python client does not have: it reads and writes whole lists only.
NOT_IN_CLIENT = {
    "storage.bucket_acl.get": "the client reads whole lists",
    "storage.default_object_acl.get": "the client reads whole lists",
    "storage.object_acl.get": "the client reads whole lists",
    **{f"storage.{acl}.{verb}": "the client saves whole lists with patch"
       for acl in scenarios.ACLS for verb in ("delete", "insert", "patch", "update")},
}
# The client's calls that are stricter or looser than the strategy, in the client itself.
def client_differs(number, call):
    if call is update_key and number in (2, 6):
        return "the client sends no etag with an HMAC key, so it never retries the update"
    return None

# A 401 makes the client renew its credentials, and anonymous ones refuse that in their own words.
FAILURES = (exceptions.GoogleAPICallError, requests.exceptions.ConnectionError, ConnectionError, GoogleAuthError,
            InvalidResponse)

REAL_SLEEP = time.sleep


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: REAL_SLEEP(min(seconds, 0.002)))


class Fixture:
    """What one case needs, made without faults."""

    def __init__(self, server):
        self.plain = storage.Client(PROJECT, AnonymousCredentials(), client_options={"api_endpoint": server.url})
        self.name = "retry." + uuid.uuid4().hex[:16]
        self.bucket = self.plain.create_bucket(self.name)
        self.blob = self.bucket.blob("object")

    def put(self, data=SMALL):
        self.blob.upload_from_string(data)
        return self

    def notify(self):
        notification = self.bucket.notification("my-topic-name", topic_project=PROJECT)
        notification.create()
        return notification

    def key(self):
        return self.plain.create_hmac_key(ACCOUNT)[0]


# Calls: (client under test, what was made, whether to state the precondition).

def get_bucket(c, f, p): c.get_bucket(f.name)
def bucket_exists(c, f, p): assert c.bucket(f.name).exists()
def reload_bucket(c, f, p): c.bucket(f.name).reload()
def lookup_bucket(c, f, p): assert c.lookup_bucket(f.name)
def create_bucket(c, f, p): c.create_bucket(f.name + ".made")
def delete_bucket(c, f, p): c.bucket(f.name).delete()
def list_buckets(c, f, p): assert f.name in [b.name for b in c.list_buckets()]
def get_iam(c, f, p): c.bucket(f.name).get_iam_policy()
def ask_iam(c, f, p): c.bucket(f.name).test_iam_permissions(["storage.objects.get"])


def lock(c, f, p):
    bucket = c.bucket(f.name)
    bucket._set_properties(f.bucket._properties)
    bucket.lock_retention_policy()


def patch_bucket(c, f, p):
    bucket = c.bucket(f.name)
    bucket.storage_class = "COLDLINE"
    bucket.patch(**({"if_metageneration_match": f.bucket.metageneration} if p else {}))


def update_bucket(c, f, p):
    bucket = c.bucket(f.name)
    bucket._properties = {"labels": {"a": "b"}}
    bucket.update(**({"if_metageneration_match": f.bucket.metageneration} if p else {}))


def set_iam(c, f, p):
    policy = f.bucket.get_iam_policy(requested_policy_version=3)
    policy.bindings.append({"role": "roles/storage.objectViewer", "members": {"user:a@example.com"}})
    if not p:
        policy.etag = None
    c.bucket(f.name).set_iam_policy(policy)


def list_notifications(c, f, p): assert len(list(c.bucket(f.name).list_notifications())) == 1
def get_notification(c, f, p): c.bucket(f.name).get_notification(f.made.notification_id)
def reload_notification(c, f, p):
    notification = c.bucket(f.name).notification(notification_id=f.made.notification_id)
    notification.reload()


def notification_exists(c, f, p):
    assert c.bucket(f.name).notification(notification_id=f.made.notification_id).exists()


def delete_notification(c, f, p):
    c.bucket(f.name).notification(notification_id=f.made.notification_id).delete()


def create_notification(c, f, p):
    c.bucket(f.name).notification("my-topic-name", topic_project=PROJECT).create()


def get_blob(c, f, p): assert c.bucket(f.name).get_blob("object")
def blob_exists(c, f, p): assert c.bucket(f.name).blob("object").exists()
def reload_blob(c, f, p): c.bucket(f.name).blob("object").reload()
def download_bytes(c, f, p): assert c.bucket(f.name).blob("object").download_as_bytes() == f.data
def download_text(c, f, p): assert c.bucket(f.name).blob("object").download_as_text() == f.data.decode()


def download_file(c, f, p):
    sink = io.BytesIO()
    c.download_blob_to_file(c.bucket(f.name).blob("object"), sink)
    assert sink.getvalue() == f.data


def read_blob(c, f, p):
    with c.bucket(f.name).blob("object").open("rb", chunk_size=CHUNK) as reader:
        assert reader.read() == f.data


def list_blobs(c, f, p): assert len(list(c.list_blobs(f.name))) == 1
def list_bucket_blobs(c, f, p): assert len(list(c.bucket(f.name).list_blobs())) == 1


# Version 3 of the client retries uploads, deletes and patches whatever they say; the strategy's own policies are asked
# for by name.
IF_GENERATION = {"retry": DEFAULT_RETRY_IF_GENERATION_SPECIFIED}
IF_METAGENERATION = {"retry": DEFAULT_RETRY_IF_METAGENERATION_SPECIFIED}


def generation(f, p): return {"if_generation_match": f.blob.generation} if p else {}
def absent(p): return {"if_generation_match": 0} if p else {}


def insert_string(c, f, p): c.bucket(f.name).blob("new").upload_from_string(SMALL, **absent(p), **IF_GENERATION)
def insert_file(c, f, p): c.bucket(f.name).blob("new").upload_from_file(io.BytesIO(SMALL), **absent(p), **IF_GENERATION)


def insert_resumable(c, f, p):
    blob = c.bucket(f.name).blob("new", chunk_size=CHUNK)
    blob.upload_from_file(io.BytesIO(BIG), **absent(p), **IF_GENERATION)
    assert f.bucket.blob("new").download_as_bytes() == BIG


def write_blob(c, f, p):
    blob = c.bucket(f.name).blob("new", chunk_size=CHUNK)
    with blob.open("wb", **absent(p), **IF_GENERATION) as writer:
        writer.write(BIG)
    assert f.bucket.blob("new").download_as_bytes() == BIG


def delete_blob(c, f, p): c.bucket(f.name).blob("object").delete(**generation(f, p), **IF_GENERATION)
def bucket_delete_blob(c, f, p): c.bucket(f.name).delete_blob("object", **generation(f, p), **IF_GENERATION)


def patch_blob(c, f, p):
    blob = c.bucket(f.name).blob("object")
    blob.metadata = {"a": "b"}
    blob.patch(**({"if_metageneration_match": f.blob.metageneration} if p else {}), **IF_METAGENERATION)


def update_blob(c, f, p):
    blob = c.bucket(f.name).blob("object")
    blob.metadata = {"a": "b"}
    blob.update(**({"if_metageneration_match": f.blob.metageneration} if p else {}))


def copy_blob(c, f, p):
    bucket = c.bucket(f.name)
    bucket.copy_blob(bucket.blob("object"), bucket, "new", **absent(p))


def rewrite_blob(c, f, p):
    bucket = c.bucket(f.name)
    bucket.blob("new").rewrite(bucket.blob("object"), **absent(p))


def compose_blob(c, f, p):
    bucket = c.bucket(f.name)
    bucket.blob("new").compose([bucket.blob("object"), bucket.blob("object")], **absent(p))


def service_account(c, f, p): assert "@" in c.get_service_account_email()
def list_bucket_acl(c, f, p): c.bucket(f.name).acl.reload()
def list_default_acl(c, f, p): c.bucket(f.name).default_object_acl.reload()
def list_object_acl(c, f, p): c.bucket(f.name).blob("object").acl.reload()
def create_key(c, f, p): c.create_hmac_key(ACCOUNT)
def list_keys(c, f, p): assert list(c.list_hmac_keys(service_account_email=ACCOUNT, max_results=5))
def reload_key(c, f, p): HMACKeyMetadata(c, f.made.access_id).reload()
def key_exists(c, f, p): assert HMACKeyMetadata(c, f.made.access_id).exists()


def update_key(c, f, p):
    key = HMACKeyMetadata(c, f.made.access_id)
    key._properties = dict(f.made._properties) if p else {"accessId": f.made.access_id, "state": "ACTIVE"}
    key.state = "INACTIVE"
    key.update()


def delete_key(c, f, p):
    f.made.state = "INACTIVE"
    f.made.update()
    HMACKeyMetadata(c, f.made.access_id).delete()


CALLS = {
    "buckets.get": [get_bucket, bucket_exists, reload_bucket, lookup_bucket],
    "buckets.insert": [create_bucket],
    "buckets.delete": [delete_bucket],
    "buckets.list": [list_buckets],
    "buckets.getIamPolicy": [get_iam],
    "buckets.testIamPermissions": [ask_iam],
    "buckets.lockRetentionPolicy": [lock],
    "buckets.patch": [patch_bucket],
    "buckets.update": [update_bucket],
    "buckets.setIamPolicy": [set_iam],
    "notifications.list": [list_notifications],
    "notifications.get": [get_notification, reload_notification, notification_exists],
    "notifications.delete": [delete_notification],
    "notifications.insert": [create_notification],
    "objects.get": [get_blob, blob_exists, reload_blob, download_bytes, download_text, download_file, read_blob],
    "objects.list": [list_blobs, list_bucket_blobs],
    "objects.insert": [insert_string, insert_file, insert_resumable, write_blob],
    "objects.delete": [delete_blob, bucket_delete_blob],
    "objects.patch": [patch_blob],
    "objects.update": [update_blob],
    "objects.copy": [copy_blob],
    "objects.rewrite": [rewrite_blob],
    "objects.compose": [compose_blob],
    "serviceaccount.get": [service_account],
    "bucket_acl.list": [list_bucket_acl],
    "default_object_acl.list": [list_default_acl],
    "object_acl.list": [list_object_acl],
    "hmacKey.create": [create_key],
    "hmacKey.list": [list_keys],
    "hmacKey.get": [reload_key, key_exists],
    "hmacKey.update": [update_key],
    "hmacKey.delete": [delete_key],
    "resumable.upload": [insert_resumable, write_blob],
    "objects.download": [download_bytes, download_file, read_blob],
}


def all_cases():
    for number, succeeds, precondition, method, plan in scenarios.cases():
        if method in NOT_IN_CLIENT:
            yield pytest.param(number, succeeds, precondition, method, plan, None,
                               id=f"S{number}-{method}-{'+'.join(plan)}",
                               marks=pytest.mark.skip(reason=NOT_IN_CLIENT[method]))
            continue
        for call in CALLS[method.removeprefix("storage.")]:
            differs = client_differs(number, call)
            marks = [pytest.mark.skip(reason=differs)] if differs else []
            yield pytest.param(number, succeeds, precondition, method, plan, call,
                               id=f"S{number}-{method}-{call.__name__}-{'+'.join(plan)}", marks=marks)


def prepare(server, method, call):
    f = Fixture(server)
    f.data = SMALL
    if method == "storage.objects.download":
        f.data = BIG
    if ".objects." in method or ".object_acl." in method:
        f.put(f.data)
    if ".notifications." in method and call is not create_notification:
        f.made = f.notify()
    if ".hmacKey." in method:
        f.made = f.key()
    if call is lock:
        f.bucket.retention_period = 60
        f.bucket.patch()
    return f


@pytest.mark.parametrize("number,succeeds,precondition,method,plan,call", list(all_cases()))
def test_retry(server, number, succeeds, precondition, method, plan, call):
    f = prepare(server, method, call)
    injected = scenarios.INJECTED_AS.get(method, method)
    made = requests.post(server.url + "/retry_test", json={"instructions": {injected: plan}}, timeout=30)
    assert made.status_code == 200, made.text
    test_id = made.json()["id"]
    client = storage.Client(PROJECT, AnonymousCredentials(), client_options={"api_endpoint": server.url})
    client._http.headers["x-retry-test-id"] = test_id
    if succeeds:
        call(client, f, precondition)
    else:
        with pytest.raises(FAILURES):
            call(client, f, precondition)
    left = requests.get(f"{server.url}/retry_test/{test_id}", timeout=30).json()
    assert left["completed"], left
    assert requests.delete(f"{server.url}/retry_test/{test_id}", timeout=30).status_code == 200


def test_the_scenarios_are_complete():
    counted = collections.Counter(scenarios.is_acl_or_hmac(method) for _, _, _, method, _ in scenarios.cases())
    assert sum(counted.values()) == 315
    assert counted[False] == 191
    run = [case for case in scenarios.cases() if case[3] not in NOT_IN_CLIENT and not scenarios.is_acl_or_hmac(case[3])]
    assert len(run) == 191
