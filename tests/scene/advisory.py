# SPDX-License-Identifier: Apache-2.0
"""An advisory against the whole service: a collector's real lines, the search store, mail. Two persons write it, each tenant's logs
are asked ("seen N times in 92 days, by these devices"), it goes to those concerned with its products and indicators, opening it is
the receipt; what is found later and its withdrawal are told by mail too."""
import email
import email.policy
import json
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
BAD, NAME = "203.0.113.199", "evil-cdn.example"
DAY = 86400


def line(n, dst, at=None, device="AOB-FW-01"):
    at = time.time() - 60 + n / 10 if at is None else at
    day = time.localtime(at)
    return (f'<189>1 {time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))} {device} - - - - date={time.strftime("%Y-%m-%d", day)} time={time.strftime("%H:%M:%S", day)} devname="{device}" devid="FGT60F0000000001" eventtime={int(at)}000000000 tz="{time.strftime("%z", day)}" '
            f'logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=10.20.1.{n % 250 + 1} srcport={20000 + n} dstip={dst} dstport=443 proto=6 action="accept" policyid=1 sessionid={n} sentbyte=100 rcvdbyte=200')


def head(device):
    return f'<134>1 {time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())} {device} - - - - '


def dns(n, name, *answers):
    at = time.time() - 50 + n
    return head("zeek1") + json.dumps({"ts": at, "uid": f"C{n}", "id.orig_h": "10.20.1.5", "id.orig_p": 5353, "id.resp_h": "10.20.0.53", "id.resp_p": 53, "proto": "udp", "trans_id": n, "query": name, "qclass": 1, "qclass_name": "C_INTERNET",
                                       "qtype": 1, "qtype_name": "A", "rcode": 0, "rcode_name": "NOERROR", "AA": False, "TC": False, "RD": True, "RA": True, "answers": list(answers), "TTLs": [60.0] * len(answers), "rejected": False})


def squid(n, url):
    return head("proxy1") + f"{time.time() - 40 + n:.3f}     12 10.20.1.7 TCP_MISS/200 400 GET {url} - HIER_DIRECT/192.0.2.10 text/html"


# What is sent; what an advisory asks for; how often that is, on which devices.
LINES = [*(line(n, BAD if n % 100 == 7 else "192.0.2.10") for n in range(400)),
         line(401, BAD, time.time() - 91 * DAY), line(402, BAD, time.time() - 93 * DAY), line(403, "203.0.113.19"), line(404, "203.0.113.199", device="AOB-FW-02"),
         dns(1, "a.example", "192.0.2.7", BAD), dns(2, f"www.{NAME}", "192.0.2.8"), dns(3, f"not{NAME}", "192.0.2.9"), dns(4, "b.example", "192.0.2.7", "198.51.100.77"), dns(5, "c.example", "198.51.100.177"),
         squid(1, "http://drop.example/Load/A.exe?x=1"), squid(2, "http://drop.example/other"), squid(3, "http://fine.example/hash/" + "ab" * 32)]
ASKED = [{"kind": "ip", "value": "203.0.113[.]199"}, {"kind": "ip", "value": "198.51.100.64/26"}, {"kind": "domain", "value": NAME.upper()}, {"kind": "url", "value": "hxxp://drop[.]example/Load/A.exe"}, {"kind": "hash", "value": "AB" * 32}]
SEEN = {"AOB-FW-01": 5, "AOB-FW-02": 1, "zeek1": 3, "proxy1": 2}


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


def letter(mails, whom, subject):
    """The text and HTML of the newest mail to that person with that in its subject."""
    for path in sorted(mails.glob("*.eml"), reverse=True):
        m = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        if whom in str(m["To"]) and subject in str(m["Subject"]):
            return m.get_body(("plain",)).get_content(), m.get_body(("html",)).get_content()
    return None


def must(text, *words):
    for w in words:
        assert w in text, f"{w!r} is not in:\n{text}"


def counted(client, path):
    now = {t["tenant"]["id"]: t for t in client.ask("GET", path)["tenants"]}
    return now if not any(t["counting"] for t in now.values()) else None


def send_lines(lcp, lines):
    with socket.create_connection(("127.0.0.1", lcp.tcp_port), 10) as s:
        s.sendall("".join(x + "\n" for x in lines).encode())


def whom_it_concerns(people, path):
    assert refused(people["analyst"], "POST", f"{path}/approve") == 403 and refused(people["customer"], "GET", path) == 404
    people["analyst"].ask("POST", f"{path}/check")
    t = wait_until(lambda: counted(people["lead"], path), 90, 0.2, why="the logs counted")
    assert {s["device"]: s["count"] for s in t["aoba"]["seen"]} == SEEN and t["aoba"]["total"] == sum(SEEN.values()), t["aoba"]
    assert {d["id"] for d in t["aoba"]["devices"]} == {"AOB-FW-01", "AOB-FW-02"} and t["aoba"]["unknown"] == ["apache httpd 2.4.49", "CVE-2021-41773"], t["aoba"]
    assert t["harbor"]["total"] == 0 and t["harbor"]["devices"] == [] and [(a["name"], a["cves"]) for a in t["harbor"]["assets"]] == [("public web server", ["CVE-2021-41773"])], t["harbor"]
    return t["aoba"]["seen"]


