#!/usr/bin/env python3
"""What a user of the whole system feels, as ratios against a limit or a peer in the same run.

Prints one line per measurement: name, value, bar. Never part of a test's verdict (--smoke only shows that it runs).
"""
import argparse
import http.client
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "e2e"))
from landfall_server import Server  # noqa: E402

import requests  # noqa: E402


def say(name, value, bar=""):
    print(f"{name:<44} {value:<40} {bar}", flush=True)


def wrk(url, script, seconds, connections, threads=1):
    out = subprocess.run(["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "-s", str(HERE / script), url],
                         capture_output=True, text=True, check=True).stdout
    numbers = [int(n) for n in re.search(r"RESULT (.*)", out)[1].split()]
    return dict(zip(("requests", "us", "p50_us", "p99_us", "errors"), numbers))


def busy_seconds():
    """CPU seconds of the whole machine so far, to see whether somebody else was running."""
    fields = pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    return (sum(map(int, fields)) - int(fields[3]) - int(fields[4])) / 100


def bench_start(args, directory):
    times, memory = [], []
    for i in range(3 if args.smoke else 11):
        server = Server(args.binary, directory / f"start{i}", "--log-level", "off")
        begin = time.perf_counter()
        server.start()
        times.append((time.perf_counter() - begin) * 1000)
        server.request("GET", "/readyz")
        status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
        memory.append(int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024)
        server.stop()
    say("start to ready, empty directory, median", f"{statistics.median(times):.0f} ms (max {max(times):.0f})", "<= 100 ms")
    say("idle memory (RSS)", f"{statistics.median(memory):.0f} MB", "<= 60 MB")


def bench_put(args, directory):
    server = Server(args.binary, directory / "put", "--log-level", "off").start()
    server.make_bucket("bench")
    seconds = 1 if args.smoke else 8
    before = busy_seconds()
    result = wrk(server.url, "put.lua", seconds, 64)
    say("1 KiB PUT, 64 connections, durable",
        f"{result['requests'] / (result['us'] / 1e6):.0f}/s p50 {result['p50_us'] / 1000:.1f} p99 {result['p99_us'] / 1000:.1f} ms "
        f"errors {result['errors']}", ">= 25,000/s, p99 <= 15 ms")
    say("  CPU seconds of the machine in that time", f"{busy_seconds() - before:.1f} of {2 * seconds}")
    server.stop()


NGINX = """
worker_processes 1; daemon off; pid {d}/nginx.pid; error_log {d}/error.log;
events {{ worker_connections 256; }}
http {{ access_log off; sendfile on; client_body_temp_path {d}/b; proxy_temp_path {d}/p; fastcgi_temp_path {d}/f;
  uwsgi_temp_path {d}/u; scgi_temp_path {d}/s;
  server {{ listen 127.0.0.1:{port}; root {d}/root; }} }}
"""


def free_port():
    import socket
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def bench_download(args, directory):
    size = (8 if args.smoke else 64) << 20
    data = (b"landfall" * 8192) * (size // 65536)
    server = Server(args.binary, directory / "get", "--log-level", "off").start()
    server.make_bucket("bench")
    server.put("bench", "big", data)
    ours = f"{server.url}/download/storage/v1/b/bench/o/big?alt=media"
    nginx = shutil.which("nginx")
    if nginx is None:
        say("download", "skipped: nginx is not installed")
        return
    root = directory / "nginx"
    (root / "root").mkdir(parents=True)
    (root / "root" / "big").write_bytes(data)
    root.chmod(0o755)
    (root / "root").chmod(0o755)
    port = free_port()
    (root / "nginx.conf").write_text("user root;" + NGINX.format(d=root, port=port))
    peer = subprocess.Popen([nginx, "-c", str(root / "nginx.conf")], stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                requests.head(f"http://127.0.0.1:{port}/big", timeout=1)
                break
            except requests.ConnectionError:
                time.sleep(0.05)
        ratios = []
        for _ in range(1 if args.smoke else 5):
            rates = []
            for url in (ours, f"http://127.0.0.1:{port}/big"):
                result = wrk(url, "get.lua", 1 if args.smoke else 3, 2)
                assert result["errors"] == 0, result
                rates.append(result["requests"] * size / result["us"])
            ratios.append(rates[0] / rates[1])
        say(f"{size >> 20} MiB download / nginx, same file", f"{statistics.median(ratios):.2f} x ({rates[0]:.0f} against {rates[1]:.0f} MB/s)", ">= 0.8 x")
    finally:
        peer.terminate()
        peer.wait()
        server.stop()


def bench_latency(args, directory):
    server = Server(args.binary, directory / "latency", "--log-level", "off").start()
    server.make_bucket("bench")
    server.put("bench", "_config/load.json", json.dumps({"sourceFormat": "NEWLINE_DELIMITED_JSON"}))
    server.make_table("ds", "t", ["id INTEGER", "batch INTEGER", "name STRING", "value FLOAT", "text STRING"])
    session = requests.Session()
    times = []
    for batch in range(10 if args.smoke else 300):
        rows = "".join(json.dumps({"id": i, "batch": batch, "name": f"n{i % 97}", "value": i / 7, "text": "x" * 150}) + "\n" for i in range(4500))
        data = rows.encode()[: 1 << 20].rsplit(b"\n", 1)[0] + b"\n"
        expected = data.count(b"\n")
        where = f"{server.url}/upload/storage/v1/b/bench/o?uploadType=media&name=ds/t/b{batch}/"
        session.post(where + "part", data=data).raise_for_status()
        begin = time.perf_counter()
        session.post(where + "_SUCCESS", data=b"").raise_for_status()
        while True:
            answer = session.post(f"{server.url}/bigquery/v2/projects/landfall/queries", json={
                "query": f"SELECT COUNT(*) FROM ds.t WHERE batch = {batch}", "useLegacySql": False}).json()
            assert "rows" in answer, answer
            if answer["rows"][0]["f"][0]["v"] != "0":
                break
        times.append((time.perf_counter() - begin) * 1000)
        assert int(answer["rows"][0]["f"][0]["v"]) == expected, "a batch was visible in part"
    times.sort()
    say("_SUCCESS to queryable, 1 MB batch", f"p50 {times[len(times) // 2]:.0f} p99 {times[int(len(times) * 0.99)]:.0f} max {times[-1]:.0f} ms", "p50 <= 30, p99 <= 250 ms")
    server.stop()


def bench_insert_all(args, directory):
    """tabledata.insertAll, 500 rows of ten columns a request with an insertId each: one client, then eight."""
    server = Server(args.binary, directory / "insert", "--log-level", "off").start()
    columns = ["id INTEGER", "at TIMESTAMP", "amount NUMERIC", "ok BOOLEAN"] + [f"s{i} STRING" for i in range(6)]
    server.make_table("bench", "rows", columns)
    path = "/bigquery/v2/projects/landfall/datasets/bench/tables/rows/insertAll"
    rows = 500
    body = json.dumps({"rows": [{"insertId": f"@@@@@@@@-{i}", "json": {
        "id": i, "at": "2024-05-17T12:00:00.25Z", "amount": "12.50", "ok": i % 2 == 0,
        **{f"s{c}": f"some text {i * 7919 % 1000} of column {c}" for c in range(6)}}} for i in range(rows)]}).encode()
    host = server.url.split("//")[1]

    def client(n, seconds, times):
        connection = http.client.HTTPConnection(host)
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            mine = body.replace(b"@@@@@@@@", f"{n:02d}{len(times):06d}".encode())
            begin = time.perf_counter()
            connection.request("POST", path, mine, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status == 200 and b"insertErrors" not in text, text[:500]
            times.append(time.perf_counter() - begin)

    inserted = 0
    for clients, round_no in ((1, 0), (8, 1)):
        times = [[] for _ in range(clients)]
        seconds = 1 if args.smoke else 6
        begin = time.perf_counter()
        threads = [threading.Thread(target=client, args=(10 * round_no + n, seconds, times[n])) for n in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.perf_counter() - begin
        every = sorted(t * 1000 for list_of_one in times for t in list_of_one)
        inserted += len(every) * rows
        say(f"insertAll, {rows} rows, {clients} client(s)",
            f"{len(every) * rows / took:,.0f} rows/s, p50 {statistics.median(every):.1f} ms, "
            f"p99 {every[len(every) * 99 // 100]:.1f} ms", ">= 40,000 rows/s" if clients > 1 else "p50 <= 8 ms")
    answer = server.request("POST", "/bigquery/v2/projects/landfall/queries",
                            json={"query": "SELECT COUNT(*) FROM bench.rows", "useLegacySql": False}).json()
    counted = int(answer["rows"][0]["f"][0]["v"])
    assert counted == inserted, (counted, inserted)
    server.stop()


def bench_small_files(args, directory):
    import concurrent.futures
    server = Server(args.binary, directory / "small", "--log-level", "off").start()
    server.make_bucket("bench")
    server.put("bench", "_config/load.json", json.dumps({"sourceFormat": "NEWLINE_DELIMITED_JSON"}))
    server.make_table("ds", "t", ["id INTEGER", "name STRING"])
    files = 500 if args.smoke else 10_000
    session = requests.Session()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: session.post(f"{server.url}/upload/storage/v1/b/bench/o?uploadType=media&name=ds/t/f{i}.json",
                                             data=json.dumps({"id": i, "name": f"n{i}"})).raise_for_status(), range(files)))
    begin = time.perf_counter()
    load = server.drop("bench", "ds/t/_SUCCESS")
    seconds = time.perf_counter() - begin
    assert load["rows_good"] == str(files), load
    say(f"{files} one-event files in one batch", f"{files / seconds:.0f} files/s", ">= 10,000 files/s")
    server.stop()


BENCHES = {"start": bench_start, "put": bench_put, "download": bench_download, "latency": bench_latency, "insert-all": bench_insert_all,
           "small-files": bench_small_files}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--smoke", action="store_true", help="a short run that only shows that everything works")
    parser.add_argument("--only", choices=BENCHES)
    args = parser.parse_args()
    for name, bench in BENCHES.items():
        if args.only in (None, name):
            with tempfile.TemporaryDirectory(prefix="landfall-bench-") as directory:
                bench(args, pathlib.Path(directory))


if __name__ == "__main__":
    main()
