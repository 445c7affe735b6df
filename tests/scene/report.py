#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The monthly report on the real service: drafted, worded, published and read.  A draft says so on every page and no customer gets it; the
published document comes in both languages, its figures are those of the data set, and the other customer gets nothing; CSV opens as tables; contacts
get a mail with the document.  No role maps the libraries that print, and what prints may ask for nothing."""
import csv
import datetime
import email
import email.policy
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
from client import Client, Refused  # noqa: E402
from service import Process, Service, children, command, free_port, wait_until  # noqa: E402

PEOPLE = {"reid": ("demo-lead-number-one", "NBSWY3DPEB3W64TMMQQHG2LHOR2G64TF"), "odagiri": ("demo-customer-aoba", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"),
          "whitfield": ("demo-customer-harbor", "IFBEGRCFIZDUQSKKJNGE2TSPKBIVEU2U")}
FAULTS = []


def expect(good, *what):
    if not good:
        FAULTS.append(" ".join(str(w) for w in what))


def last_month():
    first = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=9))).replace(day=1)
    return (first - datetime.timedelta(days=1)).strftime("%Y-%m")


def fetch(client, path):
    """(status, headers, bytes)."""
    c = client.connection()
    try:
        c.request("GET", path, headers={"Cookie": client.cookie or ""})
        r = c.getresponse()
        return r.status, dict(r.getheaders()), r.read()
    finally:
        c.close()


def pages(pdf):
    done = subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, timeout=60, check=True)
    return done.stdout.decode().rstrip("\f").split("\f")


def people(soc):
    yaml = (ROOT / "tools" / "demo" / "tenants.yaml").read_text().replace("@PHONE@", "127.0.0.1:9")
    english = yaml.replace("en: Security officer}, lang: ja,", "en: Security officer}, lang: en,")  # one contact for each language
    expect(english != yaml, "the demonstration's second contact is another one now")
    soc.local().ask("POST", "/api/v1/tenants/import", {"yaml": english})
    out = {}
    for login, (password, secret) in PEOPLE.items():
        out[login] = Client(port=soc.web_port)
        out[login].login(login, password, secret)
    return out


def a_draft_is_marked(soc, who, report):
    soc.cli("report", "draft", report)
    status, head, pdf = fetch(who["reid"], f"/api/v1/reports/{report}/pdf?lang=en")
    expect(status == 200 and head["Content-Type"] == "application/pdf", "draft:", status, head, pdf[:200])
    expect(f'filename="{report}.en.pdf"' in head.get("Content-Disposition", ""), head)
    expect(all("Draft, not published" in p for p in pages(pdf)), "a page of the draft does not say that it is one")
    for path in ("pdf", "csv", "pdf?lang=en"):
        expect(fetch(who["odagiri"], f"/api/v1/reports/{report}/{path}")[0] == 404, "a customer got the draft as", path)
    expect(fetch(Client(port=soc.web_port), f"/api/v1/reports/{report}/pdf")[0] == 401, "nobody got it")


def publish(soc, who, report, folder):
    refused = subprocess.run([soc.program("nezuban"), "report", "publish", report, "--socket", str(soc.socket)], capture_output=True, text=True, timeout=60)
    expect(refused.returncode != 0 and "words" in refused.stderr, "published without words:", refused.returncode, refused.stderr)
    (folder / "ja.txt").write_text("今月は静かでした。\n\n二要素認証の導入をお勧めします。\n")
    (folder / "en.txt").write_text("A quiet month.\n\nWe recommend a second factor.\n")
    (folder / "do.json").write_text(json.dumps([{"owner": "customer", "text": {"ja": "VPN に二要素認証を設定してください。", "en": "Turn on a second factor for the VPN."}}]))
    soc.cli("report", "words", report, "--ja", folder / "ja.txt", "--en", folder / "en.txt", "--recommendations", folder / "do.json")
    try:
        who["odagiri"].ask("POST", f"/api/v1/reports/{report}/publish")
        expect(False, "a customer published a report")
    except Refused as e:
        expect(e.status in (403, 404), "a customer's publish gave", e.status)
    who["reid"].ask("POST", f"/api/v1/reports/{report}/publish")
    listed = [line for line in soc.cli("report", "list", "--tenant", "aoba").splitlines() if report in line]
    expect(len(listed) == 1 and " published " in listed[0], listed)


def it_is_read(soc, who, report, folder):
    data = who["odagiri"].ask("GET", f"/api/v1/reports/{report}")["data"]
    hashed = hashlib.sha256(json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    for lang, words, name in (("ja", "今月は静かでした。", "青葉精機株式会社"), ("en", "A quiet month.", "Aoba Seiki")):
        status, _, pdf = fetch(who["odagiri"], f"/api/v1/reports/{report}/pdf?lang={lang}")
        text = pages(pdf)
        expect(status == 200 and len(text) >= 4, lang, status, len(text))
        expect(words in "".join(text) and all(name in p for p in text), lang, "words or name are missing")
        expect(all(hashed in p for p in text), lang, "the hash on the pages is not that of the data set", hashed)
        expect(all(f"{i} / {len(text)}" in p for i, p in enumerate(text, 1) if i > 1), lang, "a page has no number")
        expect(not any("Draft, not published" in p or "下書き・未公開" in p for p in text), "it is still called a draft")
        (folder / "data.json").write_text(soc.cli("report", "show", report, "--json"))
        soc.cli("report", "render", folder / "data.json", "--lang", lang, "-o", folder / "again.pdf")
        expect((folder / "again.pdf").read_bytes() == pdf, lang, "rendered without the service it is another document")
        expect(fetch(who["whitfield"], f"/api/v1/reports/{report}/pdf?lang={lang}")[0] == 404, "the other customer got it")
        soc.cli("report", "monthly", "--tenant", "aoba", "--lang", lang, "-o", folder / "monthly.pdf")
        expect((folder / "monthly.pdf").read_bytes() == pdf, lang, "report monthly gave another document")
    soc.cli("report", "pdf", report, "--lang", "en", "-o", folder / "by-id.pdf")
    expect((folder / "by-id.pdf").read_bytes() == pdf, "report pdf gave another document")
    soc.cli("report", "daily", "--tenant", "aoba", "--lang", "en", "-o", folder / "daily.pdf")
    expect("Daily report" in pages((folder / "daily.pdf").read_bytes())[0], "the day's document has no title")
    expect(soc.cli("report", "csv", report, "--lang", "en", "--table", "sla").startswith('\ufeff"Promise"'), "report csv")
    expect(subprocess.run([soc.program("nezuban"), "report", "pdf", "aoba-1979-01", "--socket", str(soc.socket)], capture_output=True, timeout=60).returncode == 1, "a month that is none has a document")
    status, head, body = fetch(who["odagiri"], f"/api/v1/reports/{report}/csv?lang=en&table=sla")
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    expect(status == 200 and head["Content-Type"].startswith("text/csv") and rows[0][:2] == ["Promise", "Limit"] and [r[0] for r in rows[1:5]] == ["Decide", "Call", "Answer", "Report"], rows)
    whole = fetch(who["odagiri"], f"/api/v1/reports/{report}/csv")[2].decode("utf-8-sig")
    expect("お約束した時間（SLA）" in whole and "ログから判定まで" not in whole[:4], whole[:200])
    expect(whole.replace("\r\n", "\n") == soc.cli("report", "render", folder / "data.json", "--lang", "ja", "--csv").lstrip("\ufeff"), "the portal's CSV is not what the data set gives: hours in another zone?")
    expect(fetch(who["whitfield"], f"/api/v1/reports/{report}/csv")[0] == 404, "the other customer got the CSV")


def it_is_mailed(who, report, mails):
    """To each contact in its language, with the very document that the portal gives."""
    def reports():
        got = {}
        for path in mails.iterdir():
            m = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if report[5:] in str(m["subject"]) or "月次報告書" in str(m["subject"]):
                got[m["to"].addresses[0].addr_spec] = m
        return got if len(got) == 2 else None
    got = wait_until(reports, 30, why="two mails about the report")
    for address, lang in (("odagiri@aoba.example", "ja"), ("suzuki@aoba.example", "en")):
        m = got[address]
        files = list(m.iter_attachments())
        expect(m.get_content_type() == "multipart/mixed" and len(files) == 1, address, m.get_content_type(), len(files))
        expect([p.get_content_type() for p in m.iter_parts()][0] == "multipart/alternative", address, "the texts are not alternatives")
        expect("/portal/reports" in m.get_body(("plain",)).get_content(), address, "no word of the portal")
        for f in files:
            expect(f.get_content_type() == "application/pdf" and f.get_filename() == f"{report}.{lang}.pdf", address, f.get_content_type(), f.get_filename())
            expect(f.get_content() == fetch(who["reid"], f"/api/v1/reports/{report}/pdf?lang={lang}")[2], address, "got another document than the portal gives")


def there_are_fonts(soc):
    """Asked on the service's own host; without them there would be no document."""
    got = json.loads(subprocess.run([soc.program("nezuban"), "doctor", "--json", "--socket", str(soc.socket)], capture_output=True, timeout=60).stdout)
    [fonts] = [c for c in got["checks"] if c["id"] == "fonts"]
    expect(fonts["ok"] and fonts["value"] == 0, fonts)


