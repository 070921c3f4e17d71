"""The B-xx scenarios of batch ingest that need the real binary (scenario ids as in the specification)."""
import gzip
import json

import pytest

import nation


def count(server, table):
    return int(server.one(f"SELECT COUNT(*) FROM {table}"))


def adds_up(load):
    numbers = [int(load[k]) for k in ("rows_good", "rows_bad", "rows_duplicate", "rows_filtered")]
    return int(load["rows_in"]) == sum(numbers)


@pytest.fixture
def nations(server, bucket, name):
    """A bucket with `|` as delimiter and a nation table in a dataset of the test's name."""
    server.load_json(bucket, "", {"fieldDelimiter": "|"})
    server.make_table(name, "nation", nation.FIELDS)
    return f"{name}.nation"


def put_nation(server, bucket, directory):
    server.put(bucket, f"{directory}/part-m-00000", "")
    server.put(bucket, f"{directory}/part-m-00001", nation.csv())


def test_B24_files_and_success_file_load_25_rows(server, bucket, name, nations):
    put_nation(server, bucket, f"{name}/nation")
    load = server.drop(bucket, f"{name}/nation/_SUCCESS")
    assert load["status"] == "DONE", load
    assert count(server, nations) == 25
    assert adds_up(load) and load["rows_in"] == "25" and load["file_count"] == "1"
    assert server.one(f"SELECT n_name FROM {nations} WHERE n_nationkey = 7") == "GERMANY"


def test_B25_object_resource_form_of_the_event_loads_25_rows(server, name):
    # No rule is there when the marker lands, so the built-in notification passes it by: only the posted form acts.
    rules = f"/landfall/v1/projects/{name}/ingestRules"
    assert server.request("DELETE", f"{rules}/default").status_code in (200, 204)
    server.make_bucket(name, project=name)
    server.load_json(name, "", {"fieldDelimiter": "|"})
    server.make_table(name, "nation", nation.FIELDS, project=name)
    put_nation(server, name, f"{name}/nation")
    made = server.put(name, f"{name}/nation/_SUCCESS", "")
    assert server.request("POST", rules, json={"id": "late", "bucket": name}).status_code == 200
    assert server.loads(f"bucket = '{name}'", project=name) == []
    body = {"kind": "storage#object", "bucket": name, "name": made["name"], "generation": int(made["generation"])}
    answer = server.request("POST", "/landfall/v1/ingest:notify", json=body)
    assert answer.status_code == 200, answer.text
    assert server.wait_load(name, made["name"], project=name)["status"] == "DONE"
    assert server.one(f"SELECT COUNT(*) FROM {name}.nation", project=name) == "25"


def test_B26_duplicate_success_notification_loads_once(server, bucket, name, nations):
    put_nation(server, bucket, f"{name}/nation")
    marker = f"{name}/nation/_SUCCESS"
    load = server.drop(bucket, marker)
    message = {"message": {"attributes": {"bucketId": bucket, "objectId": marker, "eventType": "OBJECT_FINALIZE",
                                          "objectGeneration": load["generation"]}, "messageId": "1"},
               "subscription": "projects/p/subscriptions/s"}
    for _ in range(5):
        answer = server.request("POST", "/landfall/v1/ingest:notify", json=message)
        assert answer.status_code == 200, answer.text
        assert answer.json()["duplicate"] is True
    assert count(server, nations) == 25
    assert len(server.loads(f"bucket = '{bucket}'")) == 1


def test_B27_two_batches_with_write_truncate_give_25(server, bucket, name, nations):
    server.load_json(bucket, f"{name}/nation", {"writeDisposition": "WRITE_TRUNCATE"})
    for batch in ("batch0", "batch1"):
        put_nation(server, bucket, f"{name}/nation/{batch}")
        assert server.drop(bucket, f"{name}/nation/{batch}/_SUCCESS")["status"] == "DONE"
    assert count(server, nations) == 25


