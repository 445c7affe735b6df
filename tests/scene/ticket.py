#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A customer's ticket system on the real service, with an API key: what changed since a cursor, comment, acknowledge, ticket number, answer; its scopes and no more;
the other tenant's objects do not exist for it; done once under an Idempotency-Key, over a restart too; ended, expired, wrong and hasty keys are refused; the journal names the key."""
import datetime
import json
import os
import pathlib
import shutil
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
import feed  # noqa: E402
from client import Client, Program, Refused  # noqa: E402
from service import Service  # noqa: E402

FAULTS = []


def expect(good, *what):
    if not good:
        FAULTS.append(" ".join(str(w) for w in what))


def soon(days=30):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def incidents(soc):
    """One incident of each tenant, decided by the lead."""
    who = Client(port=soc.web_port)
    who.login(*feed.PEOPLE["lead"])
    made = {}
    for row in who.ask("GET", "/api/v1/queue")["items"]:
        tenant = row["tenant"]["id"]
        if tenant not in made:
            made[tenant] = who.ask("POST", f"/api/v1/candidates/{row['id']}/decide", {"severity": "warning", "reason": "scene",
                                   "answers": {"real": "yes", "success": "no", "possible": "unlikely", "check": "yes"}})["id"]
    return made


def poll(program, place):
    status, _, page = program.ask("GET", f"/api/v1/incidents?changed_after={place}")
    expect(status == 200, "poll", status, page)
    return [r["id"] for r in page["items"]], page["next"]


def two_ways(program, mine, theirs):
    seen, place = poll(program, 0)
    expect(seen == [mine], "first poll", seen)
    expect(poll(program, place) == ([], place), "nothing changed and something came")
    path = f"/api/v1/incidents/{mine}"
    status, _, body = program.ask("PATCH", path, {"customer_ticket": "INC-42", "customer_severity": "critical"})
    expect(status == 200 and body["customer_ticket"] == "INC-42" and body["customer_severity"] == "critical", status, body)
    again, place = poll(program, place)
    expect(again == [mine], "a change is not seen", again)
    for verb, sent in (("comments", {"text": "seen by our desk", "lang": "en"}), ("acknowledge", None), ("answer", {"code": "handled", "text": "patched", "lang": "en"})):
        status, _, body = program.ask("POST", f"{path}/{verb}", sent)
        expect(status == 200, verb, status, body)
    expect("ITSM" in json.dumps(body["acknowledged_by"], ensure_ascii=False), body["acknowledged_by"])
    expect(any("ITSM" in json.dumps(e, ensure_ascii=False) for e in body["entries"]), "the log does not name the key")
    for method, where, sent in (("GET", f"/api/v1/incidents/{theirs}", None), ("POST", f"/api/v1/incidents/{theirs}/comments", {"text": "x"})):
        expect(program.ask(method, where, sent)[0] == 404, "the other tenant's", method, where)
    # a browser's cross-site marks mean nothing here, and no cookie is needed or set
    status, head, _ = program.ask("POST", f"{path}/comments", {"text": "x"}, more={"Origin": "https://itsm.example", "Sec-Fetch-Site": "cross-site"})
    expect(status == 200 and "Set-Cookie" not in head, status, head)


def scopes(program, soc, mine):
    for method, path, sent in (("GET", "/api/v1/logs?q=*", None), ("GET", "/api/v1/keys", None), ("POST", "/api/v1/webhooks", {"name": "x", "url": "https://x.example/", "events": ["webhook.test"]}),
                               ("GET", "/api/v1/me", None), ("GET", "/api/v1/session", None), ("GET", "/api/v1/events", None), ("GET", "/api/v1/queue", None), ("POST", "/api/v1/inquiries", {"subject": "x", "text": "x"}),
                               ("POST", "/api/v1/me/password", {"old": "x", "new": "yyyyyyyyyyyyyy"})):
        status, head, body = program.ask(method, path, sent)
        expect(status == 403 and head["Content-Type"].startswith("application/problem+json"), method, path, status, body)
    read_only = soc.local().ask("POST", "/api/v1/keys", {"tenant": "aoba", "name": "reader", "scopes": ["incidents:read"], "expires_at": soon()})
    reader = Program(soc.web_port, read_only["key"])
    expect(reader.ask("GET", f"/api/v1/incidents/{mine}")[0] == 200 and reader.ask("POST", f"/api/v1/incidents/{mine}/comments", {"text": "x"})[0] == 403, "a reader wrote")
    return read_only, reader


