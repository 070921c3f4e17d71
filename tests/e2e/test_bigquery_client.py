"""google-cloud-bigquery (PyPI), unmodified, against the real binary."""
import datetime
import decimal
import io
import uuid

import pytest
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import BadRequest, Conflict, NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

import nation


@pytest.fixture
def client(server):
    return bigquery.Client(project="landfall", credentials=AnonymousCredentials(),
                           client_options=ClientOptions(api_endpoint=server.url))


@pytest.fixture
def dataset(client, name):
    return client.create_dataset(name)


SCHEMA = [bigquery.SchemaField("n_nationkey", "INTEGER", mode="REQUIRED"), bigquery.SchemaField("n_name", "STRING"),
          bigquery.SchemaField("n_regionkey", "INTEGER")]


def make_table(client, dataset, table="nation", **settings):
    resource = bigquery.Table(f"{dataset.project}.{dataset.dataset_id}.{table}", schema=SCHEMA)
    for key, value in settings.items():
        setattr(resource, key, value)
    return client.create_table(resource)


def test_dataset_life(client, name):
    dataset = bigquery.Dataset(f"landfall.{name}")
    dataset.labels = {"a": "b"}
    made = client.create_dataset(dataset)
    assert made.labels == {"a": "b"} and made.location == "US"
    with pytest.raises(Conflict):
        client.create_dataset(name)
    made.description = "d"
    assert client.update_dataset(made, ["description"]).description == "d"
    assert name in [d.dataset_id for d in client.list_datasets()]
    make_table(client, made)
    with pytest.raises(BadRequest):
        client.delete_dataset(name)
    client.delete_dataset(name, delete_contents=True)
    with pytest.raises(NotFound):
        client.get_dataset(name)


def test_table_life(client, dataset):
    table = make_table(client, dataset, time_partitioning=bigquery.TimePartitioning(type_="DAY"),
                       clustering_fields=["n_name"], labels={"x": "y"}, description="nations")
    again = client.get_table(table.reference)
    assert [f.name for f in again.schema] == ["n_nationkey", "n_name", "n_regionkey"]
    assert again.schema[0].mode == "REQUIRED"
    assert (again.time_partitioning.type_, again.clustering_fields, again.labels) == ("DAY", ["n_name"], {"x": "y"})
    assert again.num_rows == 0 and again.etag
    again.schema = list(again.schema) + [bigquery.SchemaField("extra", "FLOAT")]
    assert client.update_table(again, ["schema"]).schema[-1].field_type == "FLOAT"
    assert [t.table_id for t in client.list_tables(dataset)] == ["nation"]
    client.delete_table(table)
    with pytest.raises(NotFound):
        client.get_table(table.reference)


def test_table_names_are_case_sensitive(client, dataset):
    make_table(client, dataset, "Nation")
    make_table(client, dataset, "nation")
    client.query_and_wait(f"INSERT INTO {dataset.dataset_id}.Nation (n_nationkey) VALUES (1)")
    assert client.get_table(f"{dataset.dataset_id}.Nation").num_rows == 1
    assert client.get_table(f"{dataset.dataset_id}.nation").num_rows == 0


def test_load_from_uri(server, client, dataset, bucket):
    server.put(bucket, "n/a.json", nation.ndjson())
    config = bigquery.LoadJobConfig(source_format="NEWLINE_DELIMITED_JSON", schema=SCHEMA)
    job = client.load_table_from_uri(f"gs://{bucket}/n/*.json", dataset.table("nation"), job_config=config)
    assert job.result().state == "DONE"
    assert (job.output_rows, job.input_files) == (25, 1)
    assert client.get_table(dataset.table("nation")).num_rows == 25


