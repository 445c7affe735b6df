# SPDX-License-Identifier: Apache-2.0
"""What the service promises beside the stories, each shown on the running demonstration. A promise is one function: it
does what people would do, asserts what must be true, and answers in a few words what was seen."""
import datetime
import email.message
import json
import pathlib
import smtplib
import socket
import subprocess
import time
import wave
import zoneinfo

import lines
from client import Program, Refused, Stream
from receiver import Receiver
from service import wait_until

PROMISES = []


def promise(name):
    def keep(function):
        PROMISES.append((name, function))
        return function
    return keep


def must(condition, why):
    if not condition:
        raise AssertionError(why)


def refused(status, call):
    """The call must be refused with this status."""
    try:
        call()
    except Refused as e:
        must(e.status == status, f"wanted {status}, was refused with {e.status}: {e.body}")
        return
    raise AssertionError(f"wanted {status}, was accepted")


def day_after(days):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + days * 86400))


def soon(demo):
    """The hours for which nobody waits in a demonstration are two minutes away: the mail of the morning (until now the
    last minute of the day), and the digest in which Informational is mailed from now on."""
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=120)
    clock = {t: at.astimezone(zoneinfo.ZoneInfo(z)).strftime("%H:%M") for t, z in (("aoba", "Asia/Tokyo"), ("harbor", "Europe/London"))}
    demo.import_tenants([(t, f"    daily_at: '{hour}'\n    digest_at: '{hour}'\n    channels: [{{severity: informational, channel: mail, send: digest}}]\n") for t, hour in clock.items()])
    demo.soon = clock


def keep_all(demo):
    """Prints one row each; returns (kept, all)."""
    kept = 0
    soon(demo)
    print(f"\n{'promise':<22}seen")
    for name, function in PROMISES:
        try:
            seen = function(demo)
            kept += 1
        except (AssertionError, Refused, TimeoutError, RuntimeError, KeyError, IndexError, ValueError, OSError, StopIteration, subprocess.SubprocessError) as e:
            seen = f"NOT KEPT: {type(e).__name__}: {e}"
        print(f"{name:<22}{seen}", flush=True)
    return kept, len(PROMISES)


def incidents(person, severity, **more):
    extra = "".join(f"&{k}={v}" for k, v in more.items())
    return person.ask("GET", f"/api/v1/incidents?severity={severity}&limit=100{extra}")["items"]


def mails_to(demo, address):
    return [m for m in demo.letters() if address in str(m["to"])]


def heard(path):
    """Seconds and root mean square of a recording, 16-bit."""
    with wave.open(str(path)) as w:
        samples = memoryview(w.readframes(w.getnframes())).cast("h")
        return w.getnframes() / w.getframerate(), (sum(s * s for s in samples) / max(1, len(samples))) ** 0.5


# ---- deciding ----

@promise("second person")
def second_person(demo):
    """An Emergency is lowered by two people, not by one."""
    analyst, lead = demo.person("miyoshi"), demo.person("reid")
    number = incidents(analyst, "emergency", tenant="harbor")[0]["id"]
    decision = analyst.ask("GET", f"/api/v1/incidents/{number}")["decision"]
    lower = analyst.ask("POST", f"/api/v1/incidents/{number}/severity", {"severity": "critical", "answers": decision["answers"], "reason": "The accounts were disabled before they were used."})
    must(lower["severity"] == "emergency" and lower["downgrade"], "one person lowered it")
    refused(403, lambda: analyst.ask("POST", f"/api/v1/incidents/{number}/confirm", {}))
    after = lead.ask("POST", f"/api/v1/incidents/{number}/confirm", {})
    must(after["severity"] == "critical" and not after["downgrade"], "the second person's word did not count")
    return f"{number}: miyoshi proposed Critical, her own confirmation was refused, reid confirmed"


@promise("line to candidate")
def line_to_candidate(demo):
    """From a device's line at the collector to a detection in a candidate: 100 lines over ten seconds, beside the ordinary ones."""
    with socket.create_connection(("127.0.0.1", demo.collectors["harbor"].tcp_port)) as s:
        for i in range(100):
            at = time.time()
            s.sendall(lines.squid(at, "harbor", "harbor-proxy1", f"10.20.20.{101 + i}", "CONNECT", "invoice-portal.example:443", 200, 900, mime="-", result="TCP_TUNNEL").encode() + b"\n")
            time.sleep(0.1)

    def all_there():
        took = {}
        for row in demo.candidates():
            page = demo.local.ask("GET", f"/api/v1/candidates/{row['id']}") if row["tenant"]["id"] == "harbor" else {"detection_list": []}
            took.update({d["id"]: demo.seconds(d["lcp_at"], d["added_at"]) for d in page["detection_list"] if "invoice-portal.example" in json.dumps(d)})
        return sorted(took.values()) if len(took) >= 100 else None
    took = wait_until(all_there, 30, 0.5, "a hundred detections")
    must(took[98] <= 3, f"p99 {took[98]:.2f} s")
    return f"{len(took)} lines: median {took[len(took) // 2]:.2f} s, p99 {took[98]:.2f} s"


