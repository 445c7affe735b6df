#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An engine that dies while a broken source or rule lies on the disk comes back with the last good set: lines go on to be understood and judged, the
fault is told with file, line and column, in the log and as an alarm; when the file is mended the present set is taken again."""
import os
import pathlib
import re
import shutil
import signal
import socket
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "lib"), str(ROOT / "tools" / "demo")]
import lines  # noqa: E402
import time  # noqa: E402
from service import Collector, Service, wait_until  # noqa: E402

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


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nezuban-generation-"))
    os.chmod(folder, 0o755)
    for name in ("rules", "sources"):
        shutil.copytree(ROOT / name, folder / name)
    soc = Service(folder, settings={"rules.folder": str(folder / "rules"), "sources.folder": str(folder / "sources")})
    log = folder / "nezuband.log"
    sent, good = 0, False

    def send(lcp, n):
        nonlocal sent
        with socket.create_connection(("127.0.0.1", lcp.tcp_port)) as s:
            s.sendall("".join(lines.fortigate(time.time(), "aoba", "fw1", srcip="10.1.1.9", srcport=1024 + i, dstip="198.51.100.7", dstport=443, sessionid=i, proto=6, action="close", policyid=1,
                                              service="HTTPS", duration=1, sentbyte=1, rcvdbyte=1) + "\n" for i in range(n)).encode())
        sent += n
        wait_until(lambda: events() == sent, 60, why=f"{sent} lines understood, {events()} are")

    def events():
        try:
            return soc.local().ask("GET", "/api/v1/funnel?tenant=aoba")["total"]["events"]
        except OSError:
            return -1

    def engine():
        return soc.role_pids().get("engine", [None])[0]

    def kill():
        was = engine()
        os.kill(was, signal.SIGKILL)
        wait_until(lambda: engine() not in (None, was), 30, why="engine back")

    try:
        soc.start()
        (folder / "tenants.yaml").write_text(TENANTS)
        soc.cli("tenant", "import", folder / "tenants.yaml")
        lcp = Collector(soc, "aoba", "aoba-1")
        lcp.enrol()
        lcp.start()
        send(lcp, 50)
        rule = next(p for p in sorted((folder / "rules").rglob("*.yml")) if not p.name.endswith(".test.yml"))
        for path, old, new, wanted in [
                (folder / "sources" / "fortinet.fortigate.yaml", r"^codec:", "codek:", r"fortinet\.fortigate\.yaml:\d+:\d+: error\[SRC-KEY\]: codek"),
                (rule, r"^detection:", "detecton:", re.escape(rule.name) + r":\d+:\d+: error\[SIG-DETECTION\]")]:
            whole, mark = path.read_text(), log.stat().st_size
            path.write_text(re.sub(old, new, whole, count=1, flags=re.M))
            kill()
            send(lcp, 50)
            said = wait_until(lambda: "engine.last_good_generation" in log.read_bytes()[mark:].decode() and log.read_bytes()[mark:].decode(), 20, why="the fault in the log")
            assert re.search(wanted, said.replace("\\n", "\n")), (wanted, said)
            alarms = wait_until(lambda: [a for a in soc.local().ask("GET", "/api/v1/alarms")["items"] if a["kind"] == "generation" and not a.get("acknowledged_at")], 20, why="the alarm")
            assert re.search(wanted, alarms[0]["text"]["en"]), alarms
            soc.local().ask("POST", f"/api/v1/alarms/{alarms[0]['id']}/acknowledge")
            print(f"{path.name}: {re.search(wanted, alarms[0]['text']['en']).group(0)}; {sent} lines understood")
            mark = log.stat().st_size
            path.write_text(whole)
            kill()
            send(lcp, 50)
            assert "engine.last_good_generation" not in log.read_bytes()[mark:].decode()
        # a set on which a process died while it loaded it is not tried a second time
        mark = log.stat().st_size
        path.write_text(whole + "# touched\n")
        shutil.copy(soc.data / "generation" / "fingerprint", folder / "known")
        kill()
        # what a process leaves that died while loading: the fingerprint of the present set, found by letting one load it
        wait_until(lambda: (soc.data / "generation" / "fingerprint").read_text() != (folder / "known").read_text(), 30, why="the touched set taken")
        shutil.copy(soc.data / "generation" / "fingerprint", soc.data / "generation.trying")
        kill()
        send(lcp, 50)
        assert "GEN-DIED" in log.read_bytes()[mark:].decode()
        good = True
    finally:
        soc.stop()
        if not good:
            print(log.read_text()[-4000:], file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
