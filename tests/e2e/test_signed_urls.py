"""Signed URLs and POST policies of official clients against the real binary, and the public signing vectors."""
import base64
import datetime
import hashlib
import http.client
import json
import urllib.parse
import xml.etree.ElementTree as ElementTree

import pytest
import requests
from google.auth import crypt
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.oauth2 import service_account

from conftest import SHARED

VECTORS = SHARED / "corpora/storage-conformance/v1/v4_signatures.json"
ACCOUNT = "signer@landfall.iam.gserviceaccount.com"
SOON = datetime.timedelta(minutes=5)


@pytest.fixture(scope="module")
def key_file(server):
    """A credentials file as `gcloud iam service-accounts keys create` writes it."""
    answer = server.request("POST", f"/v1/projects/landfall/serviceAccounts/{ACCOUNT}/keys", json={})
    assert answer.status_code == 200, answer.text
    return json.loads(base64.b64decode(answer.json()["privateKeyData"]))


@pytest.fixture(scope="module")
def client(server, key_file):
    credentials = service_account.Credentials.from_service_account_info(key_file)
    made = storage.Client(project="landfall", credentials=AnonymousCredentials(),
                          client_options={"api_endpoint": server.url})
    made.signer = credentials
    return made


def signed(client, blob, **more):
    return blob.generate_signed_url(version="v4", expiration=SOON, credentials=client.signer,
                                    api_access_endpoint=client._connection.API_BASE_URL, **more)


def code_of(answer):
    return ElementTree.fromstring(answer.content).findtext("Code")


def vectors(kind):
    return json.loads(VECTORS.read_text())[kind] if VECTORS.exists() else []


def send_raw(server, method, url, headers):
    """To our server with the Host, path and query of another one; bytes as they stand in the URL."""
    parts = urllib.parse.urlsplit(url)
    address = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    connection.putrequest(method, (parts.path or "/") + "?" + parts.query, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", parts.netloc)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_put_and_get_by_signed_url(server, client, bucket):
    blob = client.bucket(bucket).blob("a b/ü+&%.txt")
    put = requests.put(signed(client, blob, method="PUT", content_type="text/plain"), data=b"hello",
                       headers={"Content-Type": "text/plain"})
    assert put.status_code == 200, put.text
    got = requests.get(signed(client, blob))
    assert (got.status_code, got.content, got.headers["Content-Type"]) == (200, b"hello", "text/plain")
    assert got.headers["ETag"] == '"' + hashlib.md5(b"hello").hexdigest() + '"'
    assert requests.head(signed(client, blob, method="HEAD")).headers["x-goog-stored-content-length"] == "5"
    assert requests.delete(signed(client, blob, method="DELETE")).status_code == 204
    assert code_of(requests.get(signed(client, blob))) == "NoSuchKey"


def test_one_changed_byte_is_refused_and_shows_what_was_signed(server, client, bucket):
    client.bucket(bucket).blob("x").upload_from_string("secret")
    url = signed(client, client.bucket(bucket).blob("x"))
    for wrong in (url.replace("/x?", "/y?"), url[:-1] + ("0" if url[-1] != "0" else "1"),
                  url.replace("X-Goog-Expires=300", "X-Goog-Expires=301"), url + "&generation=1"):
        answer = requests.get(wrong)
        assert (answer.status_code, code_of(answer)) == (403, "SignatureDoesNotMatch"), answer.text
        error = ElementTree.fromstring(answer.content)
        assert error.findtext("StringToSign").startswith("GOOG4-RSA-SHA256\n")
        assert error.findtext("CanonicalRequest").startswith("GET\n/" + bucket)
    assert requests.put(url, data=b"x").status_code == 403  # another method


def test_expired_future_and_overlong(server, client, bucket):
    blob = client.bucket(bucket).blob("x")
    url = signed(client, blob)
    old = url.replace(urllib.parse.parse_qs(url)["X-Goog-Date"][0], "20190201T090000Z")
    answer = requests.get(old)
    assert answer.status_code in (400, 403)  # the credential's date no longer agrees
    from google.cloud.storage import _signing
    old = _signing.generate_signed_url_v4(client.signer, f"/{bucket}/x", 10, api_access_endpoint=server.url,
                                          _request_timestamp="20190201T090000Z")
    answer = requests.get(old)
    assert (answer.status_code, code_of(answer)) == (400, "ExpiredToken")
    assert "expired at: 2019-02-01T09:00:10" in answer.text
    later = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=2)).strftime("%Y%m%dT%H%M%SZ")
    answer = requests.get(_signing.generate_signed_url_v4(client.signer, f"/{bucket}/x", 10,
                                                          api_access_endpoint=server.url, _request_timestamp=later))
    assert (answer.status_code, code_of(answer)) == (403, "AccessDenied")