@promise("telephone")
def telephone(demo):
    """From the decision to a person in ten minutes, at both customers."""
    slowest, tenants = 0.0, set()
    rows = incidents(demo.local, "critical") + incidents(demo.local, "emergency")
    for row in rows:
        incident = demo.local.ask("GET", f"/api/v1/incidents/{row['id']}")
        must(incident["acknowledged_by"] and incident["acknowledged_by"]["how"] == "phone", f"{row['id']}: nobody acknowledged by telephone")
        stamps = incident["stamps"]
        slowest = max(slowest, demo.seconds(stamps["decided"], stamps["acknowledged"]))
        tenants.add(row["tenant"]["id"])
    must(slowest <= 600 and tenants == {"aoba", "harbor"}, f"{len(rows)} incidents of {tenants}, slowest {slowest:.0f} s")
    seconds, loud = heard(demo.folder / "heard.wav")
    must(seconds > 5 and loud > 300, f"{seconds:.0f} s were heard, loudness {loud:.0f}")
    return f"{len(rows)} incidents at both customers, the slowest answered by key after {slowest:.0f} s; {seconds:.0f} s of speech were heard in the last call"


@promise("faults on the way")
def faults(demo):
    """Busy lines, voicemail, dead providers, killed processes: the service's own desk on simulated time."""
    f = json.loads(demo.service.cli("simulate", "calls", "--count", 300, "--seed", 1))
    must(f["reached"] + f["lead"] == 300 and f["late"] == f["forgotten"] == 0, str(f))
    return f"of 300 simulated decisions with faults {f['reached']} reached a person and {f['lead']} the duty lead within ten minutes; {f['restarts']} processes killed, ringing p99 {f['ring_p99_s']:.1f} s"


@promise("holiday at 3 a.m.")
def who_is_called(demo):
    text = demo.service.cli("simulate", "calls", "--at", "2027-01-01T03:00:00+09:00", "--json")
    trees = json.loads(text)
    aoba = next(t for t in trees if t["tenant"] == "aoba")
    must(aoba["day_off"] and all(t["steps"] for t in trees), text[:200])
    return "on New Year's Day in Tokyo " + ", ".join(f"{t['tenant']} has {t['steps'][0]['name']} ({t['steps'][0]['local_time']} there)" for t in trees)


@promise("portal")
def portal(demo):
    """Warning and Informational wait on the portal; another customer's incident does not exist."""
    aoba, harbor = demo.person("odagiri"), demo.person("whitfield")
    row = next(r for r in demo.candidates() if r["tenant"]["id"] == "harbor")
    analyst = demo.person("miyoshi")
    answers = analyst.ask("POST", f"/api/v1/candidates/{row['id']}/claim", {})["proposal"]["answers"]
    demo.for_digest = analyst.ask("POST", f"/api/v1/candidates/{row['id']}/decide", {"severity": "informational", "reason": "The customer knows of it.", "answers": answers})["id"]
    must(any(i["id"] == demo.for_digest for i in incidents(harbor, "informational")), "it is not on the portal")
    seen = [len(incidents(aoba, s)) for s in ("warning", "informational")]
    must(all(seen), f"seen {seen}")
    refused(404, lambda: harbor.ask("GET", f"/api/v1/incidents/{incidents(aoba, 'warning')[0]['id']}"))
    return f"{seen[0]} Warning and {seen[1]} Informational for Aoba, not to be found for Harbor"


@promise("kept")
def kept_for_good(demo):
    """An incident holds copies of its lines, what was said, who was called and mailed; the auditor reads who did what, and writes nothing."""
    row = incidents(demo.local, "critical", tenant="aoba")[0]
    analyst, customer, auditor = demo.person("miyoshi"), demo.person("odagiri"), demo.person("auditor")
    path = f"/api/v1/incidents/{row['id']}"
    analyst.ask("POST", f"{path}/comments", {"text": "遮断を確認しました。", "lang": "ja", "visible": True})
    customer.ask("POST", f"{path}/answer", {"code": "handled", "text": "端末を隔離しました。", "lang": "ja"})
    incident = wait_until(lambda: (lambda i: i if all(e["copies"] for e in i["evidence"] if e["chosen"]) else None)(customer.ask("GET", path)), 60, 0.5, "copies of the lines")
    copies = [line for e in incident["evidence"] if e["copies"] for line in e["copies"]["lines"]]
    must(all(c["line"] for c in copies) and len(copies) == sum(e["copies"]["wanted"] for e in incident["evidence"] if e["copies"]), f"{len(copies)} lines were copied")
    kinds = {e["kind"] for e in incident["entries"]}
    mails = [a for a in incident["attempts"] if a["sent"] and row["id"] in a["sent"]["subject"]]
    calls = [a for a in incident["attempts"] if a["kind"] == "call" and a["said"]]
    must(mails and calls, f"{len(mails)} mails and {len(calls)} calls with their words")
    must(copies and {"call", "mail", "customer", "decision"} <= kinds and "遮断を確認しました。" in json.dumps(incident, ensure_ascii=False), f"{len(copies)} copies of lines, entries {sorted(kinds)}")
    rows = [j for j in auditor.ask("GET", "/api/v1/journal?limit=500")["items"] if row["id"] in j["record"]]
    must(rows, "the journal does not name it")
    refused(403, lambda: auditor.ask("POST", f"{path}/comments", {"text": "x", "lang": "en"}))
    return f"{row['id']}: {len(copies)} lines copied, the words of {len(mails)} mails and {len(calls)} calls, {len(incident['entries'])} entries ({', '.join(sorted(kinds))}); {len(rows)} rows of the journal name it"


