"""What google-cloud-storage's own system tests ask of the real service, re-created: one test per area of that suite that
needs no real project. README.md says what is left out and why."""
import base64
import datetime
import gzip
import hashlib
import io
import pathlib

import pytest
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.cloud.storage import Blob, bucket as bucket_module, constants, transfer_manager

GROUP = "cloud-developer-relations@google.com"


@pytest.fixture
def client(server):
    return storage.Client("landfall", AnonymousCredentials(), client_options={"api_endpoint": server.url})


@pytest.fixture
def made(client, bucket):
    return client.bucket(bucket)


# Buckets.

@pytest.mark.parametrize("storage_class", [constants.ARCHIVE_STORAGE_CLASS, constants.NEARLINE_STORAGE_CLASS])
def test_bucket_storage_class(client, name, storage_class):
    with pytest.raises(exceptions.NotFound):
        client.get_bucket(name)
    bucket = client.bucket(name)
    bucket.storage_class = storage_class
    bucket.create()
    assert client.get_bucket(name).storage_class == storage_class
    bucket.blob("b").upload_from_string("x")
    assert bucket.get_blob("b").storage_class == storage_class


def test_bucket_lifecycle_rules(client, name):
    day = datetime.date(2018, 8, 1)
    bucket = client.bucket(name)
    conditions = dict(age=42, number_of_newer_versions=3, days_since_custom_time=2, custom_time_before=day,
                      days_since_noncurrent_time=2, noncurrent_time_before=day, matches_prefix=["a", "b"],
                      matches_suffix=["c"])
    bucket.add_lifecycle_delete_rule(**conditions)
    bucket.add_lifecycle_set_storage_class_rule("COLDLINE", is_live=False, matches_storage_class=["NEARLINE"])
    bucket.add_lifecycle_abort_incomplete_multipart_upload_rule(age=42)
    bucket.create(location="us")
    expected = [bucket_module.LifecycleRuleDelete(**conditions),
                bucket_module.LifecycleRuleSetStorageClass("COLDLINE", is_live=False, matches_storage_class=["NEARLINE"]),
                bucket_module.LifecycleRuleAbortIncompleteMultipartUpload(age=42)]
    assert list(bucket.lifecycle_rules) == expected
    rules = list(bucket.lifecycle_rules)
    rules[0]["condition"] = {"age": 30, "matchesPrefix": ["new"]}
    bucket.lifecycle_rules = rules
    bucket.patch()
    expected[0] = bucket_module.LifecycleRuleDelete(age=30, matches_prefix=["new"])
    assert list(client.get_bucket(name).lifecycle_rules) == expected
    bucket.clear_lifecyle_rules()
    bucket.patch()
    assert list(client.get_bucket(name).lifecycle_rules) == []


def test_bucket_labels(client, made):
    for labels, save in (({"a": "1"}, made.update), ({"b": "2"}, made.patch), ({}, made.update)):
        made.labels = labels
        save()
        assert client.get_bucket(made.name).labels == labels


def test_bucket_iam_policy_with_conditions(client, made):
    policy = made.get_iam_policy()
    assert policy.version == 1 and policy == made.get_iam_policy(requested_policy_version=3)
    binding = {"role": "roles/storage.objectViewer", "members": {f"serviceAccount:{client.get_service_account_email()}"},
               "condition": {"title": "always-true", "description": "d", "expression": "true"}}
    policy.bindings.append(binding)
    with pytest.raises(exceptions.PreconditionFailed, match="enable uniform bucket-level access"):
        made.set_iam_policy(policy)
    made.iam_configuration.uniform_bucket_level_access_enabled = True
    made.patch()
    policy = made.get_iam_policy(requested_policy_version=3)
    policy.bindings.append(binding)
    with pytest.raises(exceptions.BadRequest, match="at least 3"):
        made.set_iam_policy(policy)
    policy.version = 3
    assert made.set_iam_policy(policy).bindings == policy.bindings
    assert made.get_iam_policy(requested_policy_version=3).bindings == policy.bindings
    assert made.test_iam_permissions(["storage.buckets.get"]) == ["storage.buckets.get"]


def test_bucket_acls_with_metageneration(made):
    for acl, role in ((made.acl, "READER"), (made.default_object_acl, "OWNER")):
        entity = acl.group(GROUP)
        entity.grant_read() if role == "READER" else entity.grant_owner()
        made.reload()
        with pytest.raises(exceptions.PreconditionFailed):
            acl.save(if_metageneration_match=made.metageneration + 9)
        acl.save(if_metageneration_match=made.metageneration)
        acl.reload()
        assert role in acl.group(GROUP).get_roles()