def test_B28_two_batches_append_by_default_and_give_50(server, bucket, name, nations):
    for batch in ("batch0", "batch1"):
        put_nation(server, bucket, f"{name}/nation/{batch}")
        assert server.drop(bucket, f"{name}/nation/{batch}/_SUCCESS")["batch_id"] == batch
    assert count(server, nations) == 50


def requests_csv(first, rows, extra=""):
    return "".join(f"{first + i},311 call {i}{extra}\n" for i in range(rows))


@pytest.fixture
def service_requests(server, name):
    server.make_table(name, "calls", ["unique_key INTEGER", "complaint STRING"], timePartitioning={"type": "HOUR"})
    return f"{name}.calls"


PARTITIONS = (("$2017041101", 126), ("$2017041102", 74))


def test_B30_two_partitions_with_write_truncate_truncate_only_themselves(server, bucket, name, service_requests):
    server.load_json(bucket, f"{name}/calls", {"writeDisposition": "WRITE_TRUNCATE"})
    for _ in range(2):
        for first, (partition, rows) in enumerate(PARTITIONS):
            server.put(bucket, f"{name}/calls/{partition}/.hidden", "not data")
            server.put(bucket, f"{name}/calls/{partition}/calls.csv", requests_csv(first * 1000, rows))
            load = server.drop(bucket, f"{name}/calls/{partition}/_SUCCESS")
            assert (load["status"], load["partition"]) == ("DONE", partition[1:]), load
    assert count(server, service_requests) == 200
    by_hour = server.query(f"SELECT FORMAT_TIMESTAMP('%H', _PARTITIONTIME), COUNT(*) FROM {service_requests} "
                           "GROUP BY 1 ORDER BY 1")
    assert by_hour == [["01", "126"], ["02", "74"]]


def test_B32_jagged_gz_csv_with_trailing_column_gives_200(server, bucket, name, service_requests):
    server.load_json(bucket, f"{name}/calls", {"allowJaggedRows": True, "ignoreUnknownValues": True})
    for first, (partition, rows) in enumerate(PARTITIONS):
        text = requests_csv(first * 1000, rows - 1, ",extra") + f"{first * 1000 + rows}\n"  # the last row lacks a column
        server.put(bucket, f"{name}/calls/{partition}/calls.csv.gz", gzip.compress(text.encode()))
        assert server.drop(bucket, f"{name}/calls/{partition}/_SUCCESS")["status"] == "DONE"
    assert count(server, service_requests) == 200


def parquet_nation(tmp_path):
    import duckdb
    path = tmp_path / "nation.parquet"
    values = ", ".join(f"({k}, '{n}', {r})" for k, n, r in nation.ROWS)
    duckdb.sql(f"COPY (SELECT * FROM (VALUES {values}) AS t(n_nationkey, n_name, n_regionkey)) TO '{path}' (FORMAT PARQUET)")
    return path.read_bytes()


def test_B33_parquet_by_destination_table_and_regex_gives_100(server, bucket, name, tmp_path):
    server.make_table(name, "nation", nation.FIELDS)
    server.load_json(bucket, "", {
        "sourceFormat": "PARQUET",
        "destinationRegex": "(?P<table>.*?)(?:/\\d{4})?(?:/\\d{2})?(?:/\\d{2})?/(?P<batch>\\d{2})/",
        "destinationTable": {"projectId": "landfall", "datasetId": name, "tableId": "nation"}})
    data = parquet_nation(tmp_path)
    for batch in ("00", "01", "02", "03"):
        server.put(bucket, f"foo/bar/baz/2017/04/11/{batch}/nation.parquet", data)
        assert server.drop(bucket, f"foo/bar/baz/2017/04/11/{batch}/_SUCCESS")["status"] == "DONE"
    assert count(server, f"{name}.nation") == 100