def test_load_from_json_and_file(client, dataset):
    rows = [dict(zip(("n_nationkey", "n_name", "n_regionkey"), row)) for row in nation.ROWS]
    client.load_table_from_json(rows, dataset.table("a"), job_config=bigquery.LoadJobConfig(schema=SCHEMA)).result()
    config = bigquery.LoadJobConfig(source_format="CSV", field_delimiter="|", schema=SCHEMA)
    client.load_table_from_file(io.BytesIO(nation.csv().encode()), dataset.table("b"), job_config=config).result()
    big = "".join(f"{i}|{'x' * 100}|1\n" for i in range(100_000)).encode()  # over 5 MB: resumable
    client.load_table_from_file(io.BytesIO(big), dataset.table("c"), job_config=config, size=len(big)).result()
    assert [client.get_table(dataset.table(t)).num_rows for t in "abc"] == [25, 25, 100_000]


def test_a_bad_record_fails_a_plain_load_job_and_loads_nothing(client, dataset):
    make_table(client, dataset)
    config = bigquery.LoadJobConfig(source_format="CSV", schema=SCHEMA)
    job = client.load_table_from_file(io.BytesIO(b"1,a,1\nx,b,2\n"), dataset.table("nation"), job_config=config)
    with pytest.raises(BadRequest):
        job.result()
    assert job.error_result["reason"] == "invalid" and job.errors
    assert client.get_table(dataset.table("nation")).num_rows == 0
    config.max_bad_records = 1
    job = client.load_table_from_file(io.BytesIO(b"1,a,1\nx,b,2\n"), dataset.table("nation"), job_config=config)
    assert job.result().output_rows == 1


@pytest.mark.parametrize("disposition,rows", [("WRITE_APPEND", 50), ("WRITE_TRUNCATE", 25)])
def test_write_dispositions(client, dataset, disposition, rows):
    config = bigquery.LoadJobConfig(source_format="CSV", field_delimiter="|", schema=SCHEMA, write_disposition=disposition)
    for _ in range(2):
        client.load_table_from_file(io.BytesIO(nation.csv().encode()), dataset.table("n"), job_config=config).result()
    assert client.get_table(dataset.table("n")).num_rows == rows
    config.write_disposition = "WRITE_EMPTY"
    with pytest.raises(Conflict):
        client.load_table_from_file(io.BytesIO(nation.csv().encode()), dataset.table("n"), job_config=config).result()


def test_a_partition_decorator_truncates_one_partition(client, dataset):
    make_table(client, dataset, time_partitioning=bigquery.TimePartitioning(type_="DAY"))
    config = bigquery.LoadJobConfig(source_format="CSV", schema=SCHEMA, write_disposition="WRITE_TRUNCATE")
    for day, key in (("20240517", 1), ("20240518", 2), ("20240517", 3)):
        client.load_table_from_file(io.BytesIO(f"{key},x,0\n".encode()), f"{dataset.dataset_id}.nation${day}", job_config=config).result()
    rows = client.query_and_wait(f"SELECT n_nationkey, DATE(_PARTITIONTIME) FROM {dataset.dataset_id}.nation ORDER BY 1")
    assert [tuple(r) for r in rows] == [(2, datetime.date(2024, 5, 18)), (3, datetime.date(2024, 5, 17))]


def test_values_arrive_as_their_types(client):
    row = next(iter(client.query_and_wait("""
        SELECT 1 AS i, 1.5 AS f, TRUE AS b, 'ü' AS s, b'\\x00\\xff' AS y, NUMERIC '12.340' AS n, DATE '2024-02-29' AS d,
               TIME '01:02:03.5' AS t, DATETIME '2024-02-29 01:02:03' AS dt, TIMESTAMP '2024-02-29 01:02:03.000004Z' AS ts,
               [1, 2] AS a, STRUCT(1 AS x, 'y' AS z) AS st, [STRUCT(1 AS x)] AS ast, CAST(NULL AS STRING) AS nul,
               CAST('NaN' AS FLOAT64) AS nan, JSON '{"k": [1]}' AS j""")))
    utc = datetime.timezone.utc
    assert row["i"] == 1 and row["f"] == 1.5 and row["b"] is True and row["s"] == "ü" and row["y"] == b"\x00\xff"
    assert row["n"] == decimal.Decimal("12.34") and row["d"] == datetime.date(2024, 2, 29)
    assert row["t"] == datetime.time(1, 2, 3, 500000) and row["dt"] == datetime.datetime(2024, 2, 29, 1, 2, 3)
    assert row["ts"] == datetime.datetime(2024, 2, 29, 1, 2, 3, 4, tzinfo=utc)
    assert row["a"] == [1, 2] and row["st"] == {"x": 1, "z": "y"} and row["ast"] == [{"x": 1}]
    assert row["nul"] is None and row["nan"] != row["nan"] and row["j"] == {"k": [1]}


