#!/usr/bin/env python3
"""SIGKILLs a real server at random moments while files, markers, repeats and overwrites arrive, and checks it.

After every restart: each acknowledged object is there, byte for byte; no table holds a row twice or a row of a batch
whose marker was never sent. At the end, when all loads are decided: every table equals the model, the accounting of
every load adds up (in = good + bad + duplicate + filtered), bad rows stand in <table>__bad.

Every run prints its seed. A seed that failed once is kept in seeds.txt and runs first, each time.
"""
import argparse
import base64
import collections
import hashlib
import json
import pathlib
import random
import sys
import tempfile
import threading
import time

import requests

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from landfall_server import Server  # noqa: E402

BUCKET = "killed"
WRITERS = 3
KILL_AFTER_MAX_S = 0.35
DECIDE_MAX_S = 60


class Failure(Exception):
    pass


class World:
    """The server, whether it is up, and the model: what was acknowledged and what the tables must hold."""

    def __init__(self, server):
        self.server = server
        self.up = threading.Event()
        self.ending = threading.Event()
        self.mu = threading.Lock()
        self.objects = {}                               # name -> md5 of the last acknowledged body
        self.uncertain = collections.defaultdict(set)   # name -> md5s of bodies sent since without an answer
        self.rows = collections.defaultdict(collections.Counter)  # table -> ids of closed batches
        self.possible = collections.defaultdict(set)    # table -> ids of batches whose marker may have been sent
        self.bad = collections.Counter()                # table -> bad rows of closed batches
        self.markers = []                               # (name, generation) acknowledged
        self.error = None

    def call(self, session, method, path, **more):
        """Sends until the server answers; across kills. Returns the answer and whether an earlier try got none."""
        unanswered = False
        while True:
            self.up.wait()
            try:
                answer = session.request(method, self.server.url + path, timeout=30, **more)
            except requests.RequestException:
                unanswered = True
                continue
            if answer.status_code == 503:
                continue
            return answer, unanswered

    def put(self, session, name, body):
        digest = hashlib.md5(body).hexdigest()
        with self.mu:
            self.uncertain[name].add(digest)
        answer, _ = self.call(session, "POST", f"/upload/storage/v1/b/{BUCKET}/o",
                              params={"uploadType": "media", "name": name}, data=body)
        if answer.status_code != 200:
            raise Failure(f"PUT {name}: {answer.status_code} {answer.text}")
        with self.mu:
            self.objects[name] = digest
            self.uncertain[name].clear()
        return answer.json()

    def put_marker(self, session, name):
        """Exactly one generation, however often the server dies: a repeat meets the create-only precondition."""
        answer, unanswered = self.call(session, "POST", f"/upload/storage/v1/b/{BUCKET}/o",
                                       params={"uploadType": "media", "name": name, "ifGenerationMatch": "0"}, data=b"")
        if answer.status_code == 412 and unanswered:
            answer, _ = self.call(session, "GET", f"/storage/v1/b/{BUCKET}/o/{name.replace('/', '%2F')}")
        if answer.status_code != 200:
            raise Failure(f"marker {name}: {answer.status_code} {answer.text}")
        with self.mu:
            self.objects[name] = hashlib.md5(b"").hexdigest()
            self.markers.append((name, answer.json()["generation"]))

    def notify_again(self, session, rng):
        with self.mu:
            if not self.markers:
                return
            name, generation = rng.choice(self.markers)
        body = {"attributes": {"bucketId": BUCKET, "objectId": name, "objectGeneration": generation,
                               "eventType": "OBJECT_FINALIZE"}}
        answer, _ = self.call(session, "POST", "/landfall/v1/ingest:notify", json={"message": body, "subscription": "s"})
        if answer.status_code != 200:
            raise Failure(f"notify {name}: {answer.status_code} {answer.text}")


def batch_files(rng, table, batch):
    """{file name: (body, good ids, bad rows)}: NDJSON, small and large enough to live as a file of its own."""
    files = {}
    for number in range(rng.randint(1, 4)):
        ids = [f"{table}.{batch}.{number}.{i}" for i in range(rng.choice([1, 5, 40, 900]))]
        lines = [json.dumps({"id": one, "n": i, "pad": "x" * rng.choice([0, 0, 80])}) for i, one in enumerate(ids)]
        bad = rng.choice([0, 0, 0, 2])
        lines += ["{\"id\": broken"] * bad
        rng.shuffle(lines)
        files[f"f{number}.json"] = (("\n".join(lines) + "\n").encode(), ids, bad)
    return files


def write_batches(world, seed, writer):
    rng = random.Random(f"{seed}/{writer}")
    session = requests.Session()
    batch = 0
    while not world.ending.is_set():
        table = f"t{rng.randrange(3)}"
        batch += 1
        directory = f"ds/{table}/b{writer}_{batch}"
        files = batch_files(rng, table, f"{writer}_{batch}")
        for name, (body, _, _) in files.items():
            if rng.random() < 0.2:
                world.put(session, f"{directory}/{name}", b'{"id": "overwritten before the marker"}\n')
            world.put(session, f"{directory}/{name}", body)
        with world.mu:
            for _, ids, _ in files.values():
                world.possible[table].update(ids)
        world.put_marker(session, f"{directory}/_SUCCESS")
        with world.mu:
            for _, ids, bad in files.values():
                world.rows[table].update(ids)
                world.bad[table] += bad
        for _ in range(rng.choice([0, 0, 1, 3])):
            world.notify_again(session, rng)


