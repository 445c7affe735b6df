#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From the device's line to the candidate in the queue: sends marked lines one by one over TCP to a real collector,
with ordinary traffic beside them, and reads from the desk when each detection was there.

usage: latency.py [--lines N] [--rate ORDINARY_LINES_PER_S]     prints JSON: milliseconds p50 p90 p99 max"""
import argparse
import json
import pathlib
import shutil
import socket
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "lib"), str(ROOT / "tools" / "demo")]

import lines  # noqa: E402
import ordinary  # noqa: E402
from service import Collector, Service, wait_until  # noqa: E402


def ordinary_lines(port, rate, stop):
    company = ordinary.Company("aoba", 5)
    with socket.create_connection(("127.0.0.1", port)) as s:
        while not stop.wait(0.1):
            s.sendall("".join(company.one(time.time()) + "\n" for _ in range(max(1, int(rate / 10)))).encode())


def marked(sock, i, sent):
    user = f"latency{i:04d}"
    sent[user] = time.time()
    sock.sendall((lines.security(time.time(), "aoba", f"lat{i:04d}.aoba.example", 4662, SubjectUserSid="S-1-5-21-1", SubjectUserName=user, SubjectDomainName="AOBA", ObjectServer="DS", AccessMask="0x100",
                                 ObjectName="%{aoba.example}", OperationType="Object Access", Properties="%%7688 {1131f6aa-9c07-11d1-f79f-00c04fc2dcd2}") + "\n").encode())


def arrivals(client):
    """{user: when its detection was added}"""
    found = {}
    for row in client.ask("GET", "/api/v1/queue?limit=500")["items"]:
        for d in client.ask("GET", f"/api/v1/candidates/{row['id']}").get("detection_list", []):
            for e in d.get("entities", []):
                if e["value"].startswith("latency"):
                    t = d["added_at"]
                    found[e["value"]] = time.mktime(time.strptime(t[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone + float("0" + t[19:].rstrip("Z"))
    return found


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--lines", type=int, default=200)
    p.add_argument("--rate", type=float, default=500)
    args = p.parse_args()
    folder = tempfile.mkdtemp(prefix="nezuban-latency-")
    service = Service(folder, settings={"call.rtp_first": 18200, "call.rtp_last": 18300, "store.libchdb": str(next((ROOT / "src/store/chdb/node_modules").rglob("libchdb.so"), ""))})
    stop, sent = threading.Event(), {}
    try:
        service.start()
        text = (ROOT / "tools/demo/tenants.yaml").read_text().replace("@PHONE@", "127.0.0.1:9")
        service.local().ask("POST", "/api/v1/tenants/import", {"yaml": text, "file": "tenants.yaml"})
        collector = Collector(service, "aoba", "aoba-tokyo-1")
        collector.enrol()
        collector.start()
        threading.Thread(target=ordinary_lines, args=(collector.tcp_port, args.rate, stop), daemon=True).start()
        time.sleep(3)  # the rate is the load under which it is measured; nothing is awaited here
        with socket.create_connection(("127.0.0.1", collector.tcp_port)) as s:
            for i in range(args.lines):
                marked(s, i, sent)
                time.sleep(0.1)
        found = wait_until(lambda: (lambda f: f if len(f) == len(sent) else None)(arrivals(service.local())), 60, 0.5, "every detection")
        ms = sorted((found[u] - sent[u]) * 1000 for u in sent)
        at = lambda q: round(ms[min(len(ms) - 1, int(q * len(ms)))], 1)  # noqa: E731
        print(json.dumps({"bench": "latency", "lines": len(ms), "ordinary_per_s": args.rate, "p50_ms": at(.5), "p90_ms": at(.9), "p99_ms": at(.99), "max_ms": round(ms[-1], 1)}))
    finally:
        stop.set()
        service.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
