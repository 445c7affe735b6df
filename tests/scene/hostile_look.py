# SPDX-License-Identifier: Apache-2.0
"""Each output of the service, read by what reads it in life, after hostile.py filled it: JSON, server-sent events, mails, webhooks, CSV, PDF, a terminal,
the telephone's voice, the journal, our own logs.  A look fails when a value is missing where it belongs, and when it is more than text."""
import csv
import email
import email.policy
import http.client
import html.parser
import io
import json
import os
import pty
import re
import select
import subprocess
import threading

from client import Refused
from hostile import COUNT, VALUES, marker
from service import wait_until

FAULTS = []
OURS = "https://soc.nezuban.example"
MARKED = re.compile(r"mk(\d\d)zq")
TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
OBEYED = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")  # by terminals, headers, readers of lines; not TAB and LF


def expect(good, *what):
    if not good:
        FAULTS.append(" ".join(str(w) for w in what)[:4000])


def named(text):
    """The attacks whose marker is in it."""
    return {int(n) for n in MARKED.findall(text)}


def has(where, text, wanted):
    missing = sorted(set(wanted) - named(text))
    expect(not missing, where, "does not show", missing)


def inert(where, text, turns=True):
    for bad in (OBEYED, TURNS) if turns else (OBEYED,):
        found = bad.search(text)
        expect(not found, where, "holds", ascii(text[max(0, found.start() - 40):found.end() + 20]) if found else "")


def strings(value):
    """Every text of a JSON value, keys too."""
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(item)
    if isinstance(value, dict):
        yield from value


def unique(pairs):
    expect(len(pairs) == len({k for k, _ in pairs}), "a key twice:", [k for k, _ in pairs])
    return dict(pairs)


def of_tenant(s, tenant):
    return {n for t, n, _ in s.incidents.values() if t == tenant and n is not None}


class Stream:
    """A reader of server-sent events, from now on."""

    def __init__(self, client):
        self.bytes, self.connection = b"", client.connection()
        self.connection.request("GET", "/api/v1/events", headers={"Cookie": client.cookie, "Accept": "text/event-stream"})
        self.answer = self.connection.getresponse()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        try:
            while more := self.answer.read1(65536):
                self.bytes += more
        except (OSError, ValueError, http.client.HTTPException):
            pass


# ---- API ----

def pages(s):
    """(path, markers it must show), as the people of the SOC and each customer see them."""
    for tenant in ("aoba", "harbor"):
        mine, other = of_tenant(s, tenant), s.customer(tenant)
        yield other, "/api/v1/incidents?limit=100", mine
        yield other, "/api/v1/inquiries?limit=100", mine
        yield other, "/api/v1/exceptions", ()
        yield other, "/api/v1/journal/export", ()
        for path in ("home", "devices", "ledger", "funnel"):
            yield other, f"/api/v1/{path}?tenant={tenant}", ()
        yield other, f"/api/v1/tenants/{tenant}", {91, 93, 94} if tenant == "aoba" else {95, 96}
        for path in ("tenants", "reports", "webhooks", "advisories", "sla"):
            yield other, f"/api/v1/{path}", ()
        # what came in pieces is found by other words
        yield other, f"/api/v1/logs?tenant={tenant}&limit=1000&q=*", mine
        yield other, f"/api/v1/logs/histogram?tenant={tenant}&q=*", ()
        for field in ("host.name", "user.name"):
            yield other, f"/api/v1/logs/facets?tenant={tenant}&q=*&field={field}", ()
    for path in ("incidents?limit=100", "inquiries?limit=100", "candidates?state=all&limit=100", "queue", "exceptions", "advisories", "handovers", "clocks", "alarms"):
        yield s.people["lead"], f"/api/v1/{path}", range(COUNT) if "incidents" in path or "inquiries" in path else ()
    yield s.people["auditor"], "/api/v1/journal?limit=500", ()
    for number, (tenant, n, _) in s.incidents.items():
        for person in (s.people["analyst"], s.customer(tenant)):
            yield person, f"/api/v1/incidents/{number}", [n] if n is not None else of_tenant(s, tenant) if "shared" in number else ()
    for number, n in s.inquiries.items():
        yield s.people["analyst"], f"/api/v1/inquiries/{number}", [n]


