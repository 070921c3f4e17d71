"""google-cloud-bigquery, unmodified: every option of a load job, and the ones that are refused by name."""
import gzip
import io

import pytest
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import BadRequest, MethodNotImplemented
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery


@pytest.fixture
def client(server):
    return bigquery.Client(project="landfall", credentials=AnonymousCredentials(),
                           client_options=ClientOptions(api_endpoint=server.url))


@pytest.fixture
def table(client, name):
    client.create_dataset(name)
    return f"landfall.{name}.t"


AB = [bigquery.SchemaField("a", "INTEGER"), bigquery.SchemaField("b", "STRING")]


def load(client, table, data, **settings):
    settings.setdefault("schema", AB)
    raw = settings.pop("raw", {})
    config = bigquery.LoadJobConfig(**settings)
    config._properties["load"].update(raw)
    data = data.encode() if isinstance(data, str) else data
    return client.load_table_from_file(io.BytesIO(data), table, job_config=config).result()


def rows(client, table):
    return sorted([tuple(row.values()) for row in client.list_rows(table)], key=str)


CSV = {"source_format": "CSV"}
JSON = {"source_format": "NEWLINE_DELIMITED_JSON"}


@pytest.mark.parametrize("data, settings, expected", [
    (b"1,\xe4\xf6\n", {"encoding": "ISO-8859-1"}, [(1, "\u00e4\u00f6")]),
    ("1,\u00e4\n", {"encoding": "UTF-8"}, [(1, "\u00e4")]),
    ("1\n2,x\n", {"allow_jagged_rows": True}, [(1, None), (2, "x")]),
    ('1,"x\ny"\n', {"allow_quoted_newlines": True}, [(1, "x\ny")]),
    ("\\N,x\n2,\\N\n", {"null_marker": "\\N"}, [(2, None), (None, "x")]),
    ("NULL,x\n2,NA\n3,\n", {"raw": {"nullMarkers": ["NULL", "NA"]}}, [(2, None), (3, ""), (None, "x")]),
    ("1|'x|y'\n", {"field_delimiter": "|", "quote_character": "'"}, [(1, "x|y")]),
    ('1,"x\n', {"quote_character": ""}, [(1, '"x')]),
    ("1\tx\n", {"field_delimiter": "\t"}, [(1, "x")]),
    ("a,b\n1,x\n", {"skip_leading_rows": 1}, [(1, "x")]),
    ("1,x,extra\n", {"ignore_unknown_values": True}, [(1, "x")]),
    ("1,x\nbad,y\n", {"max_bad_records": 1}, [(1, "x")]),
    (b"1,x\x00y\n", {"preserve_ascii_control_characters": True}, [(1, "x\x00y")]),
    (gzip.compress(b"1,x\n") + gzip.compress(b"2,y\n"), {}, [(1, "x"), (2, "y")]),
])
def test_csv_options(client, table, data, settings, expected):
    load(client, table, data, **CSV, **settings)
    assert rows(client, table) == expected


@pytest.mark.parametrize("data, settings, message", [
    ("1\n", {}, "column"),
    (b"1,x\x00y\n", {}, "ASCII 0"),
    (b"1,\xe4\n", {}, "UTF"),
    ("1,x,extra\n", {}, "many"),
    ("1,x\n", {"raw": {"nullMarker": "x", "nullMarkers": ["y"]}}, "exclude each other"),
    ("1,x\n", {"field_delimiter": "ab"}, "fieldDelimiter"),
    ("1,x\n", {"quote_character": ","}, "must differ"),
    ("1,x\n", {"schema_update_options": ["ALLOW_FIELD_ADDITION"], "write_disposition": "WRITE_TRUNCATE"},
     "Schema update options"),
    ("1,x\n", {"max_bad_records": -1}, "maxBadRecords"),
])
def test_csv_refusals(client, table, data, settings, message):
    with pytest.raises((BadRequest, MethodNotImplemented), match=message):
        load(client, table, data, **CSV, **settings)


@pytest.mark.parametrize("member, value", [
    ("encoding", "UTF-16LE"), ("encoding", "UTF-16BE"), ("encoding", "UTF-32LE"), ("encoding", "UTF-32BE"),
    ("sourceFormat", "AVRO"), ("sourceFormat", "ORC"), ("sourceFormat", "DATASTORE_BACKUP"),
    ("projectionFields", ["a"]), ("dateFormat", "YYYY"), ("timeFormat", "HH"), ("datetimeFormat", "x"),
    ("timestampFormat", "x"), ("timeZone", "UTC"), ("jsonExtension", "GEOJSON"), ("useAvroLogicalTypes", True),
    ("columnNameCharacterMap", "V2"), ("sourceColumnMatch", "NAME"), ("referenceFileSchemaUri", "gs://b/o"),
    ("fileSetSpecType", "FILE_SET_SPEC_TYPE_NEW_LINE_DELIMITED_MANIFEST"),
    ("destinationEncryptionConfiguration", {"kmsKeyName": "k"}), ("writeDisposition", "WRITE_TRUNCATE_DATA"),
])
def test_what_is_not_built_is_refused_by_name(server, name, member, value):
    body = {"configuration": {"load": {"sourceUris": ["gs://b/o"], "destinationTable": {
        "datasetId": name, "tableId": "t"}, member: value}}}
    answer = server.request("POST", "/bigquery/v2/projects/landfall/jobs", json=body)
    assert answer.status_code == 501, answer.text
    error = answer.json()["error"]["errors"][0]
    assert error["reason"] == "notImplemented" and member in error["message"]