def test_signed_headers_and_payload_must_arrive(server, client, bucket):
    blob = client.bucket(bucket).blob("h")
    sha = hashlib.sha256(b"right").hexdigest()
    url = signed(client, blob, method="PUT", headers={"x-goog-meta-a": "  b   c ", "x-goog-content-sha256": sha})
    assert requests.put(url, data=b"right").status_code == 403
    headers = {"x-goog-meta-a": "b c", "x-goog-content-sha256": sha}
    assert requests.put(url, data=b"wrong", headers=headers).status_code == 400
    assert not blob.exists()
    assert requests.put(url, data=b"right", headers=headers).status_code == 200
    blob.reload()
    assert blob.metadata == {"a": "b c"}


def test_response_overrides_and_generation(server, client, bucket):
    blob = client.bucket(bucket).blob("o")
    blob.upload_from_string("one")
    first = blob.generation
    got = requests.get(signed(client, blob, response_type="text/x-own", response_disposition="attachment; filename=f",
                              generation=first))
    assert (got.text, got.headers["Content-Type"]) == ("one", "text/x-own")
    assert got.headers["Content-Disposition"] == "attachment; filename=f"


def test_signed_resumable_start(server, client, bucket):
    blob = client.bucket(bucket).blob("r/1")
    start = requests.post(signed(client, blob, method="RESUMABLE"), headers={"x-goog-resumable": "start"})
    assert start.status_code == 201, start.text
    data = bytes(300_000)
    first = requests.put(start.headers["Location"], data=data[:262144],
                         headers={"Content-Range": "bytes 0-262143/300000"})
    assert (first.status_code, first.headers["Range"]) == (308, "bytes=0-262143")
    assert requests.put(start.headers["Location"], data=data[262144:],
                        headers={"Content-Range": "bytes 262144-299999/300000"}).status_code == 200
    assert blob.download_as_bytes() == data


def test_virtual_hosted_style(server, client, bucket):
    blob = client.bucket(bucket).blob("v/w")
    blob.upload_from_string("virtual")
    port = urllib.parse.urlsplit(server.url).port
    url = blob.generate_signed_url(version="v4", expiration=SOON, credentials=client.signer, virtual_hosted_style=True,
                                   api_access_endpoint=f"http://storage.localhost:{port}")
    assert send_raw(server, "GET", url, {}) == (200, b"virtual")
    bound = blob.generate_signed_url(version="v4", expiration=SOON, credentials=client.signer,
                                     bucket_bound_hostname="https://www.example.com")
    status, body = send_raw(server, "GET", bound, {})
    assert b"NoSuchBucket" in body and status == 404  # no bucket of that name: the path is all there is


def test_bucket_bound_to_its_own_name(server, client, name):
    domain = f"{name}.example.com"
    server.make_bucket(domain)
    blob = client.bucket(domain).blob("a//b")
    blob.upload_from_string("bound")
    url = blob.generate_signed_url(version="v4", expiration=SOON, credentials=client.signer,
                                   bucket_bound_hostname=f"http://{domain}")
    assert send_raw(server, "GET", url, {}) == (200, b"bound")


def test_v2_url(server, client, bucket):
    blob = client.bucket(bucket).blob("two")
    blob.upload_from_string("2")
    url = blob.generate_signed_url(version="v2", expiration=SOON, credentials=client.signer,
                                   api_access_endpoint=server.url)
    assert requests.get(url).content == b"2"
    assert code_of(requests.get(url.replace("/two?", "/tw?"))) == "SignatureDoesNotMatch"