def api(s):
    """JSON by the book: UTF-8, no key twice, no half characters; titles and summaries are plain."""
    for person, path, wanted in pages(s):
        try:
            raw = person.fetch(path)
        except Refused as e:
            expect(False, path, e)
            continue
        if path.endswith("/export"):
            body = [json.loads(line, object_pairs_hook=unique) for line in raw.decode().splitlines() if line]
        else:
            body = json.loads(raw.decode("utf-8"), object_pairs_hook=unique)
        for text in strings(body):
            expect(not re.search("[\ud800-\udfff]", text), path, "half a character", ascii(text[:80]))
        has(path, raw.decode(), wanted)
        items = body.get("items", [body]) if isinstance(body, dict) else []
        for item in items if isinstance(items, list) else []:
            for key in ("title", "summary") if re.search("incidents|candidates|queue", path) else ():
                for text in strings(item.get(key)) if isinstance(item, dict) else ():
                    inert(f"{key} of {path}", text)
    for number, (tenant, n, _) in s.incidents.items():
        summary = s.people["analyst"].ask("GET", f"/api/v1/incidents/{number}")["summary"]
        expect(not named(json.dumps(summary)), number, "the summary has the log's own words", summary)


def stream(s):
    """Every event is `id`, `event`, `data` in JSON, and nothing else."""
    text = s.stream.bytes.decode()
    expect(text.count("\ndata: ") > 100, "few events came", len(text))
    for line in text.split("\n"):
        expect(re.fullmatch(r"|:.*|retry: \d+|id: \d+|event: [a-z_]+|data: \{.*\}", line), "the stream holds", ascii(line[:100]))
        if line.startswith("data: "):
            json.loads(line[6:], object_pairs_hook=unique)
    inert("the stream", text)


# ---- mail ----

HEADERS = {"from", "to", "subject", "date", "message-id", "mime-version", "content-type", "content-language", "auto-submitted", "x-auto-response-suppress", "reply-to", "references", "in-reply-to", "content-transfer-encoding", "list-id", "x-nezuban-tenant",
           "x-nezuban-event", "x-priority", "importance", "precedence"}
TAGS = {"html", "head", "meta", "title", "body", "p", "span", "table", "tr", "th", "td", "h1", "h2", "h3", "a", "br", "strong", "b", "div", "ul", "li", "tbody", "thead"}


class Tags(html.parser.HTMLParser):
    """What a mail's HTML is made of."""

    def __init__(self, where):
        super().__init__(convert_charrefs=True)
        self.where, self.text = where, []

    def handle_starttag(self, tag, attrs):
        expect(tag in TAGS, self.where, "has an element", tag)
        for name, value in attrs:
            expect(name in ("style", "href", "charset", "lang", "colspan", "class", "align"), self.where, "has an attribute", name, value)
            expect(name != "href" or value.startswith(OURS + "/"), self.where, "links to", value)
            expect(name != "style" or "url" not in value, self.where, "is styled", value)

    def handle_data(self, data):
        self.text.append(data)

    def handle_comment(self, data):
        expect(False, self.where, "has a comment", data)


def letter(m):
    """One mail: its headers, its receiver, both its texts, which say the same."""
    where = f"mail to {m['to']}: {ascii(str(m['subject']))[:80]}"
    expect({k.lower() for k in m.keys()} <= HEADERS, where, "headers", sorted({k.lower() for k in m.keys()} - HEADERS))
    expect(len(m.get_all("to")) == 1 and len(m["to"].addresses) == 1 and "evil" not in m["to"].addresses[0].domain, where, "receivers", m.get_all("to"))
    expect(not m.defects, where, m.defects)
    inert(where, m["to"].addresses[0].display_name)
    expect("@aoba" not in str(m["to"]) or "odagiri" not in str(m["to"]) or 91 in named(m["to"].addresses[0].display_name), where, "the name is", m["to"])
    inert(where, str(m["subject"]))
    plain, page = m.get_body(("plain",)).get_content(), m.get_body(("html",)).get_content()
    inert(where, plain.replace("\r", ""))
    tags = Tags(where)
    tags.feed(page)
    inert(where, "".join(tags.text).replace("\r", ""))
    expect(named(plain) == named("".join(tags.text)), where, "the two texts show different values", named(plain) ^ named("".join(tags.text)))
    for url in re.findall(r"(?m)^\s+(https?://\S+)$", plain):
        expect(url.startswith(OURS + "/") or named(url), where, "links to", url)
    return named(plain)