def test_bucket_acls_can_be_emptied_of_an_entity(made):
    acl = made.acl
    acl.reload()
    acl.all().grant_read()
    acl.save()
    assert "READER" in acl.all().get_roles()
    del acl.entities["allUsers"]
    acl.save()
    acl.reload()
    assert not acl.has_entity("allUsers")
    made.default_object_acl.save_predefined("publicRead")
    made.default_object_acl.reload()
    assert made.default_object_acl.all().get_roles() == {"READER"}


def test_user_project_is_accepted_everywhere(client, made):
    paid = client.bucket(made.name, user_project="landfall")
    assert paid.exists() and paid.get_blob("nonesuch") is None
    blob = paid.blob("b")
    blob.upload_from_string("DEADBEEF")
    assert paid.copy_blob(blob, paid, "c").download_as_bytes() == b"DEADBEEF"
    assert [b.name for b in paid.list_blobs()] == ["b", "c"]
    paid.delete_blobs(["b", "c"])
    paid.delete()


def test_copies_with_source_conditions(made):
    blob = made.blob("simple")
    blob.upload_from_string(b"DEADBEEF")
    copied = made.copy_blob(blob, made, "g", if_source_generation_match=blob.generation)
    assert copied.download_as_bytes() == b"DEADBEEF"
    assert made.copy_blob(blob, made, "m", if_source_metageneration_match=blob.metageneration).exists()
    with pytest.raises(exceptions.PreconditionFailed):
        made.copy_blob(blob, made, "n", if_source_generation_match=blob.generation + 1)


def test_listing_pages_offsets_and_hierarchy(made):
    files = ["file01.txt", "parent/", "parent/file11.txt", "parent/child/file21.txt", "parent/child/file22.txt",
             "parent/child/grand/file31.txt", "parent/child/other/file32.txt"]
    for file in files:
        made.blob(file).upload_from_string("x")
    iterator = made.list_blobs(max_results=len(files) - 1)
    assert len(list(next(iterator.pages))) == len(files) - 1 and iterator.next_page_token is not None
    assert [b.name for b in made.list_blobs(start_offset="file", end_offset="parent/child")] == files[:2]
    root = made.list_blobs(delimiter="/")
    assert [b.name for b in next(root.pages)] == ["file01.txt"] and root.prefixes == {"parent/"}
    first = made.list_blobs(delimiter="/", prefix="parent/")
    assert [b.name for b in next(first.pages)] == ["parent/", "parent/file11.txt"]
    assert first.prefixes == {"parent/child/"}
    third = made.list_blobs(delimiter="/", prefix="parent/child/", include_trailing_delimiter=True)
    assert [b.name for b in next(third.pages)] == ["parent/child/file21.txt", "parent/child/file22.txt"]
    assert third.prefixes == {"parent/child/grand/", "parent/child/other/"}
    globbed = [b.name for b in made.list_blobs(match_glob="**file2?.txt")]
    assert globbed == ["parent/child/file21.txt", "parent/child/file22.txt"]


def test_retention_period(client, name):
    # The testbench profile keeps the policy and does not enforce it, as that suite's own server does.
    bucket = client.create_bucket(name)
    bucket.retention_period = 10
    bucket.default_event_based_hold = False
    bucket.patch()
    assert bucket.retention_period == 10 and not bucket.retention_policy_locked
    assert isinstance(bucket.retention_policy_effective_time, datetime.datetime)
    blob = bucket.blob("b")
    blob.upload_from_string("DEADBEEF")
    blob = bucket.get_blob("b")
    assert not blob.event_based_hold and not blob.temporary_hold and isinstance(blob.retention_expiration_time, datetime.datetime)
    bucket.lock_retention_policy()
    bucket.reload()
    assert bucket.retention_policy_locked
    bucket.retention_period = None
    with pytest.raises(exceptions.Forbidden):
        bucket.patch()


def test_default_event_based_hold(client, name):
    bucket = client.create_bucket(name)
    bucket.default_event_based_hold = True
    bucket.patch()
    blob = bucket.blob("b")
    blob.upload_from_string("DEADBEEF")
    other = bucket.get_blob("b")
    assert other.event_based_hold and other.retention_expiration_time is None
    with pytest.raises(exceptions.Forbidden):
        other.delete()
    other.event_based_hold = False
    other.patch()
    other.delete()


