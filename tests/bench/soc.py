#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CPU of ingest and archive per line: TLS, certificate, unzip, check, chain, append, fsync, signed receipt, feed.

    tests/bench/soc.py BUILD FILE [LINES_PER_BATCH] [BATCHES] [RUNS]

FILE holds one line per line (574-byte FortiGate lines: gen forti 400000). Prints one JSON object; the figures are
the median of RUNS, user + system of each process from /proc, in microseconds per line. Never asserts on time."""
import json
import os
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fault"))
from soc import Soc, wait_until  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")


def cpu(pid):
    parts = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / TICK


def resident_kb(pid):
    return next(int(line.split()[1]) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM:"))


def one(build, text, per_batch, batches):
    soc = Soc(build)
    try:
        soc.start()
        pids = {name: soc.role(name) for name in ("ingest", "archive")}
        before = {name: cpu(pid) for name, pid in pids.items()}
        p = soc.poster("aoba-tokyo-1", 1, batches, per_batch, 4, [text])
        assert p.wait(240) == 0, p.stdout.read()
        wait_until(lambda: len(soc.fed()) == batches, 30, why="engine fed")
        lines = batches * per_batch
        return {name: (cpu(pid) - before[name]) * 1e6 / lines for name, pid in pids.items()} | {name + "_kb": resident_kb(pid) for name, pid in pids.items()}
    finally:
        soc.clean()


def main():
    build, text = sys.argv[1:3]
    per_batch, batches, runs = (int(sys.argv[i]) if len(sys.argv) > i else d for i, d in ((3, 1000), (4, 400), (5, 3)))
    got = [one(build, text, per_batch, batches) for _ in range(runs)]
    middle = {key: round(statistics.median(g[key] for g in got), 3) for key in got[0]}
    print(json.dumps({"lines": per_batch * batches, "lines_per_batch": per_batch, "runs": runs, "us_per_line": {"ingest": middle["ingest"], "archive": middle["archive"], "both": round(middle["ingest"] + middle["archive"], 3)},
                      "peak_resident_kb": {"ingest": int(middle["ingest_kb"]), "archive": int(middle["archive_kb"])}}))


main()