def mails(s, wanted):
    """All mails.  wanted: {subject's pattern: values that mails of such a subject hold}."""
    def shown():
        got = {}
        for path in sorted(s.mails.glob("*.eml")):
            if path not in s.read:
                m = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                s.read[path] = (str(m["subject"]), letter(m))
        for subject, values in s.read.values():
            for pattern in wanted:
                got[pattern] = got.get(pattern, set()) | (values if re.search(pattern, subject) else set())
        return got
    try:
        wait_until(lambda: all(set(v) <= shown().get(p, set()) for p, v in wanted.items()), 60, 0.3, "mails")
    except TimeoutError:
        for pattern, values in wanted.items():
            expect(False, "mails", pattern, "do not show", sorted(set(values) - shown().get(pattern, set())))


# ---- chats and programs ----

def slack(where, body):
    def walk(value):
        if isinstance(value, dict):
            if value.get("type") == "mrkdwn":
                expect(re.fullmatch(rf"<{re.escape(OURS)}/[A-Za-z0-9/_-]+\|[^<>|]+>", value["text"]), where, "mrkdwn", value["text"])
            elif "text" in value and isinstance(value["text"], str):
                expect(value.get("type") in ("plain_text", None) and not re.search("[<>]", value["text"]) and not re.search("&(?!amp;|lt;|gt;)", value["text"]), where, "text", value)
            expect("url" not in value or value["url"].startswith(OURS), where, "url", value)
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(item)
    walk(body)
    for text in strings(body):
        inert(where, text)


def teams(where, body):
    def walk(value):
        if isinstance(value, dict):
            kind = value.get("type")
            expect(kind in ("message", "AdaptiveCard", "RichTextBlock", "TextRun", "Action.OpenUrl", None), where, "type", kind)
            expect(kind == "TextRun" or "text" not in value, where, "text outside a TextRun", value)
            expect(kind != "Action.OpenUrl" or value["url"].startswith(OURS + "/"), where, "action", value)
            expect("selectAction" not in value, where, value)
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(item)
    walk(body)
    for text in strings(body):
        inert(where, text)


def hooks(s):
    """What the endpoints got.  Each value is in the programs' form, and in both chats."""
    got = s.posts

    def all_came():
        while not s.hook.got.empty():
            path, head, body = s.hook.got.get()
            got.setdefault(path, []).append((head, body))
        text = {path: b"".join(b for _, b in list_).decode() for path, list_ in got.items()}
        return all(of_tenant(s, t) <= named(text.get(f"/{t}/{f}", "")) for t in ("aoba", "harbor") for f in ("json", "slack", "teams"))
    try:
        wait_until(all_came, 30, 0.2, "webhooks")
    except TimeoutError:
        expect(False, "webhooks do not show all values", {p: len(v) for p, v in got.items()})
    for path, list_ in got.items():
        for head, raw in list_:
            where, body = f"webhook {path} {head.get('X-Nezuban-Event')}", json.loads(raw.decode(), object_pairs_hook=unique)
            if path.endswith("slack"):
                slack(where, body)
            elif path.endswith("teams"):
                teams(where, body)
            else:
                lines = body["data"].pop("lines", [])  # chosen by the endpoint: as they came
                expect(head["X-Nezuban-Event"] != "incident.opened" or lines, where, "has no line")
                for text in strings(body):
                    inert(where, text)
            inert(where, "\n".join(f"{k}: {v}" for k, v in head.items()))


# ---- documents ----