def test_sign_blob_signs_for_clients_without_a_key(own_server, name):
    account = "keyless@landfall.iam.gserviceaccount.com"
    key_ids = []

    class Remote(crypt.Signer):
        key_id = None

        def sign(self, message):
            answer = own_server.request("POST", f"/v1/projects/-/serviceAccounts/{account}:signBlob",
                                        json={"payload": base64.b64encode(message).decode()}).json()
            key_ids.append(answer["keyId"])
            return base64.b64decode(answer["signedBlob"])

    own_server.make_bucket(name)
    own_server.put(name, "s", "signed by the server")
    credentials = service_account.Credentials(Remote(), account, "https://oauth2.googleapis.com/token")
    blob = storage.Client(project="landfall", credentials=AnonymousCredentials()).bucket(name).blob("s")
    for _ in range(2):
        url = blob.generate_signed_url(version="v4", expiration=SOON, credentials=credentials,
                                       api_access_endpoint=own_server.url)
        assert requests.get(url).text == "signed by the server"
        own_server.restart()
    assert len(set(key_ids)) == 1  # the key survived


def test_keys_are_listed_uploaded_and_deleted(server, client, bucket, key_file):
    base = "/v1/projects/landfall/serviceAccounts/bring@p.iam.gserviceaccount.com/keys"
    own = server.request("GET", f"/v1/projects/-/serviceAccounts/{ACCOUNT}/keys/{key_file['private_key_id']}",
                         params={"publicKeyType": "TYPE_RAW_PUBLIC_KEY"}).json()["publicKeyData"]
    made = server.request("POST", base + ":upload", json={"publicKeyData": own}).json()
    assert [k["name"] for k in server.request("GET", base).json()["keys"]] == [made["name"]]
    info = {**key_file, "client_email": "bring@p.iam.gserviceaccount.com"}
    client.bucket(bucket).blob("b").upload_from_string("brought")
    url = client.bucket(bucket).blob("b").generate_signed_url(
        version="v4", expiration=SOON, api_access_endpoint=server.url,
        credentials=service_account.Credentials.from_service_account_info(info))
    assert requests.get(url).text == "brought"
    assert server.request("DELETE", "/v1/" + made["name"]).json() == {}
    assert code_of(requests.get(url)) == "SignatureDoesNotMatch"
    assert server.request("POST", base + ":upload", json={"publicKeyData": "bm8="}).status_code == 400


def test_a_key_file_dropped_into_the_data_directory_is_known(server, client, bucket, key_file):
    info = {**key_file, "client_email": "dropped@p.iam.gserviceaccount.com", "private_key_id": "dropped"}
    client.bucket(bucket).blob("d").upload_from_string("dropped")
    url = client.bucket(bucket).blob("d").generate_signed_url(
        version="v4", expiration=SOON, api_access_endpoint=server.url,
        credentials=service_account.Credentials.from_service_account_info(info))
    assert code_of(requests.get(url)) == "SignatureDoesNotMatch"
    (server.data_dir / "signing-keys/mine.json").write_text(json.dumps(info))
    assert requests.get(url).text == "dropped"


def test_unknown_account_is_refused(server, bucket, key_file):
    other = service_account.Credentials.from_service_account_info(
        {**key_file, "client_email": "stranger@landfall.iam.gserviceaccount.com"})
    url = storage.Client(project="landfall", credentials=AnonymousCredentials()).bucket(bucket).blob(
        "s").generate_signed_url(version="v4", expiration=SOON, credentials=other, api_access_endpoint=server.url)
    answer = requests.get(url)
    assert code_of(answer) == "SignatureDoesNotMatch" and "no key of stranger@" in answer.text