def test_B36_config_is_found_three_levels_up(server, bucket, name, nations):
    directory = f"{name}/nation/2020/01/02"
    server.load_json(bucket, name, {"writeDisposition": "WRITE_TRUNCATE"})
    put_nation(server, bucket, directory)
    load = server.drop(bucket, f"{directory}/_SUCCESS")
    # The table is not partitioned: a $ decorator must be refused, not dropped.
    assert load["status"] == "FAILED" and "partition" in load["error"]
    put_nation(server, bucket, f"{name}/nation/historical/b/c")
    load = server.drop(bucket, f"{name}/nation/historical/b/c/_SUCCESS")
    assert load["status"] == "DONE"
    assert count(server, nations) == 25


def test_B37_destination_config_at_the_bucket_root_serves_split_date_paths(server, bucket, name, service_requests):
    server.load_json(bucket, "", {
        "destinationRegex": "(?P<table>[\\w]+)/(?P<yyyy>\\d{4})/(?P<mm>\\d{2})/(?P<dd>\\d{2})/(?P<hh>\\d{2})/",
        "destinationTable": {"projectId": "landfall", "datasetId": name, "tableId": "calls"}})
    for hour, rows in (("01", 126), ("02", 74)):
        server.put(bucket, f"any/2017/04/11/{hour}/calls.csv", requests_csv(0, rows))
        load = server.drop(bucket, f"any/2017/04/11/{hour}/_SUCCESS")
        assert (load["status"], load["partition"]) == ("DONE", f"20170411{hour}")
    assert count(server, service_requests) == 200


def test_B38_invalid_sql_transform_is_refused_by_name(server, bucket, name, nations):
    server.put(bucket, f"{name}/nation/_config/bq_transform.sql", "SELEKT 1")
    put_nation(server, bucket, f"{name}/nation")
    load = server.drop(bucket, f"{name}/nation/_SUCCESS")
    assert load["status"] == "FAILED" and ".sql" in load["error"]
    assert count(server, nations) == 0


def test_B39_recursive_listing_finds_exactly_the_data_files(server, bucket, name, nations):
    for path in ("a/part-1", "a/b/part-2", "part-3", "c/part-4"):
        server.put(bucket, f"{name}/nation/{path}", nation.csv())
    for path in ("_HISTORYDONE", ".dot", "_bqlock", "_config/x", "_backlog/y", "empty"):
        server.put(bucket, f"{name}/nation/{path}", "" if path == "empty" else "junk")
    files = server.explain(f"gs://{bucket}/{name}/nation/_SUCCESS")["files"]
    names = sorted(f["uri"] for f in files)
    # _HISTORYDONE is reserved only when START_BACKFILL_FILENAME names it; it is an action file of the prior art's
    # layout and must never be data (B-85).
    assert [n.rsplit("/nation/", 1)[1] for n in names] == ["a/b/part-2", "a/part-1", "c/part-4", "part-3"]


def test_B68_the_file_nearest_the_data_wins(server, bucket, name):
    server.load_json(bucket, "", {"sourceFormat": "CSV", "writeDisposition": "WRITE_APPEND"})
    server.load_json(bucket, name, {"sourceFormat": "NEWLINE_DELIMITED_JSON"})
    server.load_json(bucket, f"{name}/nation", {"writeDisposition": "WRITE_TRUNCATE"})
    server.make_table(name, "nation", nation.FIELDS)
    for batch in ("b0", "b1"):
        server.put(bucket, f"{name}/nation/{batch}/nation.json", nation.ndjson())
        assert server.drop(bucket, f"{name}/nation/{batch}/_SUCCESS")["status"] == "DONE"
    assert count(server, f"{name}.nation") == 25
    config = {c["key"]: c for c in server.explain(f"gs://{bucket}/{name}/nation/b2/_SUCCESS")["config"]}
    assert config["sourceFormat"]["value"] == "NEWLINE_DELIMITED_JSON"
    assert f"{name}/_config/load.json" in config["sourceFormat"]["origin"]
    assert config["writeDisposition"]["value"] == "WRITE_TRUNCATE"
    assert f"{name}/nation/_config/load.json" in config["writeDisposition"]["origin"]


