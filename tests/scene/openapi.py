#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/openapi.yaml against the running service, both ways, judged by an independent validator (python3-jsonschema):

    rows       routes.tbl and the description name the same operations
    answers    every operation is asked as intended; its answer, good or refused, fits what the description promises
    once       exactly the POSTs that name the header Idempotency-Key keep their answer under it and give it again
    requests   every property of every body with a wrong type, every required one left out, one unknown, wrong query values: each gets a 4xx whose
               problem document fits the description, and nothing is done
"""
import collections
import datetime
import json
import os
import pathlib
import re
import shutil
import sqlite3
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
import feed  # noqa: E402
from client import Client, Refused  # noqa: E402
from described import SPEC, deref, fault_of  # noqa: E402
from service import Service  # noqa: E402

FAULTS = []
# No good answer here: what they need is no part of this scene, and other tests have them.
ELSEWHERE = {"session.key": "a security key (tests/unit/test_people.c, tests/web/keys.py)", "me.key_add": "a security key", "me.key_change": "a security key", "me.key_remove": "a security key",
             "session.key_begin": "a security key", "session.totp": "by signing in", "session.login": "by signing in", "session.step_up": "spends the next code",
             "session.enrol": "a person without a second factor", "me.totp_confirm": "spends the next code", "me.totp_remove": "never the last factor",
             "events.stream": "an endless answer (tests/unit/test_web.c)", "me.password": "ends sessions",
             "report.cause": "a broken report clock (test_desk_report.c)", "inquiry.cause": "a broken inquiry clock (test_desk_inquiry.c)", "clock.cause": "a broken clock (test_desk_work.c)",
             "inquiry.place": "a held mail (tests/scene/inquiry.py)", "inquiry.discard": "a held mail", "inquiry.restore": "a held mail", "sender.forget": "a remembered sender (tests/scene/inquiry.py)", "incident.confirm": "a downgraded Emergency and a second analyst (test_desk_work.c)",
             "incident.refuse": "the same", "candidate.again": "stands below when a candidate was closed", "incident.attach": "an open candidate that belongs to it", "incident.split": "several detections",
             "candidate.split": "several detections", "candidate.attach": "detections of another", "handover.accept": "another crew (tests/unit/test_handover.c)", "handover.refuse": "the same",
             "handover.again": "a roster's hand-over", "duty.show": "a roster", "duty.list": "a roster", "site.show": "a roster (tests/scene/site.py)", "site.lost": "the same", "site.back": "the same", "roster.import": "checked only", "event.show": "an event's id", "alarm.acknowledge": "an alarm",
             **{f"advisory.{verb}": "the search store and two people (tests/scene/advisory.py)" for verb in ("add", "approve", "change", "check", "list", "read", "send", "show", "withdraw")}}


def operations():
    for path, item in SPEC["paths"].items():
        for method, op in item.items():
            if method != "parameters":
                yield op["operationId"], (method.upper(), path, op, item.get("parameters", []) + op.get("parameters", []))


OPS = dict(operations())
DONE, ASKED, KEPT = collections.Counter(), collections.Counter(), collections.Counter()
SHOWN_ONCE = {"key", "secret", "token"}


def expect(good, *what):
    if not good:
        FAULTS.append(" ".join(str(w) for w in what)[:1500])


def fits(op, status, body):
    """An answer against the description; any refusal may be a problem document."""
    answer = deref(OPS[op][2]["responses"].get(str(status)))
    if answer is None:
        if status < 400:
            return f"status {status} is not described"
        answer = deref(SPEC["components"]["responses"]["Problem"])
    content = answer.get("content")
    if content is None:
        return None if body in (None, "") else f"{status} with a body"
    kind, form = next(iter(content.items()))
    return fault_of(form["schema"], body) if "json" in kind else None


def call(who, op, body=None, query="", want=True, **ids):
    """Asks; returns the body of a good answer, else None."""
    method, path, _, _ = OPS[op]
    for key, value in ids.items():
        path = path.replace("{%s}" % key, str(value))
    path = re.sub(r"\{\w+\}", "none", path) + query
    ASKED[op] += 1
    key = {"Idempotency-Key": f"{op}/{ASKED[op]}"} if method == "POST" else None
    try:
        if op in ("report.pdf", "report.csv", "openapi.show", "attachment.file"):
            got, status = who.fetch(path, method, body).decode(errors="replace"), 200
        else:
            got = who.ask(method, path, body, key)
            status = 204 if got is None else 200
    except Refused as e:
        status, got = e.status, e.body
    fault = fits(op, status, got)
    expect(fault is None, op, status, fault)
    if status < 300:
        DONE[op] += 1
        if honours(op):
            again(who, op, path, body, key, got)
        return got if got is not None else {}
    expect(not want, op, "as intended:", status, json.dumps(got, ensure_ascii=False))
    return None


def honours(op):
    """Does the description promise that this POST is done once under an Idempotency-Key?"""
    return any(p["in"] == "header" and p["name"] == "Idempotency-Key" for p in map(deref, OPS[op][3]))


def again(who, op, path, body, key, first):
    """The same request under the same key: the first answer, but for what is shown once."""
    if (body or {}).get("check"):
        return  # only looked at: nothing was done
    second = who.ask("POST", path, body, key)
    KEPT[op] += 1
    expect(who.heard.get("idempotency-replayed") == "true", op, "was done twice under one Idempotency-Key")
    expect(second == ({k: v for k, v in first.items() if k not in SHOWN_ONCE} if first else first), op, "answered otherwise:", first, second)


def kept(folder):
    """No operation keeps an answer without saying so."""
    with sqlite3.connect(f"file:{folder}/desk.db?mode=ro", uri=True) as db:
        for (key,) in db.execute("SELECT key FROM answers"):
            expect(honours(key.split("/")[0]), key, "honours Idempotency-Key and does not say so")


def soon():
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=20)).strftime("%Y-%m-%dT%H:%M:%SZ")


def sessions(lead, customer):
    for op in ("session.show", "me.show", "me.factors", "me.sessions"):
        call(lead, op)
    call(customer, "me.change", {"lang": "ja"})
    call(lead, "me.key_begin")
    call(lead, "me.totp")
    second = Client(port=lead.port)
    second.login(*feed.PEOPLE["auditor"])
    other = call(second, "me.sessions")["items"][0]["id"]
    call(second, "me.recovery")
    call(second, "me.revoke", id=other)
    third = Client(port=lead.port)
    third.login(*feed.PEOPLE["engineer"])
    call(third, "session.logout")


ANSWERS = {"real": "yes", "success": "no", "possible": "unlikely", "check": "yes"}


def cases(lead, analyst, customer):
    rows = call(lead, "queue.list", query="?tenant=aoba")["items"]
    call(lead, "queue.list", query="?kind=all")
    ids = [r["id"] for r in rows]
    expect(len(ids) >= 6, "candidates:", len(ids))
    a, b, c, d, e, f = ids[:6]
    call(lead, "candidate.show", id=a)
    call(lead, "candidate.list", query="?state=open")
    call(lead, "candidate.claim", id=a)
    call(lead, "candidate.change", {"hypothesis": "x", "next_step": "y"}, id=a)
    call(lead, "candidate.note", {"text": "x"}, id=a)
    call(lead, "candidate.release", id=a)
    call(lead, "candidate.assign", {"to": "miyoshi"}, id=a)
    call(analyst, "candidate.preview", {"severity": "warning", "answers": ANSWERS}, id=a)
    one = call(analyst, "candidate.decide", {"severity": "warning", "answers": ANSWERS, "reason": "scene", "actions": [{"ja": "確認", "en": "Look"}]}, id=a)["id"]
    two = call(lead, "candidate.decide", {"severity": "warning", "answers": ANSWERS, "reason": "scene"}, id=b)["id"]
    call(lead, "candidate.close", {"reason": "expected", "facts": {"ja": "想定内です。", "en": "Expected."}}, id=c)
    call(customer, "candidate.again", {"text": "please"}, id=c)
    call(lead, "candidate.reopen", id=c, want=False)
    call(lead, "candidate.close", {"reason": "expected", "facts": {"ja": "想定内です。", "en": "Expected."}}, id=f)
    call(lead, "candidate.reopen", id=f)
    call(lead, "candidate.merge", {"into": e}, id=d)
    return one, two


def incidents(lead, analyst, customer, one, two):
    call(customer, "incident.list")
    call(customer, "incident.list", query="?changed_after=0")
    page = call(customer, "incident.show", id=one)
    call(customer, "incident.change", {"customer_ticket": "T-1", "customer_severity": "critical"}, id=one)
    for op, body in (("incident.comment", {"text": "x"}), ("incident.acknowledge", None), ("incident.answer", {"code": "handled"})):
        call(customer, op, body, id=one)
    call(customer, "incident.action", {"done": True}, id=one, n=1)
    call(analyst, "incident.severity", {"severity": "informational", "answers": {**ANSWERS, "check": "no"}, "reason": "scene"}, id=one)
    call(lead, "incident.assign", {"to": "reid"}, id=one)
    call(lead, "incident.claim", id=two)
    call(lead, "incident.relate", {"other": two, "reason": "x"}, id=one)
    call(lead, "incident.unrelate", id=one, other=two)
    call(lead, "incident.task", {"text": "x", "due_at": soon()}, id=one)
    call(lead, "incident.task_change", {"done": True}, id=one, n=1)
    contact = call(lead, "tenant.show", id="aoba")["contacts"][0]["id"]
    call(lead, "incident.attempt", {"contact": contact, "outcome": "busy"}, id=one)
    call(lead, "incident.close", {"code": "resolved"}, id=one)
    call(customer, "incident.reopen", {"text": "not yet"}, id=one)
    call(lead, "incident.merge", {"into": two}, id=one, want=False) or call(lead, "incident.merge", {"into": one}, id=two, want=False)
    return page


def exceptions(lead, analyst):
    x = {"tenant": "aoba", "rule": "7873d6df-78ac-5dd7-b0a9-5cd316942c57", "reason": "x", "expires_at": soon(), "conditions": [{"kind": "host", "value": "pc-scene"}]}
    call(analyst, "exception.preview", {k: x[k] for k in ("tenant", "rule", "conditions")})
    made = call(analyst, "exception.add", x)
    call(lead, "exception.list")
    call(lead, "exception.show", id=made["id"])
    call(lead, "exception.approve", {"anyway": True}, id=made["id"])
    call(lead, "exception.end", {"text": "done"}, id=made["id"])


def inquiries(lead, customer):
    q = call(customer, "inquiry.open", {"subject": "x", "text": "y", "files": [{"name": "a.txt", "data": "eA=="}]})["id"]
    call(customer, "inquiry.list")
    call(lead, "inquiry.list", query="?state=held")
    call(lead, "sender.list")
    call(customer, "inquiry.show", id=q)
    call(customer, "attachment.show", id=q, message=1, n=1)
    call(customer, "attachment.file", id=q, message=1, n=1)
    call(lead, "inquiry.claim", id=q)
    call(lead, "inquiry.assign", {"to": "miyoshi"}, id=q)
    call(lead, "inquiry.change", {"priority": "urgent"}, id=q)
    call(lead, "inquiry.message", {"text": "answer"}, id=q)
    call(lead, "inquiry.close", {"text": "bye"}, id=q)
    call(customer, "inquiry.reopen", {"text": "no"}, id=q)


def programs(local):
    w = call(local, "webhook.add", {"tenant": "aoba", "name": "x", "url": "https://127.0.0.1:9/", "events": ["webhook.test"]})["id"]
    for op in ("webhook.list", "webhook.show", "webhook.test", "delivery.list"):
        call(local, op, id=w)
    call(local, "webhook.change", {"name": "y"}, id=w)
    call(local, "webhook.rotate", {"overlap_h": 0}, id=w)
    feed.wait_until(lambda: (d := call(local, "delivery.list", id=w)["items"]) and d[0]["state"] == "done", 30, why="a delivery that is over")
    call(local, "webhook.redeliver", id=w, n=call(local, "delivery.list", id=w)["items"][0]["delivery"])
    call(local, "webhook.remove", id=w)
    k = call(local, "apikey.add", {"tenant": "aoba", "name": "x", "scopes": ["incidents:read"], "expires_at": soon()})["id"]
    for op in ("apikey.list", "apikey.show", "apikey.end"):
        call(local, op, id=k)


def service(local, lead, customer):
    for op, query in (("home.show", ""), ("funnel.show", ""), ("device.list", ""), ("lcp.list", ""), ("ledger.show", ""), ("report.list", ""), ("tenant.list", ""), ("registration.list", ""),
                      ("source.list", ""), ("sla.show", ""), ("log.search", "?q=*"), ("log.histogram", "?q=*"), ("log.facets", "?field=source.ip"), ("journal.export", "?tenant=aoba")):
        call(customer, op, query=query)
    for op in ("clock.list", "breach.list", "alarm.list", "roster.show", "site.list", "handover.list", "doctor.show", "openapi.show"):
        call(lead, op)
    for op in ("user.list", "journal.list", "journal.verify"):
        call(local, op)
    call(lead, "calltree.show", id="aoba")
    r = call(customer, "device.register", {"tenant": "aoba", "device": "scene-fw", "source": "fortinet.fortigate"})["id"]
    call(local, "registration.show", id=r)
    call(lead, "device.approve", id=r)
    call(customer, "device.withdraw", id=r)
    r = call(customer, "device.register", {"tenant": "aoba", "device": "scene-ap", "source": "fortinet.fortigate"})["id"]
    call(local, "device.refuse", {"reason": "x"}, id=r)
    for noun, body, change in (("network", {"name": "scene", "cidr": "10.99.0.0/16"}, {"cidr": "10.98.0.0/16"}), ("asset", {"name": "scene"}, {"value": 2})):
        call(local, noun + ".add", body, tenant="aoba")
        call(local, noun + ".change", change, tenant="aoba", name="scene")
        call(local, noun + ".remove", tenant="aoba", name="scene")
    call(local, "lcp.enroll", {"tenant": "aoba", "lcp": "scene"})
    call(local, "lcp.revoke", tenant="aoba", lcp="aoba-1")
    call(local, "tenant.import", {"yaml": (ROOT / "tools" / "demo" / "tenants.yaml").read_text().replace("@PHONE@", "127.0.0.1:9"), "check": True})
    u = call(local, "user.add", {"login": "scene", "role": "analyst"})["id"]
    call(local, "user.change", {"name": "Scene"}, id=u)
    call(local, "user.passwd", {"password": "a long enough one"}, id=u)
    call(local, "user.totp", id=u)
    call(local, "user.sessions", id=u)
    call(local, "user.revoke", id=u, session="all")


def upkeep(local, lead, customer):
    hour = lambda h: (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=h)).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: E731
    m = call(lead, "maintenance.add", {"from": hour(1), "to": hour(2), "reason": {"ja": "更新", "en": "an update"}})["id"]
    call(lead, "maintenance.end", id=m)
    x = call(lead, "exclusion.add", {"tenant": "aoba", "from": hour(-2), "to": hour(-1), "reason": "power", "evidence": call(customer, "inquiry.open", {"subject": "power", "text": "was off"})["number"]})["id"]
    call(local, "exclusion.approve", {"as": "engineer"}, id=x)
    call(lead, "exclusion.withdraw", id=x)
    a = call(lead, "appointment.add", {"tenant": "aoba", "weekday": 1, "time": "09:30", "contact": call(local, "tenant.show", id="aoba")["contacts"][0]["id"]})["id"]
    call(lead, "appointment.call", id=a)
    for op in ("maintenance.list", "exclusion.list", "appointment.list", "availability.show"):
        call(customer, op)
    call(lead, "appointment.end", id=a)


def shell(soc):
    """The same from the command line: what is added is listed, as a table and as JSON, and ended."""
    hour = lambda h: (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=h)).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: E731
    contact = soc.local().ask("GET", "/api/v1/tenants/aoba")["contacts"][0]["id"]
    for verb, over, words in (("maintenance", "end", ["--tenant", "aoba", "--from", hour(3), "--to", hour(4), "--ja", "更新", "--en", "shell update"]),
                              ("exclusion", "withdraw", ["--tenant", "aoba", "--from", hour(-4), "--to", hour(-3), "--reason", "shell reason", "--evidence", "Q-1", "--as", feed.PEOPLE["lead"][0]]),
                              ("appointment", "end", ["--tenant", "aoba", "--weekday", "3", "--time", "10:15", "--contact", contact]),
                              ("webhook", "remove", ["--tenant", "aoba", "--name", "shell hook", "--url", "https://127.0.0.1:9/", "--event", "advisory.sent"]),
                              ("apikey", "end", ["--tenant", "aoba", "--name", "shell key", "--scope", "reports:read", "--scope", "service:read"])):
        made = soc.cli(verb, "add", *words).split()
        expect(bool(made), verb, "add said nothing")
        rows = json.loads(soc.cli(verb, "list", "--tenant", "aoba", "--json"))
        expect(any(made[0] in (r["id"], r.get("number")) for r in rows), verb, made, "is not listed")
        expect(made[0] in soc.cli(verb, "list"), verb, made, "is not in the table")
        expect(len(made) == {"webhook": 3, "apikey": 3}.get(verb, 1), verb, "add said", made)
        if verb == "apikey":
            expect("reports:read service:read" in soc.cli(verb, "list"), "scopes are not in the table")
        soc.cli(verb, over, made[0])
        rows = json.loads(soc.cli(verb, "list", "--tenant", "aoba", "--json"))
        expect(not any(made[0] in (r["id"], r.get("number")) and not (r.get("ended_at") or r.get("withdrawn_at")) and r.get("state") not in ("ended", "withdrawn") for r in rows), verb, made, "is not over", rows)
    for words in (["alarm", "list"], ["clock", "list"], ["clock", "breaches", "--tenant", "aoba"], ["device", "status"], ["device", "list", "--state", "all"], ["journal", "list", "--tenant", "aoba", "--limit", "5"],
                  ["availability", "--spans"]):
        table, rows = soc.cli(*words, check=False), json.loads(soc.cli(*words, "--json", check=False))
        rows = rows["items"] if isinstance(rows, dict) else rows
        expect(len(table.splitlines()) >= len(rows) and table.strip(), words, table)
    for words in (["funnel", "show", "--tenant", "aoba"], ["ledger", "show", "--tenant", "aoba"], ["sla", "show"], ["journal", "check"]):
        json.loads(soc.cli(*words))


def reports(local, lead):
    today = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=9)))
    report = "aoba-" + (today.replace(day=1) - datetime.timedelta(days=1)).strftime("%Y-%m")
    call(lead, "report.draft", id=report)
    call(lead, "report.words", {"words": {"ja": "語", "en": "word"}, "recommendations": []}, id=report)
    call(lead, "report.show", id=report)
    call(local, "report.publish", id=report)
    wrong = {"reason": {"ja": "行数に誤りがありました。", "en": "The lines were wrong."}}
    call(local, "report.correct", wrong, id=report)
    call(local, "report.abandon", id=report)
    call(local, "report.correct", {**wrong, "figures": "kept"}, id=report)
    call(local, "report.publish", id=report)
    call(local, "report.show", query="?revision=1", id=report)
    call(lead, "report.pdf", id=report)
    call(lead, "report.csv", id=report)
    h = call(lead, "handover.draft", {"to": "miyoshi", "tenants": ["aoba"]})
    if h:
        call(lead, "handover.show", id=h["id"])
        call(lead, "handover.words", {"words": "x"}, id=h["id"])
        call(lead, "handover.offer", id=h["id"])


# ---- wrong requests ----

def wrong_values(schema):
    """Values of types that the schema does not take."""
    samples = ["text", 7, 1.5, True, [], {}, None, "x" * 70000, [[]], {"x": 1}]
    return [v for v in samples if fault_of(schema, v)]


def wrong_bodies(op):
    form = deref(OPS[op][2].get("requestBody"))
    if form is None:
        yield {"unknown": 1}, "a body where none is wanted"
        return
    schema = deref(form["content"]["application/json"]["schema"])
    properties = schema.get("properties", {})
    yield {"no_such_field": 1}, "an unknown field"
    for name in schema.get("required", []):
        yield {k: "x" for k in schema["required"] if k != name}, f"without {name}"
    for name, form in properties.items():
        for v in wrong_values(form):
            yield {**{k: "x" for k in schema.get("required", [])}, name: v}, f"{name}={json.dumps(v)[:30]}"


def requests(local, person):
    """Each is refused, and the journal does not grow by it."""
    tried = 0
    for op, (method, path, _, parameters) in OPS.items():
        who = person if op.startswith(("session.", "me.")) else local
        if op in ("events.stream", "session.logout", "openapi.show"):
            continue
        path = re.sub(r"\{\w+\}", "1", path)
        path = re.sub(r"/incidents/1", "/incidents/AOBA-2026-9999", path)
        if method != "GET":
            for body, what in wrong_bodies(op):
                tried += 1
                try:
                    who.ask(method, path, body)
                    expect(False, op, "took", what)
                except Refused as e:
                    expect(400 <= e.status < 500 and e.status != 429, op, what, e.status)
                    expect(fault_of({"$ref": "#/components/schemas/Problem"}, e.body) is None, op, what, e.body)
        for p in map(deref, parameters):
            for v in ("none-such", "-1", "", "1e9", "99999999999999999999") if p["in"] == "query" and (deref(p["schema"]).get("type") == "integer" or "enum" in deref(p["schema"])) else ():
                tried += 1
                try:
                    who.ask(method, f"{path}?{p['name']}={v}", None)
                    expect(False, op, "took", p["name"], v)
                except Refused as e:
                    expect(400 <= e.status < 500, op, p["name"], v, e.status)
    return tried


def main():
    table = set(re.findall(r'^ROUTE\((\w+), "([^"]+)", \w+, "([^"]+)"', (ROOT / "src" / "tbl" / "routes.tbl").read_text(), re.M))
    described = {(m, p, op) for op, (m, p, _, _) in OPS.items()}
    expect(table == described, "routes.tbl and openapi.yaml differ:", sorted(table ^ described))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nezuban-openapi-"))
    soc = Service(folder)
    tried = 0
    try:
        soc.start({"NEZUBAN_WEB_CHECK": "1"})
        feed.tenants(soc)
        feed.stories(soc, ("aoba",), 6)
        lead, analyst, customer = (Client(port=soc.web_port) for _ in range(3))
        for who, role in ((lead, "lead"), (analyst, "analyst"), (customer, "customer")):
            who.login(*feed.PEOPLE[role])
        local = soc.local()
        one, two = cases(lead, analyst, customer)
        incidents(lead, analyst, customer, one, two)
        exceptions(lead, analyst)
        inquiries(lead, customer)
        programs(local)
        service(local, lead, customer)
        upkeep(local, lead, customer)
        shell(soc)
        reports(local, lead)
        sessions(lead, customer)
        kept(soc.data / "desk")
        before = local.ask("GET", "/api/v1/journal/verify")["rows"]
        tried = requests(local, customer)
        after = local.ask("GET", "/api/v1/journal/verify")["rows"]
        expect(after - before < 40, "refused requests left rows in the journal:", before, after)  # timers and beats go on meanwhile
        expect("web.answer.shape" not in (folder / "nezuband.log").read_text(), "role web found an answer that is not as described")
    finally:
        soc.stop()
    bare = sorted(op for op in OPS if DONE[op] == 0)
    expect(not set(bare) - set(ELSEWHERE), "no good answer seen:", sorted(set(bare) - set(ELSEWHERE)))
    print(f"{len(OPS)} operations, {len(OPS) - len(bare)} with a good answer, {sum(ASKED.values())} answers and {tried} wrong requests judged, {sum(KEPT.values())} repeats of {len(KEPT)} operations; elsewhere: {' '.join(bare)}")
    if FAULTS or os.environ.get("KEEP"):
        print(f"kept: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(FAULTS))
    return 1 if FAULTS else 0


if __name__ == "__main__":
    sys.exit(main())
