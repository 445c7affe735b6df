#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The contract of the command line, for every verb of tbl/verbs.tbl: --help answers with 0; what is wrong is said in one clear
sentence on standard error with the verb's name, and ends with 2 (usage) or 3 (could not) and nothing on standard output; lists have
--json; manual page and completion name every verb and option.  Needs no service.

Then every word of every verb that speaks with the service is walked against a socket that answers for it: each sends what docs/openapi.yaml
wants, to the operation that is meant; and every operation of routes.tbl has a word here, or a reason why it has none.

    cli.py NEZUBAN TBL"""
import http.server
import json
import os
import pathlib
import re
import socketserver
import subprocess
import sys
import tempfile
import threading
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from described import SPEC, deref, fault_of  # noqa: E402

PROGRAM, TABLE = sys.argv[1:3]
FAULTS = []

# verb: wrong inputs, each with the exit status and a word the message must have
WRONG = {
    "version": [(["now"], 2, "unexpected word"), (["--json"], 2, "unknown option"), (["--help=x"], 2, "unknown option")],
    "parse": [(["--source", "nobody.knows", "-"], 2, "no source nobody.knows"), (["--input", "xml"], 2, "--input is"),
              (["--zone", "Mars/Olympus"], 2, "no time zone"), (["/nonexistent"], 3, "no such thing"),
              (["--sources", "/nonexistent"], 3, "wanted a folder")],
    "source": [([], 2, "say test, list or new"), (["test", "nobody.knows"], 2, "no source"), (["new"], 2, "name a file"),
               (["new", "--name", "Not A Name", "/dev/null"], 2, "VENDOR.PRODUCT"), (["new", "/nonexistent"], 3, "cannot be read")],
    "bench": [([], 2, "nezuban bench"), (["nothing"], 2, "nezuban bench"), (["parse"], 2, "name a file"), (["parse", "/nonexistent"], 3, "cannot be read")],
    "rule": [([], 2, "lint or test"), (["lint"], 2, "files or folders"), (["test", "/dev/null"], 3, "no rule"), (["test", "/nonexistent"], 1, "No such file")],
    "call": [([], 2, "test"), (["test"], 2, "--to"), (["test", "--to", "somebody"], 2, "sip:"), (["test", "--to", "sip:a@127.0.0.1", "--lang", "fr"], 2, "ja or en"),
             (["test", "--to", "sip:a@127.0.0.1", "--ring", "soon"], 2, "--ring")],
    "detect": [([], 2, "--rules"), (["--rules", "/nonexistent"], 3, "/nonexistent"), (["--rules", "RULES", "--format", "xml"], 2, "json or table"),
               (["--rules", "RULES", "--input", "foo", "/dev/null"], 2, "--input is"), (["--rules", "RULES", "/nonexistent"], 3, "/nonexistent")],
    "verify": [([], 2, "one folder"), (["/nonexistent"], 3, "no such thing"), (["/", "--key", "/dev/null"], 3, "public key")],
    "intel": [([], 2, "import, list or find"), (["import", "/dev/null"], 2, "-o IMAGE"), (["import", "/nonexistent", "-o", "TMP/image"], 3, "no list could be read"),
              (["find", "/dev/null", "192.0.2.1"], 3, "/dev/null"), (["list", "/nonexistent"], 3, "/nonexistent")],
    "query": [([], 2, "what to look for"), (["x", "--socket", "/nonexistent"], 3, "is the service running"), (["x", "--store", "/nonexistent"], 3, "")],
    "doctor": [(["twice"], 2, "unexpected word"), (["--socket", "/nonexistent"], 3, "is the service running"), (["--socket"], 2, "wants")],
    "calendar": [([], 2, "--country"), (["--country", "XX", "--month", "2026-01"], 2, "no calendar"), (["--country", "JP", "--month", "2026-13"], 2, "01 to 12")],
    "incident": [(["merge", "A-1"], 2, "merge wants --into"), (["release", "AOBA-2026-0001"], 2, "is for candidates"), (["task", "A-1", "--task", "x"], 2, "number of a task"), (["unrelate", "A-1"], 2, "wants --to"),
                 (["confirm", "A-1"], 2, "wants --as"), (["split", "C-1"], 2, "wants --detection")],
    "candidate": [*((w + ["--socket", "/nonexistent"], 3, "is the service running") for w in (["claim", "C-1", "--as", "a"], ["assign", "C-1", "--to", "a"], ["release", "C-1"], ["note", "C-1", "--text", "a"],
                    ["close", "C-1", "--reason", "expected"], ["reopen", "C-1"], ["merge", "C-1", "--into", "C-2"], ["split", "C-1", "--detection", "a"], ["attach", "C-1", "--detection", "a"],
                    ["cause", "C-1", "--clock", "decide", "--code", "staff", "--text", "a"])),
                  (["confirm", "C-1"], 2, "is for incidents"), (["merge"], 2, "wants an id"), (["close", "C-1"], 2, "wants --reason")],
    "exception": [(["preview"], 2, "--tenant"), (["preview", "--tenant", "a"], 2, "--rule"), (["approve", "X-1"], 2, "wants --as"), (["add", "--days", "x"], 2, "--days")],
    "maintenance": [(["add"], 2, "add wants --from"), (["end"], 2, "end wants an ID")],
    "exclusion": [(["add", "--tenant", "a"], 2, "add wants --from")],
    "appointment": [(["add", "--tenant", "a", "--weekday", "monday"], 2, "--weekday wants a whole number"), (["call", "a", "b"], 2, "call wants an ID")],
    "webhook": [(["redeliver", "W-1"], 2, "redeliver wants two operands"), (["add", "--name", "x"], 2, "add wants --url")],
    "apikey": [(["add", "--days", "0"], 2, "--days wants 1 to 366"), (["add", "--tenant", "a"], 2, "add wants --name")],
    "user": [(["change", "a", "--disable", "--enable"], 2, "not both")],
    "device": [(["register", "a"], 2, "register wants --tenant"), (["refuse", "a"], 2, "refuse wants --reason")],
    "inquiry": [(["reply", "Q-1"], 2, "reply wants --text"), (["save", "Q-1"], 2, "save wants --message"), (["place", "Q-1"], 2, "place wants --tenant")],
    "journal": [(["export"], 2, "--tenant ID")],
    "report": [(["render"], 2, "render with a FILE"), (["render", "/nonexistent"], 3, "cannot be read"), (["render", "/dev/null"], 1, "no JSON"),
               (["render", "/dev/null", "--lang", "fr"], 2, "ja or en"), (["render", "/dev/null", "--table", "sla"], 2, "goes with --csv"),
               (["render", "/dev/null", "--csv"], 1, "no data set"), (["words", "aoba-2026-10"], 2, "words wants"), (["monthly"], 2, "--tenant"), (["daily", "x"], 2, "--tenant"),
               (["pdf", "aoba-2026-10", "--table", "sla"], 2, "goes with csv"), (["pdf", "aoba-2026-10", "--socket", "/nonexistent"], 3, "is the service running")],
}
# verbs that speak with the service: words that are none of theirs, and an absent service
REMOTE = {**{v: ["list"] for v in ("maintenance", "exclusion", "appointment", "alarm", "clock", "webhook", "apikey", "device", "journal")}, **{v: ["show"] for v in ("funnel", "ledger", "sla")}, "tenant": ["list"], "user": ["list"], "lcp": ["list"], "incident": ["list"], "candidate": ["list"], "exception": ["list"], "roster": ["show"], "handover": ["list"], "site": ["list"], "inquiry": ["list"], "advisory": ["list"], "report": ["list"]}
LISTS = ["maintenance", "exclusion", "appointment", "alarm", "clock", "webhook", "apikey", "device", "journal", "availability", "candidate", "exception", "tenant", "roster", "site", "handover", "user", "lcp", "incident", "inquiry", "advisory", "report", "query", "doctor", "intel", "calendar", "verify"]


# words of verbs, and the operations that each sends, in order
TIMES = ["--from", "2026-11-01T00:00:00Z", "--to", "2026-11-01T01:00:00Z"]
CASE = [(["claim", "@", "--as", "a"], "claim"), (["assign", "@", "--to", "a"], "assign"), (["merge", "@", "--into", "C-2"], "merge"), (["split", "@", "--detection", "a" * 26], "split"),
        (["attach", "@", "--detection", "a" * 26], "attach"), (["close", "@", "--reason", "$"], "close"), (["reopen", "@", "--text", "x"], "reopen"), (["show", "@"], "show"),
        (["plan", "@", "--hypothesis", "x", "--next", "y", "--blocker", "z"], "change")]
WALK = {
    "tenant": [(["list"], "tenant.list"), (["show", "aoba"], "tenant.show"), (["import", "TMP/t.yaml", "--check"], "tenant.import")],
    "roster": [(["import", "TMP/t.yaml"], "roster.import"), (["show"], "roster.show"), (["week"], "duty.list"), (["who", "--tenant", "aoba"], "duty.show")],
    "handover": [(["list"], "handover.list"), (["show", "H-1"], "handover.show"), (["draft", "--as", "a", "--to", "b"], "handover.draft"), (["again", "H-1", "--as", "a"], "handover.again"),
                 (["offer", "H-1", "--as", "a", "--words", "x"], "handover.offer"), (["accept", "H-1", "--as", "a", "--item", "1"], "handover.accept"),
                 (["refuse", "H-1", "--as", "a", "--reason", "x"], "handover.refuse")],
    "site": [(["list"], "site.list"), (["lost", "tokyo", "--reason", "x", "--lang", "en", "--stand-in", "reading"], "site.lost"), (["back", "tokyo", "--after", "60"], "site.back")],
    "user": [(["list"], "user.list"), (["add", "ab", "--role", "analyst", "--password-file", "TMP/word"], "user.add"), (["passwd", "a", "--password-file", "TMP/word"], "user.passwd"), (["totp", "a"], "user.totp"), (["sessions", "a"], "user.sessions"), (["revoke", "a", "all"], "user.revoke"),
             (["change", "a", "--role", "lead", "--name", "A", "--sees", "aoba", "--enable"], "user.change"), (["change", "a", "--disable"], "user.change")],
    "lcp": [(["list"], "lcp.list"), (["enroll", "aoba", "l"], "lcp.enroll"), (["revoke", "aoba", "l"], "lcp.revoke")],
    "device": [(["list", "--tenant", "aoba", "--state", "live"], "registration.list"), (["status", "--tenant", "aoba"], "device.list"), (["show", "a"], "registration.show"),
               (["register", "fw", "--tenant", "aoba", "--source", "x", "--transport", "udp", "--address", "10.0.0.1", "--lcp", "l", "--zone", "UTC", "--note", "x"], "device.register"),
               (["refuse", "a", "--reason", "x"], "device.refuse"), (["withdraw", "a"], "device.withdraw")],
    "network": [(["list", "aoba"], "tenant.show"), (["add", "aoba", "n", "10.0.0.0/8"], "network.add"), (["change", "aoba", "n", "10.0.0.0/8"], "network.change"), (["remove", "aoba", "n"], "network.remove")],
    "asset": [(["list", "aoba"], "tenant.show"), (["add", "aoba", "n", "--value", "2", "--host", "h", "--address", "10.0.0.1", "--shared"], "asset.add"), (["change", "aoba", "n", "--value", "3"], "asset.change"),
              (["remove", "aoba", "n"], "asset.remove")],
    "incident": [([w.replace("@", "A-1").replace("$", "resolved") for w in words], f"incident.{op}") for words, op in CASE] + [
        (["queue", "--tenant", "aoba"], "queue.list"), (["list", "--tenant", "aoba"], "incident.list"), (["note", "A-1", "--text", "x", "--lang", "en"], "incident.comment"),
        (["decide", "C-1"], "candidate.show candidate.decide"), (["relate", "A-1", "--to", "A-2", "--reason", "x"], "incident.relate"), (["unrelate", "A-1", "--to", "A-2"], "incident.unrelate"),
        (["task", "A-1", "--text", "x", "--owner", "a", "--due", "2026-11-01T00:00:00Z"], "incident.task"), (["task", "A-1", "--task", "1", "--done"], "incident.task_change"),
        (["action", "A-1", "--task", "1"], "incident.action"), (["acknowledge", "A-1", "--by", "x"], "incident.acknowledge"), (["attempt", "A-1", "--contact", "a", "--outcome", "busy"], "incident.attempt"),
        (["confirm", "A-1", "--as", "a"], "incident.confirm"), (["refuse", "A-1", "--as", "a", "--reason", "x"], "incident.refuse"), (["answer", "A-1", "--code", "handled", "--as", "a"], "incident.answer"),
        (["cause", "A-1", "--clock", "call", "--code", "staff", "--text", "x"], "clock.cause")],
    "candidate": [([w.replace("@", "C-1").replace("$", "expected") for w in words if op != "reopen" or w not in ("--text", "x")], f"candidate.{op}") for words, op in CASE] + [
        (["list", "--tenant", "aoba", "--state", "closed"], "candidate.list"), (["release", "C-1"], "candidate.release"), (["note", "C-1", "--text", "x"], "candidate.note"),
        (["decide", "C-1", "--severity", "warning"], "candidate.show candidate.decide"), (["cause", "C-1", "--clock", "decide", "--code", "staff", "--text", "x"], "clock.cause")],
    "availability": [(["--tenant", "aoba", "--month", "2026-11", "--spans"], "availability.show")],
    "maintenance": [(["list", "--tenant", "aoba"], "maintenance.list"), (["add", *TIMES, "--tenant", "aoba", "--ja", "保守", "--en", "upkeep"], "maintenance.add"), (["end", "a"], "maintenance.end")],
    "exclusion": [(["list"], "exclusion.list"), (["add", *TIMES, "--tenant", "aoba", "--reason", "x", "--evidence", "Q-1", "--words", "x", "--as", "a"], "exclusion.add"), (["approve", "a", "--as", "b"], "exclusion.approve"), (["withdraw", "a"], "exclusion.withdraw")],
    "appointment": [(["list"], "appointment.list"), (["add", "--tenant", "aoba", "--weekday", "1", "--time", "09:30", "--contact", "a"], "appointment.add"), (["end", "a"], "appointment.end"), (["call", "a"], "appointment.call")],
    "alarm": [(["list"], "alarm.list"), (["acknowledge", "a"], "alarm.acknowledge")],
    "clock": [(["list"], "clock.list"), (["breaches", "--tenant", "aoba", "--month", "2026-11"], "breach.list")],
    "funnel": [(["show", "--tenant", "aoba", "--from", "2026-11-01", "--to", "2026-11-02"], "funnel.show")],
    "ledger": [(["show", "--tenant", "aoba", "--day", "2026-11-01"], "ledger.show")],
    "sla": [(["show", "--month", "2026-11"], "sla.show")],
    "exception": [(["list", "--tenant", "aoba"], "exception.list"), (["show", "X-1"], "exception.show"), (["preview", "--tenant", "aoba", "--rule", "r"], "exception.preview"),
                  (["add", "--tenant", "aoba", "--rule", "r", "--reason", "x", "--owner", "a", "--host", "h"], "exception.add"), (["approve", "X-1", "--as", "a"], "exception.approve"), (["end", "X-1"], "exception.end")],
    "inquiry": [(["list", "--tenant", "aoba", "--state", "open"], "inquiry.list"), (["open", "--tenant", "aoba", "--subject", "x", "--text", "-"], "inquiry.open"), (["show", "Q-1"], "inquiry.show"),
                (["reply", "Q-1", "--text", "x"], "inquiry.message"), (["note", "Q-1", "--text", "x"], "inquiry.message"), (["save", "Q-1", "--message", "1", "--output", "TMP/got"], "attachment.file"), (["note", "Q-1", "--text", "x", "--file", "TMP/word"], "inquiry.message"),
                (["assign", "Q-1", "--to", "a"], "inquiry.assign"), (["change", "Q-1", "--priority", "low", "--kind", "other", "--incident", "A-1"], "inquiry.change"),
                (["cause", "Q-1", "--code", "staff", "--text", "x"], "inquiry.cause"), (["close", "Q-1"], "inquiry.close"), (["reopen", "Q-1", "--text", "x"], "inquiry.reopen"),
                (["place", "Q-1", "--tenant", "aoba", "--remember"], "inquiry.place"), (["place", "Q-1", "--into", "Q-2"], "inquiry.place"),
                (["discard", "Q-1", "--reason", "spam", "--text", "x"], "inquiry.discard"), (["restore", "Q-1"], "inquiry.restore"), (["held"], "inquiry.list"), (["senders"], "sender.list"),
                (["forget", "a@b.example", "--tenant", "aoba"], "sender.forget")],
    "apikey": [(["list", "--tenant", "aoba"], "apikey.list"), (["add", "--tenant", "aoba", "--name", "x", "--scope", "incidents:read"], "apikey.add"), (["show", "K-1"], "apikey.show"), (["end", "K-1"], "apikey.end")],
    "webhook": [(["list", "--tenant", "aoba"], "webhook.list"), (["add", "--tenant", "aoba", "--name", "x", "--url", "https://x.example/", "--event", "incident.opened", "--event", "advisory.sent", "--raw", "--days", "3"], "webhook.add"),
                (["show", "W-1"], "webhook.show"), (["change", "W-1", "--name", "y", "--event", "webhook.test"], "webhook.change"), (["log", "W-1"], "delivery.list"), (["test", "W-1"], "webhook.test"),
                (["rotate", "W-1", "--overlap", "2"], "webhook.rotate"), (["pause", "W-1"], "webhook.change"), (["resume", "W-1"], "webhook.change"), (["redeliver", "W-1", "7"], "webhook.redeliver"), (["remove", "W-1"], "webhook.remove")],
    "report": [(["list", "--tenant", "aoba"], "report.list"), (["show", "aoba-2026-10"], "report.show"), (["draft", "aoba-2026-10"], "report.draft"), (["words", "aoba-2026-10", "--en", "TMP/word"], "report.words"),
               (["publish", "aoba-2026-10"], "report.publish"), (["correct", "aoba-2026-10", "--reason-ja", "x", "--reason-en", "x"], "report.correct"), (["abandon", "aoba-2026-10"], "report.abandon"), (["cause", "aoba-2026-10", "--code", "staff", "--text", "x"], "report.cause"), (["pdf", "aoba-2026-10", "-o", "TMP/pdf"], "report.pdf"),
               (["csv", "aoba-2026-10", "-o", "TMP/csv"], "report.csv"), (["monthly", "--tenant", "aoba", "--month", "2026-10", "-o", "TMP/pdf"], "report.pdf"), (["daily", "--tenant", "aoba", "--day", "2026-10-01", "--csv", "-o", "TMP/csv"], "report.csv")],
    "advisory": [(["list"], "advisory.list"), (["show", "A-1"], "advisory.show"), (["add", "--file", "TMP/a.json"], "advisory.add"), (["change", "A-1", "--file", "TMP/b.json"], "advisory.change"), (["check", "A-1"], "advisory.check"),
                 (["send", "A-1", "--tenant", "aoba", "--anyway"], "advisory.send"), (["withdraw", "A-1"], "advisory.withdraw")],
    "journal": [(["list", "--tenant", "aoba", "--command", "a.b", "--noun", "a", "--id", "b", "--after", "1", "--before", "9", "--limit", "5"], "journal.list"), (["check"], "journal.verify"),
                (["export", "--tenant", "aoba", "-o", "TMP/journal"], "journal.export")],
    "query": [(["*", "--tenant", "aoba"], "log.search")],
    "doctor": [([], "doctor.show")],
}
OFFLINE = {"report": ["render"], "roster": ["check"]}  # words that ask nobody
NO_WORD = {
    **{f"session.{w}": "a browser's session" for w in ("login", "totp", "enrol", "key_begin", "key", "step_up", "show", "logout")},
    **{f"me.{w}": "a person's own account" for w in ("show", "change", "password", "factors", "key_begin", "key_add", "key_change", "key_remove", "totp", "totp_confirm", "totp_remove", "recovery", "sessions", "revoke")},
    "device.approve": "the local socket is nobody in particular and approves nothing", "advisory.approve": "the same", "advisory.read": "a customer's receipt", "candidate.again": "a customer's wish", "inquiry.claim": "a person's own; assign does it",
    "incident.severity": "decided again on the screen, with the form's questions", "candidate.preview": "the form's", "home.show": "the portal's first page", "calltree.show": "simulate calls --at tells it", "source.list": "source list tells it",
    "events.stream": "an endless answer", "openapi.show": "the file itself", "log.histogram": "the screen's bars; query '… | summarize' tells it", "log.facets": "the same", "event.show": "query tells it",
    "handover.words": "offer takes them along", "attachment.show": "save takes the bytes", "site.show": "list tells it",
}
ASKED = []


def operation(method, path):
    """(operationId, its description, its parameters) of a request; None for one that is none."""
    for pattern, item in SPEC["paths"].items():
        if method.lower() in item and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path):
            return item[method.lower()]["operationId"], item[method.lower()], [deref(p) for p in item.get("parameters", []) + item[method.lower()].get("parameters", [])]
    return None


class Answering(http.server.BaseHTTPRequestHandler):
    """In the service's place: judges the request by the description and answers something."""
    protocol_version = "HTTP/1.1"

    def answer(self):
        url = urllib.parse.urlsplit(self.path)
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        op = operation(self.command, url.path)
        fault = self.judge(op, urllib.parse.parse_qsl(url.query), json.loads(text) if text else None) if op else "no such operation"
        ASKED.append((op[0] if op else f"{self.command} {self.path}", fault))
        body = json.dumps({"id": "a", "number": "N-1", "login": "a", "state": "open", "token": "t", "data": "eA==", "ok": True, "next": 0, "items": [], "checks": [], "columns": [], "rows": [], "sites": [], "people": [],
                           "head": {"seq": 1}, "tenant": "aoba", "zone": "UTC", "incidents": [], "proposal": {"severity": "warning"}, "networks": [], "assets": []}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def judge(self, op, query, body):
        names = {p["name"]: p for p in op[2] if p["in"] == "query"}
        for key, value in query:
            if key not in names:
                return f"query {key} is not described"
            kind = deref(names[key]["schema"])
            if (kind.get("type") == "integer" and not value.isdigit()) or ("enum" in kind and value not in kind["enum"]):
                return f"query {key}={value}"
        form = deref(op[1].get("requestBody"))
        if form is None:
            return None if body is None else "a body where none is wanted"
        if body is None:
            return "a body is wanted" if form.get("required") else None
        return fault_of(form["content"]["application/json"]["schema"], body)

    do_GET = do_POST = do_PATCH = do_DELETE = answer

    def address_string(self):
        return "local"

    def log_message(self, *_):
        pass


class Socket(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


def walk(verbs, here):
    """Every word of every verb that speaks with the service."""
    for name, text in (("t.yaml", "tenants: []\n"), ("word", "a long enough one\n"), ("a.json", json.dumps({"severity": "warning", **{k: {"ja": "あ", "en": "a"} for k in ("title", "text", "advice")}, "products": [], "indicators": []})),
                       ("b.json", '{"severity": "critical"}')):
        pathlib.Path(here, name).write_text(text)
    server = Socket(os.path.join(here, "api.sock"), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    seen = set()
    for verb, rows in WALK.items():
        for words, ops in rows:
            ASKED.clear()
            done = subprocess.run([PROGRAM, verb, *(w.replace("TMP", here) for w in words), "--socket", server.server_address], capture_output=True, text=True, input="from standard input\n", timeout=60)
            expect(done.returncode == 0, verb, words, "ended with", done.returncode, done.stderr)
            expect([a for a, _ in ASKED] == ops.split(), verb, words, "asked", [a for a, _ in ASKED], "wanted", ops)
            for op, fault in ASKED:
                expect(fault is None, verb, words, op, fault)
                seen.add(op)
        said = {w.split()[0] for w in verbs[verb].split(" | ")} if re.match(r"[a-z]+( [A-Z/]+)*( \||$)", verbs[verb]) else set()
        walked = {words[0] for words, _ in rows if words} | set(OFFLINE.get(verb, []))
        expect(not said or said == walked, verb, "says", sorted(said), "and was walked", sorted(walked))
    server.shutdown()
    server.server_close()
    every = {op["operationId"] for item in SPEC["paths"].values() for m, op in item.items() if m != "parameters"}
    expect(every - seen == set(NO_WORD), "operations without a word:", sorted(every - seen - set(NO_WORD)), "and with one though said otherwise:", sorted(set(NO_WORD) & seen))
    return len(seen)


def run(*words):
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    return done.returncode, done.stdout, done.stderr


def expect(good, *what):
    if not good:
        FAULTS.append(" ".join(str(w) for w in what))


def table():
    text = pathlib.Path(TABLE).read_text()
    return re.findall(r'^VERB\("([^"]+)"', text, re.M), re.findall(r'^OPT\("([^"]+)", "([^"]+)", "([^"]*)"', text, re.M)


def wrong(verb, words, status, says, here):
    words = [w.replace("TMP", here).replace("RULES", here + "/rules") for w in words]
    code, out, err = run(verb, *words)
    expect(code == status, verb, words, "ended with", code, "wanted", status, err)
    expect(says in err and err.strip(), verb, words, "said", repr(err), "wanted", repr(says))
    expect(code == 1 or not out, verb, words, "wrote to standard output", repr(out[:80]))


def near(name):
    """The option with one letter missing: the nearest good word is offered."""
    return name[:-1] if len(name) > 5 else None


def main():
    verbs, opts = table()
    here = tempfile.mkdtemp(prefix="nezuban-cli-")
    rule = pathlib.Path(here, "rules", "a.yml")
    rule.parent.mkdir()
    rule.write_text("title: A\nid: 11111111-1111-4111-8111-111111111111\nstatus: test\nlogsource: {product: linux}\ndetection:\n  a: {user.name: x}\n  condition: a\n")
    for verb in verbs:
        code, out, err = run(verb, "--help")
        expect(code == 0 and out.startswith(f"usage: nezuban {verb} ") and not err, verb, "--help", code, err)
        wrong(verb, ["--no-such-option"], 2, "unknown option --no-such-option", here)
        for words, status, says in WRONG.get(verb, []):
            wrong(verb, words, status, says, here)
        if verb in REMOTE:
            wrong(verb, ["frobnicate", "x"], 2, f"nezuban {verb}: ", here)
            wrong(verb, [], 2, "wanted", here)
            wrong(verb, [*REMOTE[verb], "--socket", "/nonexistent"], 3, "is the service running", here)
        elif verb not in WRONG:
            wrong(verb, ["frobnicate", "x"], 2, f"nezuban {verb}: ", here)
    for verb, name, argument in opts:
        if argument:
            wrong(verb, [name], 2, f"{name} wants", here)
        short = near(name)
        if short and not any(v == verb and n.startswith(short) and n != name for v, n, _ in opts):
            wrong(verb, [short], 2, "did you mean --", here)
    for verb in LISTS:
        expect((verb, "--json") in [(v, n) for v, n, _ in opts], verb, "has no --json")
    expect(not pathlib.Path(here, "image").exists(), "an image was written though no list could be read")
    code, _, err = run("pars")
    expect(code == 2 and "did you mean parse" in err, "no nearest verb:", err)
    man, completion = run("--man")[1], run("--completion")[1]
    for verb, name, _ in opts:
        expect(f"\\{name}" in man, "manual page without", verb, name)
        done = subprocess.run(["bash", "-c", f'eval "$0"; COMP_WORDS=(nezuban {verb} {name[:4]}); COMP_CWORD=2; _nezuban; echo "${{COMPREPLY[@]}}"', completion], capture_output=True, text=True)
        expect(name in done.stdout.split(), "completion without", verb, name, done.stderr)
    for verb in verbs:
        expect(f".SS {verb} " in man, "manual page without", verb)
    operands = dict(re.findall(r'^VERB\("([^"]+)", \w+, "([^"]*)"', pathlib.Path(TABLE).read_text(), re.M))
    reached = walk(operands, here)
    print(f"{len(verbs)} verbs, {len(opts)} options, {reached} operations walked, {len(FAULTS)} faults")
    print("\n".join(FAULTS), file=sys.stderr)
    return 1 if FAULTS else 0


if __name__ == "__main__":
    sys.exit(main())