def test_uniform_access_and_public_access_prevention(client, name):
    bucket = client.create_bucket(name)
    bucket.acl.save_predefined("projectPrivate")
    blob = bucket.blob("b")
    blob.upload_from_string("x")
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.iam_configuration.public_access_prevention = constants.PUBLIC_ACCESS_PREVENTION_ENFORCED
    bucket.patch()
    bucket = client.get_bucket(name)
    assert bucket.iam_configuration.uniform_bucket_level_access_enabled
    assert bucket.iam_configuration.uniform_bucket_level_access_locked_time is not None
    for acl in (bucket.acl, bucket.default_object_acl, blob.acl):
        with pytest.raises(exceptions.BadRequest):
            acl.reload()
    bucket.iam_configuration.uniform_bucket_level_access_enabled = False
    bucket.patch()
    with pytest.raises(exceptions.PreconditionFailed):
        blob.make_public()
    bucket.iam_configuration.public_access_prevention = constants.PUBLIC_ACCESS_PREVENTION_INHERITED
    bucket.patch()
    blob.make_public()
    assert "READER" in blob.acl.all().get_roles()


def test_soft_delete_policy_and_restore(client, name):
    bucket = client.bucket(name)
    bucket.soft_delete_policy.retention_duration_seconds = 10 * 86400
    bucket.create()
    blob = bucket.blob("b")
    blob.upload_from_string("soft")
    generation = blob.generation
    blob.delete()
    assert [b.generation for b in bucket.list_blobs(soft_deleted=True)] == [generation]
    gone = bucket.get_blob("b", generation=generation, soft_deleted=True)
    assert gone.soft_delete_time is not None and gone.hard_delete_time is not None
    back = bucket.restore_blob("b", generation=generation)
    assert back.exists() and back.generation != generation
    bucket.soft_delete_policy.retention_duration_seconds = 0
    bucket.patch()
    assert bucket.soft_delete_policy.retention_duration_seconds == 0


def test_move_blob(made):
    source = made.blob("from")
    source.upload_from_string("moved")
    moved = made.move_blob(source, "to", if_source_generation_match=source.generation)
    assert moved.download_as_bytes() == b"moved" and not source.exists()
    assert made.rename_blob(moved, "again").download_as_bytes() == b"moved" and made.get_blob("to") is None


# Blobs.

@pytest.mark.parametrize("checksum", ["auto", "md5", "crc32c", None])
def test_large_file_uploads_with_checksums(made, tmp_path, checksum):
    path = tmp_path / "big"
    path.write_bytes(bytes(range(256)) * 20_000)
    blob = made.blob("big", chunk_size=1024 * 1024)
    with open(path, "rb") as file:
        blob.upload_from_file(file, checksum=checksum)
    assert blob.md5_hash == base64.b64encode(hashlib.md5(path.read_bytes()).digest()).decode()
    blob.download_to_filename(tmp_path / "again", checksum=checksum)
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_a_stream_without_a_known_size(made):
    class Pipe(io.RawIOBase):
        def __init__(self, data):
            self.inner = io.BytesIO(data)

        def readable(self):
            return True

        def readinto(self, view):
            return self.inner.readinto(view)

        def tell(self):
            return self.inner.tell()

    for size in (0, 262144, 262145, 1_000_000):
        blob = made.blob(f"s{size}", chunk_size=262144)
        blob.upload_from_file(io.BufferedReader(Pipe(b"y" * size)))
        assert blob.download_as_bytes() == b"y" * size


def test_gzip_is_unpacked_unless_asked_raw(made):
    payload, packed = b"DEADBEEF" * 1000, gzip.compress(b"DEADBEEF" * 1000)
    blob = made.blob("z.gz")
    blob.content_encoding = "gzip"
    blob.upload_from_string(packed, content_type="text/plain")
    assert blob.download_as_bytes() == payload and blob.download_as_bytes(raw_download=True) == packed
    target = io.BytesIO()
    made.blob("z.gz").download_to_file(target)
    assert target.getvalue() == payload


@pytest.mark.parametrize("object_name", ["Caf\u00e9", "Cafe\u0301", "a/b c%2Fd?e#f"])
def test_unicode_names_stay_apart(made, object_name):
    made.blob(object_name).upload_from_string(object_name.encode())
    assert made.blob(object_name).download_as_bytes() == object_name.encode()
    assert made.blob("Caf\u00e9").exists() == (object_name == "Caf\u00e9")