@promise("proof")
def proof(demo):
    """The customer's slice of the journal is verified without asking us; one changed byte is found."""
    slice_, key = demo.folder / "aoba.journal", demo.service.data / "keys" / "desk.pub"
    demo.service.cli("journal", "export", "--tenant", "aoba", "-o", slice_)
    told = json.loads(demo.service.cli("verify", "--json", "--key", key, slice_))
    text = slice_.read_bytes()
    at = text.index(b'critical') + 2
    forged = demo.folder / "forged.journal"
    forged.write_bytes(text[:at] + b"R" + text[at + 1:])
    done = subprocess.run([demo.service.program("nezuban"), "verify", "--json", "--key", str(key), str(forged)], capture_output=True, timeout=60)
    must(done.returncode == 1, f"a changed byte went unnoticed ({done.returncode})")
    return f"{told.get('rows', '?')} rows of the journal verified with the key; a changed byte was found"


# ---- tuning ----

@promise("exception")
def exception(demo):
    """Proposed by an analyst, approved by somebody else; what it hides is counted and sampled, for the customer too; ended."""
    analyst, engineer, customer = demo.person("miyoshi"), demo.person("engineer"), demo.person("whitfield")
    made = analyst.ask("POST", "/api/v1/exceptions", {"tenant": "harbor", "conditions": [{"kind": "ip", "value": "10.20.20.250"}], "reason": "The laboratory opens such pages on purpose.", "lang": "en", "expires_at": day_after(30)})
    path = f"/api/v1/exceptions/{made['id']}"
    refused(403, lambda: analyst.ask("POST", f"{path}/approve", {"anyway": True}))
    must(engineer.ask("POST", f"{path}/approve", {"anyway": True})["state"] == "active", "not active")
    with socket.create_connection(("127.0.0.1", demo.collectors["harbor"].tcp_port)) as s:
        for _ in range(3):
            s.sendall(lines.squid(time.time(), "harbor", "harbor-proxy1", "10.20.20.250", "CONNECT", "invoice-portal.example:443", 200, 900, mime="-", result="TCP_TUNNEL").encode() + b"\n")
    seen = wait_until(lambda: (lambda e: e if e["events"] == 3 else None)(customer.ask("GET", path)), 30, 0.5, "three hidden events")
    must("invoice-portal.example" in json.dumps(seen["samples"]), "no sample of what was hidden")
    analyst.ask("POST", f"{path}/end", {"text": "shown"})
    return f"{made['number']} was approved by another person and hid {seen['events']} events, which the customer sees with {len(seen['samples'])} samples; ended"


@promise("look again")
def look_again(demo):
    """A closed candidate shows its reason to the customer, who asks again with one click."""
    analyst, customer = demo.person("miyoshi"), demo.person("odagiri")
    row = next(r for r in demo.candidates() if r["tenant"]["id"] == "aoba")
    analyst.ask("POST", f"/api/v1/candidates/{row['id']}/claim", {})
    analyst.ask("POST", f"/api/v1/candidates/{row['id']}/close", {"reason": "expected", "facts": {"ja": "通常の業務です。", "en": "Ordinary work."}})
    refused(404, lambda: demo.person("whitfield").ask("POST", f"/api/v1/candidates/{row['id']}/again", {}))
    customer.ask("POST", f"/api/v1/candidates/{row['id']}/again", {"text": "この端末は先週廃棄しました。"})
    state = analyst.ask("GET", f"/api/v1/candidates/{row['id']}")["state"]
    must(state != "closed", "nobody looks again")
    return f"{row['number']} was closed with a reason and is {state} again at the customer's word"


# ---- people ----