def test_schema_update_options(client, table):
    load(client, table, '{"a":1}\n', **JSON, schema=[bigquery.SchemaField("a", "INTEGER", mode="REQUIRED")])
    wider = [bigquery.SchemaField("a", "INTEGER"), bigquery.SchemaField("c", "STRING")]
    for options in [[], ["ALLOW_FIELD_ADDITION"], ["ALLOW_FIELD_RELAXATION"]]:
        with pytest.raises(BadRequest, match="Provided Schema does not match"):
            load(client, table, '{"c":"x"}\n', **JSON, schema=wider, schema_update_options=options)
    load(client, table, '{"c":"x"}\n', **JSON, schema=wider,
         schema_update_options=["ALLOW_FIELD_ADDITION", "ALLOW_FIELD_RELAXATION"])
    assert rows(client, table) == [(1, None), (None, "x")]


def hive_config(mode, prefix, source_format, schema=AB):
    hive = bigquery.HivePartitioningOptions()
    hive.mode = mode
    hive.source_uri_prefix = prefix
    config = bigquery.LoadJobConfig(source_format=source_format, schema=schema)
    config.hive_partitioning = hive
    return config


@pytest.mark.parametrize("mode, keys, types", [
    ("AUTO", "", ["DATE", "INTEGER"]),
    ("STRINGS", "", ["STRING", "STRING"]),
    ("CUSTOM", "/{day:DATE}/{n:STRING}", ["DATE", "STRING"]),
])
@pytest.mark.parametrize("source_format", ["CSV", "NEWLINE_DELIMITED_JSON"])
def test_hive_partitions(server, client, table, bucket, mode, keys, types, source_format):
    text = {"CSV": "{},x\n", "NEWLINE_DELIMITED_JSON": '{{"a":{},"b":"x"}}\n'}[source_format]
    for a, (day, n) in enumerate([("2024-05-17", 1), ("2024-05-18", 2)]):
        server.put(bucket, f"t/day={day}/n={n}/f", text.format(a))
    client.load_table_from_uri(f"gs://{bucket}/t/*", table,
                               job_config=hive_config(mode, f"gs://{bucket}/t{keys}", source_format)).result()
    assert [(f.name, f.field_type) for f in client.get_table(table).schema[2:]] == list(zip(["day", "n"], types))
    found = [tuple(map(str, row)) for row in rows(client, table)]
    assert found == [("0", "x", "2024-05-17", "1"), ("1", "x", "2024-05-18", "2")]


def test_hive_partitions_of_parquet(server, client, table, bucket, name):
    client.query_and_wait(f"CREATE TABLE {name}.source AS SELECT 1 AS a, 'x' AS b")
    client.extract_table(f"landfall.{name}.source", f"gs://{bucket}/t/day=2024-05-17/f.parquet",
                         job_config=bigquery.ExtractJobConfig(destination_format="PARQUET")).result()
    config = hive_config("AUTO", f"gs://{bucket}/t", "PARQUET", schema=None)
    client.load_table_from_uri(f"gs://{bucket}/t/*", table, job_config=config).result()
    assert [tuple(map(str, row)) for row in rows(client, table)] == [("1", "x", "2024-05-17")]


def test_hive_partitions_that_do_not_fit(server, client, table, bucket):
    server.put(bucket, "t/day=2024-05-17/f", "1,x\n")
    server.put(bucket, "t/n=1/f", "1,x\n")
    with pytest.raises(BadRequest, match="Incompatible partition schemas"):
        client.load_table_from_uri(f"gs://{bucket}/t/*", table,
                                   job_config=hive_config("AUTO", f"gs://{bucket}/t", "CSV")).result()


def test_several_uris_wildcards_and_gzip(server, client, table, bucket):
    server.put(bucket, "x/1.csv", "1,a\n")
    server.put(bucket, "x/2.csv.gz", gzip.compress(b"2,b\n"))
    server.put(bucket, "y.csv", "3,c\n")
    job = client.load_table_from_uri([f"gs://{bucket}/x/*", f"gs://{bucket}/y.csv"], table,
                                     job_config=bigquery.LoadJobConfig(source_format="CSV", schema=AB))
    job.result()
    assert job.input_files == 3 and job.output_rows == 3
    assert rows(client, table) == [(1, "a"), (2, "b"), (3, "c")]


@pytest.mark.parametrize("targets, expected", [([], "NUMERIC"), (["NUMERIC", "STRING"], "NUMERIC"),
                                               (["STRING"], "STRING")])
def test_decimal_target_types(client, table, bucket, name, targets, expected):
    client.query_and_wait(f"CREATE TABLE {name}.source AS SELECT NUMERIC '1.5' AS d")
    client.extract_table(f"landfall.{name}.source", f"gs://{bucket}/f.parquet",
                         job_config=bigquery.ExtractJobConfig(destination_format="PARQUET")).result()
    config = bigquery.LoadJobConfig(source_format="PARQUET")
    if targets:
        config.decimal_target_types = targets
    client.load_table_from_uri(f"gs://{bucket}/f.parquet", table, job_config=config).result()
    assert client.get_table(table).schema[0].field_type == expected
