# SPDX-License-Identifier: Apache-2.0
"""The web against the whole real service: two customers, stories sent by real collectors, one incident decided, one
candidate closed. Then

    walk      every row of routes.tbl as every role of person, and as the other customer: only what is allowed answers
    shapes    every answer of the walk fits docs/openapi.yaml (role web says so in its log)
    screens   tests/web/screens.mjs on this service

    python3 tests/web/live.py [--keep] [--shots DIR] [--only walk|screens]
"""
import argparse
import datetime
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "lib"), str(ROOT / "tools" / "demo")]

from client import Client, Refused  # noqa: E402
from service import Collector, Service, wait_until  # noqa: E402
from stories import STORIES  # noqa: E402

PEOPLE = {"analyst": ("miyoshi", "demo-analyst-one", "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U"), "lead": ("reid", "demo-lead-number-one", "NBSWY3DPEB3W64TMMQQHG2LHOR2G64TF"),
          "engineer": ("engineer", "demo-engineer-one", "ORUGS4ZANFZSAYJAONSWG4TFORZWKY3S"), "admin": ("admin", "demo-administrator", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"),
          "auditor": ("auditor", "demo-auditor-one", "KRUGKIDROVUWG2ZAMJZG653OEBTG66BA"), "customer": ("odagiri", "demo-customer-aoba", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"),
          "other": ("whitfield", "demo-customer-harbor", "IFBEGRCFIZDUQSKKJNGE2TSPKBIVEU2U")}
passed, failed = 0, 0


def tell(name, ok, text=""):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print(f"FAIL {name}: {text}")


def routes():
    text = (ROOT / "src" / "tbl" / "routes.tbl").read_text()
    words = {"STAFF": "ANALYST LEAD ENGINEER ADMIN AUDITOR", "TRIAGE": "ANALYST LEAD", "EVERYONE": "ANALYST LEAD ENGINEER ADMIN AUDITOR CUSTOMER"}
    for method, path, owner, verb, who in re.findall(r'^ROUTE\((\w+), "([^"]+)", (\w+), "([^"]+)", ([^"]+?), "', text, re.M):
        allowed = {r for w in re.split(r"[ |()]+", who) if w for r in words.get(w, w).split()}
        yield method, path, owner, verb, allowed


def enrol(service, lcp):
    """A collector by the API's one-time token."""
    token = service.local().ask("POST", "/api/v1/lcps", {"tenant": lcp.tenant, "lcp": lcp.lcp})["token"]
    lcp.write()
    subprocess.run([service.program("nezuban-lcp"), "-c", str(lcp.config), "enrol", "--url", f"https://127.0.0.1:{service.ingest_port}", "--token", token, "--ca", str(service.data / "keys" / "ca.crt")],
                   check=True, capture_output=True, timeout=60)
    lcp.start()


def send_stories(service):
    now = time.time()
    for tenant, name in (("aoba", "aoba-tokyo-1"), ("harbor", "harbor-london-1")):
        lcp = Collector(service, tenant, name)
        enrol(service, lcp)
        told = sorted((at, line) for s in STORIES if s.tenant == tenant for at, line in s.tell(now - 1500))
        with socket.create_connection(("127.0.0.1", lcp.tcp_port), 10) as s:
            for _, line in told:
                s.sendall(line.encode(errors="surrogateescape") + b"\n" if isinstance(line, str) else line + b"\n")


def login(service, role):
    name, password, secret = PEOPLE[role]
    c = Client(port=service.web_port)
    c.login(name, password, secret)
    return c


def prepare(service, people):
    """One incident and one closed candidate of aoba, and what stands for {id}."""
    analyst = people["analyst"]

    def ready():
        rows = analyst.ask("GET", "/api/v1/queue?tenant=aoba")["items"]
        return rows if len(rows) >= 3 else None
    rows = wait_until(ready, 60, 0.3, "candidates of aoba")  # engine, desk
    worst, last = rows[0], rows[-1]
    form = analyst.ask("GET", f"/api/v1/candidates/{worst['id']}").get("form", {})
    incident = analyst.ask("POST", f"/api/v1/candidates/{worst['id']}/decide", {"severity": worst["proposal"]["severity"], "answers": worst["proposal"].get("answers") or form.get("answers") or {"real": "yes"},
                                                                                   "evidence": form.get("evidence") or []})
    analyst.ask("POST", f"/api/v1/candidates/{last['id']}/close", {"reason": "expected", "facts": {"ja": "想定内です。", "en": "It was expected."}})
    inquiry = people["customer"].ask("POST", "/api/v1/inquiries", {"subject": "walk", "text": "x", "files": [{"name": "a.txt", "data": "eA=="}]})
    month = (datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=9))).replace(day=1) - datetime.timedelta(days=1)).strftime("%Y-%m")
    analyst.ask("POST", f"/api/v1/reports/aoba-{month}/draft")
    handover = analyst.ask("POST", "/api/v1/handovers", {"to": "reid", "tenants": ["aoba"]})
    rule = {"tenant": "aoba", "conditions": [{"kind": "net", "value": "192.0.2.0/28"}], "lang": "ja"}
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 864000))
    exceptions = [analyst.ask("POST", "/api/v1/exceptions", {**rule, "reason": reason, "expires_at": until})["number"] for reason in ("毎週の診断", "印刷サーバーの更新")]
    return {"exception": exceptions[1], "report": f"aoba-{month}", "handover": handover["id"], "inquiry": inquiry["id"], "incident": incident["id"], "closed": last["id"], "open": next(r["id"] for r in rows[1:] if r["id"] != last["id"])}