def sheets(s, report, tenant, wanted):
    """CSV as Python's reader and as a spreadsheet read it: no cell is a formula."""
    raw = s.customer(tenant).fetch(f"/api/v1/reports/{report}/csv?lang={'ja' if tenant == 'aoba' else 'en'}")
    text = raw.decode("utf-8-sig")
    for row in csv.reader(io.StringIO(text, newline="")):
        for cell in row:
            expect(cell[:1] not in ("=", "+", "-", "@", "\t", "\r", "|") or re.fullmatch(r"-?\d+(\.\d+)?", cell), report, "a cell begins", ascii(cell[:60]))
            expect(not re.search("[\0-\x08\x0b-\x1f\x7f-\x9f]", cell) and not TURNS.search(cell), report, "a cell holds", ascii(cell[:60]))
    has(f"{report}.csv", text, wanted)


def paper(s, who, path, wanted):
    """A document: text that pdftotext finds, links that are ours, a name that a browser may save."""
    c = who.connection()
    c.request("GET", path, headers={"Cookie": who.cookie or ""})
    answer = c.getresponse()
    pdf, name = answer.read(), answer.getheader("Content-Disposition")
    c.close()
    expect(answer.status == 200 and pdf.startswith(b"%PDF"), path, answer.status, pdf[:100])
    expect(name is None or re.fullmatch(r'(attachment|inline); filename="[A-Za-z0-9._-]+"', name), path, "is called", name)
    done = subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, timeout=60)
    text = done.stdout.decode()
    expect(done.returncode == 0 and not done.stderr, path, done.stderr[:200])
    expect(not re.search("[\0-\x08\x0b\x0e-\x1f\x7f-\x9f]", text), path, "holds control characters")
    has(path, re.sub(r"\s", "", text), wanted)
    for link in re.findall(rb"/URI\s*\(([^)]*)\)", pdf):
        expect(link.decode().startswith(OURS + "/"), path, "links to", link)
    told = subprocess.run(["pdfinfo", "-"], input=pdf, capture_output=True, timeout=60).stdout.decode()
    expect(re.search(r"JavaScript: +no\n", told) and not re.search(rb"/(Launch|OpenAction|AA)\b", re.sub(rb"stream\r?\n.*?endstream", b"", pdf, flags=re.S)), path, "does something", told)


def documents(s):
    for tenant, report in s.reports.items():
        mine, who = of_tenant(s, tenant), s.customer(tenant)
        for lang in ("ja", "en"):
            paper(s, who, f"/api/v1/reports/{report}/pdf?lang={lang}", mine)
        paper(s, who, f"/api/v1/reports/{tenant}-{s.days[tenant]}/pdf", ())
        sheets(s, report, tenant, mine)


# ---- a terminal ----