@promise("inquiry")
def inquiry(demo):
    """One thread whatever the door: asked on the portal, answered, the answer's mail answered by mail, a word by chat, a note of a call."""
    customer, analyst = demo.person("whitfield"), demo.person("miyoshi")
    asked = customer.ask("POST", "/api/v1/inquiries", {"subject": "Is the web shop affected?", "text": "We saw the news on HTTP/2 resets.", "lang": "en"})
    path = f"/api/v1/inquiries/{asked['id']}"
    analyst.ask("POST", f"{path}/claim", {})
    analyst.ask("POST", f"{path}/messages", {"text": "Yes; it was patched on Tuesday, we have looked.", "lang": "en"})
    answers = lambda: [m for m in mails_to(demo, "whitfield@harbor.example") if "patched on Tuesday" in m.get_body(("plain",)).get_content()]
    answer = wait_until(answers, 30, 0.2, "the answer by mail")[0]
    reply = email.message.EmailMessage()
    reply["Authentication-Results"] = "mx.nezuban.example; spf=pass smtp.mailfrom=whitfield@harbor.example; dkim=pass header.d=harbor.example"
    reply["From"], reply["To"], reply["Subject"] = "Anna Whitfield <whitfield@harbor.example>", "soc@nezuban.example", "Re: your mail"
    reply["Message-ID"], reply["In-Reply-To"] = "<demonstration@harbor.example>", answer["Message-ID"]
    reply.set_content("Thank you. And the staging shop?")
    with smtplib.LMTP("127.0.0.1", demo.lmtp) as server:
        server.send_message(reply, "whitfield@harbor.example", ["soc@nezuban.example"])
    at_desk, at_customer, elsewhere = Stream(analyst), Stream(customer), Stream(demo.person("odagiri"))
    chatted = []
    for who, other, text in ((customer, at_desk, "It is shop-stage1."), (analyst, at_customer, "I am looking; one moment.")):
        at = time.monotonic()
        who.ask("POST", f"{path}/messages", {"text": text, "lang": "en", "door": "chat"})
        wait_until(lambda: other.after(at, noun="inquiry", id=asked["id"]), 5, 0.01, "the other side's screen")
        chatted.append(time.monotonic() - at)
    must(not elsewhere.after(0, id=asked["id"]), "the other customer's screen was told")
    analyst.ask("POST", f"{path}/messages", {"text": "Called back: staging is off.", "lang": "en", "door": "phone"})
    thread = wait_until(lambda: (lambda t: t if len(t["messages"]) == 6 else None)(customer.ask("GET", path)), 30, 0.2, "six messages in one thread")
    doors = [m["door"] for m in thread["messages"]]
    must(sorted(set(doors)) == ["chat", "mail", "phone", "portal"], f"doors {doors}")
    return f"{thread['number']}: {', '.join(doors)} in one thread; the answer came by mail; by chat each saw the other's words after {max(chatted) * 1000:.0f} ms"


@promise("two factors")
def two_factors(demo):
    """A password alone opens nothing; a session is ended from another one."""
    from client import Client
    half = Client(port=demo.service.web_port)
    half.csrf = half.ask("POST", "/api/v1/session", {"login": "auditor", "password": "demo-auditor-one"})["csrf"]
    refused(401, lambda: half.ask("GET", "/api/v1/journal"))
    one, other = demo.person("odagiri"), demo.person("odagiri", again=True)
    mine = [s for s in other.ask("GET", "/api/v1/me/sessions")["items"] if not s["current"]]
    for s in mine:
        other.ask("DELETE", f"/api/v1/me/sessions/{s['id']}")
    refused(401, lambda: one.ask("GET", "/api/v1/me"))
    demo.forget("odagiri")
    return f"the password alone was refused; {len(mine)} sessions ended from another one"


@promise("security key")
def security_key(demo):
    """Set up at the first sign-in and used at the second, in a browser; recovery codes are shown once."""
    picture = demo.folder / "signed-in-by-key.png"
    done = subprocess.run(["node", str(pathlib.Path(__file__).with_name("key.mjs")), demo.service.settings["desk"]["url"], "suzuki", "demo-customer-key", str(picture)],
                          capture_output=True, text=True, timeout=90)
    must(done.returncode == 0, (done.stderr.strip() or "no answer").splitlines()[-1])
    seen = json.loads(done.stdout)
    must(seen["codes"] == 10 and seen["signed_in"], done.stdout)
    return f"suzuki signed in with password and key; {seen['codes']} recovery codes were shown; {picture.name}"


@promise("ticket system")
def ticket_system(demo):
    """Told by signed webhook, answers with an API key; a repeat is done once."""
    hook = Receiver()
    made = demo.local.ask("POST", "/api/v1/webhooks", {"tenant": "harbor", "name": "ITSM", "url": hook.url("/tickets"), "events": ["incident.changed"]})
    key = demo.local.ask("POST", "/api/v1/keys", {"tenant": "harbor", "name": "ITSM", "scopes": ["incidents:read", "incidents:write"], "expires_at": day_after(30)})
    number = incidents(demo.local, "critical", tenant="harbor")[0]["id"]
    program = Program(demo.service.web_port, key["key"])
    for _ in range(2):
        status, head, _ = program.ask("POST", f"/api/v1/incidents/{number}/comments", {"text": "Our people are on it.", "lang": "en"}, once="demonstration-1")
        must(status == 200, f"status {status}")
    must("Idempotency-Replayed" in head, "the repeat was done again")
    must(program.ask("PATCH", f"/api/v1/incidents/{number}", {"customer_ticket": "INC-4711"})[0] == 200, "no ticket number")
    _, told, body = hook.next()
    event = json.loads(body)
    must(told["X-Nezuban-Signature"] and event["tenant"] == "harbor" and number in json.dumps(event), str(event)[:200])
    other = incidents(demo.local, "critical", tenant="aoba")[0]["id"]
    must(program.ask("GET", f"/api/v1/incidents/{other}")[0] == 404, "the other customer's incident is seen")
    demo.local.ask("DELETE", f"/api/v1/webhooks/{made['number']}")
    demo.local.ask("POST", f"/api/v1/keys/{key['number']}/end", {})
    return f"{number} has ticket INC-4711 and a comment, sent twice and written once; {event['event']} came signed"