def guarded(world, work, *args):
    try:
        work(world, *args)
    except Exception as error:  # noqa: BLE001: carried to the main thread, which fails the run
        world.error = world.error or error
        world.ending.set()


def check_objects(world):
    listed = {}
    token = None
    while True:
        params = {"maxResults": 1000, **({"pageToken": token} if token else {})}
        page = world.server.request("GET", f"/storage/v1/b/{BUCKET}/o", params=params).json()
        for item in page.get("items", []):
            listed[item["name"]] = base64.b64decode(item["md5Hash"]).hex()
        token = page.get("nextPageToken")
        if not token:
            break
    with world.mu:
        for name, digest in world.objects.items():
            if listed.get(name) != digest and listed.get(name) not in world.uncertain[name]:
                raise Failure(f"acknowledged object {name} is {'lost' if name not in listed else 'another version'}")


def ids_of(world, table):
    return collections.Counter(row[0] for row in world.server.query(f"SELECT id FROM ds.{table}"))


def check_tables_so_far(world):
    for table in ("t0", "t1", "t2"):
        held = ids_of(world, table)
        twice = [one for one, times in held.items() if times > 1]
        if twice:
            raise Failure(f"{table}: {len(twice)} rows stand twice, e.g. {twice[0]}")
        with world.mu:
            foreign = set(held) - world.possible[table]
        if foreign:
            raise Failure(f"{table}: rows of unclosed batches: {sorted(foreign)[:3]}")


def wait_decided(world):
    deadline = time.monotonic() + DECIDE_MAX_S
    while time.monotonic() < deadline:
        decided = world.server.one("SELECT COUNT(*) FROM landfall_system.loads WHERE status IN ('DONE', 'FAILED')")
        if int(decided) >= len(world.markers):
            return
    raise Failure(f"loads undecided: {world.server.loads(where=chr(96) + 'status' + chr(96) + ' != ' + repr('DONE'))[:3]}")


def check_end(world):
    wait_decided(world)
    loads = world.server.loads()
    failed = [load for load in loads if load["status"] != "DONE"]
    if failed:
        raise Failure(f"a load did not end DONE: {failed[0]}")
    if len(loads) != len(world.markers):
        raise Failure(f"{len(loads)} loads for {len(world.markers)} markers")
    for load in loads:
        parts = sum(int(load[k]) for k in ("rows_good", "rows_bad", "rows_duplicate", "rows_filtered"))
        if int(load["rows_in"]) != parts:
            raise Failure(f"accounting of {load['object']}: {load}")
    for table, expected in world.rows.items():
        held = ids_of(world, table)
        if held != expected:
            missing, extra = expected - held, held - expected
            raise Failure(f"{table}: {sum(missing.values())} rows missing {list(missing)[:3]}, {sum(extra.values())} extra {list(extra)[:3]}")
        if world.bad[table]:
            stored = int(world.server.one(f"SELECT COUNT(*) FROM ds.{table}__bad"))
            if stored != world.bad[table]:
                raise Failure(f"{table}__bad holds {stored} rows, not {world.bad[table]}")


def run(binary, seed, kills, directory):
    rng = random.Random(seed)
    server = Server(binary, directory / "d", "--log-level", "warn").start()
    world = World(server)
    server.make_bucket(BUCKET)
    server.put(BUCKET, "_config/load.json", json.dumps({"sourceFormat": "NEWLINE_DELIMITED_JSON", "ignoreUnknownValues": True}))
    for table in ("t0", "t1", "t2"):
        server.make_table("ds", table, ["id STRING", "n INTEGER"])
    world.up.set()
    writers = [threading.Thread(target=guarded, args=(world, write_batches, seed, w), daemon=True) for w in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        for kill in range(kills):
            world.ending.wait(rng.uniform(0, KILL_AFTER_MAX_S))  # the random moment
            if world.error:
                raise world.error
            world.up.clear()
            server.kill()
            server.start()
            check_objects(world)
            check_tables_so_far(world)
            world.up.set()
        world.ending.set()
        for writer in writers:
            writer.join(120)
        if world.error:
            raise world.error
        check_end(world)
        if server.stop() != 0:
            raise Failure("SIGTERM did not end in status 0")
        print(f"  {kills} kills, {len(world.markers)} batches, {sum(sum(c.values()) for c in world.rows.values())} rows, "
              f"{sum(world.bad.values())} bad rows: equal to the model")
    finally:
        world.ending.set()
        world.up.set()
        server.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--dir", help="keep the data directory here")
    args = parser.parse_args()
    kept = [int(line) for line in (HERE / "seeds.txt").read_text().split()] if (HERE / "seeds.txt").exists() else []
    seeds = [args.seed] if args.seed is not None else kept + [random.SystemRandom().randrange(1 << 32)]
    failed = 0
    for seed in seeds:
        print(f"seed {seed}", flush=True)
        with tempfile.TemporaryDirectory(prefix="landfall-kill-") as directory:
            where = pathlib.Path(args.dir or directory)
            where.mkdir(parents=True, exist_ok=True)
            try:
                run(args.binary, seed, args.kills, where)
            except Exception as error:  # noqa: BLE001: reported with its seed
                failed += 1
                print(f"  FAILED, repeat with --seed {seed}: {error}")
                log = where / "d.log"
                print(log.read_text()[-2000:] if log.exists() else "")
    print(f"{len(seeds) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
