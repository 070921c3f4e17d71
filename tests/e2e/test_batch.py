"""Batches and discovery documents of official clients against the real binary."""
import json

import pytest
import requests
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage


@pytest.fixture(scope="module")
def client(server):
    return storage.Client(project="landfall", credentials=AnonymousCredentials(),
                          client_options={"api_endpoint": server.url})


def parts_of(answer):
    boundary = answer.headers["Content-Type"].split("boundary=")[1]
    return [p.strip() for p in answer.text.split("--" + boundary)[1:-1]]


def batch_body(*calls, boundary="B"):
    text = ""
    for i, call in enumerate(calls):
        text += f"--{boundary}\r\nContent-Type: application/http\r\nContent-ID: <x+{i}>\r\n\r\n{call}\r\n"
    return text + f"--{boundary}--\r\n"


def send(server, body, path="/batch/storage/v1", **more):
    return server.request("POST", path, data=body, headers={"Content-Type": "multipart/mixed; boundary=B", **more})


def test_python_batch_deletes_patches_and_gets(client, bucket):
    blobs = [client.bucket(bucket).blob(f"n/{i} ä") for i in range(150)]
    for blob in blobs:
        blob.upload_from_string("x")
    with client.batch():
        for blob in blobs[:120]:
            blob.delete()
        for blob in blobs[120:]:
            blob.metadata = {"k": "v"}
            blob.patch()
    left = list(client.list_blobs(bucket))
    assert len(left) == 30 and all(b.metadata == {"k": "v"} for b in left)
    with client.batch():
        for blob in left:
            blob.reload()
    assert left[0].metageneration == 2


def test_one_failure_stops_nothing_else(client, bucket):
    kept, gone = client.bucket(bucket).blob("kept"), client.bucket(bucket).blob("gone")
    kept.upload_from_string("x")
    with pytest.raises(exceptions.NotFound):
        with client.batch():
            gone.delete()
            kept.delete()
    assert not kept.exists()
    batch = client.batch(raise_exception=False)
    with batch:
        gone.delete()
    assert batch._responses[0].status_code == 404


def test_answers_keep_order_ids_statuses_and_headers(server, bucket):
    server.put(bucket, "a", "1")
    answer = send(server, batch_body(f"GET /storage/v1/b/{bucket}/o/a?fields=name HTTP/1.1\r\n",
                                     f"GET /storage/v1/b/{bucket}/o/none HTTP/1.1\r\n",
                                     f"DELETE {server.url}/storage/v1/b/{bucket}/o/a HTTP/1.1\r\n"))
    assert answer.status_code == 200
    parts = parts_of(answer)
    assert ["Content-ID: <response-x+%d>" % i in p for i, p in enumerate(parts)] == [True] * 3
    assert ["HTTP/1.1 200 OK", "HTTP/1.1 404 Not Found", "HTTP/1.1 204 No Content"] == \
        [p.split("\r\n\r\n")[1].split("\r\n")[0] for p in parts]
    assert json.loads(parts[0].split("\r\n\r\n")[2]) == {"name": "a"}


def test_outer_headers_and_parameters_apply(server, bucket):
    server.put(bucket, "a", "1")
    answer = send(server, batch_body(f"GET /storage/v1/b/{bucket}/o/a HTTP/1.1\r\n"), "/batch/storage/v1?fields=size",
                  **{"x-goog-gcs-idempotency-token": "tok"})
    part = parts_of(answer)[0]
    assert '{"size":"1"}' in part and "x-goog-gcs-idempotency-token: tok" in part


@pytest.mark.parametrize("call", ["GET /storage/v1/b/{b}/o/a?alt=media HTTP/1.1\r\n",
                                  "GET /download/storage/v1/b/{b}/o/a HTTP/1.1\r\n", "GET /{b}/a HTTP/1.1\r\n",
                                  "POST /upload/storage/v1/b/{b}/o?uploadType=media&name=u HTTP/1.1\r\n\r\nx",
                                  "POST /batch HTTP/1.1\r\n"])
def test_media_and_batches_are_refused_inside(server, bucket, call):
    server.put(bucket, "a", "1")
    part = parts_of(send(server, batch_body(call.replace("{b}", bucket))))[0]
    assert "HTTP/1.1 400 Bad Request" in part and "not allowed in a batch" in part