def command_line(service, people, ids):
    """The acts on cases and exceptions from the machine: exit codes, what is printed, and what stands afterwards."""
    def run(want, *args):
        done = subprocess.run([service.program("nezuban"), *args], capture_output=True, text=True, timeout=60, env={**os.environ, "NEZUBAN_SOCKET": str(service.socket)})
        tell(f"nezuban {' '.join(args)}", done.returncode == want and (want != 0 or done.stdout.strip()) and (want == 0 or done.stderr.strip()), f"ended with {done.returncode}: {done.stdout[:120]} {done.stderr[:200]}")
        return done.stdout.strip()
    incident, analyst = ids["incident"], people["analyst"]
    run(0, "incident", "task", incident, "--text", "look at the proxy", "--owner", "miyoshi", "--due", "2037-01-01T00:00:00Z")
    run(0, "incident", "task", incident, "--task", "1", "--done")
    run(1, "incident", "task", incident, "--task", "7", "--done")
    run(0, "incident", "answer", incident, "--code", "handled", "--as", "odagiri", "--text", "cut off", "--lang", "en")
    run(1, "incident", "answer", incident, "--code", "handled", "--as", "miyoshi")
    run(1, "incident", "confirm", incident, "--as", "reid")
    run(1, "incident", "merge", incident, "--into", incident)
    run(1, "incident", "relate", incident, "--to", "NOBODY-2026-0001", "--reason", "x")
    run(0, "incident", "assign", incident, "--to", "reid")
    shown = analyst.ask("GET", f"/api/v1/incidents/{incident}")
    tell("what the command line did", shown["tasks"][0]["done_at"] is not None and shown["answer"]["code"] == "handled" and "Odagiri" in shown["answer"]["by"]["name"]["en"]
         and shown["owner"]["id"] != people["analyst"].ask("GET", "/api/v1/me")["id"], json.dumps({k: shown[k] for k in ("tasks", "answer", "owner")}))
    whole = next((r["id"] for r in analyst.ask("GET", "/api/v1/queue?tenant=aoba")["items"] if r["detections"] > 1), None)
    tell("a candidate of several detections", whole is not None)
    if whole:
        parts = analyst.ask("GET", f"/api/v1/candidates/{whole}")["detection_list"]
        fresh = run(0, "candidate", "split", whole, "--detection", parts[0]["id"])
        tell("split made a candidate", fresh.startswith("C-"), fresh)
        run(0, "candidate", "attach", whole, "--detection", parts[0]["id"])
        tell("it is whole again", len(analyst.ask("GET", f"/api/v1/candidates/{whole}")["detection_list"]) == len(parts))
        run(1, "candidate", "merge", fresh, "--into", whole)  # it was left empty and went there by itself
    run(0, "exception", "preview", "--tenant", "aoba", "--network", "192.0.2.0/28")
    run(1, "exception", "approve", ids["exception"], "--as", "miyoshi")
    number = run(0, "exception", "add", "--tenant", "aoba", "--network", "198.51.100.0/28", "--reason", "x", "--owner", "miyoshi").split()[0]
    tell("approved", run(0, "exception", "approve", number, "--as", "reid") == f"{number} active")
    run(0, "exception", "end", number, "--reason", "over")