def goes_out(people, path, mails):
    people["lead"].ask("POST", f"{path}/approve")
    people["lead"].ask("POST", f"{path}/send")
    assert {x["tenant"]["id"] for x in people["lead"].ask("GET", path)["tenants"] if x["sent_at"]} == {"aoba", "harbor"}
    for body in wait_until(lambda: letter(mails, "odagiri@", "注意喚起"), 30, why="the mail of Aoba"):
        must(body, "11 回", "apache httpd 2.4.49", "fortinet", "CVE-2021-41773", "御社のログで見つかった機器", "AOB-FW-01：5 回", "zeek1：3 回", "203[.]0[.]113[.]199", "198[.]51[.]100[.]64/26", "evil-cdn[.]example", "hxxp://drop[.]example/Load/A[.]exe", "ab" * 32)
        assert BAD not in body and NAME not in body and "drop.example" not in body, body
    for body in wait_until(lambda: letter(mails, "whitfield@", "[Advisory"), 30, why="the mail of Harbor"):
        must(body, "not seen", "public web server", "registered as vulnerable to CVE-2021-41773", "fortinet", "What we cannot know", "evil-cdn[.]example")
        assert "zeek1" not in body and "AOB-" not in body, body
    mine = people["customer"].ask("GET", path)
    assert [x["tenant"]["id"] for x in mine["tenants"]] == ["aoba"] and mine["tenants"][0]["total"] == 11 and not mine["read"] and mine["made_by"] is None, mine
    people["customer"].ask("POST", f"{path}/read")
    reads = next(x for x in people["lead"].ask("GET", path)["tenants"] if x["tenant"]["id"] == "aoba")["reads"]
    assert len(reads) == 1, reads


def story(service, mails):
    service.local().ask("POST", "/api/v1/tenants/import", {"yaml": (ROOT / "tools" / "demo" / "tenants.yaml").read_text().replace("@PHONE@", "127.0.0.1:9")})
    lcp, other = Collector(service, "aoba", "aoba-tokyo-1"), Collector(service, "harbor", "harbor-london-1")
    for c in (lcp, other):
        c.enrol()
        c.start()
    send_lines(lcp, LINES)
    people = {role: login(service, role) for role in PEOPLE}
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 100 * DAY))
    wait_until(lambda: people["lead"].ask("GET", f"/api/v1/logs?tenant=aoba&from={since}&q=event.dataset:*%20%7C%20count")["rows"] == [[len(LINES)]], 90, 0.3, why="the lines searchable")
    a = people["analyst"].ask("POST", "/api/v1/advisories", {"severity": "critical", "title": {"ja": "VPN装置の脆弱性", "en": "A hole in VPN devices"}, "text": {"ja": "攻撃が観測されています。", "en": "It is being attacked."},
                                                              "advice": {"ja": "更新してください。", "en": "Please update."}, "products": ["fortinet", "apache httpd 2.4.49"], "cves": ["cve-2021-41773"], "indicators": ASKED})
    path = f"/api/v1/advisories/{a['number']}"
    seen = whom_it_concerns(people, path)
    goes_out(people, path, mails)
    send_lines(other, [line(500 + n, BAD, device="HFL-FW-01") for n in range(3)])
    wait_until(lambda: len(people["lead"].ask("GET", f"/api/v1/logs?tenant=harbor&q=destination.ip:{BAD}")["items"]) == 3, 90, 0.3, why="Harbor's lines")
    people["analyst"].ask("POST", f"{path}/check")
    for body in wait_until(lambda: letter(mails, "whitfield@", "now in your logs"), 60, why="the mail of what was found later"):
        must(body, "seen 3 times", "HFL-FW-01: 3 times")
    assert refused(people["lead"], "POST", f"{path}/withdraw", {}) == 422
    people["lead"].ask("POST", f"{path}/withdraw", {"reason": {"ja": "指標が誤りでした。", "en": "The indicators were wrong."}})
    must(wait_until(lambda: letter(mails, "odagiri@", "取り下げ"), 30, why="the mail of the withdrawal")[0], "指標が誤りでした。")
    must(wait_until(lambda: letter(mails, "whitfield@", "withdrawn"), 30, why="its English")[0], "The indicators were wrong.")
    assert people["customer"].ask("GET", path)["reason"]["en"] == "The indicators were wrong."
    return seen


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
