# SPDX-License-Identifier: Apache-2.0
"""The demonstration: starts the whole service, replays three days of two customers, and either waits for people
(`./demo`) or does their work itself and compares (`./demo --once`)."""
import argparse
import email
import email.policy
import heapq
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "lib")]

import lines  # noqa: E402
import ordinary  # noqa: E402
import promises  # noqa: E402
from service import Client, Collector, Process, Refused, Service, free_port, wait_until  # noqa: E402
from stories import STORIES  # noqa: E402

DAYS = 3
LINES = {"aoba": 130_000, "harbor": 110_000}
SEVERITIES = ["informational", "warning", "critical", "emergency"]
ACCOUNTS = {login: (password, secret) for login, password, secret in re.findall(
    r"login: (\S+),.*password: (\S+), totp: (\w+)\}", (HERE / "tenants.yaml").read_text())}


def say(text):
    print(f"[{time.monotonic() - STARTED:6.1f} s] {text}", flush=True)


STARTED = time.monotonic()


class JsonLines(Process):
    """A helper program that prints one JSON object a line."""

    def __init__(self, argv, log):
        super().__init__(argv, log)
        self.path = pathlib.Path(log)

    def rows(self):
        found = []
        for line in self.path.read_text(errors="replace").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                pass
        return found

    def has(self, what):
        return [r for r in self.rows() if r.get("what") == what]