BODIES = {"session.key": {k: "AAAA" for k in ("credential", "client_data", "authenticator_data", "signature")}, "session.step_up": {"code": "000000"}, "me.key_add": {"name": "x", "client_data": "AAAA", "authenticator_data": "AAAA"}, "me.key_change": {"name": "x"}, "me.totp_confirm": {"code": "000000"},
          "session.totp": {"code": "000000"}, "me.change": {}, "candidate.change": {}, "candidate.note": {"text": "x"}, "candidate.close": {"reason": "expected"}, "candidate.preview": {},
          "candidate.decide": {"severity": "warning", "answers": {}}, "incident.change": {}, "incident.comment": {"text": "x"}, "incident.action": {"done": True},
          "incident.severity": {"severity": "emergency", "answers": {}}, "incident.attempt": {"contact": "none", "outcome": "busy"}, "incident.reopen": {"text": "x"}, "user.change": {},
          "device.register": {"tenant": "aoba", "device": "walk"}, "device.refuse": {"reason": "x"}, "network.add": {"name": "walk", "cidr": "10.99.0.0/16"}, "network.change": {"cidr": "10.99.0.0/16"}, "asset.add": {"name": "walk"}, "asset.change": {},
          "lcp.enroll": {"tenant": "aoba", "lcp": "walk"}, "tenant.import": {"yaml": "x: 1", "check": True}, "roster.import": {"yaml": "x: 1", "check": True}, "site.lost": {"reason": "x"}, "handover.draft": {"to": "nobody"}, "handover.words": {"words": "x"}, "handover.refuse": {"reason": "x"}, "user.add": {"login": "x", "role": "analyst"}, "user.passwd": {"password": "bbbbbbbbbbbb"},
          "me.password": {"old": "wrong", "new": "bbbbbbbbbbbb"}, "incident.close": {"code": "resolved"},
          "candidate.assign": {"to": "miyoshi"}, "candidate.merge": {"into": "C-999999"}, "candidate.split": {"detections": ["none"]}, "candidate.attach": {"detections": ["none"]}, "incident.assign": {"to": "miyoshi"},
          "incident.merge": {"into": "none"}, "incident.split": {"detections": ["none"]}, "incident.attach": {"detections": ["none"]}, "incident.relate": {"other": "none", "reason": "x"}, "incident.task": {"text": "x"},
          "incident.task_change": {"done": True}, "incident.answer": {"code": "handled"}, "exception.add": {"tenant": "aoba", "rule": "7873d6df-78ac-5dd7-b0a9-5cd316942c57", "reason": "x", "expires_at": "2020-01-01T00:00:00Z"},
          "exception.preview": {"tenant": "aoba", "rule": "7873d6df-78ac-5dd7-b0a9-5cd316942c57"}, "report.cause": {"cause": "staff", "text": "x"}, "inquiry.cause": {"cause": "staff", "text": "x"}, "clock.cause": {"kind": "call", "cause": "staff", "text": "x"},
          "webhook.add": {"tenant": "aoba", "name": "walk", "url": "https://walk.example/", "events": ["webhook.test"]}, "webhook.change": {}, "apikey.add": {"tenant": "aoba", "name": "walk", "scopes": ["incidents:read"], "expires_at": "2020-01-01T00:00:00Z"},
          "maintenance.add": {"from": "2020-01-01T00:00:00Z", "to": "2020-01-01T01:00:00Z", "reason": {"en": "x"}}, "exclusion.add": {"tenant": "aoba", "from": "2020-01-01T00:00:00Z", "to": "2020-01-01T01:00:00Z", "reason": "x", "evidence": "x"}, "appointment.add": {"tenant": "aoba", "weekday": 1, "time": "09:30", "contact": "none"},
          "advisory.add": {"severity": "warning", "title": {"ja": "x", "en": "x"}, "text": {"ja": "x", "en": "x"}}, "advisory.change": {}, "inquiry.open": {"tenant": "aoba", "subject": "walk", "text": "x"}, "inquiry.change": {}, "inquiry.message": {"text": "x"}, "inquiry.assign": {"to": "miyoshi"}, "inquiry.close": {"text": "x"}, "inquiry.place": {"tenant": "aoba"}, "sender.forget": {"address": "none", "tenant": "aoba"}}