@promise("new device")
def new_device(demo):
    """Registered by the customer, approved by an engineer, live with its first line."""
    customer, engineer = demo.person("whitfield"), demo.person("engineer")
    made = customer.ask("POST", "/api/v1/registrations", {"tenant": "harbor", "device": "harbor-fw9", "source": "fortinet.fortigate", "transport": "tcp"})
    must(made["state"] == "proposed", made["state"])
    refused(403, lambda: customer.ask("POST", f"/api/v1/registrations/{made['id']}/approve"))
    must(engineer.ask("POST", f"/api/v1/registrations/{made['id']}/approve")["state"] == "waiting", "not waiting for its first line")
    demo.first_line("harbor", "harbor-fw9")
    live = wait_until(lambda: (lambda r: r if r["state"] == "live" else None)(customer.ask("GET", f"/api/v1/registrations/{made['id']}")), 90, 0.5, "its first line")
    guide = next(s for s in customer.ask("GET", "/api/v1/sources")["items"] if s["id"] == "fortinet.fortigate")["guide"]
    told = json.loads((demo.collectors["harbor"].data / "identity" / "config.json").read_text())
    must("harbor-fw9" in told["config"] and told["sig"], "the collector has no signed list that names it")
    customer.ask("POST", "/api/v1/tenants/harbor/networks", {"name": "plant", "cidr": "10.20.77.0/24"})
    customer.ask("POST", "/api/v1/tenants/harbor/assets", {"name": "crane control", "value": 3, "addresses": ["10.20.77.5"], "hosts": []})
    doc = customer.ask("GET", "/api/v1/tenants/harbor")
    must(any(n["name"] == "plant" for n in doc["networks"]) and any(a["value"] == 3 and a["name"] == "crane control" for a in doc["assets"]), "network or asset is missing")
    return (f"harbor-fw9 was registered (guide of {len(guide['en'])} letters), approved and is live; heard as {live['heard_source']} through {live['first_lcp']}, which pulled the signed list;"
            " a network and an asset of value 3 besides")


def advisory_letter(demo, address, number, *words):
    """The mail about that advisory has come to that person, and says all of that; its text."""
    def there():
        return next((m.get_body(("plain",)).get_content() for m in mails_to(demo, address) if number in str(m["subject"])), None)
    text = wait_until(there, 60, 0.5, f"the mail about {number} to {address}")
    missing = [w for w in words if w not in text]
    must(not missing, f"the mail to {address} does not say {missing}:\n{text}")
    return text


@promise("advisory")
def advisory(demo):
    """Written by one, approved by another, mailed to whom it concerns with products, devices and counts, read with a receipt."""
    analyst, lead, customer = demo.person("miyoshi"), demo.person("reid"), demo.person("odagiri")
    made = analyst.ask("POST", "/api/v1/advisories", {"severity": "critical", "title": {"ja": "更新サーバーを装う C2", "en": "Command and control that looks like updates"}, "text": {"ja": "観測されています。", "en": "It is being seen."},
                                                      "advice": {"ja": "宛先を遮断してください。", "en": "Please block the name."}, "products": ["apache httpd 2.4.49"], "cves": ["CVE-2021-41773"], "indicators": [{"kind": "domain", "value": "CDN-telemetry-sync[.]example"}]})
    number, path = made["number"], f"/api/v1/advisories/{made['number']}"
    analyst.ask("POST", f"{path}/check", {})

    def counted():
        tenants = {t["tenant"]["id"]: t for t in lead.ask("GET", path)["tenants"]}
        return None if any(t["counting"] for t in tenants.values()) else tenants
    logs = wait_until(counted, 60, 0.5, "the count of the logs")
    total, seen = logs["aoba"]["total"], logs["aoba"]["seen"]
    must(total > 0 and total == sum(s["count"] for s in seen) and logs["harbor"]["total"] == 0, f"counted {total}, {seen} and {logs['harbor']['total']}")
    refused(403, lambda: analyst.ask("POST", f"{path}/approve", {}))
    lead.ask("POST", f"{path}/approve", {})
    lead.ask("POST", f"{path}/send", {})
    advisory_letter(demo, "odagiri@", number, f"{total} 回", "apache httpd 2.4.49", "cdn-telemetry-sync[.]example", *(f"{s['device']}：{s['count']} 回" for s in seen))
    text = advisory_letter(demo, "whitfield@", number, "not seen", "public web server", "CVE-2021-41773")
    must(not any(s["device"] in text for s in seen), "Harbor was told Aoba's devices")
    customer.ask("POST", f"{path}/read", {})
    reads = next(t for t in lead.ask("GET", path)["tenants"] if t["tenant"]["id"] == "aoba")["reads"]
    must(len(reads) == 1, "no receipt")
    return f"{number}: approved by another person; Aoba's mail says {total} times on {', '.join(s['device'] for s in seen)}, read; Harbor's that nothing was seen, and which asset has the CVE"