@pytest.mark.parametrize("case", vectors("signingV4Tests"), ids=lambda c: c["description"].replace(" ", "-"))
def test_signing_vector(server, case):
    """The vectors' keys are not ours and their time is over: the refusal shows what our verifier rebuilt."""
    if "/" in "".join(case.get("headers", {})):
        pytest.skip("a header name that HTTP cannot carry; see signing_test.cc")
    status, body = send_raw(server, case["method"], case["expectedUrl"], case.get("headers", {}))
    error = ElementTree.fromstring(body)
    assert (status, error.findtext("Code")) == (400, "ExpiredToken"), body
    for member in ("CanonicalRequest", "StringToSign"):
        rebuilt = [e.text for e in error.findall(member) + error.findall("Alternative" + member)]
        assert case["expected" + member] in rebuilt


def form_of(signed_policy, data, changed=()):
    fields = {**signed_policy["fields"], **dict(changed)}
    return dict(data=fields, files={"file": ("f.bin", data)})


def test_post_policy(server, client, bucket):
    policy = client.generate_signed_post_policy_v4(
        bucket, "form/x", expiration=SOON, credentials=client.signer,
        conditions=[["content-length-range", 3, 10], ["starts-with", "$x-goog-meta-a", "b"]],
        fields={"Content-Type": "text/plain", "x-goog-meta-a": "bc", "success_action_status": "201"})
    assert policy["url"] == f"{server.url}/{bucket}/"
    done = requests.post(policy["url"], **form_of(policy, b"12345"))
    assert done.status_code == 201, done.text
    assert ElementTree.fromstring(done.content).findtext("Key") == "form/x"
    blob = client.bucket(bucket).get_blob("form/x")
    assert (blob.content_type, blob.metadata, blob.download_as_bytes()) == ("text/plain", {"a": "bc"}, b"12345")
    for data, changed, code in ((b"12", {}, "EntityTooSmall"), (b"12345678901", {}, "EntityTooLarge"),
                                (b"1234", {"key": "form/y"}, "InvalidPolicyDocument"),
                                (b"1234", {"x-goog-meta-a": "c"}, "InvalidPolicyDocument"),
                                (b"1234", {"x-goog-meta-z": "c"}, "InvalidPolicyDocument"),
                                (b"1234", {"policy": "e30="}, "InvalidPolicyDocument"),
                                (b"1234", {"x-goog-signature": "00"}, "SignatureDoesNotMatch")):
        answer = requests.post(policy["url"], **form_of(policy, data, changed))
        assert code_of(answer) == code, answer.text
    assert blob.download_as_bytes() == b"12345" and not client.bucket(bucket).blob("form/y").exists()


def test_post_policy_redirect_and_default_status(server, client, bucket):
    policy = client.generate_signed_post_policy_v4(bucket, "form/r", expiration=SOON, credentials=client.signer)
    assert requests.post(policy["url"], **form_of(policy, b"1")).status_code == 204
    policy = client.generate_signed_post_policy_v4(bucket, "form/r", expiration=SOON, credentials=client.signer,
                                                   fields={"success_action_redirect": "http://localhost/done"})
    answer = requests.post(policy["url"], **form_of(policy, b"1"), allow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"http://localhost/done?bucket={bucket}&key=form%2Fr&etag=")


@pytest.mark.parametrize("case", vectors("postPolicyV4Tests"), ids=lambda c: c["description"].replace(" ", "-"))
def test_post_policy_vector(server, key_file, case):
    """The vector's policy under a key of ours: everything but the key is right, except that its time is over."""
    bucket = case["policyInput"]["bucket"]
    server.make_bucket(bucket)
    fields = dict(case["policyOutput"]["fields"])
    assert json.loads(base64.b64decode(fields["policy"])) == json.loads(case["policyOutput"]["expectedDecodedPolicy"])
    answer = requests.post(f"{server.url}/{bucket}/", **form_of({"fields": fields}, b"x"))
    assert code_of(answer) == "SignatureDoesNotMatch" and "no key of test-iam-credentials@" in answer.text
    signer = crypt.RSASigner.from_service_account_info(key_file)
    fields["x-goog-credential"] = fields["x-goog-credential"].replace(fields["x-goog-credential"].split("/")[0], ACCOUNT)
    fields["x-goog-signature"] = signer.sign(fields["policy"].encode()).hex()
    answer = requests.post(f"{server.url}/{bucket}/", **form_of({"fields": fields}, b"x"))
    assert code_of(answer) == "ExpiredToken", answer.text