# a door that is open to the role may still be shut for this person: the second person is never the first
SELF = {"me.password", "incident.confirm", "advisory.approve", "handover.accept", "handover.refuse", "handover.offer", "handover.words", "handover.again"}
SKIP = {"openapi.show", "session.login", "session.logout", "session.totp", "events.stream", "user.add"}
NO_ID = "aaaaaaaaaaaaaaaaaaaaaaaaaa"


def address(path, verb, ids):
    noun = verb.split(".")[0]
    known = {"incident": ids["incident"], "candidate": ids["closed"] if verb in ("candidate.again", "candidate.reopen") else ids["open"], "tenant": "aoba", "inquiry": ids["inquiry"], "attachment": ids["inquiry"], "handover": ids["handover"], "report": ids["report"]}
    path = path.replace("{id}", known.get(noun, NO_ID)).replace("{n}", "1").replace("{tenant}", "aoba").replace("{lcp}", "none").replace("{other}", "none").replace("{message}", "1")
    if verb in ("home.show", "funnel.show", "device.list", "lcp.list", "ledger.show", "log.search", "log.histogram", "log.facets", "duty.show"):
        path += "?tenant=aoba" + ("&field=source.ip" if verb == "log.facets" else "")
    return path


def status(client, method, path, body):
    try:
        return 200, client.ask(method, path, body)
    except Refused as e:
        return e.status, e.body


def walk(service, people, ids):
    reads_first = sorted(routes(), key=lambda r: (r[0] != "GET", r[3] in ("incident.close",)))
    nobody = Client(port=service.web_port)
    for method, path, owner, verb, allowed in reads_first:
        if verb in SKIP:
            continue
        url, body = address(path, verb, ids), BODIES.get(verb)
        for role in ("analyst", "lead", "engineer", "admin", "auditor", "customer"):
            got, answer = status(people[role], method, url, body)
            if role.upper() in allowed or "ANYBODY" in allowed:
                # 401 of a wrong old password is an answer, not a shut door
                tell(f"{verb} as {role}", got not in (401, 403) or verb in SELF, f"{method} {url} gave {got} {json.dumps(answer, ensure_ascii=False)[:160]}")
                tell(f"{verb} as {role} is served", got < 500 or got == 503 and owner == "STORE", f"{method} {url} gave {got}")
            else:
                tell(f"{verb} as {role} is shut", got in (401, 403), f"{method} {url} gave {got}")
        got, _ = status(nobody, method, url, body)
        tell(f"{verb} as nobody", got == 401 or "ANYBODY" in allowed, f"gave {got}")
        got, answer = status(people["other"], method, url, body)
        seen = json.dumps(answer, ensure_ascii=False)
        tell(f"{verb} as the other customer", got >= 400 or not re.search(r"aoba|AOBA|青葉", seen), f"{method} {url} gave {got} {seen[:200]}")
    # a session without CSRF value, and one of somebody else
    c = login(service, "lead")
    c.csrf = None
    tell("no CSRF value", status(c, "POST", f"/api/v1/candidates/{ids['open']}/note", {"text": "x"})[0] == 403)
    c.csrf = people["analyst"].csrf
    tell("another session's CSRF value", status(c, "POST", f"/api/v1/candidates/{ids['open']}/note", {"text": "x"})[0] == 403)