class Demo:
    def __init__(self, folder, scale, free):
        self.folder, self.scale, self.free = pathlib.Path(folder), scale, free
        self.helpers = []
        self.people = {}

    def port(self, wanted, kind=socket.SOCK_STREAM):
        if self.free:
            return free_port()
        with socket.socket(socket.AF_INET, kind) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", wanted))
            except OSError as e:
                raise RuntimeError(f"port {wanted} is taken ({e.strerror}): another demonstration? --free-ports takes others") from None
        return wanted

    # ---- start ----

    def start(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.mails = self.folder / "mails"
        self.recordings = self.folder / "recordings"
        self.mails.mkdir()
        self.recordings.mkdir()
        build = pathlib.Path(os.environ.get("NEZUBAN_BUILD") or ROOT / "build") / "tests" / "lib"
        smtp, sip = self.port(8025), self.port(5070, socket.SOCK_DGRAM)
        self.lmtp = self.port(8024)
        self.sink = JsonLines([str(build / "smtp_sink"), "--port", str(smtp), "--dir", str(self.mails)], self.folder / "smtp.log")
        self.phone = JsonLines([str(build / "phone"), "--port", str(sip), "--answer-after", "1", "--press", "1", "--press-after", "6", "--record", str(self.folder / "heard.wav")],
                               self.folder / "phone.log")
        self.helpers = [self.sink, self.phone]
        wait_until(lambda: self.sink.has("ready") and self.phone.has("ready"), 20, why="mail sink and telephone")
        intel = self.folder / "soc" / "intel" / "lists"
        intel.mkdir(parents=True)
        shutil.copy(HERE / "indicators.csv", intel / "demonstration.csv")
        self.service = Service(self.folder, web_port=self.port(8443), ingest_port=self.port(8444), sip_port=self.port(5060, socket.SOCK_DGRAM), settings={
            "mail.url": f"smtp://127.0.0.1:{smtp}", "mail.from": "soc@nezuban.example", "mail.starttls": "no", "mail.listen": f"127.0.0.1:{self.lmtp}", "mail.inquiries": "soc@nezuban.example", "mail.authserv": "mx.nezuban.example", "call.from": "sip:nezuban@127.0.0.1", "call.rtp_first": 17000, "call.rtp_last": 17200,
            "store.libchdb": str(next((ROOT / "src/store/chdb/node_modules").rglob("libchdb.so"), "")), "web.socket": str(self.folder / "soc" / "api.sock"), "desk.canary_late": "1m", "webhook.plain_loopback": True})
        self.service.set("desk.url", f"https://localhost:{self.service.web_port}")
        self.service.start()
        say("service is up: " + " ".join(sorted(self.service.role_pids())))
        self.sip = sip
        self.import_tenants([(t, "    daily_at: '23:59'\n") for t in LINES])
        self.service.local().ask("POST", "/api/v1/roster/import", {"yaml": (HERE / "roster.yaml").read_text(), "file": "roster.yaml"})
        self.collectors = {"aoba": Collector(self.service, "aoba", "aoba-tokyo-1", self.port(5514), self.port(5514, socket.SOCK_DGRAM)),
                           "harbor": Collector(self.service, "harbor", "harbor-london-1", self.port(5515), self.port(5515, socket.SOCK_DGRAM))}
        for c in self.collectors.values():
            c.enrol()
            c.start()
        say("two collectors are enrolled and listening")

    def import_tenants(self, more=()):
        """The document; more: lines that a tenant has besides, [(tenant, "    key: value\\n")]."""
        text = (HERE / "tenants.yaml").read_text().replace("@PHONE@", f"127.0.0.1:{self.sip}")
        for tenant, lines_of_it in more:
            text = text.replace(f"  - id: {tenant}\n", f"  - id: {tenant}\n{lines_of_it}")
        (self.folder / "tenants.yaml").write_text(text)
        self.service.local().ask("POST", "/api/v1/tenants/import", {"yaml": text, "file": "tenants.yaml"})

    # ---- traffic ----

    def story_times(self, now):
        """Stories are spread over the last six hours, look-alikes over the two days before; all told before now."""
        plan = []
        attacks = [s for s in STORIES if s.wanted != "harmless"]
        look_alikes = [s for s in STORIES if s.wanted == "harmless"]
        for i, s in enumerate(attacks):
            plan.append((now - 6 * 3600 + i * 2400, s))
        for i, s in enumerate(look_alikes):
            plan.append((now - 50 * 3600 + i * 5 * 3600, s))
        return plan

    def replay(self):
        now = time.time() - 60
        sent = {}
        threads = []
        for tenant in LINES:
            streams = [ordinary.history(tenant, 7, now - DAYS * 86400, now, int(LINES[tenant] * self.scale))]
            streams += [s.tell(t) for t, s in self.story_times(now) if s.tenant == tenant]
            threads.append(threading.Thread(target=self.send, args=(tenant, heapq.merge(*streams, key=lambda x: x[0]), sent)))
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.sent = sent
        say(f"replayed {sum(sent.values()):,} lines of {DAYS} days over TCP")

    def send(self, tenant, stream, sent):
        """One connection per device, lines in the order of time."""
        connections, n = {}, 0
        for _, line in stream:
            device = line.split(" ", 3)[2] if line[line.index(">") + 1] == "1" else line.split(" ")[3]
            if device not in connections:
                connections[device] = socket.create_connection(("127.0.0.1", self.collectors[tenant].tcp_port)).makefile("wb", buffering=1 << 16)
            connections[device].write(line.encode() + b"\n")
            n += 1
            if n % 2000 == 0:
                for c in connections.values():
                    c.flush()
        for c in connections.values():
            c.close()
        sent[tenant] = n

    def live(self, stop):
        """A thin stream of ordinary lines until stopped."""
        companies = {t: ordinary.Company(t, 99) for t in LINES}
        socks = {t: socket.create_connection(("127.0.0.1", c.tcp_port)) for t, c in self.collectors.items()}
        while not stop.wait(0.5):
            for tenant, company in companies.items():
                for _ in range(3):
                    try:
                        socks[tenant].sendall(company.one(time.time()).encode() + b"\n")
                    except OSError:
                        return

    # ---- people ----

    def person(self, login, again=False):
        """Signed in once with password and code; `again`: a second session of the same person."""
        if again or login not in self.people:
            c = Client(port=self.service.web_port)
            c.login(login, *ACCOUNTS[login])
            c.secret = ACCOUNTS[login][1]
            if again:
                return c
            self.people[login] = c
        return self.people[login]

    def forget(self, login):
        del self.people[login]

    def letters(self):
        for path in sorted(self.mails.glob("*.eml")):
            yield email.message_from_bytes(path.read_bytes(), policy=email.policy.default)

    @staticmethod
    def seconds(first, last):
        return iso_to_unix(last) - iso_to_unix(first)

    def first_line(self, tenant, device):
        """One line of a firewall that was not there before."""
        with socket.create_connection(("127.0.0.1", self.collectors[tenant].tcp_port)) as s:
            s.sendall(lines.fortigate(time.time(), tenant, device, srcip="10.20.20.15", dstip="198.51.100.9", dstport=443, action="accept").encode() + b"\n")

    def wait_for_lines(self):
        self.local = self.service.local()
        begun = time.monotonic()
        wait_until(lambda: sum(total_of(self.local, t)["lines"] for t in LINES) >= sum(self.sent.values()), 240, 0.5, "every line judged")
        say(f"every line is archived, parsed and judged {time.monotonic() - begun:.1f} s after the last was sent")

    def candidates(self):
        return self.local.ask("GET", "/api/v1/queue?limit=500")["items"]

    def find(self, story, rows):
        """The story's candidate: of its tenant, with the marker among its entities; the gravest when there are several."""
        mine = []
        for row in rows:
            if row["tenant"]["id"] != story.tenant:
                continue
            values = {e["value"].lower() for e in row.get("entities", [])}
            if story.marker.lower() not in values:
                full = self.local.ask("GET", f"/api/v1/candidates/{row['id']}")
                values = {e["value"].lower() for e in full.get("entities", [])}
            if story.marker.lower() in values:
                mine.append(row)
        return max(mine, key=lambda r: SEVERITIES.index(r["proposal"]["severity"]), default=None)


def total_of(client, tenant):
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86400))
    return client.ask("GET", f"/api/v1/funnel?tenant={tenant}&from={day}")["total"]