def test_query_parameters(client):
    config = bigquery.QueryJobConfig(query_parameters=[
        bigquery.ScalarQueryParameter("n", "INT64", 3), bigquery.ScalarQueryParameter("s", "STRING", "a'b"),
        bigquery.ArrayQueryParameter("l", "INT64", [1, 3]),
        bigquery.ScalarQueryParameter("ts", "TIMESTAMP", datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc))])
    row = next(iter(client.query("SELECT @n + 1, @s, @n IN UNNEST(@l), @ts", job_config=config).result()))
    assert tuple(row) == (4, "a'b", True, datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc))


def test_ddl_dml_and_merge(client, dataset):
    d = dataset.dataset_id
    job = client.query(f"CREATE TABLE {d}.t (k INT64 NOT NULL, v STRING) PARTITION BY RANGE_BUCKET(k, GENERATE_ARRAY(0, 100, 10)) "
                       "CLUSTER BY v OPTIONS(description='x', labels=[('a', 'b')])")
    job.result()
    assert (job.statement_type, job.ddl_operation_performed) == ("CREATE_TABLE", "CREATE")
    job = client.query(f"INSERT INTO {d}.t VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    job.result()
    assert job.num_dml_affected_rows == 3
    job = client.query(f"""MERGE {d}.t AS t USING (SELECT 1 AS k, 'A' AS v UNION ALL SELECT 9, 'z') AS s ON t.k = s.k
        WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT (k, v) VALUES (k, v)
        WHEN NOT MATCHED BY SOURCE AND t.k = 3 THEN DELETE""")
    job.result()
    stats = job.dml_stats
    assert (stats.inserted_row_count, stats.updated_row_count, stats.deleted_row_count) == (1, 1, 1)
    assert [tuple(r) for r in client.query_and_wait(f"SELECT * FROM {d}.t ORDER BY k")] == [(1, "A"), (2, "b"), (9, "z")]
    client.query_and_wait(f"CREATE VIEW {d}.v AS SELECT k FROM {d}.t WHERE k > 1")
    assert [r.k for r in client.query_and_wait(f"SELECT * FROM {d}.v ORDER BY 1")] == [2, 9]
    client.query_and_wait(f"CREATE OR REPLACE TABLE {d}.c AS SELECT v, COUNT(*) AS n FROM {d}.t GROUP BY v")
    assert client.get_table(f"{d}.c").num_rows == 3
    client.query_and_wait(f"TRUNCATE TABLE {d}.t")
    assert client.get_table(f"{d}.t").num_rows == 0
    client.query_and_wait(f"DROP TABLE {d}.t")
    with pytest.raises(NotFound):
        client.get_table(f"{d}.t")


def test_paging_of_results_and_tables(client, dataset):
    d = dataset.dataset_id
    client.query_and_wait(f"CREATE TABLE {d}.n AS SELECT x FROM UNNEST(GENERATE_ARRAY(1, 2500)) AS x")
    result = client.query(f"SELECT x FROM {d}.n ORDER BY x").result(page_size=1000)
    assert [r.x for r in result] == list(range(1, 2501)) and result.total_rows == 2500
    assert sorted(r.x for r in client.list_rows(f"{d}.n", page_size=700)) == list(range(1, 2501))


def test_errors_name_the_place(client):
    with pytest.raises(BadRequest, match=r"Unrecognized name: x.*\[1:8\]"):
        client.query_and_wait("SELECT x")
    with pytest.raises(BadRequest, match=r"Syntax error.*\[1:1\]"):
        client.query_and_wait("SELEC 1")
    with pytest.raises(NotFound, match="nowhere"):
        client.query_and_wait("SELECT * FROM nowhere.no_such")
    with pytest.raises(BadRequest, match="division by zero"):
        client.query_and_wait("SELECT 1 / x FROM UNNEST([0]) AS x")


def test_a_job_id_is_accepted_once_also_after_restart(own_server):
    server = own_server
    server.make_table("d", "t", ["a INTEGER"])
    job = {"jobReference": {"projectId": "landfall", "jobId": "only-once"},
           "configuration": {"query": {"query": "INSERT INTO d.t VALUES (1)", "useLegacySql": False}}}
    path = "/bigquery/v2/projects/landfall/jobs"
    assert server.request("POST", path, json=job).status_code == 200
    server.request("GET", "/bigquery/v2/projects/landfall/queries/only-once")
    for _ in range(2):
        answer = server.request("POST", path, json=job)
        assert answer.status_code == 409 and answer.json()["error"]["errors"][0]["reason"] == "duplicate"
        assert "only-once" in answer.json()["error"]["message"]
        server.kill()
        server.start()
    assert server.one("SELECT COUNT(*) FROM d.t") == "1"
    assert server.request("GET", f"{path}/only-once").json()["status"]["state"] == "DONE"


def test_a_failed_job_keeps_its_id(client):
    job_id = "failed-" + uuid.uuid4().hex
    with pytest.raises(BadRequest):
        client.query("SELECT x", job_id=job_id, job_retry=None).result()
    # The client meets 409, attaches to the first job and reports that one's error.
    with pytest.raises((BadRequest, Conflict)):
        client.query("SELECT 1", job_id=job_id, job_retry=None).result()


def test_the_same_request_id_runs_once(server, client, dataset):
    d = dataset.dataset_id
    client.query_and_wait(f"CREATE TABLE {d}.r (a INT64)")
    request_id = str(uuid.uuid4())
    jobs = set()
    for _ in range(3):
        answer = server.request("POST", "/bigquery/v2/projects/landfall/queries", json={
            "query": f"INSERT INTO {d}.r VALUES (1)", "useLegacySql": False, "requestId": request_id}).json()
        jobs.add(answer["jobReference"]["jobId"])
    assert len(jobs) == 1
    assert server.one(f"SELECT COUNT(*) FROM {d}.r") == "1"


def test_jobs_are_listed_with_their_labels(client):
    config = bigquery.QueryJobConfig(labels={"pipeline": "x"})
    job = client.query("SELECT 1", job_config=config)
    job.result()
    found = [j for j in client.list_jobs(max_results=100) if j.job_id == job.job_id]
    assert found and found[0].labels == {"pipeline": "x"} and found[0].state == "DONE"
    assert client.get_job(job.job_id).labels == {"pipeline": "x"}


def test_dry_run_tells_the_schema_and_runs_nothing(client, dataset):
    d = dataset.dataset_id
    client.query_and_wait(f"CREATE TABLE {d}.t (a INT64)")
    job = client.query(f"SELECT a FROM {d}.t", job_config=bigquery.QueryJobConfig(dry_run=True))
    assert job.dry_run and job.total_bytes_processed == 0
    client.query(f"INSERT INTO {d}.t VALUES (1)", job_config=bigquery.QueryJobConfig(dry_run=True))
    assert client.get_table(f"{d}.t").num_rows == 0


def test_unimplemented_methods_answer_501_by_name(server, name):
    answer = server.request("GET", f"/bigquery/v2/projects/landfall/datasets/{name}/models")
    assert answer.status_code == 501 and "models.list" in answer.json()["error"]["message"]
    answer = server.request("POST", "/bigquery/v2/projects/landfall/jobs",
                            json={"configuration": {"extract": {"sourceModel": {"modelId": "m"}}}})
    assert answer.status_code == 501 and "sourceModel" in answer.json()["error"]["message"]


def test_any_project_in_a_path_is_served_with_its_own_datasets(client, server, name):
    server.make_table(name, "t", ["a INTEGER"], project="other-project")
    server.query(f"INSERT INTO {name}.t VALUES (5)", project="other-project")
    assert server.one(f"SELECT a FROM `other-project`.{name}.t") == "5"
    with pytest.raises(NotFound):
        client.get_dataset(name)