def shapes(service):
    bad = {}
    for line in (service.folder / "nezuband.log").read_text(errors="replace").splitlines():
        if '"web.answer.shape"' in line:
            o = json.loads(line)
            bad.setdefault((o["verb"], o["status"]), (o["field"], o["fault"]))
    for (verb, code), (field, fault) in sorted(bad.items()):
        tell(f"shape of {verb} {code}", False, f"{field or 'body'}: {fault}")
    tell("shapes", not bad, f"{len(bad)} kinds of answers are not as described")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--keep", action="store_true")
    p.add_argument("--shots", default=str(ROOT / "build" / "web-live"))
    p.add_argument("--only", choices=["walk", "screens"])
    a = p.parse_args()
    folder = tempfile.mkdtemp(prefix="nezuban-live-")
    library = os.environ.get("NEZUBAN_LIBCHDB")
    service = Service(folder, settings={**({"store.libchdb": library} if library else {}), **({"jail": False} if os.environ.get("NEZUBAN_NO_JAIL") else {})})
    try:
        service.start({"NEZUBAN_WEB_CHECK": "1"})
        yaml = (ROOT / "tools" / "demo" / "tenants.yaml").read_text().replace("@PHONE@", "127.0.0.1:9")
        service.local().ask("POST", "/api/v1/tenants/import", {"yaml": yaml})
        service.local().ask("POST", "/api/v1/roster/import", {"yaml": (ROOT / "tools" / "demo" / "roster.yaml").read_text()})
        send_stories(service)
        people = {role: login(service, role) for role in PEOPLE}
        ids = prepare(service, people)
        if a.only != "screens":
            command_line(service, people, ids)
            walk(service, people, ids)
            shapes(service)
        if a.only != "walk":
            states = {}
            for role in ("analyst", "lead", "customer"):
                c = people[role]
                states[role] = {"cookies": [{"name": "__Host-nezuban", "value": c.cookie.split("=", 1)[1], "domain": "127.0.0.1", "path": "/", "secure": True, "httpOnly": True, "sameSite": "Strict"}], "origins": []}
            state = pathlib.Path(folder, "states.json")
            state.write_text(json.dumps({"base": f"https://127.0.0.1:{service.web_port}", "ids": ids, "states": states}))
            done = subprocess.run(["node", str(ROOT / "tests" / "web" / "screens.mjs"), "--live", str(state), "--shots", a.shots, *(["--only", os.environ["SCREENS_ONLY"]] if "SCREENS_ONLY" in os.environ else [])], timeout=500)
            tell("screens on the real service", done.returncode == 0)
    finally:
        service.stop()
        if a.keep or failed or sys.exc_info()[0]:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"web live: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if not os.environ.get("NEZUBAN_LIBCHDB") and not list((ROOT / "src" / "store" / "chdb").glob("node_modules/@chdb/*/libchdb.so")):
        print("skipped: libchdb is absent (npm ci in src/store/chdb)")  # the engine waits for the store's positions
        sys.exit(77)
    sys.exit(main())