def test_metadata_crud(made):
    blob = made.blob("b")
    blob.upload_from_string("x")
    blob.content_type, blob.cache_control, blob.content_language = "image/png", "no-cache", "en"
    blob.content_disposition, blob.custom_time = "inline", datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)
    blob.metadata = {"foo": "Foo", "bar": "Bar"}
    blob.patch()
    blob.reload()
    assert blob.metadata == {"foo": "Foo", "bar": "Bar"} and blob.cache_control == "no-cache"
    blob.metadata = {"foo": "Foo", "bar": None}
    blob.patch()
    assert made.get_blob("b").metadata == {"foo": "Foo"}
    blob.metadata = None
    blob.patch()
    again = made.get_blob("b")
    assert again.metadata is None and again.content_type == "image/png" and again.custom_time == blob.custom_time


def test_acls_of_blobs(made):
    blob = made.blob("b")
    blob.upload_from_string("x")
    blob.acl.reload()
    assert not blob.acl.has_entity("allUsers")
    blob.acl.all().grant_read()
    blob.acl.save(if_metageneration_match=blob.metageneration)
    blob.acl.reload()
    assert "READER" in blob.acl.all().get_roles()
    blob.make_private()
    assert "READER" not in blob.acl.all().get_roles()
    public = made.blob("p")
    public.upload_from_string("x", predefined_acl="publicRead")
    public.acl.reload()
    assert public.acl.all().get_roles() == {"READER"}


def test_compose_create_replace_and_conditions(made):
    parts = []
    for i, text in enumerate(["AAA\n", "BBB\n"]):
        parts.append(made.blob(f"p{i}"))
        parts[-1].upload_from_string(text)
    joined = made.blob("joined")
    joined.content_type = "text/plain"
    joined.compose(parts)
    assert (joined.download_as_bytes(), joined.content_type, joined.component_count) == (b"AAA\nBBB\n", "text/plain", 2)
    joined.compose([joined, parts[1]], if_generation_match=joined.generation)
    assert joined.download_as_bytes() == b"AAA\nBBB\nBBB\n" and joined.md5_hash is None
    with pytest.raises(exceptions.PreconditionFailed):
        joined.compose(parts, if_generation_match=1)
    with pytest.raises(exceptions.PreconditionFailed):
        made.blob("x").compose(parts, if_source_generation_match=[1, None])
    with pytest.raises(exceptions.NotFound):
        made.blob("x").compose([made.blob("nonesuch")])
    with pytest.raises(exceptions.BadRequest):
        made.blob("x").compose(parts * 17)


def test_rewrite_and_storage_class_changes(made):
    blob = made.blob("b")
    blob.upload_from_string("x" * 100)
    first = blob.generation
    token, done, total = made.blob("copy").rewrite(blob, if_source_generation_match=first)
    assert (token, done, total) == (None, 100, 100)
    blob.update_storage_class("NEARLINE", if_generation_match=first)
    assert blob.storage_class == "NEARLINE" and blob.generation != first
    with pytest.raises(exceptions.PreconditionFailed):
        blob.update_storage_class("STANDARD", if_source_generation_match=first)


def test_object_retention(client, name):
    bucket = client.create_bucket(name, enable_object_retention=True)
    assert bucket.object_retention_mode == "Enabled"
    blob = bucket.blob("b")
    blob.upload_from_string("x")
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3600)
    blob.retention.mode, blob.retention.retain_until_time = "Unlocked", until
    blob.patch()
    blob.reload()
    assert blob.retention.mode == "Unlocked"
    with pytest.raises(exceptions.Forbidden):
        blob.delete()
    blob.retention.mode = blob.retention.retain_until_time = None
    blob.patch(override_unlocked_retention=True)
    blob.reload()
    assert blob.retention.mode is None
    blob.delete()


def test_conditional_downloads_and_etags(made):
    blob = made.blob("b")
    blob.upload_from_string("x")
    assert blob.download_as_bytes(if_etag_match=blob.etag) == b"x"
    with pytest.raises(exceptions.PreconditionFailed):
        blob.download_as_bytes(if_etag_match="other")
    with pytest.raises(exceptions.NotModified):
        blob.download_as_bytes(if_etag_not_match=blob.etag)
    with pytest.raises(exceptions.NotModified):
        blob.reload(if_generation_not_match=blob.generation)
    with pytest.raises(exceptions.PreconditionFailed):
        blob.reload(if_generation_match=blob.generation + 1)


# Clients, files, notifications, batches, transfers.

def test_anonymous_download_and_uris(client, made):
    made.blob("b").upload_from_string("x")
    blob = Blob.from_uri(f"gs://{made.name}/b", client=client)
    target = io.BytesIO()
    client.download_blob_to_file(blob, target)
    assert target.getvalue() == b"x"
    assert client.lookup_bucket("nonesuch-" + made.name) is None
    assert made.name in {b.name for b in client.list_buckets(prefix=made.name)}


