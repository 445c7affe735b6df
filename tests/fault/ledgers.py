#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Three ledgers under kill -9.

A sender that knows nothing of the service writes numbered lines over one plain TCP connection per device. Meanwhile
processes of the collector (worker, uplink) and every role of the SOC, the parent too, are killed one after the other,
each time only after the one before is back and lines have moved. In the end:

    sent        lines the sender gave to the kernel
    archived    lines of the signed archive, read by `nezuban verify` and straight from the batches
    searchable  rows of the search store, asked through the API, counted and told apart

must be the same numbers, each exactly once; and an attack whose failed log-ins were spread over the kills must have
become exactly one correlation.  The collector's own parent is not killed: it holds the connections of senders that can
hear no acknowledgement (docs/lcp.md).

usage: ledgers.py [--kills N] [--rate LINES_PER_S] [--folder DIR]
"""
import argparse
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "lib"), str(ROOT / "tools" / "demo")]

import lines  # noqa: E402
from service import Collector, Refused, Service, wait_until  # noqa: E402

ROLES = ["ingest", "archive", "engine", "store", "desk", "notify", "call", "web", "intel"]
SPRAY_SOURCE = "10.30.20.31"


class Sender(threading.Thread):
    """Numbered FortiGate lines at a steady rate; `n` is how many the kernel took."""

    def __init__(self, port, rate):
        super().__init__(daemon=True)
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.rate, self.n, self.stop, self.fault = rate, 0, threading.Event(), None

    def line(self, i):
        t = time.time()
        return lines.fortigate(t, "aoba", "kill-fw1", srcip="10.30.20.9", srcport=1024 + i % 60000, dstip="198.51.100.7", dstport=443, sessionid=i, proto=6, action="close", policyid=1, service="HTTPS", duration=1,
                               sentbyte=100, rcvdbyte=100, msg=f"ledger-{i:09d}-end")

    def run(self):
        begun = time.monotonic()
        try:
            while not self.stop.is_set():
                due = int((time.monotonic() - begun) * self.rate)
                chunk = "".join(self.line(i) + "\n" for i in range(self.n, min(due, self.n + 500)))
                if chunk:
                    self.sock.sendall(chunk.encode())
                    self.n = min(due, self.n + 500)
                else:
                    time.sleep(0.005)
            self.sock.close()
        except OSError as e:
            self.fault = e


def spray(port, first, count):
    """Failed log-ins of a password spray, over their own connection."""
    with socket.create_connection(("127.0.0.1", port)) as s:
        for i in range(first, first + count):
            t = time.time()
            s.sendall((lines.security(t, "aoba", "kill-dc1.aoba.example", 4625, SubjectUserName="-", TargetUserName=f"kill{i:02d}", TargetDomainName="AOBA", Status="0xc000006d", SubStatus="0xc000006a", LogonType=3,
                                      IpAddress=SPRAY_SOURCE, IpPort=50000 + i, WorkstationName="X") + "\n").encode())


class Killer:
    def __init__(self, service, collector, seed):
        self.s, self.c, self.r = service, collector, random.Random(seed)
        self.kills = {}

    def pid_of(self, target):
        if target == "parent":
            return self.s.process.pid
        found = self.c.role_pids() if target.startswith("lcp.") else self.s.role_pids()
        pids = found.get(target.removeprefix("lcp."), [])
        return pids[0] if pids else None

    def kill(self, target):
        pid = wait_until(lambda: self.pid_of(target), 60, why=f"{target} running")
        time.sleep(self.r.uniform(0.005, 0.4))
        os.kill(pid, signal.SIGKILL)
        self.kills[target] = self.kills.get(target, 0) + 1
        if target == "parent":
            self.s.process.child.wait()
            self.s.process.log.close()
            self.s.start()
        else:
            wait_until(lambda: self.pid_of(target) not in (None, pid), 60, why=f"{target} back")


def archived_lines(folder, build):
    done = subprocess.run([str(build / "src/main/nezuban"), "verify", str(folder), "--json"], capture_output=True, text=True, timeout=300)
    return done.returncode, json.loads(done.stdout) if done.stdout.strip().startswith("{") else {"error": done.stdout + done.stderr}


def count(service, query):
    answer = json.loads(service.cli("query", query, "--tenant", "aoba", "--from", "24h", "--json"))
    rows = answer["rows"] if isinstance(answer, dict) else answer
    first = rows[0]
    return int(next(iter(first.values())) if isinstance(first, dict) else first[0])


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--kills", type=int, default=int(os.environ.get("KILLS", "24")))
    p.add_argument("--rate", type=float, default=1500)
    p.add_argument("--folder")
    args = p.parse_args()
    folder = pathlib.Path(args.folder or tempfile.mkdtemp(prefix="nezuban-ledgers-"))
    service = Service(folder, settings={"store.libchdb": str(next((ROOT / "src/store/chdb/node_modules").rglob("libchdb.so"), "")), "call.rtp_first": 18000, "call.rtp_last": 18100})
    status = 1
    try:
        service.start()
        text = (ROOT / "tools/demo/tenants.yaml").read_text().replace("@PHONE@", "127.0.0.1:9")
        service.local().ask("POST", "/api/v1/tenants/import", {"yaml": text, "file": "tenants.yaml"})
        collector = Collector(service, "aoba", "aoba-tokyo-1")
        collector.enrol()
        collector.start()
        status = run(service, collector, args)
    finally:
        service.stop()
    print("data:", folder)
    return status


def run(service, collector, args):
    killer = Killer(service, collector, 11)
    targets = ["lcp.worker", "lcp.uplink", *ROLES]
    plan = [targets[i % len(targets)] for i in range(args.kills)]
    for at in range(25, len(plan), 25):
        plan[at] = "parent"
    sender = Sender(collector.tcp_port, args.rate)
    sender.start()
    sprayed = 0
    for i, target in enumerate(plan):
        if i % max(1, len(plan) // 13) == 0 and sprayed < 26:
            spray(collector.tcp_port, sprayed, 2)
            sprayed += 2
        before = sender.n
        killer.kill(target)
        wait_until(lambda: sender.n > before or sender.fault, 60, why="the sender moving")
    if sprayed < 26:
        spray(collector.tcp_port, sprayed, 26 - sprayed)
        sprayed = 26
    sender.stop.set()
    sender.join()
    if sender.fault:
        print("sender:", sender.fault)
        return 1
    sent = sender.n + sprayed
    local = service.local()

    def judged():
        try:
            return local.ask("GET", "/api/v1/funnel?tenant=aoba")["total"]["lines"]
        except (Refused, OSError):
            return 0
    last = [0, time.monotonic()]

    def settled():
        now = judged()
        if now != last[0]:
            last[:] = [now, time.monotonic()]
        return now >= sent or time.monotonic() - last[1] > 30
    wait_until(settled, 300, 0.5, "the ledger drained")
    rows = lambda: count(service, '"ledger" | count')  # noqa: E731
    deadline = time.monotonic() + 60
    while rows() < sender.n and time.monotonic() < deadline:
        time.sleep(0.5)
    searchable, distinct = rows(), count(service, '"ledger" | distinct line | count')
    code, verified = archived_lines(service.data / "archive", service.build)
    found = [d for c in local.ask("GET", "/api/v1/queue?limit=500")["items"] for d in local.ask("GET", f"/api/v1/candidates/{c['id']}")["detection_list"]
             if d["kind"] == "correlation" and any(e["value"] == SPRAY_SOURCE for e in d.get("entities", []))]
    spray_rules = sorted(d["rule"]["name"] for d in found)
    print(json.dumps({"kills": killer.kills, "total_kills": sum(killer.kills.values()), "sent": sender.n, "judged": judged(), "wanted_judged": sent, "archived": verified.get("lines"), "verify": code,
                      "searchable": searchable, "distinct": distinct, "correlations": spray_rules}, indent=1))
    good = searchable == distinct == sender.n and judged() >= sent and code == 0 and len(set(spray_rules)) == len(spray_rules) and len(spray_rules) >= 1
    print("ledgers:", "equal" if good else "DIFFERENT")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