def test_malformed_batches_are_refused_whole(server):
    for body in ("", "--B\r\n", batch_body("NONSENSE"), batch_body("GET nowhere HTTP/1.1"),
                 batch_body("GET / HTTP/1.1").replace("application/http", "text/plain")):
        answer = send(server, body)
        assert answer.status_code == 400, body
    assert send(server, batch_body(*["GET /storage/v1/b?project=p HTTP/1.1"] * 1001)).status_code == 400
    assert server.request("POST", "/batch", data="x", headers={"Content-Type": "text/plain"}).status_code == 400


def test_batch_reaches_other_apis(server):
    answer = send(server, batch_body("GET /bigquery/v2/projects/landfall/datasets HTTP/1.1\r\n"), "/batch/bigquery/v2")
    assert "HTTP/1.1 200 OK" in parts_of(answer)[0] and "bigquery#datasetList" in answer.text


@pytest.mark.parametrize("name,version,path", [("storage", "v1", "/discovery/v1/apis/storage/v1/rest"),
                                               ("bigquery", "v2", "/discovery/v1/apis/bigquery/v2/rest"),
                                               ("storage", "v1", "/$discovery/rest?version=v1"),
                                               ("bigquery", "v2", "/$discovery/rest?version=v2")])
def test_discovery_document(server, name, version, path):
    document = server.request("GET", path).json()
    assert (document["name"], document["version"], document["rootUrl"]) == (name, version, server.url + "/")

    def methods(resource):
        yield from resource.get("methods", {}).values()
        for inner in resource.get("resources", {}).values():
            yield from methods(inner)

    found = {m["id"]: m for m in methods(document)}
    assert len(found) > 30
    for method in found.values():
        for ref in (method.get("request"), method.get("response")):
            assert ref is None or ref["$ref"] in document["schemas"]
        for parameter in method.get("parameterOrder", []):
            assert method["parameters"][parameter]["required"]
    if name == "storage":
        copy = found["storage.objects.copy"]
        assert copy["path"] == "b/{sourceBucket}/o/{sourceObject}/copyTo/b/{destinationBucket}/o/{destinationObject}"
        assert found["storage.objects.insert"]["mediaUpload"]["protocols"]["simple"]["path"] == \
            "/upload/storage/v1/b/{bucket}/o"
    else:
        assert found["bigquery.tables.get"]["path"] == \
            "projects/{+projectId}/datasets/{+datasetId}/tables/{+tableId}"


def test_discovery_of_an_unknown_api(server):
    assert server.request("GET", "/discovery/v1/apis/compute/v1/rest").status_code == 404
    assert {i["name"] for i in server.request("GET", "/discovery/v1/apis").json()["items"]} == {"storage", "bigquery"}


def test_google_api_python_client(server, bucket):
    """Runs where google-api-python-client is installed; the other clients do not need it."""
    discovery = pytest.importorskip("googleapiclient.discovery")
    http = pytest.importorskip("googleapiclient.http")
    service = discovery.build("storage", "v1", credentials=AnonymousCredentials(), static_discovery=False,
                              discoveryServiceUrl=server.url + "/discovery/v1/apis/{api}/{apiVersion}/rest",
                              cache_discovery=False)
    media = http.MediaInMemoryUpload(b"bytes", mimetype="text/plain")
    service.objects().insert(bucket=bucket, body={"name": "g/1"}, media_body=media).execute()
    assert [o["name"] for o in service.objects().list(bucket=bucket, prefix="g/").execute()["items"]] == ["g/1"]
    assert service.objects().get_media(bucket=bucket, object="g/1").execute() == b"bytes"
    names = []
    batch = service.new_batch_http_request(callback=lambda i, answer, error: names.append((answer or {}).get("name")))
    batch.add(service.objects().get(bucket=bucket, object="g/1"))
    batch.add(service.objects().get(bucket=bucket, object="none"))
    batch.execute()
    assert names == ["g/1", None]
    tables = discovery.build("bigquery", "v2", credentials=AnonymousCredentials(), static_discovery=False,
                             discoveryServiceUrl=server.url + "/discovery/v1/apis/{api}/{apiVersion}/rest",
                             cache_discovery=False)
    assert tables.datasets().list(projectId="landfall").execute()["kind"] == "bigquery#datasetList"