def corrected_mails(mails):
    got = {}
    for path in mails.iterdir():
        m = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        if "訂正版" in str(m["subject"]) or "corrected report" in str(m["subject"]):
            got[m["to"].addresses[0].addr_spec] = m
    return got if len(got) == 2 else None


def it_is_corrected(soc, who, report, mails, folder):
    """A lead says what is wrong; from then on readers see it.  The second revision comes beside the first, which stays what it was."""
    first = who["odagiri"].ask("GET", f"/api/v1/reports/{report}")
    hashed = lambda data: hashlib.sha256(json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()  # noqa: E731
    of_first = hashed(first["data"])
    for refused in (["--reason-ja", "行数の誤り"], []):
        got = subprocess.run([soc.program("nezuban"), "report", "correct", report, *refused, "--socket", str(soc.socket)], capture_output=True, text=True, timeout=60)
        expect(got.returncode == 2 and "customers read them" in got.stderr, "corrected without a reason:", got.returncode, got.stderr)
    try:
        who["odagiri"].ask("POST", f"/api/v1/reports/{report}/correct", {"reason": {"ja": "x", "en": "x"}})
        expect(False, "a customer corrected a report")
    except Refused as e:
        expect(e.status in (403, 404), "a customer's correction gave", e.status)
    said = soc.cli("report", "correct", report, "--reason-ja", "文書の行数に誤りがありました。", "--reason-en", "The lines in it were wrong.")
    expect(f"{report} draft, revision 2" in said, said)
    text = pages(fetch(who["odagiri"], f"/api/v1/reports/{report}/pdf?lang=en")[2])
    expect(all("Being corrected" in p and of_first in p for p in text) and "The lines in it were wrong." in text[0], "its reader is not told", text[0])
    (folder / "en2.txt").write_text("A quiet month, counted again.\n")
    soc.cli("report", "words", report, "--en", folder / "en2.txt")
    who["reid"].ask("POST", f"/api/v1/reports/{report}/publish")
    listed = [line.split() for line in soc.cli("report", "list", "--tenant", "aoba").splitlines() if report in line]
    expect([(x[1], x[4]) for x in listed] == [("2", "published"), ("1", "replaced")], listed)
    second = who["odagiri"].ask("GET", f"/api/v1/reports/{report}")
    expect(second["revision"] == 2 and second["data"]["replaces"]["sha256"] == of_first, second["revision"], second["data"].get("replaces"))
    status, head, pdf = fetch(who["odagiri"], f"/api/v1/reports/{report}/pdf?lang=en")
    text = pages(pdf)
    expect(status == 200 and f'filename="{report}-r2.en.pdf"' in head["Content-Disposition"], status, head)
    expect("It corrects and replaces revision 1" in text[0].replace("\n", " ") and "counted again" in "".join(text) and all(hashed(second["data"]) in p for p in text), text[0])
    soc.cli("report", "pdf", report, "--lang", "en", "--revision", "1", "-o", folder / "first.pdf")
    text = pages((folder / "first.pdf").read_bytes())
    expect(all("Replaced" in p and of_first in p for p in text) and "counted again" not in "".join(text), "the first is not what it was", text[0])
    table = fetch(who["odagiri"], f"/api/v1/reports/{report}/csv?lang=en&revision=1")[2].decode("utf-8-sig")
    expect("This revision was replaced by revision 2" in table, table[:400])
    shown = soc.cli("report", "show", report, "--revision", "1")
    expect("replaced by  2: The lines in it were wrong." in shown, shown)
    expect(fetch(who["whitfield"], f"/api/v1/reports/{report}/pdf?revision=1")[0] == 404, "the other customer got the first")
    got = wait_until(lambda: corrected_mails(mails), 30, why="two mails about the corrected report")
    for address, lang in (("odagiri@aoba.example", "ja"), ("suzuki@aoba.example", "en")):
        files = list(got[address].iter_attachments())
        expect([f.get_filename() for f in files] == [f"{report}-r2.{lang}.pdf"], address, [f.get_filename() for f in files])
        expect(("The lines in it were wrong." if lang == "en" else "文書の行数に誤りがありました。") in got[address].get_body(("plain",)).get_content(), address, "no reason in the mail")
    soc.cli("report", "correct", report, "--reason-ja", "誤り", "--reason-en", "wrong", "--keep-figures")
    soc.cli("report", "abandon", report)
    expect(who["odagiri"].ask("GET", f"/api/v1/reports/{report}") == second, "an abandoned correction left something")


def who_prints(soc, who, report):
    """Many at once are made one after the other, by a process that is gone afterwards; the libraries are in no role."""
    got, seen = [], set()
    readers = [threading.Thread(target=lambda: got.append(fetch(who["reid"], f"/api/v1/reports/{report}/pdf")[0])) for _ in range(6)]
    [role] = soc.role_pids()["print"]
    for t in readers:
        t.start()
    while any(t.is_alive() for t in readers):
        seen |= set(children(role))
    for t in readers:
        t.join()
    expect(got == [200] * 6, "six at once:", got)
    expect(len(seen) >= 1 and not children(role), "printers:", seen, children(role))
    for name, pids in soc.role_pids().items():
        for pid in pids:
            maps = pathlib.Path(f"/proc/{pid}/maps").read_text()
            expect(not re.search(r"libcairo|libpango|libharfbuzz|libfontconfig", maps), name, "maps", command(pid))
    print("resident KiB:", {k: v for k, v in sorted(soc.resident_kb().items())})


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nezuban-report-"))
    mails = folder / "mails"
    mails.mkdir()
    smtp = free_port()
    sink = Process([os.environ["SMTP_SINK"], "--port", str(smtp), "--dir", str(mails)], folder / "smtp.log")
    soc = Service(folder, settings={"mail.url": f"smtp://127.0.0.1:{smtp}", "mail.from": "soc@nezuban.example", "mail.starttls": "no", "desk.url": "https://soc.nezuban.example"})
    report = f"aoba-{last_month()}"
    try:
        soc.start()
        who = people(soc)
        a_draft_is_marked(soc, who, report)
        publish(soc, who, report, folder)
        it_is_mailed(who, report, mails)
        it_is_read(soc, who, report, folder)
        it_is_corrected(soc, who, report, mails, folder)
        who_prints(soc, who, report)
        there_are_fonts(soc)
    finally:
        soc.stop()
        sink.stop()
    if FAULTS or os.environ.get("KEEP"):
        print(f"kept: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(FAULTS))
    return 1 if FAULTS else 0


if __name__ == "__main__":
    sys.exit(main())
