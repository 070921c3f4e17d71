"""One real landfall process on a free port, for tests and benchmarks."""
import atexit
import json
import os
import pathlib
import select
import signal
import subprocess
import time

import requests

START_MAX_S = 30
STOP_MAX_S = 30


class Server:
    def __init__(self, binary, data_dir, *flags, env=None):
        self.binary = str(pathlib.Path(binary).resolve())
        self.data_dir = pathlib.Path(data_dir)
        self.flags = list(flags)
        self.env = {**os.environ, **(env or {})}
        self.process = None
        self.url = None
        self.log_path = self.data_dir.parent / (self.data_dir.name + ".log")

    def start(self):
        """Returns once the ready line is out; raises with the log's end when it does not come."""
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [self.binary, "up", "--listen", "127.0.0.1:0", "--data-dir", str(self.data_dir), *self.flags],
            stdout=subprocess.PIPE, stderr=log, env=self.env)
        log.close()
        atexit.register(self.kill)  # a test that breaks off leaves nothing running
        deadline = time.monotonic() + START_MAX_S
        line = b""
        while time.monotonic() < deadline:
            readable, _, _ = select.select([self.process.stdout], [], [], 0.5)
            if readable:
                line = self.process.stdout.readline()
                break
            if self.process.poll() is not None:
                break
        prefix = b"landfall ready "
        if not line.startswith(prefix):
            raise RuntimeError(f"no ready line, got {line!r}; log: {self.log_tail()}")
        self.url = line[len(prefix):].decode().strip()
        return self

    def log_tail(self, size=4000):
        return self.log_path.read_bytes()[-size:].decode(errors="replace") if self.log_path.exists() else ""

    def stop(self):
        """SIGTERM; returns the exit status."""
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(STOP_MAX_S)
        self.process = None
        return status

    def kill(self):
        """SIGKILL: what a power cut leaves is on disk."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def restart(self):
        assert self.stop() == 0
        return self.start()

    def cli(self, *words, check=True):
        """Runs a client command of the binary against this server."""
        done = subprocess.run([self.binary, *words], capture_output=True, text=True, timeout=120,
                              env={**os.environ, "LANDFALL_SERVER": self.url})
        if check and done.returncode != 0:
            raise AssertionError(f"landfall {' '.join(words)}: exit {done.returncode}: {done.stderr}")
        return done

    # Plain HTTP, for what official clients hide.

    def request(self, method, path, **more):
        return requests.request(method, self.url + path, timeout=60, **more)

    def make_bucket(self, name, project="landfall"):
        answer = self.request("POST", f"/storage/v1/b?project={project}", json={"name": name})
        assert answer.status_code in (200, 409), answer.text

    def put(self, bucket, name, data, **params):
        answer = self.request("POST", f"/upload/storage/v1/b/{bucket}/o",
                              params={"uploadType": "media", "name": name, **params},
                              data=data.encode() if isinstance(data, str) else data)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def query(self, sql, project="landfall", **more):
        """Rows as lists of wire values."""
        body = {"query": sql, "useLegacySql": False, "timeoutMs": 30000, **more}
        answer = self.request("POST", f"/bigquery/v2/projects/{project}/queries", json=body)
        assert answer.status_code == 200, f"{sql}: {answer.text}"
        answer = answer.json()
        job = answer.get("jobReference", {}).get("jobId")
        rows = answer.get("rows", [])
        while not answer.get("jobComplete", True) or answer.get("pageToken"):
            params = {"timeoutMs": 30000}
            if answer.get("pageToken"):
                params["pageToken"] = answer["pageToken"]
            answer = self.request("GET", f"/bigquery/v2/projects/{project}/queries/{job}", params=params).json()
            assert "error" not in answer, answer
            rows += answer.get("rows", [])
        return [[cell["v"] for cell in row["f"]] for row in rows]

    def one(self, sql, **more):
        rows = self.query(sql, **more)
        assert len(rows) == 1 and len(rows[0]) == 1, rows
        return rows[0][0]

    def loads(self, where="TRUE", project="landfall"):
        """Load-state rows as dicts."""
        columns = ["bucket", "object", "generation", "dataset", "table", "partition", "batch_id", "status", "state",
                   "attempt", "file_count", "rows_in", "rows_good", "rows_bad", "rows_duplicate", "rows_filtered",
                   "reason", "error"]
        names = ", ".join(f"`{c}`" for c in columns)
        rows = self.query(f"SELECT {names} FROM landfall_system.loads WHERE {where} ORDER BY seen_at, generation",
                          project=project)
        return [dict(zip(columns, row)) for row in rows]

    def wait_load(self, bucket, marker, generation=None, status=("DONE", "FAILED"), bound_s=60, project="landfall"):
        """The load-state row of a marker once its status is decided. Polls a condition; never a fixed wait."""
        where = f"bucket = '{bucket}' AND object = '{marker}'"
        if generation is not None:
            where += f" AND generation = {generation}"
        deadline = time.monotonic() + bound_s
        rows = []
        while time.monotonic() < deadline:
            rows = self.loads(where, project=project)
            if rows and rows[-1]["status"] in status:
                return rows[-1]
            select.select([], [], [], 0.01)
        raise AssertionError(f"gs://{bucket}/{marker} is not decided: {rows}; log: {self.log_tail()}")

    def drop(self, bucket, marker, data=b"", **more):
        """Uploads a success file and waits for its load."""
        made = self.put(bucket, marker, data)
        return self.wait_load(bucket, marker, generation=made["generation"], **more)

    def make_table(self, dataset, table, fields, project="landfall", **resource):
        base = f"/bigquery/v2/projects/{project}/datasets"
        self.request("POST", base, json={"datasetReference": {"datasetId": dataset}})
        body = {"tableReference": {"projectId": project, "datasetId": dataset, "tableId": table},
                "schema": {"fields": [dict(zip(("name", "type"), f.split())) for f in fields]}, **resource}
        answer = self.request("POST", f"{base}/{dataset}/tables", json=body)
        assert answer.status_code == 200, answer.text

    def explain(self, uri, project="landfall"):
        answer = self.request("GET", "/landfall/v1/explain", params={"uri": uri, "project": project})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def load_json(self, bucket, directory, config):
        self.put(bucket, f"{directory}/_config/load.json" if directory else "_config/load.json", json.dumps(config))
