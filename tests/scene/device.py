#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A device from the wish to its first line: a customer asks, an engineer approves, a real collector fetches the signed list and names the
device by its address, the first line makes it live and is shown parsed. Then what must not happen: a changed list is refused and told, a worker
that is killed still knows the names, a withdrawn device is forgotten."""
import json
import os
import pathlib
import shutil
import signal
import socket
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
from client import Client, Refused  # noqa: E402
from service import Collector, Service, wait_until  # noqa: E402

SECRETS = {"odagiri": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "eng": "ORUGS4ZANFZSAYJAONSWG4TFORZWKY3S", "lowe": "IFBEGRCFIZDUQSKKJNGE2TSPKBIVEU2U"}
TENANTS = """tenants:
  - {id: aoba, name: {ja: 青葉精機, en: Aoba Seiki}, kana: アオバセイキ, short: AOBA, zone: Asia/Tokyo, code_word: {ja: カワセミ, en: kingfisher}}
  - {id: harbor, name: Harbor, kana: ハーバー, short: HARBOR, zone: Europe/London, code_word: {ja: イカリ, en: anchor}}
accounts:
  - {login: odagiri, name: {ja: 小田切 直人, en: N. Odagiri}, role: customer, tenant: aoba, password: four random words here, totp: %(odagiri)s}
  - {login: lowe, name: H. Lowe, role: customer, tenant: harbor, password: four random words here, totp: %(lowe)s}
  - {login: eng, name: {ja: 技術 太郎, en: T. Gijutsu}, role: engineer, password: four random words here, totp: %(eng)s}
""" % SECRETS
LINE = 'date=2026-11-27 time=10:00:00 devname="whatever" devid="FG1" tz="+0900" logid="0000000013" type="traffic" subtype="forward" action="deny" srcip=10.1.2.%d srcport=4711 dstip=203.0.113.9 dstport=443 proto=6'


def person(soc, login):
    c = Client(port=soc.web_port)
    c.login(login, "four random words here", SECRETS[login])
    return c


def send(lcp, n):
    """A line over UDP whose header names another host than the device will be called."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(f"<189>Nov 27 10:00:00 whatever {LINE % n}".encode(), ("127.0.0.1", lcp.udp_port))


def refused(status, fn):
    try:
        fn()
    except Refused as e:
        assert e.status == status, f"wanted {status}, got {e}"
        return e.body
    raise AssertionError(f"wanted {status}")


def runs(who, reg):
    """[(wanted, runs)] of its collectors."""
    return [(x["wanted"], (x.get("said") or {}).get("version")) for x in who.ask("GET", f"/api/v1/registrations/{reg}")["collectors"]]


def taken(who, reg):
    got = runs(who, reg)
    return got and all(a == b for a, b in got)


def lines_of(who, device):
    return next((d["lines_today"] for d in who.ask("GET", "/api/v1/devices?tenant=aoba")["items"] if d["id"] == device), 0)


def told(who, reg):
    return (who.ask("GET", f"/api/v1/registrations/{reg}")["collectors"][0].get("said") or {}).get("refused") or {}


def waits(who):
    """Open alarms about devices that are asked for."""
    return [a["text"]["en"] for a in who.ask("GET", "/api/v1/alarms")["items"] if a["kind"] == "device_asked" and not a["acknowledged_at"]]


