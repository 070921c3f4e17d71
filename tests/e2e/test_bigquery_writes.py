"""google-cloud-bigquery, unmodified: streaming inserts, copy jobs and extract jobs."""
import datetime
import gzip
import json
import threading

import pytest
import requests
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import BadRequest, Conflict, NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, storage


@pytest.fixture
def client(server):
    return bigquery.Client(project="landfall", credentials=AnonymousCredentials(),
                           client_options=ClientOptions(api_endpoint=server.url))


@pytest.fixture
def gcs(server):
    return storage.Client(project="landfall", credentials=AnonymousCredentials(),
                          client_options=ClientOptions(api_endpoint=server.url))


@pytest.fixture
def dataset(client, name):
    return client.create_dataset(name)


SCHEMA = [bigquery.SchemaField("id", "INTEGER", mode="REQUIRED"), bigquery.SchemaField("name", "STRING"),
          bigquery.SchemaField("at", "TIMESTAMP"), bigquery.SchemaField("tags", "STRING", mode="REPEATED"),
          bigquery.SchemaField("item", "RECORD", fields=[bigquery.SchemaField("price", "NUMERIC"),
                                                          bigquery.SchemaField("raw", "BYTES")]),
          bigquery.SchemaField("extra", "JSON")]


def make_table(client, dataset, table="t", schema=SCHEMA, **settings):
    resource = bigquery.Table(f"{dataset.project}.{dataset.dataset_id}.{table}", schema=schema)
    for key, value in settings.items():
        setattr(resource, key, value)
    return client.create_table(resource)


def ids(client, table):
    return sorted(row["id"] for row in client.list_rows(table, selected_fields=[SCHEMA[0]]))


def test_insert_rows_of_every_kind(client, dataset):
    table = make_table(client, dataset)
    at = datetime.datetime(2024, 5, 17, 12, 0, 0, 250000, tzinfo=datetime.timezone.utc)
    errors = client.insert_rows(table, [
        {"id": 1, "name": "a", "at": at, "tags": ["x", "y"], "item": {"price": "12.345678901", "raw": b"\x00\xff"},
         "extra": {"k": [1, 2]}},
        {"id": 2}])
    assert errors == []
    first, second = sorted(client.list_rows(table), key=lambda row: row["id"])
    assert first["at"] == at and first["tags"] == ["x", "y"] and first["extra"] == {"k": [1, 2]}
    assert str(first["item"]["price"]) == "12.345678901" and first["item"]["raw"] == b"\x00\xff"
    assert second["name"] is None and second["tags"] == []


def test_insert_rows_json_errors_by_row(client, dataset):
    table = make_table(client, dataset)
    errors = client.insert_rows_json(table, [{"id": 1}, {"id": "x"}, {"id": 3, "nosuch": 1}])
    assert [(e["index"], e["errors"][0]["reason"], e["errors"][0]["location"]) for e in errors] == [
        (0, "stopped", ""), (1, "invalid", "id"), (2, "invalid", "nosuch")]
    assert errors[2]["errors"][0]["message"] == "no such field: nosuch."
    assert ids(client, table) == []
    errors = client.insert_rows_json(table, [{"id": 1}, {"id": "x"}, {"id": 3, "nosuch": 1}], skip_invalid_rows=True,
                                     ignore_unknown_values=True)
    assert [e["index"] for e in errors] == [1]
    assert ids(client, table) == [1, 3]


def test_insert_id_gives_one_row_also_after_a_kill(binary, tmp_path):
    from landfall_server import Server
    server = Server(binary, tmp_path / "d", "--profile", "testbench").start()
    try:
        client = bigquery.Client(project="landfall", credentials=AnonymousCredentials(),
                                 client_options=ClientOptions(api_endpoint=server.url))
        dataset = client.create_dataset("d")
        table = make_table(client, dataset)
        for _ in range(2):
            assert client.insert_rows_json(table, [{"id": 1}, {"id": 2}], row_ids=["a", "b"]) == []
        server.kill()
        server.start()
        client = bigquery.Client(project="landfall", credentials=AnonymousCredentials(),
                                 client_options=ClientOptions(api_endpoint=server.url))
        assert client.insert_rows_json(table, [{"id": 2}, {"id": 3}], row_ids=["b", "c"]) == []
        assert ids(client, table) == [1, 2, 3]
    finally:
        server.kill()


