#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What an enemy writes into logs, through everything.  Real collectors send lines of ten sources whose values are attacks (tests/lib/hostile.py, each with a
marker); they become detections, candidates and incidents of a Japanese and an English tenant, with comments, answers, inquiries, an exception, an
advisory and reports.  Then every output is read by what reads it in life (tests/scene/hostile_look.py, tests/web/hostile.mjs): each value must be there,
and must be nothing but text.

    python3 tests/scene/hostile.py [--keep] [--no-browser]
"""
import argparse
import calendar
import datetime
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zoneinfo

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "lib"), str(ROOT / "tests" / "scene")]
import feed  # noqa: E402
import hostile_look as look  # noqa: E402
from client import Client, Refused, totp  # noqa: E402
from hostile import COUNT, VALUES, long_ones, marker, raw, told, typed, valid  # noqa: E402
from service import Collector, Process, Service, free_port, wait_until  # noqa: E402
from webhook import Receiver  # noqa: E402

TENANTS = ("aoba", "harbor")
CRITICAL = [n for n, v in enumerate(VALUES) if v.startswith(("<break", "press"))]  # one of each tenant rings the telephone
FORMATS = ("json", "slack", "teams")


# Names as they come: pictures made of several characters, writing from the right, marks that turn it, piles of accents, very long ones.
NAMES = {"{id: odagiri, name: 小田切 直人,": "{id: odagiri, name: 小田切 👩‍🚒 אבג mk91zq,", "{id: whitfield, name: Anna Whitfield,": "{id: whitfield, name: 'Anna 👩‍🚒 ملف mk95zq',",
         "en: Naoto Odagiri}": "en: \"Naoto \\u202eZ\u0301\u0316\u0489\u0301\u0316 אבג mk92zq\"}", "{name: 業務端末, cidr": "{name: '業務 🌐 שרת mk93zq', cidr", "{name: ファイルサーバー, value": "{name: \"ファイル 🗄️ \\u202eملف mk94zq\", value",
         "{name: office, cidr": "{name: '" + "o" * 120 + " mk96zq', cidr"}


def one_line(value):
    return " ".join("".join(c if c >= " " else " " for c in valid(value)).split())


def tenant_of(n):
    return TENANTS[n % 2]


class Scene:
    def __init__(self, folder):
        self.folder = folder
        folder.chmod(0o755)  # the voice has a user of its own
        self.mails = folder / "mails"
        self.mails.mkdir()
        self.clock = folder / "clock"
        self.later(0)
        build = pathlib.Path(os.environ.get("NEZUBAN_BUILD") or ROOT / "build") / "tests" / "lib"
        smtp, self.phones = free_port(), {t: free_port() for t in TENANTS}
        self.helpers = [Process([str(build / "smtp_sink"), "--port", str(smtp), "--dir", str(self.mails)], folder / "smtp.log")]
        for tenant, port in self.phones.items():
            self.helpers += [Process([str(build / "phone"), "--port", str(port), "--answer-after", "0.2", "--press", "1", "--press-after", "12", "--record", str(folder / f"heard-{tenant}.wav")], folder / f"phone-{tenant}.log")]
        self.soc = Service(folder, settings={"mail.url": f"smtp://127.0.0.1:{smtp}", "mail.from": "soc@nezuban.example", "mail.starttls": "no", "desk.url": "https://soc.nezuban.example", "call.from": "sip:nezuban@127.0.0.1",
                                             "call.espeak": str(self.voice()), "webhook.plain_loopback": True, "webhook.timeout": "5s", "desk.alarm_mail": "duty@nezuban.example"})
        self.rules = ROOT / "rules"
        self.hook = Receiver()
        self.helpers += [self.hook]
        self.people, self.incidents, self.hooks, self.posts, self.read, self.drawn = {}, {}, {}, {}, {}, set()

    def voice(self):
        """The speech program, which tells what it was given.  It may write no file, so it goes through a pipe with a name."""
        pipe, program = self.folder / "said", self.folder / "voice"
        os.mkfifo(pipe)
        pipe.chmod(0o666)
        program.write_text(f"#!/bin/sh\ntee {pipe} | exec /usr/bin/espeak-ng \"$@\"\n")
        program.chmod(0o755)
        self.said, self.pipe = [], os.open(pipe, os.O_RDWR)
        threading.Thread(target=self.listen, daemon=True).start()
        return program

    def listen(self):
        while True:
            self.said.append(os.read(self.pipe, 65536))

    def later(self, seconds):
        """The service's clock, so many seconds after ours (base/clock.h)."""
        self.ahead = seconds
        if not self.clock.exists():
            self.clock.write_bytes(struct.pack("=q", 0))
        with open(self.clock, "r+b") as f:
            f.write(struct.pack("=q", int(seconds * 10**9)))

    def sign_in(self):
        for role in ("analyst", "lead", "engineer", "auditor", "customer", "other"):
            name, password, secret = feed.PEOPLE[role]
            c = self.people[role] = Client(port=self.soc.web_port)
            c.csrf = c.ask("POST", "/api/v1/session", {"login": name, "password": password})["csrf"]
            c.csrf = c.ask("POST", "/api/v1/session/totp", {"code": totp(secret, time.time() + self.ahead)})["csrf"]

    def customer(self, tenant):
        return self.people["customer" if tenant == "aoba" else "other"]

    # ---- in ----

    def start(self):
        self.soc.start({"NEZUBAN_WEB_CHECK": "1", "NEZUBAN_CLOCK": str(self.clock)})
        parts = (ROOT / "tools" / "demo" / "tenants.yaml").read_text().split("  - id: harbor\n")
        text = "  - id: harbor\n".join(p.replace("@PHONE@", f"127.0.0.1:{self.phones[t]}") for p, t in zip(parts, TENANTS)).replace("mail_for: [emergency, critical, warning]", "mail_for: [emergency, critical, warning, informational]")
        for plain, strange in NAMES.items():
            look.expect(plain in text, "the demonstration has no", plain)
            text = text.replace(plain, strange)
        text = text.replace("    decide_s: 900\n", "    decide_s: 900\n    channels: [{severity: informational, channel: mail, send: digest}]\n")
        self.soc.local().ask("POST", "/api/v1/tenants/import", {"yaml": text})
        self.sign_in()
        for tenant, lang in zip(TENANTS, ("ja", "en")):
            for form in FORMATS:
                more = {"raw": True} if form == "json" else {}
                made = self.soc.local().ask("POST", "/api/v1/webhooks", {"tenant": tenant, "name": form, "url": self.hook.url(f"/{tenant}/{form}"), "format": form, "lang": lang,
                                                                         "events": ["incident.opened", "incident.comment", "incident.answered", "inquiry.message"], **more})
                self.hooks[made["number"]] = (tenant, form)
        self.stream = look.Stream(self.people["analyst"])

    def send(self):
        now, self.lines = time.time() - 600, []
        for tenant in TENANTS:
            lcp = Collector(self.soc, tenant, f"{tenant}-1")
            lcp.enrol()
            lcp.start({"NEZUBAN_CLOCK": str(self.clock)})
            lines = [raw(line) for n in range(COUNT) if tenant_of(n) == tenant for line in told(now + n, tenant, n)]
            self.lines += lines
            feed.send(lcp, lines + [raw(x) for x in long_ones(now, tenant)])

    def candidates(self, tenant):
        return self.soc.local().ask("GET", f"/api/v1/queue?tenant={tenant}&limit=200")["items"]

    def wait(self):
        """Until each attack has a candidate of its own, each shared machine has one with all of them, and all lines can be searched."""
        def there():
            rows = [r for t in TENANTS for r in self.candidates(t)]
            text = json.dumps([r["title"] for r in rows])
            return rows if all(marker(n) in text for n in range(COUNT)) else None
        rows = wait_until(there, 60, 0.3, "a candidate of each attack")
        for tenant in TENANTS:
            wait_until(lambda t=tenant: len(self.people["lead"].ask("GET", f"/api/v1/logs?tenant={t}&limit=1000&q=*")["items"]) >= COUNT * 5, 60, 0.3, f"lines of {tenant} searchable")
        return rows

    # ---- what people do ----

    def decide(self, rows):
        answers = {"real": "yes", "success": "no", "possible": "unlikely", "check": "yes"}
        for row in rows:
            page = self.people["analyst"].ask("GET", f"/api/v1/candidates/{row['id']}")
            n = next((n for n in range(COUNT) if marker(n) in row["title"]["en"]), None)
            severity = "critical" if n in CRITICAL else "informational" if n is not None and n % 6 < 2 else "warning"
            how = {"critical": {**answers, "possible": "yes"}, "informational": {**answers, "check": "no"}, "warning": answers}[severity]
            made = self.people["analyst"].ask("POST", f"/api/v1/candidates/{row['id']}/decide", {"severity": severity, "answers": how, "reason": "scene", "evidence": [e["id"] for e in page["evidence"]][:20]})
            self.incidents[made["id"]] = (row["tenant"]["id"], n, severity)

    def say(self, who, path, body, good):
        """Words with control characters are refused, others taken."""
        try:
            who.ask("POST", path, body)
            look.expect(good, path, "took", ascii(body["text"]))
        except Refused as e:
            look.expect(not good and e.status == 422, path, e, ascii(body["text"]))

    def talk(self):
        """The same values typed by people: comments of both sides, the customer's answer, tickets, inquiries, words about the case."""
        analyst = self.people["analyst"]
        for number, (tenant, n, _) in self.incidents.items():
            if n is None:
                continue
            text, path, customer = valid(VALUES[n]), f"/api/v1/incidents/{number}", self.customer(tenant)
            for raw_text in {text, typed(VALUES[n])}:
                self.say(analyst, f"{path}/comments", {"text": raw_text, "lang": "en", "visible": True}, raw_text == text)
            customer.ask("POST", f"{path}/answer", {"code": "handled", "text": text, "lang": "en"})
            if n < 4:
                customer.ask("PATCH", path, {"customer_ticket": text})
                analyst.ask("PATCH", path, {"hypothesis": text, "next_step": text, "blocker": text})
        self.inquiries = {}
        for n, value in enumerate(VALUES):
            made = self.customer(tenant_of(n)).ask("POST", "/api/v1/inquiries", {"subject": one_line(value), "text": valid(value), "files": [{"name": one_line(value), "data": "eA=="}]})
            self.inquiries[made["number"]] = n
            analyst.ask("POST", f"/api/v1/inquiries/{made['number']}/messages", {"text": valid(value), "lang": "en"})

    def promise(self):
        """An exception that hides the next lines and keeps samples of them; an advisory whose indicators were seen; a candidate closed with a reason."""
        analyst, lead, engineer = (self.people[k] for k in ("analyst", "lead", "engineer"))
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3 * 86400))
        self.exceptions, self.advisories = {}, {}
        for tenant, lcp in zip(TENANTS, self.soc.collectors):
            made = analyst.ask("POST", "/api/v1/exceptions", {"tenant": tenant, "conditions": [{"kind": "ip", "value": "203.0.113.79"}], "reason": one_line(VALUES[0] + VALUES[25]), "lang": "en", "expires_at": until})
            engineer.ask("POST", f"/api/v1/exceptions/{made['number']}/approve", {"anyway": True})
            self.exceptions[tenant] = made["number"]
        wait_until(lambda: all(e["state"] == "active" for e in lead.ask("GET", "/api/v1/exceptions")["items"]), 10, why="exceptions in force")
        for tenant, lcp in zip(TENANTS, self.soc.collectors):
            feed.send(lcp, [raw(told(time.time(), tenant, n)[4]) for n in range(COUNT) if tenant_of(n) == tenant])
        made = analyst.ask("POST", "/api/v1/advisories", {"severity": "critical", "title": {k: one_line(VALUES[0] + VALUES[25]) for k in ("ja", "en")}, "text": {k: valid("\n".join(VALUES)) for k in ("ja", "en")},
                                                           "advice": {k: valid(VALUES[2]) for k in ("ja", "en")}, "products": ["suricata"], "indicators": [{"kind": "ip", "value": "203.0.113.79"}]})
        path = f"/api/v1/advisories/{made['number']}"
        analyst.ask("POST", f"{path}/check")
        wait_until(lambda: not any(t["counting"] for t in lead.ask("GET", path)["tenants"]), 60, 0.2, "the logs counted")
        lead.ask("POST", f"{path}/approve")
        lead.ask("POST", f"{path}/send")
        self.advisory = made["number"]
        expect = {t["tenant"]["id"] for t in lead.ask("GET", path)["tenants"] if t["sent_at"]}
        look.expect(expect == set(TENANTS), "the advisory went to", expect)
        for tenant in TENANTS:
            number = self.exceptions[tenant]
            wait_until(lambda n=number: len(lead.ask("GET", f"/api/v1/exceptions/{n}")["samples"]) >= 1, 30, 0.2, f"samples of {number}")

    # ---- a day and a month later ----

    def jump(self, to):
        """The service's clock to that moment.  Sessions end on the way: people sign in again."""
        self.later(to - time.time())
        self.sign_in()

    def tomorrow(self):
        """Every tenant's day is over: the mails of seven o'clock and the digests of nine are due."""
        now = datetime.datetime.now(datetime.timezone.utc)
        self.days = {t: now.astimezone(zoneinfo.ZoneInfo(zone)).strftime("%Y-%m-%d") for t, zone in zip(TENANTS, ("Asia/Tokyo", "Europe/London"))}
        self.jump(time.time() + 36 * 3600)

    def next_month(self):
        """The fourth of the month after: the last one is drafted, worded with the same values and published."""
        last = datetime.date.fromisoformat(max(self.days.values())).replace(day=28) + datetime.timedelta(days=4)
        self.jump(calendar.timegm(last.replace(day=4).timetuple()) + 12 * 3600)
        self.reports = {t: f"{t}-{day[:7]}" for t, day in self.days.items()}
        words = valid("\n\n".join(VALUES))[:9000]
        for report in self.reports.values():
            try:
                self.people["analyst"].ask("POST", f"/api/v1/reports/{report}/draft")
            except Refused as e:
                look.expect(e.status == 409, report, e)  # drafted by itself
            self.people["analyst"].ask("POST", f"/api/v1/reports/{report}/words", {"words": {"ja": words, "en": words}, "recommendations": [{"owner": "customer", "text": {"ja": one_line(v), "en": one_line(v)}} for v in VALUES[:12]]})
            self.people["lead"].ask("POST", f"/api/v1/reports/{report}/publish")