@promise("test call")
def test_call(demo):
    """A weekly appointment rings a real telephone; here at once."""
    lead = demo.person("reid")
    made = lead.ask("POST", "/api/v1/appointments", {"tenant": "harbor", "weekday": 1, "time": "10:00", "contact": "whitfield"})
    lead.ask("POST", f"/api/v1/appointments/{made['id']}/call", {})

    def ended():
        mine = next(a for a in lead.ask("GET", "/api/v1/appointments?tenant=harbor")["items"] if a["id"] == made["id"])
        return next((c for c in mine["calls"] if c["ended_at"]), None)
    call = wait_until(ended, 90, 0.5, "the end of the test call")
    must(call["outcome"] == "acknowledged", f"it ended with {call['outcome']}")
    return f"rang, was answered and acknowledged by key ({call['outcome']})"


@promise("availability")
def availability(demo):
    """A marked line a minute from each collector comes back stored, detected and searchable."""
    def good():
        a = demo.person("odagiri").ask("GET", "/api/v1/availability?tenant=aoba")["items"][0]
        return a if a["measured"] and a["good_min"] > 0 else None
    a = wait_until(good, 240, 1, "a minute that was measured good")
    return f"{a['good_min']} good, {a['bad_min']} bad minutes of this month: {a['percent']} % of wanted {a['target']}"


@promise("agreed outages")
def agreed(demo):
    """Maintenance is announced in time or counts; an exclusion is two persons' word with evidence that the customer sees."""
    lead, customer = demo.person("reid"), demo.person("odagiri")
    lead.ask("POST", "/api/v1/maintenance", {"tenant": "aoba", "from": day_after(4), "to": day_after(4.05), "reason": {"ja": "電源工事", "en": "Power work"}})
    lead.ask("POST", "/api/v1/maintenance", {"tenant": "aoba", "from": day_after(1), "to": day_after(1.05), "reason": {"ja": "急な交換", "en": "An urgent repair"}})
    wait_until(lambda: [m for m in mails_to(demo, "odagiri@aoba.example") if "電源工事" in m.get_body(("plain",)).get_content()], 30, 0.2, "the announcement by mail")
    urgent = {m["reason"]["en"]: m["urgent"] for m in customer.ask("GET", "/api/v1/maintenance?tenant=aoba")["items"]}
    must(urgent["An urgent repair"] and not urgent["Power work"], str(urgent))
    question = customer.ask("POST", "/api/v1/inquiries", {"subject": "停電のお知らせ", "text": "昨夜、停電がありました。"})["number"]
    made = lead.ask("POST", "/api/v1/exclusions", {"tenant": "aoba", "from": day_after(-0.02), "to": day_after(-0.01), "reason": "停電（お客様設備）", "evidence": question})
    demo.person("engineer").ask("POST", f"/api/v1/exclusions/{made['id']}/approve", {})
    wait_until(lambda: [m for m in mails_to(demo, "odagiri@aoba.example") if "除外した時間" in m["Subject"]], 30, 0.2, "the mail about the exclusion")
    seen = next(e for e in customer.ask("GET", "/api/v1/exclusions?tenant=aoba")["items"] if e["id"] == made["id"])
    must(seen["evidence"] == question and seen["state"] == "active", str(seen))
    lead.ask("POST", f"/api/v1/exclusions/{made['id']}/withdraw", {})
    return "maintenance announced by mail, its minutes count when that is late; an exclusion with its evidence was approved by another person, mailed and withdrawn"


# ---- reports ----

