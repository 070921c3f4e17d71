"""The Cloud Storage XML API of the real binary: plain HTTP, and the transfer managers that speak it."""
import base64
import datetime
import gzip
import hashlib
import hmac
import os
import pathlib
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.cloud.storage import transfer_manager

LIST = "{http://doc.s3.amazonaws.com/2006-03-01}"
UPLOAD = "{http://s3.amazonaws.com/doc/2006-03-01/}"
MIB = 1 << 20
E2E = pathlib.Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def client(server):
    return storage.Client(project="landfall", credentials=AnonymousCredentials(),
                          client_options={"api_endpoint": server.url})


def error_of(answer):
    error = ElementTree.fromstring(answer.content)
    assert error.tag == "Error" and error.findtext("Message")
    assert answer.headers["Content-Type"].startswith("application/xml")
    return answer.status_code, error.findtext("Code")


def names(answer, member="Contents", name="Key"):
    return [e.findtext(LIST + name) for e in ElementTree.fromstring(answer.content).findall(LIST + member)]


def test_put_get_head_delete(server, bucket):
    path = f"/{bucket}/dir//a b%2Fc%20%C3%A9?"
    put = server.request("PUT", path, data=b"hello", headers={
        "Content-Type": "text/plain", "Cache-Control": "no-store", "Content-Language": "de",
        "x-goog-meta-color": "blue", "x-goog-storage-class": "NEARLINE",
        "x-goog-hash": "crc32c=mnG7TA==,md5=XUFAKrxLKna5cZ2REBfFkg=="})
    assert put.status_code == 200 and put.content == b"", put.text
    got = server.request("GET", path)
    assert (got.status_code, got.content) == (200, b"hello")
    for name, value in {"Content-Type": "text/plain", "Cache-Control": "no-store", "Content-Language": "de",
                        "x-goog-meta-color": "blue", "x-goog-storage-class": "NEARLINE",
                        "x-goog-hash": "crc32c=mnG7TA==,md5=XUFAKrxLKna5cZ2REBfFkg==",
                        "x-goog-stored-content-encoding": "identity", "x-goog-metageneration": "1",
                        "x-goog-generation": put.headers["x-goog-generation"],
                        "ETag": '"5d41402abc4b2a76b9719d911017c592"'}.items():
        assert got.headers[name] == value, name
    head = server.request("HEAD", path)
    assert (head.headers["Content-Length"], head.content) == ("5", b"")
    object_names = [o["name"] for o in server.request("GET", f"/storage/v1/b/{bucket}/o").json()["items"]]
    assert object_names == ["dir//a b/c é"]
    assert server.request("DELETE", path).status_code == 204
    assert error_of(server.request("GET", path)) == (404, "NoSuchKey")
    assert error_of(server.request("DELETE", path)) == (404, "NoSuchKey")
    assert error_of(server.request("GET", "/no-such-bucket-here/x")) == (404, "NoSuchBucket")


def test_checksums_lengths_and_preconditions(server, bucket):
    path = f"/{bucket}/c"
    bad = server.request("PUT", path, data=b"hello", headers={"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="})
    assert error_of(bad) == (400, "BadDigest")
    put = server.request("PUT", path, data=b"one", headers={"x-goog-if-generation-match": "0"})
    assert put.status_code == 200
    again = server.request("PUT", path, data=b"two", headers={"x-goog-if-generation-match": "0"})
    assert error_of(again) == (412, "PreconditionFailed")
    generation = put.headers["x-goog-generation"]
    assert server.request("GET", path, headers={"x-goog-if-generation-match": generation}).content == b"one"
    assert error_of(server.request("GET", path, headers={"x-goog-if-generation-match": "7"}))[0] == 412
    assert error_of(server.request("PUT", path, data=b"x", headers={"x-goog-if-generation-match": "z"}))[0] == 400
    assert server.request("GET", f"{path}?generation={generation}").content == b"one"
    etag = put.headers["ETag"]
    assert server.request("GET", path, headers={"If-None-Match": etag}).status_code == 304
    assert server.request("GET", path, headers={"If-Match": '"x"'}).status_code == 412
    modified = server.request("GET", path).headers["Last-Modified"]
    assert server.request("GET", path, headers={"If-Modified-Since": modified}).status_code == 304
    long = server.request("PUT", path, data=b"12345", headers={"x-goog-content-length-range": "0,4"})
    assert error_of(long) == (400, "EntityTooLarge")
    short = server.request("PUT", path, data=b"1", headers={"x-goog-content-length-range": "2,4"})
    assert error_of(short) == (400, "EntityTooSmall")
    assert server.request("GET", path).content == b"one"


