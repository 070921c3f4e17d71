"""landfall backfill: the past below a prefix, through the same code as a notification, once."""
import json


def old_batches(own_server, count):
    """Markers that no rule watched when they landed."""
    own_server.make_bucket("lake")
    own_server.request("DELETE", "/landfall/v1/projects/landfall/ingestRules/default")
    own_server.put("lake", "_config/load.json", json.dumps({"sourceFormat": "NEWLINE_DELIMITED_JSON"}))
    own_server.make_table("ds", "t", ["id INTEGER"])
    for i in range(count):
        own_server.put("lake", f"ds/t/b{i}/part", json.dumps({"id": i}))
        own_server.put("lake", f"ds/t/b{i}/_SUCCESS", "")
    own_server.request("POST", "/landfall/v1/projects/landfall/ingestRules", json={"id": "late"})


def test_b82_loads_what_landed_before_the_rule_and_knows_it_the_second_time(own_server):
    old_batches(own_server, 3)
    dry = own_server.cli("backfill", "gs://lake/ds/", "--dry-run")
    assert "3 would be loaded, 0 known already, 0 failed" in dry.stdout, dry
    assert own_server.loads() == []
    first = own_server.cli("backfill", "gs://lake/ds/", "--rate", "100")
    assert "3 markers: 3 are being loaded, 0 known already, 0 failed" in first.stdout, first
    for i in range(3):
        own_server.wait_load("lake", f"ds/t/b{i}/_SUCCESS", status=("DONE",))
    second = own_server.cli("backfill", "gs://lake/ds/")
    assert "3 markers: 0 are being loaded, 3 known already, 0 failed" in second.stdout, second
    assert own_server.query("SELECT COUNT(*), COUNT(DISTINCT id) FROM ds.t") == [["3", "3"]]


def test_b83_skips_what_only_looks_like_a_marker(own_server):
    old_batches(own_server, 1)
    for name in ("ds/t/foo_SUCCESS", "ds/t/_backlog/_SUCCESS", "ds/t/_config/_SUCCESS"):
        own_server.put("lake", name, "")
    done = own_server.cli("backfill", "gs://lake/")
    assert " 1 markers: 1 are being loaded" in done.stdout, done


def test_a_range_of_time_and_bad_flags(own_server):
    old_batches(own_server, 2)
    none = own_server.cli("backfill", "gs://lake/", "--until", "2020-01-01")
    assert " 0 markers: 0 are being loaded" in none.stdout, none
    for flags, says in ((["--since", "noon"], "--since takes a date"), (["--rate", "0"], "--rate takes"),
                        (["--mode", "both"], "--mode is local or notifications"),
                        (["--mode", "notifications"], "Pub/Sub")):
        failed = own_server.cli("backfill", "gs://lake/", *flags, check=False)
        assert failed.returncode != 0 and says in failed.stderr, failed


def test_one_path_that_fails_does_not_stop_the_others(own_server):
    old_batches(own_server, 2)
    own_server.request("DELETE", "/landfall/v1/projects/landfall/ingestRules/late")
    own_server.request("POST", "/landfall/v1/projects/landfall/ingestRules", json={"id": "one", "prefix": "ds/t/b1/"})
    done = own_server.cli("backfill", "gs://lake/", check=False)
    assert done.returncode == 1
    assert "2 markers: 1 are being loaded, 0 known already, 1 failed" in done.stdout, done
    assert "gs://lake/ds/t/b0/_SUCCESS: " in done.stderr and "no ingest rule" in done.stderr, done
