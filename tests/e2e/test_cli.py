"""The command line against a real server."""
import json

import pytest


def test_the_readme_session(server, name, tmp_path):
    (tmp_path / "part-0.json").write_text('{"id": 1, "total": 9.5}\n{"id": 2, "total": 0.5}\n')
    (tmp_path / "load.json").write_text('{"sourceFormat": "NEWLINE_DELIMITED_JSON", "autodetect": true}')
    (tmp_path / "_SUCCESS").write_text("")
    bucket = f"gs://{name}"
    server.cli("mb", bucket)
    server.cli("cp", str(tmp_path / "load.json"), f"{bucket}/shop{name}/orders/_config/")
    server.cli("cp", str(tmp_path / "part-0.json"), f"{bucket}/shop{name}/orders/")
    server.cli("cp", str(tmp_path / "_SUCCESS"), f"{bucket}/shop{name}/orders/")
    assert server.wait_load(name, f"shop{name}/orders/_SUCCESS")["status"] == "DONE"
    assert server.cli("query", f"SELECT SUM(total) AS total FROM shop{name}.orders", "--format", "csv").stdout == "total\n10.0\n"
    loads = json.loads(server.cli("loads", "--dataset", f"shop{name}", "--format", "json").stdout)
    assert [(row["status"], row["rows_in"], row["rows_good"]) for row in loads] == [("DONE", 2, 2)]
    explained = server.cli("explain", f"{bucket}/shop{name}/orders/_SUCCESS").stdout
    assert "committed" in explained and "orders" in explained


def test_cp_of_a_directory_uploads_markers_last(server, bucket, name, tmp_path):
    batch = tmp_path / "t"
    batch.mkdir()
    (batch / "_SUCCESS").write_text("")
    for i in range(5):
        (batch / f"z{i}.csv").write_text(f"{i}\n")
    server.make_table(name, "t", ["a INTEGER"])
    server.cli("cp", "-r", str(batch), f"gs://{bucket}/{name}/")
    load = server.wait_load(bucket, f"{name}/t/_SUCCESS")
    assert (load["status"], load["file_count"]) == ("DONE", "5"), load


def test_cp_out_and_ls(server, bucket, tmp_path):
    server.put(bucket, "a/b.txt", "hello")
    assert server.cli("cp", f"gs://{bucket}/a/b.txt", "-").stdout == "hello"
    server.cli("cp", f"gs://{bucket}/a/b.txt", str(tmp_path))
    assert (tmp_path / "b.txt").read_text() == "hello"
    assert server.cli("ls", f"gs://{bucket}").stdout == f"gs://{bucket}/a/\n"
    assert server.cli("ls", "-r", f"gs://{bucket}").stdout == f"gs://{bucket}/a/b.txt\n"
    assert f"gs://{bucket}/" in server.cli("ls").stdout.split()
    failed = server.cli("cp", f"gs://{bucket}/none", str(tmp_path / "none"), check=False)
    assert failed.returncode == 1 and "none" in failed.stderr and not (tmp_path / "none").exists()


def test_query_formats_and_errors(server):
    sql = "SELECT 1 AS n, 'a' AS s, CAST(NULL AS STRING) AS z, [1, 2] AS l"
    assert json.loads(server.cli("query", sql, "--format", "json").stdout) == [{"n": 1, "s": "a", "z": None, "l": [1, 2]}]
    assert "NULL" in server.cli("query", sql).stdout
    failed = server.cli("query", "SELECT nope", check=False)
    assert failed.returncode == 1 and "Unrecognized name: nope" in failed.stderr


def test_ingest_rules(server, name):
    server.cli("ingest", "create", name, "SUCCESS_FILENAME=_DONE", "--bucket", f"{name}-b", "--prefix", "in/")
    assert name in server.cli("ingest", "list").stdout
    refused = server.cli("ingest", "create", name, check=False)
    assert refused.returncode == 1 and name in refused.stderr
    wrong = server.cli("ingest", "create", name + "x", "SUCESS_FILENAME=x", check=False)
    assert wrong.returncode == 1 and "SUCCESS_FILENAME" in wrong.stderr
    server.make_bucket(f"{name}-b")
    server.make_table(name, "t", ["a INTEGER"])
    server.load_json(f"{name}-b", "", {"destinationRegex": "in/(?P<dataset>\\w+)/(?P<table>\\w+)/"})
    server.put(f"{name}-b", f"in/{name}/t/x.csv", "1\n")
    assert server.drop(f"{name}-b", f"in/{name}/t/_DONE")["status"] == "DONE"
    server.cli("ingest", "delete", name)
    assert name not in server.cli("ingest", "list").stdout


def test_doctor(server):
    out = server.cli("doctor").stdout
    assert "testbench" in out and "WARN" in out and "free disk" in out


def test_no_server_is_said_plainly(binary):
    import subprocess
    done = subprocess.run([binary, "ls", "--server", "http://127.0.0.1:1"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and "127.0.0.1:1" in done.stderr


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/"])
def test_operations_pages_answer(server, path):
    assert server.request("GET", path).status_code == 200


def test_load_insert_extract_and_rm(server, bucket, name, tmp_path):
    server.cli("query", f"CREATE SCHEMA {name}")
    (tmp_path / "a.csv").write_text("id,total\n1,9.5\n2,0.5\n")
    (tmp_path / "b.ndjson").write_text('{"id": 3, "total": 1.5}\n')
    table = f"{name}.orders"
    assert "2 row(s) loaded" in server.cli("load", table, str(tmp_path / "a.csv")).stderr
    assert "1 row(s) loaded" in server.cli("load", table, str(tmp_path / "b.ndjson")).stderr
    server.put(bucket, "c.csv", "4,2.5\n")
    server.cli("load", table, f"gs://{bucket}/c.csv", "--schema", "id:INTEGER,total:FLOAT")
    (tmp_path / "rows.json").write_text('{"id": 5, "total": 3.5}\n\n{"id": "x"}\n')
    refused = server.cli("insert", table, str(tmp_path / "rows.json"), "--skip-invalid", check=False)
    assert refused.returncode == 1 and "line 3: Cannot convert value to integer" in refused.stderr
    total = server.cli("query", f"SELECT COUNT(*) AS n, SUM(id) AS s FROM {table}", "--format", "csv")
    assert total.stdout == "n,s\n5,15\n"
    assert "1 object(s)" in server.cli("extract", table, f"gs://{bucket}/out/x-*.csv.gz").stderr
    server.cli("cp", "-r", f"gs://{bucket}/out", str(tmp_path / "got"))
    assert (tmp_path / "got" / "x-000000000000.csv.gz").read_bytes().startswith(b"\x1f\x8b")
    failed = server.cli("load", table, f"gs://{bucket}/none.csv", check=False)
    assert failed.returncode == 1 and "Not found" in failed.stderr
    server.cli("rm", "-r", f"gs://{bucket}/out")
    assert server.cli("ls", "-r", f"gs://{bucket}").stdout == f"gs://{bucket}/c.csv\n"
    server.cli("rm", table)
    assert server.cli("query", f"SELECT * FROM {table}", check=False).returncode == 1
    server.cli("rm", f"gs://{bucket}/c.csv", f"gs://{bucket}")
    assert f"gs://{bucket}/" not in server.cli("ls").stdout.split()