def test_ranges_and_gzip(server, bucket):
    path = f"/{bucket}/r"
    data = os.urandom(200_000)
    server.request("PUT", path, data=data)
    part = server.request("GET", path, headers={"Range": "bytes=100000-100009"})
    assert (part.status_code, part.content) == (206, data[100_000:100_010])
    assert part.headers["Content-Range"] == "bytes 100000-100009/200000"
    beyond = server.request("GET", path, headers={"Range": "bytes=200000-"})
    assert error_of(beyond) == (416, "InvalidRange") and beyond.headers["Content-Range"] == "bytes */200000"
    server.request("PUT", path, data=gzip.compress(b"plain" * 100), headers={"Content-Encoding": "gzip"})
    raw = server.request("GET", path, headers={"Accept-Encoding": "gzip"}, stream=True).raw.read()
    assert gzip.decompress(raw) == b"plain" * 100
    plain = server.request("GET", path, headers={"Accept-Encoding": "identity"}, stream=True)
    assert plain.raw.read() == b"plain" * 100 and plain.headers["x-goog-stored-content-encoding"] == "gzip"


def test_list_v1_and_v2(server, bucket):
    for name in ("a", "d/1", "d/2", "e&<>", "z"):
        server.put(bucket, name, "x")
    assert names(server.request("GET", f"/{bucket}")) == ["a", "d/1", "d/2", "e&<>", "z"]
    assert names(server.request("GET", f"/{bucket}/?prefix=d/")) == ["d/1", "d/2"]
    flat = server.request("GET", f"/{bucket}?delimiter=/")
    assert names(flat) == ["a", "e&<>", "z"] and names(flat, "CommonPrefixes", "Prefix") == ["d/"]
    encoded = server.request("GET", f"/{bucket}?encoding-type=url&prefix=e")
    assert names(encoded) == ["e%26%3C%3E"]

    seen, marker = [], ""
    for _ in range(10):  # v1 pages by name, prefixes too
        page = server.request("GET", f"/{bucket}", params={"max-keys": 1, "delimiter": "/", "marker": marker})
        seen += names(page) + names(page, "CommonPrefixes", "Prefix")
        root = ElementTree.fromstring(page.content)
        if root.findtext(LIST + "IsTruncated") == "false":
            break
        marker = root.findtext(LIST + "NextMarker")
    assert seen == ["a", "d/", "e&<>", "z"]

    seen, token = [], None
    for _ in range(10):
        page = server.request("GET", f"/{bucket}", params={"list-type": 2, "max-keys": 2, "start-after": "a",
                                                           **({"continuation-token": token} if token else {})})
        root = ElementTree.fromstring(page.content)
        assert int(root.findtext(LIST + "KeyCount")) <= 2
        seen += names(page)
        token = root.findtext(LIST + "NextContinuationToken")
        if not token:
            break
    assert seen == ["d/1", "d/2", "e&<>", "z"]


def test_copy(server, bucket):
    server.request("PUT", f"/{bucket}/from", data=b"copied", headers={"x-goog-meta-a": "1", "Content-Type": "text/x"})
    done = server.request("PUT", f"/{bucket}/to", headers={"x-goog-copy-source": f"/{bucket}/from"})
    assert done.status_code == 200 and ElementTree.fromstring(done.content).tag == LIST + "CopyObjectResult"
    got = server.request("GET", f"/{bucket}/to")
    assert (got.content, got.headers["x-goog-meta-a"], got.headers["Content-Type"]) == (b"copied", "1", "text/x")
    server.request("PUT", f"/{bucket}/to", headers={"x-goog-copy-source": f"{bucket}/from",
                                                    "x-goog-metadata-directive": "REPLACE", "x-goog-meta-b": "2"})
    got = server.request("GET", f"/{bucket}/to")
    assert "x-goog-meta-a" not in got.headers and got.headers["x-goog-meta-b"] == "2"
    stale = server.request("PUT", f"/{bucket}/to", headers={"x-goog-copy-source": f"/{bucket}/from",
                                                            "x-goog-copy-source-if-generation-match": "1"})
    assert error_of(stale) == (412, "PreconditionFailed")
    assert error_of(server.request("PUT", f"/{bucket}/to", headers={"x-goog-copy-source": bucket}))[0] == 400


