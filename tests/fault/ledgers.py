#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Three ledgers under kill -9.

A sender that knows nothing of the service writes numbered lines over one plain TCP connection per device. Meanwhile
processes of the collector (worker, uplink) and every role of the SOC, the parent too, are killed one after the other,
each time only after the one before is back and lines have moved. In the end:

    sent        lines the sender gave to the kernel
    archived    lines of the signed archive, as `nezuban verify` reads them
    judged      lines the desk counted
    searchable  rows of the search store, asked as a person asks, counted and told apart

must be the same numbers, each line exactly once. Attacks are spread over the kills: a password spray and ten failed
log-ins over SSH must have become one correlation each; nine failed log-ins must not, as they would if one were counted
twice.  The collector's own parent is not killed: it holds the connections of senders that can hear no
acknowledgement (docs/collector.md).

usage: ledgers.py [--kills N] [--rate LINES_PER_S] [--folder DIR]
"""
import argparse
import http.client
import json
import os
import pathlib
import random
import shutil
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
from service import Collector, Process, Refused, Service, wait_until, yaml  # noqa: E402

ROLES = ["ingest", "archive", "engine", "store", "desk", "notify", "call", "web", "intel"]
SPRAY, REACHES, MISSES = "10.30.20.31", "203.0.113.222", "203.0.113.223"
PLAN = [("spray", i) for i in range(26)] + [(REACHES, i) for i in range(10)] + [(MISSES, i) for i in range(9)]
random.Random(5).shuffle(PLAN)


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


def planted(i):
    """The i-th line of the planted attacks: a spray, and log-ins over SSH that just reach and just miss the ten of their rule."""
    t = time.time()
    kind, n = PLAN[i]
    if kind == "spray":
        return lines.security(t, "aoba", "kill-dc1.aoba.example", 4625, SubjectUserName="-", TargetUserName=f"kill{n:02d}", TargetDomainName="AOBA", Status="0xc000006d", SubStatus="0xc000006a", LogonType=3,
                              IpAddress=SPRAY, IpPort=50000 + n, WorkstationName="X")
    return lines.auth(t, "aoba", "kill-web1", "sshd", 9000 + i, f"Failed password for invalid user admin{n} from {kind} port {42000 + i} ssh2")


def plant(port, first, end):
    """Over a connection of their own."""
    if first < end:
        with socket.create_connection(("127.0.0.1", port)) as s:
            s.sendall("".join(planted(i) + "\n" for i in range(first, end)).encode())


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


def archived_lines(service):
    """What `nezuban verify` reads from the archive, receipts and heads checked with the public key."""
    done = subprocess.run([service.program("nezuban"), "verify", str(service.data / "archive"), "--key", str(service.data / "keys" / "sign.pub"), "--json"], capture_output=True, text=True, timeout=300)
    return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else {"error": done.stdout + done.stderr}


def count(service, query):
    """The one number a `… | count` answers; no row at all is none."""
    rows = [json.loads(line) for line in service.cli("query", query, "--tenant", "aoba", "--json").splitlines()]
    return int(next(iter(rows[0].values()))) if rows else 0


def judged(service):
    """Lines the desk has the verdict of; None while web or desk is away."""
    try:
        total = service.local().ask("GET", "/api/v1/funnel?tenant=aoba")["total"]
    except (Refused, OSError, http.client.HTTPException):
        return None
    return total.get("events", 0) + total.get("unparsed", 0)


def await_ledger(read, wanted, patience, why):
    """Until `read` says `wanted`; given up when it has not moved for `patience` seconds."""
    last, moved = None, time.monotonic()
    while True:
        now = read()
        if now is not None and now >= wanted:
            return now
        if now is not None and now != last:
            last, moved = now, time.monotonic()
        if time.monotonic() - moved > patience:
            print(f"{why}: {last} of {wanted}, and no more for {patience:g} s")
            return last
        time.sleep(0.1)


def correlations(service):
    """How often each correlation about a planted address is held by the desk."""
    local, found = service.local(), {}
    for c in local.ask("GET", "/api/v1/queue?limit=500")["items"]:
        for d in local.ask("GET", f"/api/v1/candidates/{c['id']}")["detection_list"]:
            for address in {e["value"] for e in d.get("entities", [])} & {SPRAY, REACHES, MISSES}:
                if d["kind"] == "correlation":
                    found[f"{d['rule']['name']}, {address}"] = found.get(f"{d['rule']['name']}, {address}", 0) + 1
    return found


def library():
    given = os.environ.get("NEZUBAN_LIBCHDB")
    return given or next(map(str, (ROOT / "src/store/chdb").glob("node_modules/@chdb/*/libchdb.so")), None)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--kills", type=int, default=int(os.environ.get("KILLS", "24")))
    p.add_argument("--rate", type=float, default=1500)
    p.add_argument("--folder")
    args = p.parse_args()
    if not library():
        print("skipped: libchdb is absent (npm ci in src/store/chdb)")
        return 77
    folder = pathlib.Path(args.folder or tempfile.mkdtemp(prefix="nezuban-ledgers-"))
    service = Service(folder, settings={"store.libchdb": library(), "call.rtp_first": 18000, "call.rtp_last": 18100, "detect.snapshot": "1s", "store.insert_age": "4s"})
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
        if status == 0 and not args.folder:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print("kept:", folder)
    return status


def storm(service, collector, sender, kills):
    """Kills one process after the other. Every other time the next is not killed before lines have gone the whole way
    again; in between it is killed while the others are still finding together."""
    killer = Killer(service, collector, 11)
    targets = ["lcp.worker", "lcp.uplink", *ROLES]
    plan = [targets[i % len(targets)] for i in range(kills)]
    for at in [kills - 1] if kills < 50 else range(25, kills, 25):
        plan[at] = "parent"
    for i, target in enumerate(plan):
        plant(collector.tcp_port, len(PLAN) * i // len(plan), len(PLAN) * (i + 1) // len(plan))
        killer.kill(target)
        if sender.fault:
            break
        if i % 2 == 0:
            flows(service, target)
    return killer.kills


def flows(service, after):
    """Until the desk has judged more than now."""
    begun = wait_until(lambda: judged(service), 60, why=f"an answer after killing {after}")
    wait_until(lambda: (judged(service) or 0) > begun, 60, why=f"lines going the whole way after killing {after}")


def intruder(service):
    """A second service on the same folder, at other ports: it must not start."""
    other = Service(service.folder)
    other.config = service.folder / "intruder.yaml"
    other.config.write_text(yaml({**other.settings, "call": {"listen": "127.0.0.1:0"}}))
    return Process([other.program("nezuband"), "-c", str(other.config)], service.folder / "intruder.log")


def run(service, collector, args):
    sender = Sender(collector.tcp_port, args.rate)
    sender.start()
    began = time.monotonic()
    kills = storm(service, collector, sender, args.kills)
    storm_s = time.monotonic() - began
    sender.stop.set()
    sender.join()
    if sender.fault:
        print("sender:", sender.fault)
        return 1
    sent = sender.n + len(PLAN)
    second = intruder(service)
    service.collectors.append(second)  # stopped with them, whatever happens
    got = await_ledger(lambda: judged(service), sent, 30, "judged")
    await_ledger(lambda: count(service, '"ledger" | count'), sender.n, 30, "searchable")
    searchable, distinct = count(service, '"ledger" | count'), count(service, '"ledger" | distinct line | count')
    found, (code, verified) = correlations(service), archived_lines(service)
    second_ended = second.child.wait(60)
    print(json.dumps({"kills": kills, "total_kills": sum(kills.values()), "storm_s": round(storm_s), "sent": {"numbered": sender.n, "planted": len(PLAN)},
                      "archived": verified.get("lines", 0) - verified.get("canaries", 0), "gap_records": verified.get("gaps"), "archive_faults": verified.get("fault_count"), "judged": got,
                      "searchable": searchable, "distinct": distinct, "correlations": found, "second_service_ended": second_ended}, indent=1))
    faults = [what for what, good in {
        "one service a folder": second_ended == 3 and "parent.lock" in (service.folder / "intruder.log").read_text(), "killed": sum(kills.values()) == args.kills, "archived": code == 0 and verified.get("lines", 0) - verified.get("gaps", 0) - verified.get("canaries", 0) == sent, "judged": got == sent,
        "searchable": searchable == sender.n, "each once": distinct == sender.n, "correlation": found == {f"Password Spray, {SPRAY}": 1, f"SSH Brute Force, {REACHES}": 1}}.items() if not good]
    print("ledgers:", "equal" if not faults else "DIFFERENT: " + ", ".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