def decide(analyst, row):
    """As proposed, with the proposal's own answers and evidence."""
    page = analyst.ask("POST", f"/api/v1/candidates/{row['id']}/claim", {})
    proposal = page["proposal"]
    body = {"severity": proposal["severity"], "answers": proposal["answers"], "evidence": [e["id"] for e in page["evidence"]][:20]}
    at = time.time()
    return at, analyst.ask("POST", f"/api/v1/candidates/{row['id']}/decide", body)


def iso_to_unix(text):
    return time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone + float("0" + text[19:].rstrip("Z") if "." in text else 0)


def judge(demo):
    """Decides every story as proposed and compares; returns (good, all)."""
    analyst = demo.person("miyoshi")
    rows = demo.candidates()
    table, good = [], 0
    for s in [s for s in STORIES if s.wanted != "harmless"]:
        line = [s, "no candidate", "", "", "", False]
        table.append(line)
        row = demo.find(s, rows)
        if row is None:
            continue
        line[1] = row["proposal"]["severity"]
        try:
            at, incident = decide(analyst, row)
        except Refused as e:
            line[2] = f"refused: {e}"
            continue
        line[2], line[5] = incident["id"], line[1] == s.wanted
        if SEVERITIES.index(line[1]) >= 2:  # one telephone: one call after the other
            line[3], line[4], reached = follow(demo, at, incident["id"])
            line[5] = line[5] and reached
    for s in [s for s in STORIES if s.wanted == "harmless"]:
        row = demo.find(s, rows)
        proposed = row["proposal"]["severity"] if row else "nothing"
        table.append([s, proposed, "", "", "", proposed in ("nothing", "informational")])
    print(f"\n{'story':<22}{'tenant':<8}{'wanted':<15}{'proposed':<15}{'incident':<18}{'rang':<9}{'answered':<10}ok")
    for s, proposed, incident, rang, answered, ok in table:
        print(f"{s.name:<22}{s.tenant:<8}{s.wanted:<15}{proposed:<15}{incident:<18}{rang:<9}{answered:<10}{'yes' if ok else 'NO'}")
        good += ok
    return good, len(table)