def test_buckets(server, name):
    project = {"x-goog-project-id": "xml-project"}
    body = "<CreateBucketConfiguration><LocationConstraint>eu</LocationConstraint></CreateBucketConfiguration>"
    assert server.request("PUT", f"/{name}", data=body, headers=project).status_code == 200
    assert server.request("GET", f"/storage/v1/b/{name}").json()["location"] == "EU"
    assert error_of(server.request("PUT", f"/{name}", headers=project)) == (409, "BucketAlreadyOwnedByYou")
    listed = server.request("GET", "/", headers={"Host": "storage.googleapis.com", **project})
    assert [b.findtext(LIST + "Name") for b in ElementTree.fromstring(listed.content).iter(LIST + "Bucket")] == [name]
    server.put(name, "x", "x")
    assert error_of(server.request("DELETE", f"/{name}")) == (409, "BucketNotEmpty")
    server.request("DELETE", f"/{name}/x")
    assert server.request("DELETE", f"/{name}").status_code == 204
    assert error_of(server.request("PUT", f"/{name}"))[0] == 400  # no project


def test_virtual_hosts_and_the_index_page(server, bucket):
    for host in (f"{bucket}.storage.googleapis.com", f"{bucket}.storage.localhost:80"):
        put = server.request("PUT", "/storage/v1/b", data=b"host", headers={"Host": host})
        assert put.status_code == 200
        assert server.request("GET", "/storage/v1/b", headers={"Host": host}).content == b"host"
        assert names(server.request("GET", "/", headers={"Host": host})) == ["storage/v1/b"]
    assert server.request("GET", f"/{bucket}/storage/v1/b").content == b"host"
    short = {"Host": f"{bucket}.localhost:1234"}  # may be where the server itself is reached: its APIs stay
    assert server.request("PUT", "/short", data=b"s", headers=short).status_code == 200
    assert server.request("GET", f"/{bucket}/short").content == b"s"
    assert server.request("GET", f"/storage/v1/b/{bucket}", headers=short).json()["name"] == bucket
    assert server.request("GET", f"/{bucket}/short", headers={"Host": "landfall.localhost"}).content == b"s"
    assert "Landfall" in server.request("GET", "/").text
    unknown = server.request("GET", "/storage/v1/nothing")
    assert unknown.status_code == 404 and unknown.json()["error"]["code"] == 404  # the JSON API's own


def test_predefined_acls(server, bucket):
    server.request("PUT", f"/{bucket}/p", data=b"x", headers={"x-goog-acl": "public-read"})
    acl = server.request("GET", f"/storage/v1/b/{bucket}/o/p?projection=full").json()["acl"]
    assert ("allUsers", "READER") in [(entry["entity"], entry["role"]) for entry in acl]
    assert error_of(server.request("PUT", f"/{bucket}/p", data=b"x", headers={"x-goog-acl": "nonsense"}))[0] == 400


@pytest.mark.parametrize("method,query,headers", [
    ("GET", "?acl", {}), ("PUT", "?acl", {}), ("GET", "?tagging", {}), ("PUT", "?compose", {}),
    ("PUT", "", {"x-goog-encryption-key": "k"}), ("PUT", "", {"If-None-Match": "*"}),
    ("PUT", "", {"x-amz-meta-a": "b"}), ("GET", "", {"Authorization": "AWS4-HMAC-SHA256 Credential=x"})])
def test_what_is_not_there_is_refused_by_name(server, bucket, method, query, headers):
    server.put(bucket, "o", "x")
    assert error_of(server.request(method, f"/{bucket}/o{query}", headers=headers)) == (501, "NotImplemented")