def test_template_suffix_and_decorator(client, dataset):
    table = make_table(client, dataset)
    assert client.insert_rows_json(table, [{"id": 7}], template_suffix="_x") == []
    assert ids(client, client.get_table(f"{table.reference}_x")) == [7]
    day = make_table(client, dataset, "day", time_partitioning=bigquery.TimePartitioning(type_="DAY"))
    assert client.insert_rows_json(f"{day.reference}$20240517", [{"id": 8}]) == []
    query = f"SELECT CAST(_PARTITIONDATE AS STRING) AS day FROM `{dataset.dataset_id}.day`"
    assert [row["day"] for row in client.query_and_wait(query)] == ["2024-05-17"]


def insert_all(server, dataset, table, body, status):
    answer = requests.post(f"{server.url}/bigquery/v2/projects/landfall/datasets/{dataset.dataset_id}/tables/"
                           f"{table}/insertAll", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.mark.parametrize("body, status, reason, location", [
    ('{"rows":[]}', 400, "invalid", None),
    ('{}', 400, "invalid", None),
    ('{"rows":[{"json":{"id":1}}', 400, "parseError", None),
    ('{"rows":[{"json":{"id":}}]}', 400, "parseError", "rows"),
    ('{"rows":[{"json":{"id":1},"x":1}]}', 400, "invalid", "rows[0].x"),
    ('{"rows":[{"insertId":"a"}]}', 400, "required", "rows[0].json"),
    ('{"rows":[{"json":[]}]}', 400, "invalid", "rows[0].json"),
    ('{"rows":[{"json":{"id":1},"insertId":5}]}', 400, "invalid", "rows[0].insertId"),
    ('{"skipInvalidRow":true,"rows":[{"json":{"id":1}}]}', 400, "invalid", "insertAll.skipInvalidRow"),
    ('{"rows":[' + ",".join(['{"json":{"id":1}}'] * 50001) + "]}", 400, "invalid", "rows"),
    ('{"rows":[{"json":{"id":1,"name":"' + "x" * (10 << 20) + '"}}]}', 413, "uploadTooLarge", None),
])
def test_insert_all_refusals(server, client, dataset, body, status, reason, location):
    make_table(client, dataset)
    error = insert_all(server, dataset, "t", body, status)["error"]["errors"][0]
    assert error["reason"] == reason
    assert error.get("location") == location


def test_insert_all_into_nothing(server, client, dataset):
    assert insert_all(server, dataset, "t", '{"rows":[{"json":{}}]}', 404)["error"]["errors"][0]["reason"] == "notFound"


def test_many_clients_insert_at_once(client, dataset):
    table = make_table(client, dataset)

    def insert(n):
        assert client.insert_rows_json(table, [{"id": n * 100 + i} for i in range(100)]) == []
    threads = [threading.Thread(target=insert, args=[n]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ids(client, table) == list(range(800))


# ---- copy


def fill(client, dataset, table="t", numbers=(1, 2, 3), **settings):
    made = make_table(client, dataset, table, **settings)
    assert client.insert_rows_json(made, [{"id": n, "name": f"n{n}", "tags": ["x"]} for n in numbers]) == []
    return made


def test_copy_makes_a_table_like_its_source(client, dataset):
    source = fill(client, dataset)
    destination = f"{dataset.project}.{dataset.dataset_id}.copy"
    job = client.copy_table(source, destination)
    job.result()
    assert job.state == "DONE" and job._properties["configuration"]["jobType"] == "COPY"
    assert job._properties["statistics"]["copy"]["copiedRows"] == "3"
    assert ids(client, client.get_table(destination)) == [1, 2, 3]
    assert [f.name for f in client.get_table(destination).schema] == [f.name for f in SCHEMA]
    with pytest.raises(Conflict):
        client.copy_table(source, destination).result()
    append = bigquery.CopyJobConfig(write_disposition="WRITE_APPEND")
    client.copy_table([source, source], destination, job_config=append).result()
    assert len(ids(client, client.get_table(destination))) == 9
    truncate = bigquery.CopyJobConfig(write_disposition="WRITE_TRUNCATE")
    client.copy_table(source, destination, job_config=truncate).result()
    assert ids(client, client.get_table(destination)) == [1, 2, 3]


def test_copy_of_one_partition(client, dataset):
    by_day = bigquery.TimePartitioning(type_="DAY")
    day = make_table(client, dataset, "day", time_partitioning=by_day)
    for n, decorator in [(1, "20240517"), (2, "20240518")]:
        assert client.insert_rows_json(f"{day.reference}${decorator}", [{"id": n}]) == []
    other = make_table(client, dataset, "other", time_partitioning=by_day)
    truncate = bigquery.CopyJobConfig(write_disposition="WRITE_TRUNCATE")
    for _ in range(2):  # idempotent
        client.copy_table(f"{day.reference}$20240518", f"{other.reference}$20240601", job_config=truncate).result()
    rows = client.query_and_wait(
        f"SELECT id, CAST(_PARTITIONDATE AS STRING) AS day FROM `{dataset.dataset_id}.other`")
    assert [(row["id"], row["day"]) for row in rows] == [(2, "2024-06-01")]


def test_copy_refusals(client, dataset):
    source = fill(client, dataset)
    base = f"{dataset.project}.{dataset.dataset_id}"
    with pytest.raises(NotFound):
        client.copy_table(f"{base}.nosuch", f"{base}.x").result()
    never = bigquery.CopyJobConfig(create_disposition="CREATE_NEVER")
    with pytest.raises(NotFound):
        client.copy_table(source, f"{base}.x", job_config=never).result()
    other = make_table(client, dataset, "other", schema=[bigquery.SchemaField("z", "DATE")])
    append = bigquery.CopyJobConfig(write_disposition="WRITE_APPEND")
    with pytest.raises(BadRequest, match="Provided Schema does not match"):
        client.copy_table(source, other, job_config=append).result()
    for operation in ["SNAPSHOT", "CLONE", "RESTORE"]:
        with pytest.raises(Exception, match="operationType " + operation):
            client.copy_table(source, f"{base}.x", job_config=bigquery.CopyJobConfig(operation_type=operation))


# ---- extract


def extract(client, table, uri, **settings):
    job = client.extract_table(table, uri, job_config=bigquery.ExtractJobConfig(**settings))
    job.result()
    return job


def test_extract_csv(client, gcs, dataset, bucket):
    schema = [bigquery.SchemaField("id", "INTEGER"), bigquery.SchemaField("name", "STRING"),
              bigquery.SchemaField("at", "TIMESTAMP"), bigquery.SchemaField("ok", "BOOLEAN")]
    table = make_table(client, dataset, schema=schema)
    client.insert_rows_json(table, [{"id": 1, "name": 'a,"b"', "at": "2024-05-17T12:00:00.5Z", "ok": True},
                                    {"id": 2, "name": ""}])
    job = extract(client, table, f"gs://{bucket}/out.csv")
    assert job.destination_uri_file_counts == [1]
    text = gcs.bucket(bucket).blob("out.csv").download_as_text()
    head, *lines = text.splitlines()
    assert head == "id,name,at,ok"
    assert sorted(lines) == ['1,"a,""b""",2024-05-17 12:00:00.5 UTC,true', '2,"",,']
    extract(client, table, f"gs://{bucket}/tab.csv.gz", field_delimiter="\t", print_header=False, compression="GZIP")
    packed = gcs.bucket(bucket).blob("tab.csv.gz").download_as_bytes(raw_download=True)
    assert sorted(gzip.decompress(packed).decode().splitlines())[1] == '2\t""\t\t'


@pytest.mark.parametrize("compression", ["NONE", "GZIP"])
def test_extract_json_and_load_it_again(client, gcs, dataset, bucket, compression):
    table = make_table(client, dataset)
    row = {"id": 1, "name": "a\n\u00e4", "at": "2024-05-17T12:00:00Z", "tags": ["x", "y"],
           "item": {"price": "1.5", "raw": "AP8="}, "extra": '{"k": [1]}'}
    assert client.insert_rows_json(table, [row, {"id": 2}]) == []
    extract(client, table, f"gs://{bucket}/out-*.json", destination_format="NEWLINE_DELIMITED_JSON",
            compression=compression)
    data = gcs.bucket(bucket).blob("out-000000000000.json").download_as_bytes(raw_download=True)
    lines = (gzip.decompress(data) if compression == "GZIP" else data).decode().splitlines()
    assert json.loads(sorted(lines)[0]) == {
        "id": "1", "name": "a\n\u00e4", "at": "2024-05-17 12:00:00 UTC", "tags": ["x", "y"],
        "item": {"price": "1.5", "raw": "AP8="}, "extra": {"k": [1]}}
    assert json.loads(sorted(lines)[1]) == {"id": "2", "tags": []}
    again = make_table(client, dataset, "again")
    client.load_table_from_uri(f"gs://{bucket}/out-*.json", again, job_config=bigquery.LoadJobConfig(
        source_format="NEWLINE_DELIMITED_JSON")).result()
    by_id = lambda table: sorted([tuple(map(str, r.values())) for r in client.list_rows(table)])  # noqa: E731
    assert by_id(again) == by_id(table)


@pytest.mark.parametrize("compression", ["NONE", "SNAPPY", "GZIP", "ZSTD"])
def test_extract_parquet_and_load_it_again(client, dataset, bucket, compression):
    table = fill(client, dataset)
    extract(client, table, f"gs://{bucket}/out.parquet", destination_format="PARQUET", compression=compression)
    again = make_table(client, dataset, "again")
    client.load_table_from_uri(f"gs://{bucket}/out.parquet", again,
                               job_config=bigquery.LoadJobConfig(source_format="PARQUET")).result()
    assert ids(client, again) == [1, 2, 3]


def test_extract_of_an_empty_table(client, gcs, dataset, bucket):
    table = make_table(client, dataset, schema=SCHEMA[:2])
    job = extract(client, table, f"gs://{bucket}/e-*.csv")
    assert job.destination_uri_file_counts == [1]
    assert gcs.bucket(bucket).blob("e-000000000000.csv").download_as_text() == "id,name\n"


@pytest.mark.parametrize("uri, settings, message", [
    ("gs://{}/a*b*", {}, "Only one wildcard"),
    ("s3://{}/a", {}, "valid Google Storage path"),
    ("gs://nosuch{}/a", {"destination_format": "NEWLINE_DELIMITED_JSON"}, "Not found"),
    ("gs://{}/a", {"destination_format": "AVRO"}, "destinationFormat AVRO"),
    ("gs://{}/a", {"compression": "SNAPPY"}, "Compression SNAPPY"),
    ("gs://{}/a", {"compression": "DEFLATE"}, "Compression DEFLATE"),
    ("gs://{}/a", {"field_delimiter": "ab"}, "one character"),
    ("gs://{}/a", {}, "nested schema. Field: tags"),
])
def test_extract_refusals(client, dataset, bucket, uri, settings, message):
    table = fill(client, dataset)
    with pytest.raises(Exception, match=message):
        extract(client, table, uri.format(bucket), **settings)