def comments(program, mine, text):
    return sum(text == e.get("text", {}).get("en") for e in program.ask("GET", f"/api/v1/incidents/{mine}")[2]["entries"])


def once(program, soc, mine):
    path, sent = f"/api/v1/incidents/{mine}/comments", {"text": "only once", "lang": "en"}
    first = program.ask("POST", path, sent, once="5b1c-1")
    program.ask("PATCH", f"/api/v1/incidents/{mine}", {"customer_ticket": "INC-43"})
    second = program.ask("POST", path, sent, once="5b1c-1")
    expect(first[0] == 200 and second[0] == 200 and first[2] == second[2] and second[2]["customer_ticket"] == "INC-42", "the second answer is another", first[0], second[0])
    expect(second[1].get("Idempotency-Replayed") == "true" and "Idempotency-Replayed" not in first[1], first[1], second[1])
    status, _, body = program.ask("POST", path, {"text": "another", "lang": "en"}, once="5b1c-1")
    expect(status == 422 and body["type"] == "idempotency", status, body)
    expect(program.ask("POST", f"/api/v1/incidents/{mine}/reopen", {"text": "only once"}, once="5b1c-1")[0] == 422, "another verb under the same key")
    got = []
    threads = [threading.Thread(target=lambda: got.append(program.ask("POST", path, {"text": "in parallel", "lang": "en"}, once="p-1")[0])) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    expect(got == [200] * 8 and comments(program, mine, "in parallel") == 1, "eight at once:", got, comments(program, mine, "in parallel"))
    expect(program.ask("POST", f"/api/v1/incidents/{mine}/acknowledge", None, once="a-1")[0] == 409 and program.ask("POST", path, {"text": "free again", "lang": "en"}, once="a-1")[0] == 200,
           "a refusal used the key up")
    expect(program.ask("POST", path, sent, once="x" * 129)[0] == 422 and program.ask("POST", path, sent, once="a b")[0] == 422, "a bad key was taken")
    soc.process.stop()
    soc.start({"NEZUBAN_WEB_CHECK": "1"})
    third = program.ask("POST", path, sent, once="5b1c-1")
    expect(third[0] == 200 and third[2] == first[2] and comments(program, mine, "only once") == 1, "after a restart it was done again")
    other = Program(soc.web_port, soc.local().ask("POST", "/api/v1/keys", {"tenant": "aoba", "name": "second", "scopes": ["incidents:write", "incidents:read"], "expires_at": soon()})["key"])
    expect("Idempotency-Replayed" not in other.ask("POST", path, sent, once="5b1c-1")[1], "one program's keys are another's")


def ended(program, soc, read_only, reader, mine):
    for key in (reader.key[:-1] + ("a" if reader.key[-1] != "a" else "b"), "nzk_", "nzk_" + "a" * 26 + "_" + "b" * 32, reader.key.upper(), ""):
        expect(Program(soc.web_port, key).ask("GET", "/api/v1/incidents")[0] == 401, "a wrong key:", key[:12])
    soc.cli("apikey", "end", read_only["number"])
    expect(reader.ask("GET", "/api/v1/incidents")[0] == 401, "an ended key opens")
    for bad in (soon(-1), soon(400), "soon"):
        try:
            soc.local().ask("POST", "/api/v1/keys", {"tenant": "aoba", "name": "x", "scopes": ["incidents:read"], "expires_at": bad})
            expect(False, "taken:", bad)
        except Refused as e:
            expect(e.status == 422, e)
    rows = soc.local().ask("GET", "/api/v1/keys?tenant=aoba")["items"]
    expect([r["state"] for r in rows if r["name"] == "reader"] == ["ended"] and all(r["used_at"] for r in rows if r["name"] == "ITSM"), rows)
    journal = soc.local().ask("GET", "/api/v1/journal?limit=500")["items"]
    expect(any(json.dumps(r, ensure_ascii=False).find("API キー「ITSM」") >= 0 and r["command"] == "incident.comment" for r in journal), "the journal does not name the key")
    tables = b"".join(p.read_bytes() for p in (soc.data / "desk").glob("*.db*"))
    expect(program.key.encode() not in tables and program.key.split("_")[2].encode() not in tables, "a key is in the tables")
    got, asked = (200, {}, None), 0
    while got[0] == 200 and asked < 250:  # a minute may end on the way
        got, asked = program.ask("GET", f"/api/v1/incidents/{mine}"), asked + 1
    expect(got[0] == 429 and 1 <= int(got[1]["Retry-After"]) <= 60, "nobody was told to wait", asked, got[0])


def journal_and_calls(soc, folder):
    """The slice of the journal is proved without the service; who is called is told from the tenants' document."""
    sliced, pub = folder / "aoba.journal", soc.data / "keys" / "desk.pub"
    soc.cli("journal", "export", "--tenant", "aoba", "-o", sliced)
    soc.cli("verify", "--key", pub, sliced)
    text = sliced.read_text()
    expect("harbor" not in text and text.count("\n") > 20, "the slice")
    sliced.write_text(text.replace('"aoba"', '"abba"', 1) if text.count('"nth":3') == 0 else text.replace('"nth":3', '"nth":4', 1))
    try:
        soc.cli("verify", "--key", pub, sliced)
        expect(False, "a changed slice passes")
    except RuntimeError:
        pass
    tenants = folder / "tenants.yaml"
    tenants.write_text((ROOT / "tools" / "demo" / "tenants.yaml").read_text().replace("@PHONE@", "127.0.0.1:9"))
    told = json.loads(soc.cli("simulate", "calls", "--tenants", tenants, "--tenant", "aoba", "--at", "2027-01-01T03:00:00+09:00", "--json"))
    expect(told[0]["steps"] and told[0]["attempts"], "simulate calls --at", told)
    asked = json.loads(soc.cli("simulate", "calls", "--tenant", "aoba", "--at", "2027-01-01T03:00:00+09:00", "--json"))
    expect([s["contact"] for s in asked[0]["steps"]] == [s["contact"] for s in told[0]["steps"]] and asked[0]["attempts"], "the running service's tenants are others", asked)
    figures = json.loads(soc.cli("simulate", "calls", "--count", 20))
    expect(figures["decisions"] == 20 and figures["forgotten"] == 0, "simulate beside the service", figures)
    expect([s["about"] for s in json.loads(soc.cli("simulate", "month", "--month", "2026-05", "--tenant", "aoba", "--json"))[0]["steps"]][0] == "aoba-2026-04", "simulate month beside the service")
    tree = soc.local().ask("GET", "/api/v1/tenants/aoba/calls?at=2027-01-01T03:00:00%2B09:00")
    expect([s["contact"] for s in tree["steps"]] == [s["contact"] for s in told[0]["steps"]], "the service says otherwise", tree["steps"], told[0]["steps"])


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nezuban-ticket-"))
    soc = Service(folder, settings={"desk.api_rate": 100})
    try:
        soc.start({"NEZUBAN_WEB_CHECK": "1"})
        feed.tenants(soc)
        feed.stories(soc)
        made = incidents(soc)
        key = soc.local().ask("POST", "/api/v1/keys", {"tenant": "aoba", "name": "ITSM", "scopes": ["incidents:read", "incidents:write"], "expires_at": soon()})
        program = Program(soc.web_port, key["key"])
        two_ways(program, made["aoba"], made["harbor"])
        read_only, reader = scopes(program, soc, made["aoba"])
        once(program, soc, made["aoba"])
        journal_and_calls(soc, folder)
        ended(program, soc, read_only, reader, made["aoba"])
        expect("web.answer.shape" not in (folder / "nezuband.log").read_text(), "an answer is not as docs/openapi.yaml says")
    finally:
        soc.stop()
    if FAULTS or os.environ.get("KEEP"):
        print(f"kept: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(FAULTS))
    return 1 if FAULTS else 0


if __name__ == "__main__":
    sys.exit(main())