def test_hmac_keys_sign(server, bucket):
    key = server.request("POST", "/storage/v1/projects/landfall/hmacKeys?serviceAccountEmail=h@x.com").json()
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{now[:8]}/auto/storage/goog4_request"
    host = server.url.split("//")[1]
    headers = {"Host": host, "x-goog-date": now, "x-goog-content-sha256": "UNSIGNED-PAYLOAD"}
    signed = "host;x-goog-content-sha256;x-goog-date"
    canonical = (f"PUT\n/{bucket}/h\n\nhost:{host}\nx-goog-content-sha256:UNSIGNED-PAYLOAD\nx-goog-date:{now}\n\n"
                 f"{signed}\nUNSIGNED-PAYLOAD")
    text = f"GOOG4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    derived = b"GOOG4" + key["secret"].encode()
    for part in scope.split("/"):
        derived = hmac.digest(derived, part.encode(), "sha256")
    access_id = key["metadata"]["accessId"]
    headers["Authorization"] = (f"GOOG4-HMAC-SHA256 Credential={access_id}/{scope}, SignedHeaders={signed}, "
                                f"Signature={hmac.digest(derived, text.encode(), 'sha256').hex()}")
    assert server.request("PUT", f"/{bucket}/h", data=b"signed", headers=headers).status_code == 200
    assert error_of(server.request("PUT", f"/{bucket}/i", headers=headers)) == (403, "SignatureDoesNotMatch")
    server.request("PUT", f"/storage/v1/projects/landfall/hmacKeys/{access_id}", json={"state": "INACTIVE"})
    assert error_of(server.request("PUT", f"/{bucket}/h", headers=headers)) == (403, "SignatureDoesNotMatch")


def start_multipart(server, path, **headers):
    return ElementTree.fromstring(server.request("POST", path + "?uploads", headers=headers).content).findtext(
        UPLOAD + "UploadId")