def main():
    folder = tempfile.mkdtemp(prefix="nezuban-device-")
    store = bool(os.environ.get("NEZUBAN_LIBCHDB") or list((ROOT / "src" / "store" / "chdb").glob("node_modules/@chdb/*/libchdb.so")))
    soc = Service(folder)
    good = False
    try:
        soc.start()
        soc.local().ask("POST", "/api/v1/tenants/import", {"yaml": TENANTS})
        lcp = Collector(soc, "aoba", "tokyo-1", settings={"soc": {"url": f"https://127.0.0.1:{soc.ingest_port}", "heartbeat": "300ms"}, "batch": {"wait": "50ms"}})
        lcp.enrol()
        lcp.start()
        customer, engineer, stranger = person(soc, "odagiri"), person(soc, "eng"), person(soc, "lowe")
        guide = next(s for s in customer.ask("GET", "/api/v1/sources")["items"] if s["id"] == "fortinet.fortigate")["guide"]
        assert "{address}" in guide["ja"] and "{address}" in guide["en"]

        # asked for
        refused(422, lambda: customer.ask("POST", "/api/v1/registrations", {"tenant": "aoba", "device": "fw-9", "source": "no.such"}))
        refused(404, lambda: stranger.ask("POST", "/api/v1/registrations", {"tenant": "aoba", "device": "fw-9"}))
        reg = customer.ask("POST", "/api/v1/registrations", {"tenant": "aoba", "device": "fw-9", "source": "fortinet.fortigate", "transport": "udp", "address": "127.0.0.1", "lcp": "tokyo-1"})["id"]
        assert len(waits(engineer)) == 1 and "fw-9" in waits(engineer)[0], "somebody hears of it at once"
        refused(404, lambda: stranger.ask("GET", f"/api/v1/registrations/{reg}"))
        refused(403, lambda: customer.ask("POST", f"/api/v1/registrations/{reg}/approve"))
        send(lcp, 1)
        wait_until(lambda: lines_of(customer, "whatever") == 1, 30, 0.1, "a line by the header's name")
        assert customer.ask("GET", f"/api/v1/registrations/{reg}")["state"] == "proposed"

        # approved: the collector takes the list, the next line has the device's name and source
        assert engineer.ask("POST", f"/api/v1/registrations/{reg}/approve")["state"] == "waiting"
        assert not waits(engineer)
        wait_until(lambda: taken(customer, reg), 30, 0.1, "the collector runs the list")
        send(lcp, 2)
        wait_until(lambda: customer.ask("GET", f"/api/v1/registrations/{reg}")["state"] == "live", 30, 0.1, "live")
        assert lines_of(customer, "fw-9") == 1 and lines_of(customer, "whatever") == 1
        if store:
            first = wait_until(lambda: json.loads(soc.cli("device", "show", reg))["first_line"], 60, 0.3, "the first line out of the store")
            assert first["device"] == "fw-9" and first["fields"]["source.ip"] == "10.1.2.2" and first["dataset"] == "fortinet.fortigate", first
        else:
            print("the store is absent: its part is left out")

        # a worker that dies is told again
        os.kill(lcp.role_pids()["worker"][0], signal.SIGKILL)
        wait_until(lambda: lcp.role_pids().get("worker"), 20, 0.05, "another worker")
        send(lcp, 3)
        wait_until(lambda: lines_of(customer, "fw-9") == 2, 30, 0.1, "named by the next worker")

        # (what is in an open batch when a collector stops is packed and counted again: let it be closed)
        beat = lambda: customer.ask("GET", "/api/v1/lcps?tenant=aoba")["items"][0]["last_at"]  # noqa: E731
        before = beat()
        wait_until(lambda: beat() != before, 20, 0.05, "the next heartbeat")

        # a kept list that was tampered with is refused and told; a good one is fetched again
        lcp.stop()
        kept = lcp.data / "identity" / "config.json"
        whole = kept.read_text()
        assert "127.0.0.1" in whole
        kept.write_text(whole.replace("127.0.0.1", "127.0.0.2"))
        lcp.start()
        wait_until(lambda: told(customer, reg).get("signature") == 1, 30, 0.1, "the refusal in a heartbeat")
        wait_until(lambda: taken(customer, reg), 30, 0.1, "the good list again")
        assert "127.0.0.1" in kept.read_text()
        send(lcp, 4)
        wait_until(lambda: lines_of(customer, "fw-9") == 3, 30, 0.1, "named after the repair")
        # withdrawn
        customer.ask("POST", f"/api/v1/registrations/{reg}/withdraw")
        wait_until(lambda: taken(customer, reg), 30, 0.1, "the list without it")
        send(lcp, 5)
        wait_until(lambda: lines_of(customer, "whatever") == 2, 30, 0.1, "a withdrawn device has its header's name again")
        assert lines_of(customer, "fw-9") == 3
        resident = lcp.resident_kb()
        assert resident < 32 * 1024, resident
        verified = soc.local().ask("GET", "/api/v1/journal/verify")
        assert verified["ok"], verified
        print(f"device: wish, approval, list {runs(customer, reg)}, first line, worker killed, list changed, withdrawn; collector {resident} kB")
        good = True
    finally:
        soc.stop()
        if good:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"kept: {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