def first_day(s, root, browse):
    """What is seen at once."""
    certain = [n for _, n, severity in s.incidents.values() if n is not None and severity != "informational"]
    yield "stream", lambda: look.stream(s)
    yield "webhooks", lambda: look.hooks(s)
    yield "API", lambda: look.api(s)
    if browse:
        yield "browser", lambda: look.browser(s, root)
    yield "command line", lambda: look.command_line(s)
    yield "parse, detect", lambda: look.offline(s, s.lines)
    yield "mails", lambda: look.mails(s, {"Incident|インシデント": certain, "Q-": range(COUNT), "Advisory|注意喚起": range(COUNT)})
    yield "telephone", lambda: look.voice(s)


def later_days(s, root, browse):
    """What comes by itself, and the documents."""
    yield "tomorrow", s.tomorrow
    yield "daily mails, digests", lambda: look.mails(s, {"Daily|日次": [n for _, n, _ in s.incidents.values() if n is not None], "igest|まとめ": [n for _, n, severity in s.incidents.values() if n is not None and severity == "informational"]})
    yield "next month", s.next_month
    yield "documents", lambda: look.documents(s)
    yield "monthly mails", lambda: look.mails(s, {"Monthly|月次": (), "xception|例外": [0]})
    if browse:
        yield "browser", lambda: look.browser(s, root, later=True)
    yield "journals", lambda: look.journals(s)
    yield "archive", lambda: look.archive(s)
    yield "own logs", lambda: look.own_logs(s)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--keep", action="store_true")
    p.add_argument("--no-browser", action="store_true")
    a = p.parse_args()
    if not list((ROOT / "src" / "store" / "chdb").glob("node_modules/@chdb/*/libchdb.so")):
        print("skipped: libchdb is absent (npm ci in src/store/chdb)")
        return 77
    subprocess.run([ROOT / "tools" / "web.sh"], check=True, stdout=subprocess.DEVNULL)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nezuban-hostile-"))
    s = Scene(folder)
    good = False
    steps = [("start", s.start), ("lines", s.send), ("decisions", lambda: s.decide(s.wait())), ("words", s.talk), ("exception, advisory", s.promise)]
    try:
        for part in (lambda: steps, lambda: first_day(s, ROOT, not a.no_browser), lambda: later_days(s, ROOT, not a.no_browser)):
            for name, step in part():
                began = time.monotonic()
                step()
                print(f"{name}: {time.monotonic() - began:.1f} s", flush=True)
        good = not look.FAULTS
    finally:
        s.soc.stop()
        for h in s.helpers:
            h.stop() if isinstance(h, Process) else h.shutdown()
        if good and not a.keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"kept: {folder}")
        print("\n".join(dict.fromkeys(look.FAULTS)), flush=True)
    print(f"hostile: {COUNT} attacks, {len(s.lines)} lines, {len(s.incidents)} incidents, {len(look.FAULTS)} faults")
    return 1 if look.FAULTS else 0


if __name__ == "__main__":
    sys.exit(main())