def complete(server, path, upload_id, parts):
    listed = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{e}</ETag></Part>" for n, e in parts)
    return server.request("POST", f"{path}?uploadId={upload_id}",
                          data=f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>")


def test_multipart_upload_survives_a_restart(own_server, name):
    own_server.make_bucket(name)
    path = f"/{name}/multi/part"
    upload = start_multipart(own_server, path, **{"Content-Type": "text/m", "x-goog-meta-a": "b"})
    data = [os.urandom(5 * MIB), os.urandom(7)]
    etags = [own_server.request("PUT", f"{path}?partNumber={i + 1}&uploadId={upload}", data=d).headers["ETag"]
             for i, d in enumerate(data)]
    assert etags[1] == '"' + hashlib.md5(data[1]).hexdigest() + '"'
    own_server.kill()
    own_server.start()
    listed = ElementTree.fromstring(own_server.request("GET", f"{path}?uploadId={upload}").content)
    assert [p.findtext(UPLOAD + "PartNumber") for p in listed.findall(UPLOAD + "Part")] == ["1", "2"]
    done = complete(own_server, path, upload, [(1, etags[0]), (2, etags[1])])
    assert done.status_code == 200, done.text
    got = own_server.request("GET", path)
    assert (got.content, got.headers["Content-Type"], got.headers["x-goog-meta-a"]) == (b"".join(data), "text/m", "b")
    assert error_of(complete(own_server, path, upload, [(1, etags[0])])) == (404, "NoSuchUpload")
    assert not list((own_server.data_dir / "spool/parts").iterdir())


def test_multipart_upload_refusals(server, bucket):
    path = f"/{bucket}/m"
    upload = start_multipart(server, path)

    def put(number, data=b"x", **headers):
        return server.request("PUT", f"{path}?partNumber={number}&uploadId={upload}", data=data, headers=headers)

    for number in ("0", "10001", "x", ""):
        assert error_of(put(number)) == (400, "InvalidArgument")
    assert error_of(put(1, **{"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="})) == (400, "BadDigest")
    one, two = put(1).headers["ETag"], put(2, b"y").headers["ETag"]
    assert put(1, b"again").headers["ETag"] != one  # replaces
    one = put(1).headers["ETag"]
    for parts, code in (([(1, one), (3, two)], "InvalidPart"), ([(1, two)], "InvalidPart"),
                        ([(2, two), (1, one)], "InvalidPartOrder"), ([(1, one), (2, two)], "EntityTooSmall"),
                        ([], "MalformedXML")):
        assert error_of(complete(server, path, upload, parts)) == (400, code)
    assert error_of(complete(server, f"/{bucket}/other", upload, [(1, one)])) == (404, "NoSuchUpload")
    assert error_of(server.request("PUT", f"{path}?partNumber=1&uploadId=../../../x", data=b"x"))[1] == "NoSuchUpload"
    assert server.request("DELETE", f"{path}?uploadId={upload}").status_code == 204
    assert error_of(put(1)) == (404, "NoSuchUpload")
    assert error_of(server.request("GET", path)) == (404, "NoSuchKey")
    assert error_of(server.request("POST", "/no-such-bucket-here/x?uploads")) == (404, "NoSuchBucket")


def test_python_transfer_manager(client, bucket, tmp_path):
    data = os.urandom(17 * MIB)
    (tmp_path / "big").write_bytes(data)
    blob = client.bucket(bucket).blob("big one")
    transfer_manager.upload_chunks_concurrently(str(tmp_path / "big"), blob, chunk_size=5 * MIB, max_workers=3,
                                                worker_type=transfer_manager.THREAD)
    transfer_manager.download_chunks_concurrently(blob, str(tmp_path / "back"), chunk_size=4 * MIB, max_workers=3,
                                                  worker_type=transfer_manager.THREAD)
    assert (tmp_path / "back").read_bytes() == data


# The Node client's transfer manager is not here: it insists on https and drops the endpoint's port.
NODE = """
const {Storage} = require('@google-cloud/storage');
const fs = require('node:fs'), assert = require('node:assert');
const [url, bucketName, key] = process.argv.slice(2);
const storage = new Storage({apiEndpoint: url, projectId: 'landfall', keyFilename: key});
(async () => {
  const bucket = storage.bucket(bucketName);
  const options = {version: 'v4', expires: Date.now() + 60000};
  const signed = bucket.file('n/ü x');
  let [u] = await signed.getSignedUrl({...options, action: 'write', contentType: 'text/n'});
  assert.strictEqual((await fetch(u, {method: 'PUT', body: 'node', headers: {'content-type': 'text/n'}})).status, 200);
  [u] = await signed.getSignedUrl({...options, action: 'read', responseDisposition: 'attachment'});
  const got = await fetch(u);
  assert.strictEqual(await got.text(), 'node');
  assert.strictEqual(got.headers.get('content-disposition'), 'attachment');
  assert.strictEqual((await fetch(u + '1')).status, 403);
  [u] = await signed.getSignedUrl({...options, action: 'resumable'});
  const start = await fetch(u, {method: 'POST', headers: {'x-goog-resumable': 'start'}});
  assert.strictEqual(start.status, 201);
  assert.strictEqual((await fetch(start.headers.get('location'), {method: 'PUT', body: 'resumed'})).status, 200);
  const [v4] = await bucket.file('n/form').generateSignedPostPolicyV4({expires: options.expires,
    conditions: [['content-length-range', 0, 20]], fields: {'x-goog-meta-k': 'v', success_action_status: '201'}});
  const [v2] = await bucket.file('n/form2').generateSignedPostPolicyV2({expires: options.expires});
  const post = (target, fields, text) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append('file', new Blob([text]), 'f.txt');
    return fetch(target, {method: 'POST', body: form});
  };
  assert.strictEqual((await post(v4.url, v4.fields, 'by form')).status, 201);
  assert.strictEqual((await post(v4.url, v4.fields, 'x'.repeat(21))).status, 400);
  const account = JSON.parse(fs.readFileSync(key)).client_email;
  const old = {key: 'n/form2', GoogleAccessId: account, policy: v2.base64, signature: v2.signature};
  assert.strictEqual((await post(`${url}/${bucketName}`, old, 'by old form')).status, 204);
  assert.strictEqual((await post(`${url}/${bucketName}`, {...old, key: 'n/z'}, 'x')).status, 400);
  const open = new Storage({apiEndpoint: url, projectId: 'landfall'}).bucket(bucketName);
  assert.strictEqual((await open.file('n/form2').download())[0].toString(), 'by old form');
  assert.strictEqual((await open.file('n/ü x').download())[0].toString(), 'resumed');
})().catch((e) => { console.error(e); process.exit(1); });
"""


@pytest.mark.skipif(not (E2E / "node_modules").is_dir(), reason="the Node clients are not installed")
def test_node_signs_urls_and_forms(server, bucket, tmp_path):
    account = "/v1/projects/landfall/serviceAccounts/node@landfall.iam.gserviceaccount.com/keys"
    (tmp_path / "key.json").write_bytes(
        base64.b64decode(server.request("POST", account, json={}).json()["privateKeyData"]))
    done = subprocess.run(["node", "-", server.url, bucket, str(tmp_path / "key.json")],
                          input=NODE.encode(), cwd=E2E, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