def test_B69_a_batch_directory_uses_its_own_config(server, bucket, name):
    server.make_table(name, "nation", nation.FIELDS)
    server.load_json(bucket, f"{name}/nation", {"fieldDelimiter": "|"})
    server.load_json(bucket, f"{name}/nation/b1", {"fieldDelimiter": ";"})
    server.put(bucket, f"{name}/nation/b0/x.csv", nation.csv("|"))
    server.put(bucket, f"{name}/nation/b1/x.csv", nation.csv(";"))
    for batch in ("b0", "b1"):
        load = server.drop(bucket, f"{name}/nation/{batch}/_SUCCESS")
        assert (load["status"], load["rows_good"]) == ("DONE", "25"), load


def test_B70_a_batch_without_config_leaks_nothing_into_the_next(server, bucket, name):
    server.make_table(name, "t", ["a INTEGER"], timePartitioning={"type": "DAY"})
    server.make_table(name, "other", ["a INTEGER"])
    server.put(bucket, f"{name}/t/$20200101/x.csv", "1\n")
    assert server.drop(bucket, f"{name}/t/$20200101/_SUCCESS")["status"] == "DONE"
    server.put(bucket, f"{name}/other/x.csv", "2\n")
    load = server.drop(bucket, f"{name}/other/_SUCCESS")
    assert (load["status"], load["table"], load["partition"] or "") == ("DONE", "other", "")
    assert server.query(f"SELECT a FROM {name}.other") == [["2"]]


def jobs_of(server, bucket):
    answer = server.request("GET", "/bigquery/v2/projects/landfall/jobs",
                            params={"projection": "full", "maxResults": 1000, "allUsers": "true"}).json()
    jobs = [j for j in answer.get("jobs", []) if "load" in j["configuration"]]
    return [j for j in jobs if any(uri.startswith(f"gs://{bucket}/") for uri in j["configuration"]["load"].get("sourceUris", []))]


def test_B71_labels_are_legal_and_do_not_leak(server, bucket, name):
    server.make_table(name, "t", ["a INTEGER"])
    long_batch = "Batch" + "X" * 100
    for batch in (long_batch, "b2"):
        server.put(bucket, f"{name}/t/{batch}/x.csv", "1\n")
        assert server.drop(bucket, f"{name}/t/{batch}/_SUCCESS")["status"] == "DONE"
    labels = [j["configuration"]["labels"]["batch-id"] for j in jobs_of(server, bucket)]
    assert len(labels) == 2 and "b2" in labels
    assert all(label == label.lower() and len(label) <= 63 for label in labels)
    for job in jobs_of(server, bucket):
        assert job["configuration"]["labels"]["component"] == "event-based-gcs-ingest"
        assert job["status"]["state"] == "DONE"


def test_B72_10005_small_files_split_and_load_completely(server, bucket, name):
    server.make_table(name, "t", ["a INTEGER"])
    import concurrent.futures
    import requests
    with requests.Session() as session:
        def put(i):
            answer = session.post(f"{server.url}/upload/storage/v1/b/{bucket}/o",
                                  params={"uploadType": "media", "name": f"{name}/t/f{i:05d}.csv"}, data=f"{i}\n".encode())
            assert answer.status_code == 200, answer.text
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(put, range(10_005)))
    load = server.drop(bucket, f"{name}/t/_SUCCESS")
    assert (load["status"], load["file_count"], load["rows_good"]) == ("DONE", "10005", "10005"), load
    assert count(server, f"{name}.t") == 10_005
    sizes = sorted(len(j["configuration"]["load"]["sourceUris"]) for j in jobs_of(server, bucket))
    assert sizes == [5, 10_000]