def terminal(s, argv, feed=None):
    """What a person sees: (screen bytes, the same through a pipe)."""
    env = {**os.environ, "NEZUBAN_SOCKET": str(s.soc.socket), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    piped = subprocess.run(argv, capture_output=True, timeout=60, env=env, stdin=open(feed) if feed else subprocess.DEVNULL)
    ours, theirs = pty.openpty()
    child = subprocess.Popen(argv, stdin=open(feed) if feed else subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=env)
    os.close(theirs)
    seen = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            more = os.read(ours, 65536)
        except OSError:  # the other side closed it
            break
        if not more:
            break
        seen += more
    os.close(ours)
    expect(child.wait(60) == piped.returncode, argv[1:], "ends otherwise on a terminal")
    return seen.replace(b"\r\n", b"\n"), piped.stdout + piped.stderr


def screens(s):
    """Verbs of the command line and the values that they show."""
    first = {t: next(i for i, (of, n, sev) in s.incidents.items() if of == t and n is not None) for t in ("aoba", "harbor")}
    everything = range(COUNT)
    yield ["incident", "list", "--tenant", "aoba"], of_tenant(s, "aoba")
    yield ["incident", "list", "--tenant", "harbor"], of_tenant(s, "harbor")
    yield ["incident", "list", "--json"], everything
    yield ["incident", "show", first["aoba"]], [s.incidents[first["aoba"]][1]]
    yield ["inquiry", "list"], everything
    for number in list(s.inquiries):
        yield ["inquiry", "show", number], [s.inquiries[number]]
    yield ["tenant", "show", "aoba"], {91}
    yield ["exception", "list"], ()
    yield ["advisory", "list"], ()
    for verb in ("device", "webhook", "report", "handover", "tenant", "lcp"):
        yield [verb, "list", *(["--tenant", "aoba"] if verb in ("webhook", "report", "device") else [])], ()
    yield ["query", "*", "--limit", "2000"], everything
    yield ["query", "*", "--limit", "2000", "--json"], everything
    yield ["query", "* | summarize count() by host.name | sort by count_ desc"], ()


def command_line(s):
    for words, wanted in screens(s):
        seen, piped = terminal(s, [s.soc.program("nezuban"), *words])
        for where, raw in ((" ".join(words) + " on a terminal", seen), (" ".join(words), piped)):
            text = raw.decode("utf-8", "surrogateescape")
            inert(where, text)
            expect("\t" not in text or words[0] == "query", where, "holds a TAB")
            expect(not re.search("[\ud800-\udfff]", text), where, "is no UTF-8")
            has(where, text, wanted)


def offline(s, lines):
    """`nezuban parse` and `detect` on the lines themselves."""
    path = s.folder / "lines"
    path.write_bytes(b"\n".join(lines) + b"\n")
    seen, piped = terminal(s, [s.soc.program("nezuban"), "parse", str(path)])
    expect(len(piped.splitlines()) == len(lines), "parse: lines", len(piped.splitlines()), len(lines))
    for line in piped.splitlines():
        json.loads(line.decode("utf-8"), object_pairs_hook=unique)
    inert("parse", seen.decode("utf-8"), turns=False)
    has("parse", piped.decode(), range(COUNT))
    (s.folder / "events").write_bytes(piped)
    for how in ("json", "table"):
        seen, piped = terminal(s, [s.soc.program("nezuban"), "detect", "--rules", str(s.rules), "--format", how, str(s.folder / "events")])
        inert(f"detect {how}", seen.decode("utf-8"), turns=how == "table")
        expect(len(piped.splitlines()) > COUNT, "detect", how, "found", len(piped.splitlines()))


# ---- the rest ----

def voice(s):
    """What the speech program was given: our sentences and nothing else; each telephone heard something, and its key was taken."""
    critical = [i for i, (_, _, severity) in s.incidents.items() if severity == "critical"]
    wait_until(lambda: all(s.people["lead"].ask("GET", f"/api/v1/incidents/{i}")["acknowledged"] for i in critical), 90, 0.5, "both called, both acknowledged")
    said = b"".join(s.said).decode()
    expect("りれんらく" in said.replace("、", "") or "れんらくします" in said, "nothing was said in Japanese", said[:200])
    expect("There is" in said, "nothing was said in English", said[:200])
    expect(not named(said) and not re.search("evil|\\[\\[|<|cmd|press 1 1", said), "the voice was given", said)
    heard = list(s.folder.glob("heard*.wav"))
    expect(len(heard) >= 2 and all(p.stat().st_size > 50000 for p in heard), "a telephone heard nothing", heard)


def journals(s):
    """Exported for each tenant and verified without the service."""
    for tenant, other in (("aoba", "harbor"), ("harbor", "aoba")):
        out = s.folder / f"{tenant}.journal"
        s.soc.cli("journal", "export", "--tenant", tenant, "-o", out)
        s.soc.cli("verify", "--key", s.soc.data / "keys" / "desk.pub", out)
        text = out.read_text()
        for line in text.splitlines():
            json.loads(line, object_pairs_hook=unique)
        expect(f'"{other}"' not in text, tenant, "has rows of the other")
        inert(out.name, text, turns=False)
    expect(s.soc.local().ask("GET", "/api/v1/journal/verify")["ok"], "the journal")


def archive(s):
    """At rest: whole, with every line as it came."""
    s.soc.stop()
    s.soc.cli("verify", "--key", s.soc.data / "keys" / "sign.pub", s.soc.data / "archive")


def own_logs(s):
    """Nothing of a customer's line is in what we write about ourselves."""
    for path in [s.folder / "nezuband.log", *s.folder.glob("*/lcp.log")]:
        text = path.read_text(errors="surrogateescape")
        for line in text.splitlines():
            expect(not named(line), path.name, "holds", ascii(line[:300]))
            json.loads(line)
        expect("web.answer.shape" not in text, path.name, [line for line in text.splitlines() if "web.answer.shape" in line][:2])
    secrets = [p for p in s.folder.rglob("core*") if p.is_file()]
    expect(not secrets, "somebody crashed", secrets)


# ---- the browser ----

def sights(s, tenant, later):
    """(path, selector to wait for, values shown) of one customer's portal."""
    mine, lang = of_tenant(s, tenant), "ja" if tenant == "aoba" else "en"
    who = f"{tenant}-customer"
    if later:
        yield who, "/portal/reports", lang, ".card", ()
        return
    yield who, "/portal/", lang, ".fun", ()
    yield who, "/portal/incidents", lang, "tbody tr", mine
    for number, (of, n, _) in s.incidents.items():
        if of == tenant:
            yield who, f"/portal/incidents/{number}", lang, "h1", [n] if n is not None else ()
    yield who, "/portal/inquiries", lang, "tbody tr", mine
    yield who, f"/portal/inquiries/{next(q for q, n in s.inquiries.items() if n in mine)}", lang, ".msg", ()
    for path, wait in (("logs", ".rt tbody tr"), ("exceptions", ".exc"), ("advisories", "tbody tr"), (f"advisories/{s.advisory}", "h1"), ("devices", "input[name=asset-name]"), ("closed", "main"), ("contacts", ".mtx")):
        names = {("contacts", "aoba"): {91}, ("contacts", "harbor"): {95}, ("devices", "aoba"): {93, 94}, ("devices", "harbor"): {96}}.get((path, tenant), ())
        yield who, f"/portal/{path}", lang, wait, range(COUNT) if path.startswith("advisories/") else names


def console(s, later):
    if later:
        for report in s.reports.values():
            yield "lead", f"/console/reports/{report}", "en", "h2", range(COUNT)
        return
    yield "lead", "/console/incidents", "en", "tbody tr", range(COUNT)
    for number in list(s.incidents)[:8]:
        yield "lead", f"/console/incidents/{number}", "en", ".cp", [n for n in [s.incidents[number][1]] if n is not None]
    yield "lead", "/console/inquiries", "ja", "tbody tr", range(COUNT)
    for number, n in list(s.inquiries.items())[::4]:
        yield "lead", f"/console/inquiries/{number}", "ja", ".msg", [n]
    for path, wait, wanted in (("queue", "main", ()), ("logs", ".rt tbody tr", ()), ("exceptions", "tbody tr", ()), (f"exceptions/{s.exceptions['harbor']}", ".smp", ()), (f"advisories/{s.advisory}", "h2", range(COUNT)), ("clocks", "main", ()), ("devices", "main", ())):
        yield "lead", f"/console/{path}", "en", wait, wanted
    yield "auditor", "/console/journal", "en", "tbody tr", ()


def browser(s, root, later=False):
    states = {}
    for who, client in (("aoba-customer", s.people["customer"]), ("harbor-customer", s.people["other"]), ("lead", s.people["lead"]), ("auditor", s.people["auditor"])):
        states[who] = {"cookies": [{"name": "__Host-nezuban", "value": client.cookie.split("=", 1)[1], "domain": "127.0.0.1", "path": "/", "secure": True, "httpOnly": True, "sameSite": "Strict"}], "origins": []}
    pages_ = [*sights(s, "aoba", later), *sights(s, "harbor", later), *console(s, later)]
    html_of = []
    for path in sorted(s.mails.glob("*.eml")):
        body = email.message_from_bytes(path.read_bytes(), policy=email.policy.default).get_body(("html",))
        if body is not None and path not in s.drawn:
            s.drawn.add(path)
            html_of.append(str(path.with_suffix(".html")))
            path.with_suffix(".html").write_text(body.get_content())
    job = s.folder / "browser.json"
    job.write_text(json.dumps({"base": f"https://127.0.0.1:{s.soc.web_port}", "states": states, "mails": html_of,
                               "pages": [{"who": w, "path": p, "lang": lang, "wait": wait, "want": [marker(n) for n in wanted]} for w, p, lang, wait, wanted in pages_]}))
    done = subprocess.run(["node", str(root / "tests" / "web" / "hostile.mjs"), str(job)], capture_output=True, text=True, timeout=300)
    print(done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.stderr)
    expect(done.returncode == 0, "the browser:\n    " + "\n    ".join((done.stdout + done.stderr).splitlines()[:30]))
