#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Canaries of a real collector through a real service: they come back detected, searchable and by a log-in, and make the month's availability; no customer
sees one among devices, lines, events or candidates. Then the engine stands still: the minutes are bad and an alarm is raised. A line that only
looks like a canary is an ordinary line."""
import http.client
import os
import pathlib
import shutil
import signal
import socket
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
from service import Collector, Refused, Service, wait_until  # noqa: E402

TENANTS = """tenants:
  - id: aoba
    name: {ja: 青葉精機, en: Aoba Seiki}
    kana: アオバセイキ
    short: AOBA
    zone: Asia/Tokyo
    code_word: {ja: カワセミ, en: kingfisher}
    contacts:
      - {id: odagiri, name: 小田切 直人, kana: オダギリ ナオト, numbers: ['+81311112222'], mail: odagiri@aoba.example, mail_for: [emergency]}
"""


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nezuban-canary-"))
    os.chmod(folder, 0o755)
    soc = Service(folder, settings={"desk.canary_late": "70s"})
    good = False
    try:
        soc.start()
        (folder / "tenants.yaml").write_text(TENANTS)
        soc.cli("tenant", "import", folder / "tenants.yaml")
        lcp = Collector(soc, "aoba", "aoba-1")
        lcp.enrol()
        lcp.start()
        month = lambda: soc.local().ask("GET", "/api/v1/availability?tenant=aoba")["items"][0]  # noqa: E731
        assert not month()["measured"]
        first = wait_until(lambda: month()["good_min"] >= 1 and month(), 330, 1, why="a good minute")
        assert first["percent"] == "100.000" and first["met"] and first["bad_min"] == 0, first
        print(f"good minutes: {first['good_min']}, {first['percent']} %")

        # a forged one is a line like any other
        with socket.create_connection(("127.0.0.1", lcp.tcp_port)) as s:
            s.sendall(b"<13>Nov 27 10:00:00 nezuban-canary nezuban-canary 1 minute=1\nnezuban-canary 1 minute=1\n")
        wait_until(lambda: soc.local().ask("GET", "/api/v1/funnel?tenant=aoba")["total"]["lines"] == 2, 60, why="two lines judged")
        wait_until(lambda: len(soc.cli("query", "*", "--tenant", "aoba", "--json").splitlines()) == 2, 60, why="two lines and no canary found")
        assert soc.local().ask("GET", "/api/v1/queue")["items"] == []
        assert {d["id"] for d in soc.local().ask("GET", "/api/v1/devices?tenant=aoba")["items"]} <= {"nezuban-canary", "127.0.0.1"}

        engine = soc.role_pids()["engine"][0]
        parent = soc.process.pid
        os.kill(parent, signal.SIGSTOP)  # nobody restarts what stands still
        os.kill(engine, signal.SIGSTOP)
        wait_until(lambda: [a for a in soc.local().ask("GET", "/api/v1/alarms")["items"] if a["kind"] == "canary"], 330, 1, why="the alarm")
        os.kill(engine, signal.SIGCONT)
        os.kill(parent, signal.SIGCONT)

        def bad_month():
            try:  # the parent takes its own pause for that of its roles and starts them anew
                return month()["bad_min"] >= 1 and month()
            except (OSError, http.client.HTTPException, Refused):
                return None
        bad = wait_until(bad_month, 200, 1, why="a bad minute")
        assert not bad["met"] and [x for x in bad["spans"] if x["kind"] == "bad" and x["lcp"] == "aoba-1"], bad
        print(f"the engine stood still: {bad['bad_min']} bad, {bad['percent']} %")
        print(soc.cli("availability", "--spans", check=False))

        # a certificate that is not for the name customers use lets nobody in
        soc.stop()
        soc.set("web.name", "portal.example")
        soc.start()
        wait_until(lambda: '"fault":"certificate_name"' in (folder / "nezuband.log").read_text(), 90, 0.5, why="the certificate is looked at")
        good = True
    finally:
        soc.stop()
        if not good:
            print((folder / "nezuband.log").read_text()[-4000:], file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