def test_B74_a_split_truncate_batch_holds_the_rows_of_all_jobs(server, name):
    bucket = name
    server.make_bucket(bucket)
    rule = {"id": name, "bucket": bucket, "prefix": "", "variables": {"MAX_BATCH_BYTES": "30"}}
    assert server.request("POST", "/landfall/v1/projects/landfall/ingestRules", json=rule).status_code == 200
    server.load_json(bucket, "", {"writeDisposition": "WRITE_TRUNCATE"})
    server.make_table(name, "t", ["a INTEGER"])
    for i in range(5):
        server.put(bucket, f"{name}/t/f{i}.csv", f"{i}\n" * 10)  # 20 bytes each: one file a job
    load = server.drop(bucket, f"{name}/t/_SUCCESS")
    assert (load["status"], load["rows_good"]) == ("DONE", "50"), load
    assert count(server, f"{name}.t") == 50
    ids = [j["jobReference"]["jobId"] for j in jobs_of(server, bucket)]
    assert len(ids) == 5 and len(set(ids)) == 5
    assert server.drop(bucket, f"{name}/t/_SUCCESS")["status"] == "DONE"  # a new generation runs again
    assert count(server, f"{name}.t") == 50
    assert len(jobs_of(server, bucket)) == 10


def test_B76_a_transient_commit_failure_is_resumed_and_loads_once(server, bucket, name, nations):
    put_nation(server, bucket, f"{name}/nation")
    fault = {"point": "warehouse.commit", "count": 2, "table": "nation"}
    assert server.request("POST", "/landfall/v1/faults", json=fault).status_code == 200
    load = server.drop(bucket, f"{name}/nation/_SUCCESS", status=("DONE",))
    assert int(load["attempt"]) >= 3, load
    assert count(server, nations) == 25


def test_B81_a_directory_name_with_the_success_name_stays_intact(server, bucket, name, nations):
    put_nation(server, bucket, f"{name}/nation/my_SUCCESS_dir")
    load = server.drop(bucket, f"{name}/nation/my_SUCCESS_dir/_SUCCESS")
    assert (load["status"], load["batch_id"]) == ("DONE", "my_SUCCESS_dir")


def test_B84_a_file_that_lands_after_the_marker_is_not_read(server, bucket, name, nations):
    put_nation(server, bucket, f"{name}/nation")
    server.drop(bucket, f"{name}/nation/_SUCCESS")
    server.put(bucket, f"{name}/nation/late.csv", nation.csv())
    late = server.explain(f"gs://{bucket}/{name}/nation/late.csv")
    assert late["table"] == "nation" and "marker" in late["reason"], late
    assert count(server, nations) == 25


def test_B85_historydone_is_never_data(server, bucket, name, nations):
    put_nation(server, bucket, f"{name}/nation")
    server.put(bucket, f"{name}/nation/_HISTORYDONE", "100|NOWHERE|1\n")
    server.drop(bucket, f"{name}/nation/_SUCCESS")
    assert count(server, nations) == 25


@pytest.mark.parametrize("config,named", [
    ({"fieldDelimeter": "|"}, "fieldDelimiter"),
    ({"writeDisposition": "WRTITE_TRUNCATE"}, "WRITE_TRUNCATE"),
    ({"schemaUpdateOptions": ["ALLOW_FILED_RELAXATION"]}, "ALLOW_FIELD_RELAXATION"),
])
def test_B92_unknown_config_is_an_error_naming_file_and_key(server, bucket, name, config, named):
    server.make_table(name, "t", ["a INTEGER"])
    server.load_json(bucket, f"{name}/t", config)
    server.put(bucket, f"{name}/t/x.csv", "1\n")
    load = server.drop(bucket, f"{name}/t/_SUCCESS")
    assert load["status"] == "FAILED"
    assert f"{name}/t/_config/load.json" in load["error"] and named in load["error"], load["error"]
    assert count(server, f"{name}.t") == 0


def test_bad_rows_stand_beside_the_table_and_the_sum_holds(server, bucket, name):
    server.make_table(name, "t", ["a INTEGER", "b STRING"])
    server.load_json(bucket, "", {"sourceFormat": "NEWLINE_DELIMITED_JSON"})
    lines = ['{"a": 1, "b": "x"}', '{"a": "no", "b": "y"}', 'not json', '{"a": 2}', '[1]', '{"a": 3, "c": 1}']
    server.put(bucket, f"{name}/t/x.json", "\n".join(lines) + "\n")
    load = server.drop(bucket, f"{name}/t/_SUCCESS")
    assert load["status"] == "DONE" and adds_up(load), load
    assert (load["rows_in"], load["rows_good"], load["rows_bad"]) == ("6", "2", "4")
    bad = server.query(f"SELECT byte_offset, raw, code FROM {name}.t__bad ORDER BY byte_offset")
    assert [int(row[0]) for row in bad] == [19, 41, 59, 63]
    assert len({row[2] for row in bad}) >= 3  # type, syntax, shape and unknown field have codes of their own


