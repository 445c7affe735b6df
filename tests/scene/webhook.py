#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Webhooks of the real service against a receiver that misbehaves: signed as docs/webhooks.md says (its example is run), tried again after a 503 with the
same body and id, no redirect followed, an endless answer cut, two signatures while a secret is rotated, a private address refused, a repeat on demand, and
nothing secret in lists, logs or tables."""
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
from client import Client, Refused  # noqa: E402
from receiver import Receiver  # noqa: E402
from service import Service, wait_until  # noqa: E402

FAULTS = []


def expect(good, *what):
    if not good:
        FAULTS.append(" ".join(str(w) for w in what))


def checker():
    """is_ours as the documents print it."""
    names = {}
    for name in ("webhooks.md", "webhooks.ja.md"):
        exec(re.search(r"```python\n(.*?)```", (ROOT / "docs" / name).read_text(), re.S).group(1), names)
        yield names["is_ours"]


def log_of(soc, number):
    return json.loads(soc.cli("webhook", "log", number, "--json"))


def done(soc, number, n=0):
    return wait_until(lambda: (items := log_of(soc, number)) and items[n]["state"] == "done" and items[n], 40, why=f"{number} delivered")


def signed_and_tried_again(soc, hook):
    hook.answers["/json"] = [503]
    made = soc.local().ask("POST", "/api/v1/webhooks", {"tenant": "aoba", "name": "ITSM", "url": hook.url("/json?token=hidden-token"), "events": ["webhook.test", "incident.opened"]})
    hook.answers["/json?token=hidden-token"] = [503]
    expect(made["secret"].startswith("whsec_") and made["url"] == hook.url(""), made)
    soc.cli("webhook", "test", made["number"])
    first, again = hook.next(), hook.next()
    expect(first[2] == again[2] and first[1]["X-Nezuban-Id"] == again[1]["X-Nezuban-Id"] and first[1]["X-Nezuban-Delivery"] == again[1]["X-Nezuban-Delivery"], "the second attempt is another")
    for is_ours in checker():
        for _, head, body in (first, again):
            expect(is_ours(made["secret"], head["X-Nezuban-Signature"], body), "signature", head)
            expect(not is_ours(made["secret"], head["X-Nezuban-Signature"], body + b" "), "a changed body passes")
            expect(not is_ours("whsec_other", head["X-Nezuban-Signature"], body), "another secret passes")
            expect(not is_ours(made["secret"], head["X-Nezuban-Signature"], body, now=4e9), "an old one passes")
    event = json.loads(first[2])
    expect(event["v"] == 1 and event["event"] == "webhook.test" and event["tenant"] == "aoba" and event["id"] == first[1]["X-Nezuban-Id"], event)
    row = done(soc, made["number"])
    expect(row["outcome"] == "sent" and row["attempts"] == 2 and row["code"] == 200, row)
    return made


def rotated(soc, hook, made):
    fresh = soc.local().ask("POST", f"/api/v1/webhooks/{made['number']}/rotate", {"overlap_h": 1})
    soc.cli("webhook", "redeliver", made["number"], log_of(soc, made["number"])[0]["delivery"])
    _, head, body = hook.next()
    for is_ours in checker():
        expect(fresh["secret"] != made["secret"] and is_ours(fresh["secret"], head["X-Nezuban-Signature"], body) and is_ours(made["secret"], head["X-Nezuban-Signature"], body), "overlap", head)
    expect(json.loads(body)["id"] == head["X-Nezuban-Id"] and head["X-Nezuban-Delivery"] != "0", head)
    done(soc, made["number"])
    last = soc.local().ask("POST", f"/api/v1/webhooks/{made['number']}/rotate", {"overlap_h": 0})
    soc.cli("webhook", "test", made["number"])
    _, head, body = hook.next()
    for is_ours in checker():
        expect(is_ours(last["secret"], head["X-Nezuban-Signature"], body) and not is_ours(fresh["secret"], head["X-Nezuban-Signature"], body), "an ended secret still signs")
    return [made["secret"], fresh["secret"], last["secret"]]


def misbehaving(soc, hook):
    api = soc.local()
    for path, status, outcome, code in (("/moved", 302, "rejected", 302), ("/gone", 410, "rejected", 410), ("/endless", "endless", "sent", 200)):
        hook.answers[path] = [status]
        w = api.ask("POST", "/api/v1/webhooks", {"tenant": "aoba", "name": path, "url": hook.url(path), "events": ["webhook.test"]})
        soc.cli("webhook", "test", w["number"])
        expect(hook.next()[0] == path, "another path was asked for")
        row = done(soc, w["number"])
        expect(row["outcome"] == outcome and row["code"] == code, path, row)
        soc.cli("webhook", "remove", w["number"])
    expect(hook.got.empty(), "a redirect was followed, or an endless answer read:", hook.got.queue)
    for bad in ("ftp://x.example/", "https://user:pw@x.example/", "https://", "https://x .example/", "javascript:alert(1)"):
        try:
            api.ask("POST", "/api/v1/webhooks", {"tenant": "aoba", "name": "bad", "url": bad, "events": ["webhook.test"]})
            expect(False, "taken:", bad)
        except Refused as e:
            expect(e.status == 422 and e.body["field"] == "url", bad, e.body)


def chats(soc, hook):
    for form in ("slack", "teams"):
        w = soc.local().ask("POST", "/api/v1/webhooks", {"tenant": "aoba", "name": form, "url": hook.url("/" + form), "events": ["webhook.test"], "format": form, "lang": "ja"})
        soc.cli("webhook", "test", w["number"])
        _, head, body = hook.next()
        text = json.loads(body)
        expect("連携の試験です" in body.decode(), form, body)
        expect(("blocks" in text) == (form == "slack") and ("attachments" in text) == (form == "teams"), form, text)
        done(soc, w["number"])


def private_is_refused(soc, hook):
    """Without the setting for trials."""
    soc.process.stop()
    soc.set("webhook.plain_loopback", False)
    soc.start()
    for url in ("https://127.0.0.1:9/", "https://localhost:9/", "https://[::1]:9/", "https://169.254.169.254/latest/", "https://10.0.0.1/"):
        w = soc.local().ask("POST", "/api/v1/webhooks", {"tenant": "harbor", "name": "inside", "url": url, "events": ["webhook.test"]})
        soc.cli("webhook", "test", w["number"])
        row = done(soc, w["number"])
        expect(row["outcome"] == "rejected" and "public Internet" in row["text"], url, row)
    expect(hook.got.empty(), "something came through")


def nothing_secret(soc, secrets):
    shown = soc.cli("webhook", "list", "--json") + soc.cli("webhook", "log", "W-1", "--json")
    tables = b"".join(p.read_bytes() for p in (soc.data / "desk").glob("desk.db*"))
    logs = (soc.folder / "nezuband.log").read_bytes()
    for secret in secrets + ["hidden-token"]:
        for where, text in (("lists", shown.encode()), ("desk.db", tables), ("the log", logs)):
            expect(secret.encode() not in text, "a secret is in", where)


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nezuban-hook-"))
    hook = Receiver()
    soc = Service(folder, settings={"webhook.plain_loopback": True, "webhook.timeout": "5s"})
    try:
        soc.start({"NEZUBAN_WEB_CHECK": "1"})
        soc.local().ask("POST", "/api/v1/tenants/import", {"yaml": (ROOT / "tools" / "demo" / "tenants.yaml").read_text().replace("@PHONE@", "127.0.0.1:9")})
        made = signed_and_tried_again(soc, hook)
        secrets = rotated(soc, hook, made)
        misbehaving(soc, hook)
        chats(soc, hook)
        private_is_refused(soc, hook)
        nothing_secret(soc, secrets)
        expect("web.answer.shape" not in (folder / "nezuband.log").read_text(), "an answer is not as docs/openapi.yaml says")
    finally:
        soc.stop()
        hook.shutdown()
    if FAULTS or os.environ.get("KEEP"):
        print(f"kept: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(FAULTS))
    return 1 if FAULTS else 0


if __name__ == "__main__":
    sys.exit(main())