def follow(demo, at, number):
    """Waits until the telephone rang, a key acknowledged, and the mail came."""
    def done():
        incident = demo.local.ask("GET", f"/api/v1/incidents/{number}")
        return incident if incident["acknowledged"] and incident["stamps"].get("rang") else None
    try:
        incident = wait_until(done, 180, 0.5, f"{number} acknowledged by key")
    except TimeoutError as e:
        print("  ", e)
        return "-", "-", False
    wait_until(lambda: len(demo.phone.has("bye")) >= len(demo.phone.has("ringing")), 60, 0.2, "the telephone hung up")
    rang, answered = (iso_to_unix(incident["stamps"][k]) - at for k in ("rang", "acknowledged"))
    mailed = any(number in str(m["subject"]) for m in demo.letters())
    if not mailed:
        print("   no mail about", number)
    return f"{rang:.1f} s", f"{answered:.1f} s", rang <= 15 and mailed


def funnel(demo):
    print()
    for tenant in LINES:
        t = total_of(demo.local, tenant)
        print(f"{tenant:<8}{t['lines']:>9,} lines → {t['events']:>9,} events → {t['detections']:>5,} detections → {t['candidates']:>4,} candidates → {t['incidents']:>3,} incidents")


def print_doors(demo):
    print(f"\n  console   https://localhost:{demo.service.web_port}/console/   miyoshi / demo-analyst-one\n"
          f"  portal    https://localhost:{demo.service.web_port}/portal/    odagiri / demo-customer-aoba · whitfield / demo-customer-harbor\n"
          f"  second factor secrets stand in tools/demo/tenants.yaml; a code now: python3 tests/lib/client.py SECRET\n"
          f"  mails     {demo.mails}\n  data      {demo.folder}\n\nCtrl-C ends it.", flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--once", action="store_true")
    p.add_argument("--folder", default=str(ROOT / ".demo"))
    p.add_argument("--scale", type=float, default=1.0, help="share of the ordinary lines")
    p.add_argument("--free-ports", action="store_true", help="take free ports instead of the documented ones (tests)")
    args = p.parse_args()
    demo = Demo(args.folder, args.scale, args.free_ports)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    status = 0
    try:
        demo.start()
        demo.replay()
        demo.wait_for_lines()
        feeder = threading.Thread(target=demo.live, args=(stop,), daemon=True)
        feeder.start()
        if args.once:
            good, total = judge(demo)
            kept, promised = promises.keep_all(demo)
            funnel(demo)
            memory = demo.service.resident_kb()
            print(f"memory   roles {sum(memory.values()) // 1024} MB ({', '.join(f'{k} {v // 1024}' for k, v in sorted(memory.items()))}); collectors "
                  + ", ".join(f"{c.lcp} {c.resident_kb() // 1024} MB" for c in demo.collectors.values()))
            print(f"time     {time.monotonic() - STARTED:.0f} s\ndemo: {kept} of {promised} promises\ndemo: {good} of {total} stories", flush=True)
            status = 0 if good == total and kept == promised else 1
        else:
            funnel(demo)
            print_doors(demo)
            while demo.service.process.alive():
                time.sleep(1)
    except KeyboardInterrupt:
        print()
    except (RuntimeError, TimeoutError, Refused) as e:
        print(f"demo: {e}", file=sys.stderr)
        status = 3
    finally:
        stop.set()
        if hasattr(demo, "service"):
            demo.service.stop()
        for h in demo.helpers:
            h.stop()
    return status


if __name__ == "__main__":
    sys.exit(main())
