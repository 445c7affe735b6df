# SPDX-License-Identifier: Apache-2.0
"""An advisory against the whole service: a collector's real lines, the search store, mail. Two persons write it, each tenant's logs
are asked ("seen N times in 92 days, by these devices"), it goes to those concerned, and opening it is the receipt."""
import pathlib
import shutil
import socket
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "lib"), str(ROOT / "tools" / "demo")]

from client import Client, Refused  # noqa: E402
from service import Collector, Process, Service, free_port, wait_until  # noqa: E402

PEOPLE = {"analyst": ("miyoshi", "demo-analyst-one", "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U"), "lead": ("reid", "demo-lead-number-one", "NBSWY3DPEB3W64TMMQQHG2LHOR2G64TF"),
          "customer": ("odagiri", "demo-customer-aoba", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"), "other": ("whitfield", "demo-customer-harbor", "IFBEGRCFIZDUQSKKJNGE2TSPKBIVEU2U")}
BAD = "203.0.113.199"


def line(n, dst):
    at = time.localtime(time.time() - 60 + n / 10)
    return (f'<189>date={time.strftime("%Y-%m-%d", at)} time={time.strftime("%H:%M:%S", at)} devname="AOB-FW-01" devid="FGT60F0000000001" eventtime={int(time.mktime(at))}000000000 tz="{time.strftime("%z", at)}" '
            f'logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=10.20.1.{n % 250 + 1} srcport={20000 + n} dstip={dst} dstport=443 proto=6 action="accept" policyid=1 sessionid={n} sentbyte=100 rcvdbyte=200')


def login(service, role):
    name, password, secret = PEOPLE[role]
    c = Client(port=service.web_port)
    c.login(name, password, secret)
    return c


def refused(client, *a):
    try:
        client.ask(*a)
    except Refused as e:
        return e.status
    return 200


def story(service, mails):
    service.local().ask("POST", "/api/v1/tenants/import", {"yaml": (ROOT / "tools" / "demo" / "tenants.yaml").read_text().replace("@PHONE@", "127.0.0.1:9")})
    lcp = Collector(service, "aoba", "aoba-tokyo-1")
    lcp.enrol()
    lcp.start()
    with socket.create_connection(("127.0.0.1", lcp.tcp_port), 10) as s:
        for n in range(400):
            s.sendall(line(n, BAD if n % 100 == 7 else "192.0.2.10").encode() + b"\n")
    people = {role: login(service, role) for role in PEOPLE}
    wait_until(lambda: len(people["lead"].ask("GET", f"/api/v1/logs?tenant=aoba&q=destination.ip:{BAD}")["items"]) == 4, 90, 0.3, why="the lines searchable")
    a = people["analyst"].ask("POST", "/api/v1/advisories", {"severity": "critical", "title": {"ja": "VPN装置の脆弱性", "en": "A hole in VPN devices"}, "text": {"ja": "攻撃が観測されています。", "en": "It is being attacked."},
                                                              "advice": {"ja": "更新してください。", "en": "Please update."}, "products": ["fortinet"],
                                                              "indicators": [{"kind": "ip", "value": BAD}, {"kind": "domain", "value": "evil-cdn.example"}, {"kind": "hash", "value": "0" * 64}]})
    path = f"/api/v1/advisories/{a['number']}"
    assert refused(people["analyst"], "POST", f"{path}/approve") == 403 and refused(people["customer"], "GET", path) == 404
    people["analyst"].ask("POST", f"{path}/check")

    def known():
        now = {t["tenant"]["id"]: t for t in people["lead"].ask("GET", path)["tenants"]}
        return now if not any(t["counting"] for t in now.values()) else None
    t = wait_until(known, 90, 0.2, why="the logs counted")
    assert t["aoba"]["total"] == 4 and t["aoba"]["seen"][0]["count"] == 4 and t["aoba"]["seen"][0]["device"], t["aoba"]
    assert len(t["aoba"]["devices"]) == 1 and t["harbor"]["total"] == 0 and t["harbor"]["devices"] == [], t
    people["lead"].ask("POST", f"{path}/approve")
    people["lead"].ask("POST", f"{path}/send")
    assert {x["tenant"]["id"] for x in people["lead"].ask("GET", path)["tenants"] if x["sent_at"]} == {"aoba"}
    got = wait_until(lambda: [m for m in (p.read_text(errors="replace") for p in mails.glob("*.eml")) if "odagiri@" in m.split("\r\n\r\n", 1)[0]], 30, why="the mail")
    assert got and refused(people["other"], "GET", path) == 404
    mine = people["customer"].ask("GET", path)
    assert [x["tenant"]["id"] for x in mine["tenants"]] == ["aoba"] and mine["tenants"][0]["total"] == 4 and not mine["read"] and mine["made_by"] is None, mine
    people["customer"].ask("POST", f"{path}/read")
    reads = next(x for x in people["lead"].ask("GET", path)["tenants"] if x["tenant"]["id"] == "aoba")["reads"]
    assert len(reads) == 1, reads
    return t["aoba"]["seen"]


def main():
    if not list((ROOT / "src" / "store" / "chdb").glob("node_modules/@chdb/*/libchdb.so")):
        print("skipped: libchdb is absent (npm ci in src/store/chdb)")
        return 77
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nezuban-advisory-"))
    mails, port, good = folder / "mails", free_port(), False
    mails.mkdir()
    service = Service(folder, settings={"mail.url": f"smtp://127.0.0.1:{port}", "mail.starttls": "no"})
    sink = Process([str(service.build / "tests" / "lib" / "smtp_sink"), "--port", str(port), "--dir", str(mails)], folder / "sink.log")
    try:
        service.start()
        print("advisory: seen", story(service, mails))
        good = True
    finally:
        sink.stop()
        service.stop()
        if good:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"kept: {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
