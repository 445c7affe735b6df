#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real collector with certificates that live forty seconds, while lines come in all the time: it renews by itself; the old certificate stays good
beside the new one; a SOC that is away when it is due is asked again; what is revoked renews nothing; and no line is lost over all that."""
import http.client
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
from service import Collector, Service, wait_until  # noqa: E402

LIFE = 40
TENANTS = """tenants:
  - id: aoba
    name: {ja: 青葉精機, en: Aoba Seiki}
    kana: アオバセイキ
    short: AOBA
    zone: Asia/Tokyo
    code_word: {ja: カワセミ, en: kingfisher}
    contacts:
      - {id: odagiri, name: 小田切 直人, kana: オダギリ ナオト, numbers: ['+81311112222']}
"""


class Lines(threading.Thread):
    """Numbered lines over one connection until told to stop."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.sock, self.n, self.over = socket.create_connection(("127.0.0.1", port)), 0, threading.Event()

    def run(self):
        while not self.over.wait(0.02):
            self.sock.sendall(f"<13>Nov 27 10:00:00 host app: line {self.n:06d}\n".encode())
            self.n += 1
        self.sock.close()


def post(soc, path, cert, key, body):
    """(status, body) of a request with this client certificate."""
    context = ssl.create_default_context(cafile=str(soc.data / "keys" / "ca.crt"))
    context.load_cert_chain(cert, key)
    c = http.client.HTTPSConnection("127.0.0.1", soc.ingest_port, timeout=20, context=context)
    c.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    r = c.getresponse()
    return r.status, json.loads(r.read() or b"{}")


def stored(soc):
    done = subprocess.run([soc.program("nezuban"), "verify", str(soc.data / "archive"), "--key", str(soc.data / "keys" / "sign.pub"), "--json"], capture_output=True, text=True, timeout=60)
    told = json.loads(done.stdout) if done.stdout.startswith("{") else {"lines": -1, "canaries": 0}
    return told["lines"] - told["canaries"]


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nezuban-renew-"))
    os.chmod(folder, 0o755)
    soc = Service(folder, settings={"desk.certificate_life": f"{LIFE}s"})
    good = False
    try:
        soc.start()
        (folder / "tenants.yaml").write_text(TENANTS)
        soc.cli("tenant", "import", folder / "tenants.yaml")
        lcp = Collector(soc, "aoba", "aoba-1", settings={"soc": {"url": f"https://127.0.0.1:{soc.ingest_port}", "heartbeat": "1s"}})
        lcp.enrol()
        identity = lcp.data / "identity"
        shutil.copy(identity / "cert.pem", folder / "old.pem")
        lcp.start()
        flow = Lines(lcp.tcp_port)
        flow.start()
        row = lambda: soc.local().ask("GET", "/api/v1/lcps")["items"][0]  # noqa: E731
        first = wait_until(lambda: row()["state"] == "healthy" and row(), 20, why="a heartbeat")
        assert first["certificate"]["serial"] == first["serial"] and first["certificate"]["tries"] == 0, first

        second = wait_until(lambda: row()["serial"] != first["serial"] and row(), LIFE, why="first renewal")
        assert second["renewed_at"] and second["expires_at"] > first["expires_at"], second
        assert second["certificate"]["serial"] == second["serial"], second
        assert post(soc, "/v1/heartbeat", folder / "old.pem", identity / "key.pem", {"v": 1})[0] == 200, "the old certificate beside the new one"
        assert row()["serial"] == second["serial"], "an old certificate that is still used changes nothing"
        print(f"renewed: {first['serial'][:8]} to {second['serial'][:8]}, both good")

        # away from before it is due until after
        due = wait_until(lambda: (row()["certificate"] or first["certificate"])["renew_at"] != first["certificate"]["renew_at"] and row()["certificate"]["renew_at"], 10, why="the new due time")
        at = time.mktime(time.strptime(due, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
        wait_until(lambda: time.time() > at - 3, LIFE, why="nearly due")
        soc.process.stop()
        wait_until(lambda: "the SOC does not answer" in (lcp.folder / "lcp.log").read_text(), 20, why="a renewal that failed")
        soc.start()
        third = wait_until(lambda: row()["serial"] != second["serial"] and row(), LIFE, why="renewal after the SOC was away")
        print(f"renewed after the SOC was away: {third['serial'][:8]}")

        flow.over.set()
        flow.join()
        wait_until(lambda: stored(soc) >= flow.n, 30, why="every line in the archive")
        assert stored(soc) == flow.n, (stored(soc), flow.n)
        checks = {c["id"]: c["ok"] for c in soc.local().ask("GET", "/api/v1/doctor")["checks"]}
        assert checks["certificates"], checks
        print(f"{flow.n} lines sent, {stored(soc)} archived")

        soc.cli("lcp", "revoke", "aoba", "aoba-1")
        status, body = post(soc, "/v1/renew", identity / "cert.pem", identity / "key.pem", {"csr": "x"})
        assert status == 403, (status, body)
        status, body = post(soc, "/v1/heartbeat", identity / "cert.pem", identity / "key.pem", {"v": 1})
        assert status == 403, (status, body)
        good = True
    finally:
        soc.stop()
        if not good:
            for log in (folder / "nezuband.log", folder / "aoba-1" / "lcp.log"):
                print(log, log.read_text()[-3000:] if log.exists() else "", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