@promise("daily report")
def daily(demo):
    """What the mail of seven in the morning tells, in the tenant's language, also about a quiet day."""
    day, seen = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86400)), []
    for tenant, person, lang in (("aoba", "odagiri", "ja"), ("harbor", "whitfield", "en")):
        name = demo.person(person).ask("GET", f"/api/v1/tenants/{tenant}")["name"][lang]
        demo.person(person).ask("GET", f"/api/v1/reports/{tenant}-{day}")
        path = demo.folder / f"{tenant}-{day}.pdf"
        demo.service.cli("report", "daily", "--tenant", tenant, "--day", day, "--lang", lang, "-o", path)
        text = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, check=True).stdout
        must(name in text, f"{path.name} does not name {name}")
        seen.append(f"{name}, {text.count(chr(12))} pages")
    today = f"aoba-{datetime.datetime.now(zoneinfo.ZoneInfo('Asia/Tokyo')):%Y-%m-%d}"
    table = demo.person("reid").fetch(f"/api/v1/reports/{today}/csv?lang=ja").decode("utf-8-sig").replace("\r\n", "\n")
    (demo.folder / "today.json").write_bytes(demo.person("reid").fetch(f"/api/v1/reports/{today}"))
    again = demo.service.cli("report", "render", demo.folder / "today.json", "--lang", "ja", "--csv").lstrip("\ufeff")
    must("AOBA-" in table and table == again, "the CSV is not what its data set gives (hours of another zone?)")
    return f"{day}: " + "; ".join(seen)


@promise("mail of the morning")
def morning(demo):
    """Fired by its timer at the hour of each tenant's own zone, about yesterday, to everybody who wants it."""
    def came(address, word):
        return [m for m in mails_to(demo, address) if word in str(m["subject"])]
    ja = wait_until(lambda: came("odagiri@aoba.example", "日次報告"), 150, 0.5, "the daily mail of Aoba")[-1]
    en = wait_until(lambda: came("whitfield@harbor.example", "Daily report"), 30, 0.5, "the daily mail of Harbor")[-1]
    return f"at {demo.soon['aoba']} in Tokyo “{ja['subject']}”, at {demo.soon['harbor']} in London “{en['subject']}”; seven o'clock where a tenant's document names no hour"


@promise("digest")
def digest(demo):
    """Informational is on the portal at once and in one mail a day."""
    number = demo.for_digest
    mail = wait_until(lambda: [m for m in mails_to(demo, "whitfield@harbor.example") if number in m.get_body(("plain",)).get_content()], 90, 0.5, f"{number} in a digest")
    must(len(mail) == 1 and number not in str(mail[0]["subject"]), f"{len(mail)} mails")
    return f"{number} was seen on the portal at once, by mail only at {demo.soon['harbor']}: “{mail[0]['subject']}”"


@promise("business days")
def business_days(demo):
    """Public holidays of any year; what happens in a month in which nobody publishes."""
    fifth = demo.service.cli("calendar", "--country", "JP", "--month", "2026-05", "--business-day", 5).strip()
    month = json.loads(demo.service.cli("simulate", "month", "--month", "2026-05", "--tenants", demo.folder / "tenants.yaml", "--tenant", "aoba", "--json"))[0]["steps"]
    steps = {s["what"]: s["local"] for s in month if s["what"] != "daily"}
    must(fifth == "2026-05-12" and steps == {"draft": "2026-05-01 06:00", "alarm": "2026-05-12 00:00", "missed": "2026-05-13 00:00"}, f"{fifth} {steps}")
    return f"May 2026 in Japan: 5th business day {fifth}; drafted {steps['draft']}, alarm when day 4 is over, missed when day 5 is"


@promise("monthly report")
def monthly(demo):
    """Drafted, with the analyst's words, published by the lead; PDF in both languages and CSV for the customer."""
    analyst, lead, customer = demo.person("miyoshi"), demo.person("reid"), demo.person("odagiri")
    now = time.gmtime()
    month = f"{now.tm_year - (now.tm_mon == 1):04d}-{12 if now.tm_mon == 1 else now.tm_mon - 1:02d}"
    report = f"aoba-{month}"
    refused(404, lambda: customer.ask("GET", f"/api/v1/reports/{report}"))
    analyst.ask("POST", f"/api/v1/reports/{report}/draft", {})
    analyst.ask("POST", f"/api/v1/reports/{report}/words", {"words": {"ja": "導入の月です。", "en": "The month of the introduction."}, "recommendations": []})
    lead.ask("POST", f"/api/v1/reports/{report}/publish", {})
    pages = {}
    for lang, wanted in (("ja", "導入の月です。"), ("en", "The month of the introduction.")):
        path = demo.folder / f"{report}.{lang}.pdf"
        path.write_bytes(customer.fetch(f"/api/v1/reports/{report}/pdf?lang={lang}"))
        text = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, check=True).stdout
        must(wanted in text.replace("\n", ""), f"{path.name} lacks the analyst's words")
        pages[lang] = text.count("\f")
    must(customer.fetch(f"/api/v1/reports/{report}/csv?lang=ja")[:3] == b"\xef\xbb\xbf", "no CSV")
    wait_until(lambda: [m for m in mails_to(demo, "odagiri@aoba.example") if month.replace("-0", "-").split("-")[1] in str(m["subject"]) and "報告" in str(m["subject"])], 30, 0.2, "the mail about it")
    return f"{report}: words, published, PDF of {pages['ja']} (ja) and {pages['en']} (en) pages, CSV, mail"


