#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A reload (SIGHUP) with a fault in a source, a rule, a telephone provider or the configuration: the fault is told with file, line, column and
the nearest good word, and everything that runs stays as it is, the same processes.  Without faults the roles are started anew."""
import os
import pathlib
import re
import shutil
import signal
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
from service import Service, wait_until  # noqa: E402

ROLES = set(re.findall(r'^ROLE\(\w+, "(\w+)"', (ROOT / "src/tbl/roles.tbl").read_text(), re.M)) - {"parent"}


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nezuban-reload-"))
    os.chmod(folder, 0o755)
    for name in ("rules", "sources"):
        shutil.copytree(ROOT / name, folder / name)
    soc = Service(folder, settings={"rules.folder": str(folder / "rules"), "sources.folder": str(folder / "sources")})
    log = folder / "nezuband.log"
    good = False
    try:
        soc.start()
        before = wait_until(lambda: set(soc.role_pids()) == ROLES and soc.role_pids(), 20, why="all roles")
        rule = next(p for p in sorted((folder / "rules").rglob("*.yml")) if not p.name.endswith(".test.yml"))
        spoil = [
            (folder / "sources" / "squid.access.yaml", r"^codec:", "codek:", r"squid\.access\.yaml:\d+:\d+: error\[SRC-KEY\]: codek.*did you mean codec"),
            (rule, r"^detection:", "detecton:", re.escape(rule.name) + r":\d+:\d+: error\[SIG-DETECTION\]: .*did you mean detection"),
            (soc.config, r"^ingest:", "ingset:", r"nezuband\.yaml:\d+:\d+: error\[[A-Z-]+\]: .*ingset.*ingest"),
            (soc.config, r"\Z", "\nmail: {starttls: perhaps}\n", r"nezuband\.yaml:\d+:\d+: error\[[A-Z-]+\]: .*perhaps.*must"),
        ]
        for path, old, new, wanted in spoil:
            whole, mark = path.read_text(), log.stat().st_size
            path.write_text(re.sub(old, new, whole, count=1, flags=re.M))
            assert path.read_text() != whole, path
            os.kill(soc.process.pid, signal.SIGHUP)
            said = wait_until(lambda: "parent.reload_refused" in log.read_bytes()[mark:].decode() and log.read_bytes()[mark:].decode(), 30, why=f"refusal of {path.name}")
            assert re.search(wanted, said), (path.name, wanted, said)
            assert soc.role_pids() == before, (path.name, before, soc.role_pids())
            path.write_text(whole)
            print(f"{path.name}: {re.search(wanted, said).group(0)}")
        assert soc.serving()
        os.kill(soc.process.pid, signal.SIGHUP)
        wait_until(lambda: set(soc.role_pids()) == ROLES and not {p for v in soc.role_pids().values() for p in v} & {p for v in before.values() for p in v}, 30, why="new processes")
        wait_until(soc.serving, 30, why="serving again")
        good = True
    finally:
        soc.stop()
        if not good:
            print(log.read_text()[-5000:], file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