def test_file_like_objects(made, tmp_path):
    text = "héllo\nwörld\n" * 50_000
    with made.blob("t").open("w", encoding="utf-8", chunk_size=262144) as file:
        file.write(text)
    with made.blob("t").open("r", encoding="utf-8", chunk_size=262144) as file:
        assert file.read() == text
    with made.blob("t").open("rb", chunk_size=262144) as file:
        file.seek(-7, io.SEEK_END)
        assert file.read() == "wörld\n".encode()
        file.seek(3)
        assert file.read(4) == text.encode()[3:7]
    with pytest.raises(exceptions.NotFound):
        made.blob("nonesuch").open("rb").read()
    assert made.blob("t").exists()


def test_notifications_maximal(made):
    notification = made.notification(topic_name="t", topic_project="landfall", custom_attributes={"a": "1"},
                                     event_types=["OBJECT_FINALIZE", "OBJECT_DELETE"], blob_name_prefix="p/",
                                     payload_format="NONE")
    notification.create()
    assert notification.exists() and notification.notification_id is not None
    found = made.get_notification(notification.notification_id)
    assert (found.event_types, found.custom_attributes, found.blob_name_prefix, found.payload_format) == (
        ["OBJECT_FINALIZE", "OBJECT_DELETE"], {"a": "1"}, "p/", "NONE")
    notification.delete()
    with pytest.raises(exceptions.NotFound):
        notification.reload()


def test_delete_many_with_a_missing_one(made):
    for i in range(3):
        made.blob(f"d{i}").upload_from_string("x")
    missing = []
    made.delete_blobs(["d0", "nonesuch", "d1"], on_error=missing.append)
    assert missing == ["nonesuch"] and [b.name for b in made.list_blobs()] == ["d2"]
    with pytest.raises(exceptions.Conflict):
        made.delete()
    made.delete(force=True)
    assert not made.exists()


def test_hmac_keys(client):
    metadata, secret = client.create_hmac_key("someone@landfall.iam.gserviceaccount.com")
    assert len(base64.b64decode(secret)) == 30 and metadata.state == "ACTIVE"
    with pytest.raises(exceptions.BadRequest):
        metadata.delete()
    metadata.state = "INACTIVE"
    metadata.update()
    assert metadata.access_id in {k.access_id for k in client.list_hmac_keys(project_id="landfall")}
    metadata.delete()
    assert metadata.access_id not in {k.access_id for k in client.list_hmac_keys()}


@pytest.mark.parametrize("workers", [transfer_manager.THREAD, transfer_manager.PROCESS])
def test_transfer_manager_many(made, tmp_path, workers):
    source, target = tmp_path / "from", tmp_path / "to"
    (source / "in").mkdir(parents=True)
    for i in range(6):
        (source / ("in" if i % 2 else ".") / f"f{i}").write_text("x" * i * 1000)
    names = sorted(str(p.relative_to(source)) for p in source.rglob("*") if p.is_file())
    results = transfer_manager.upload_many_from_filenames(made, names, source_directory=str(source), worker_type=workers,
                                                          max_workers=2)
    assert results == [None] * 6
    again = transfer_manager.upload_many_from_filenames(made, names, source_directory=str(source), worker_type=workers,
                                                        max_workers=2, skip_if_exists=True)
    assert {type(error) for error in again} == {exceptions.PreconditionFailed}
    assert transfer_manager.download_many_to_path(made, names, destination_directory=str(target), worker_type=workers,
                                                  max_workers=2) == [None] * 6
    for object_name in names:
        assert (target / object_name).read_bytes() == (source / object_name).read_bytes()


def test_transfer_manager_chunks(made, tmp_path):
    source, target = tmp_path / "from", tmp_path / "to"
    source.write_bytes(bytes(range(256)) * 50_000)
    blob = made.blob("chunks")
    blob.metadata = {"k": "v"}
    transfer_manager.upload_chunks_concurrently(str(source), blob, chunk_size=5 << 20, max_workers=2,
                                                worker_type=transfer_manager.THREAD)
    blob.reload()
    assert blob.metadata == {"k": "v"} and blob.size == source.stat().st_size
    transfer_manager.download_chunks_concurrently(blob, str(target), chunk_size=3_000_001, max_workers=2,
                                                  worker_type=transfer_manager.THREAD)
    assert pathlib.Path(target).read_bytes() == source.read_bytes()