@promise("eight times")
def eight_times(demo):
    """Percentiles of every step by month, for the customer too."""
    months = demo.person("odagiri").ask("GET", "/api/v1/sla?tenant=aoba")["items"]
    must(months, "no month")
    seen = {i["id"]: i["n"] for i in months[0]["intervals"]}
    must(all(seen[i] for i in ("device_to_lcp", "lcp_to_soc", "soc_to_detected", "detected_to_opened", "opened_to_decided", "decided_to_rang", "decided_to_acknowledged")), f"not all of them are known: {seen}")
    p99 = next(i for i in months[0]["intervals"] if i["id"] == "decided_to_rang")["p99_ms"]
    return f"all known for {months[0]['incidents']} incidents of {months[0]['month']}; decision to ringing p99 {p99 / 1000:.1f} s"


@promise("proved rosters")
def rosters(demo):
    """A moment without a crew is refused, with the place in the document."""
    text = (pathlib.Path(__file__).with_name("roster.yaml")).read_text().replace("Mon-Fri 06:00-09:00", "Mon-Fri 06:30-09:00")
    bad = demo.folder / "gap.yaml"
    bad.write_text(text)
    done = subprocess.run([demo.service.program("nezuban"), "roster", "check", "--tenants", str(demo.folder / "tenants.yaml"), str(bad)], capture_output=True, text=True, timeout=60)
    first = done.stderr.splitlines()[0] if done.stderr else done.stdout
    must(done.returncode == 1 and "ROSTER-GAP" in first, f"{done.returncode}: {first}")
    return first.replace(str(demo.folder) + "/", "")[:150]


@promise("follow the sun")
def hand_over(demo):
    """The analyst goes home: what she decided passes to the lead on duty for each customer, who accepts it."""
    logins = {p["person"]["id"]: p["login"] for p in demo.local.ask("GET", "/api/v1/roster")["people"]}
    seen = []
    for tenant in ("aoba", "harbor"):
        duty = demo.local.ask("GET", f"/api/v1/roster/who?tenant={tenant}")["duty"]
        lead = logins[duty["lead"]["id"]]
        h = demo.local.ask("POST", "/api/v1/handovers", {"as": "miyoshi", "to": lead, "tenants": [tenant]})
        demo.local.ask("POST", f"/api/v1/handovers/{h['number']}/offer", {"as": "miyoshi", "words": "Every customer has confirmed. Watch for the same addresses.", "lang": "en"})
        h = demo.local.ask("POST", f"/api/v1/handovers/{h['number']}/accept", {"as": lead})
        owners = [i["owner"] and i["owner"]["id"] for i in demo.local.ask("GET", f"/api/v1/incidents?tenant={tenant}&state=open&limit=500")["items"]]
        must(h["state"] == "accepted" and owners and all(o == duty["lead"]["id"] for o in owners), f"{h['number']}: {h['state']}, owners {owners}")
        seen.append(f"{h['counts']['accepted']} items of {tenant} accepted by {duty['lead']['name']['en']}, {duty['site']['name']['en']} {duty['site']['local_time']}")
    return "; ".join(seen)


@promise("site lost")
def site_lost(demo):
    """The site on duty goes dark: its turns and open work are the stand-in's at once, and come back by a hand-over."""
    logins = {p["person"]["id"]: p["login"] for p in demo.local.ask("GET", "/api/v1/roster")["people"]}

    def duty():
        return demo.local.ask("GET", "/api/v1/roster/who?tenant=aoba")["duty"]

    def owners():
        return {i["owner"] and i["owner"]["id"] for i in demo.local.ask("GET", "/api/v1/incidents?tenant=aoba&state=open&limit=500")["items"]}

    def accepted(by):
        """The hand-over that waits, accepted by the lead."""
        h = wait_until(lambda: next((h for h in demo.local.ask("GET", "/api/v1/handovers?state=offered")["items"] if h["to"]["lead"]["id"] == by and h["tenants"][0]["id"] == "aoba"), None), 10, why="the hand-over")
        return demo.local.ask("POST", f"/api/v1/handovers/{h['number']}/accept", {"as": logins[by]})

    was = duty()
    demo.service.cli("site", "lost", was["site"]["id"], "--reason", "earthquake, the building was evacuated", "--lang", "en")
    now = duty()
    must(now["stands_for"]["id"] == was["site"]["id"] and now["site"]["id"] != was["site"]["id"], f"on duty: {now}")
    must(owners() == {now["lead"]["id"]}, f"owners {owners()}, wanted {now['lead']}")
    there = accepted(now["lead"]["id"])
    demo.service.cli("site", "back", was["site"]["id"], "--after", "0")
    back = accepted(was["lead"]["id"])
    must(duty()["lead"] == was["lead"] and owners() == {was["lead"]["id"]}, f"{duty()} {owners()}")
    return (f"{was['site']['name']['en']} dark: {there['counts']['accepted']} items of aoba with {now['lead']['name']['en']}, {now['site']['name']['en']}, at once ({there['number']} {there['state']}); "
            f"back by {back['number']}, {back['state']}")