def test_a_reuploaded_marker_runs_again_and_a_repeated_notification_does_not(server, bucket, name, nations):
    put_nation(server, bucket, f"{name}/nation")
    first = server.drop(bucket, f"{name}/nation/_SUCCESS")
    second = server.drop(bucket, f"{name}/nation/_SUCCESS")
    assert first["generation"] != second["generation"]
    assert count(server, nations) == 50


def test_dropping_files_is_all_it_takes(server, bucket, name):
    """No dataset, no table, no config: CSV with a header is detected."""
    server.put(bucket, f"{name}/people/people.csv", "name,age\nada,36\ngrace,85\n")
    load = server.drop(bucket, f"{name}/people/_SUCCESS")
    assert load["status"] == "DONE", load
    assert server.query(f"SELECT name, age FROM {name}.people ORDER BY age") == [["ada", "36"], ["grace", "85"]]


@pytest.mark.parametrize("path,words", [
    ("a.b.c/t/_SUCCESS", "a.b.c"),
    ("only/_SUCCESS", "only/_SUCCESS"),
    ("ds/t/2020/13/_SUCCESS", "13"),
])
def test_refused_triggers_have_a_failed_row_with_the_reason(server, bucket, path, words):
    server.put(bucket, path.replace("_SUCCESS", "x.csv"), "1\n")
    load = server.drop(bucket, path)
    assert load["status"] == "FAILED" and words in (load["error"] or load["reason"]), load


def test_an_empty_batch_fails_with_its_reason(server, bucket, name):
    load = server.drop(bucket, f"{name}/t/_SUCCESS")
    assert load["status"] == "FAILED" and "no" in load["error"].lower(), load


def test_unexpected_trigger_names_the_accepted_forms(server):
    answer = server.request("POST", "/landfall/v1/ingest:notify", json={"hello": 1})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["errors"][0]["reason"] == "UnexpectedTrigger"
    assert "storage#object" in error["message"] and "bucketId" in error["message"]


def test_cloud_event_forms_are_accepted(server, bucket, name, nations):
    put_nation(server, bucket, f"{name}/nation")
    load = server.drop(bucket, f"{name}/nation/_SUCCESS")
    data = {"kind": "storage#object", "bucket": bucket, "name": f"{name}/nation/_SUCCESS", "generation": load["generation"]}
    event = {"specversion": "1.0", "id": "1", "type": "google.cloud.storage.object.v1.finalized",
             "source": f"//storage.googleapis.com/projects/_/buckets/{bucket}", "subject": f"objects/{name}/nation/_SUCCESS"}
    answer = server.request("POST", "/landfall/v1/ingest:notify", data=json.dumps({**event, "data": data}),
                            headers={"Content-Type": "application/cloudevents+json"})
    assert answer.status_code == 200 and answer.json()["duplicate"], answer.text
    headers = {f"ce-{k}": v for k, v in event.items()}
    answer = server.request("POST", "/landfall/v1/ingest:notify", json=data, headers=headers)
    assert answer.status_code == 200 and answer.json()["duplicate"], answer.text
    assert count(server, nations) == 25


def test_explain_answers_for_objects_that_do_not_exist_yet(server, bucket):
    answer = server.explain(f"gs://{bucket}/ds/t/$20201030/batch_id/_SUCCESS")
    assert (answer["dataset"], answer["table"], answer["partition"], answer["batch"]) == ("ds", "t", "20201030", "batch_id")
    assert answer["project"] == "landfall" and answer["state"] and answer["reason"]
