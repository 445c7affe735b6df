# SPDX-License-Identifier: Apache-2.0
"""An inquiry by mail, both ways, through a real mail server: a customer's mail becomes a thread, the analyst's answer arrives in the
customer's mailbox, the reply lands in the same thread by address, reference or subject. Then what must not: forged senders,
strangers, machines, repeats, bombs, mails that are too large, a mail that kills whoever reads it, and a desk that dies while a mail is on its way."""
import base64
import email.headerregistry
import email.message
import email.policy
import io
import os
import pathlib
import shutil
import signal
import smtplib
import sqlite3
import sys
import tempfile
import time
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))

from exim import Exim, is_there  # noqa: E402
from service import Service, free_port, wait_until  # noqa: E402

TENANTS = """
tenants:
  - id: aoba
    name: {ja: 青葉精機株式会社, en: Aoba Seiki}
    kana: アオバセイキ
    short: AOBA
    zone: Asia/Tokyo
    code_word: {ja: カワセミ, en: kingfisher}
    contacts:
      - {id: odagiri, name: 小田切 直人, kana: オダギリ ナオト, lang: ja, numbers: ['+81311112222'], mail: odagiri@aoba.example}
  - id: harbor
    name: {ja: ハーバー, en: Harbor Freight Lines Ltd}
    kana: ハーバー
    short: HARBOR
    zone: Europe/London
    lang: en
    code_word: {ja: イカリ, en: anchor}
    contacts:
      - {id: lowe, name: H. Lowe, kana: ロウ, lang: en, numbers: ['+442011112222'], mail: lowe@harbor.example}
"""
WHO, SOC = "odagiri@aoba.example", "soc@soc.example"
counter = 0


def letter(subject, text, to=SOC, sender=WHO, charset="utf-8", name="小田切 直人", **headers):
    global counter
    counter += 1
    m = email.message.EmailMessage(policy=email.policy.SMTP)
    m["From"] = email.headerregistry.Address(name, *sender.split("@"))
    m["To"] = to
    m["Subject"] = subject
    m["Message-ID"] = f"<{counter}.{os.getpid()}@aoba.example>"
    m.set_content(text, charset=charset)
    for key, value in headers.items():
        m[key.replace("_", "-")] = value
    return m


class Story:
    def __init__(self, folder):
        lmtp = free_port()
        self.exim = Exim(pathlib.Path(folder, "exim"), lmtp, [WHO, "lowe@harbor.example", "stranger@else.example", "duty@soc-duty.example"])
        self.service = Service(pathlib.Path(folder, "soc"), settings={
            "mail.url": f"smtp://127.0.0.1:{self.exim.port}", "mail.from": SOC, "mail.starttls": "no", "mail.listen": f"127.0.0.1:{lmtp}", "mail.inquiries": SOC, "mail.authserv": "mx.soc.example", "mail.rate": 30,
            "desk.alarm_mail": "duty@soc-duty.example"})

    def ask(self, *a):
        return self.service.local().ask(*a)

    def all(self, query=""):
        return {q["number"]: q for q in self.ask("GET", f"/api/v1/inquiries?limit=500{query}")["items"]}

    def thread(self, number):
        return self.ask("GET", f"/api/v1/inquiries/{number}")

    def count(self, number, n):
        return wait_until(lambda: (t := self.thread(number)) and len(t["messages"]) >= n and t, 30, why=f"{n} messages in {number}")

    def opened(self, number):
        wait_until(lambda: number in self.all(), 30, why=f"{number} opened")
        return self.thread(number)

    def mails(self, n, box=WHO):
        return wait_until(lambda: len(b := self.exim.box(box)) >= n and b, 30, why=f"{n} mails for {box}")

    def mail_role(self):
        return self.service.role_pids()["mail"]

    def to_and_fro(self):
        body = "お世話になっております。診断装置の件です。".encode("iso-2022-jp")
        raw = (f"From: =?iso-2022-jp?B?{base64.b64encode('小田切 直人'.encode('iso-2022-jp')).decode()}?= <{WHO}>\r\nTo: {SOC}\r\nSubject: =?ISO-2022-JP?B?{base64.b64encode('機器の質問'.encode('iso-2022-jp')).decode()}?=\r\n"
               "Message-ID: <first@aoba.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain; charset=ISO-2022-JP\r\nContent-Transfer-Encoding: 7bit\r\n\r\n").encode() + body + (
               "\r\n--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"=?UTF-8?B?5Zuz6Z2iLnBkZg==?=\"\r\n\r\n" + base64.b64encode(b"%PDF-1.4 drawing").decode() + "\r\n--b--\r\n").encode()
        self.exim.send(raw, WHO, SOC)
        q = self.opened("Q-1")
        assert q["tenant"]["id"] == "aoba" and q["subject"] == "機器の質問" and q["lang"] == "ja" and q["door"] == "mail" and q["waits"] == "us", q
        assert q["messages"][0]["text"] == "お世話になっております。診断装置の件です。" and q["messages"][0]["who"]["ja"] == "小田切 直人", q["messages"]
        f = self.ask("GET", "/api/v1/inquiries/Q-1/messages/1/files/1")
        assert f["name"] == "図面.pdf" and f["type"] == "pdf" and base64.b64decode(f["data"]) == b"%PDF-1.4 drawing", f
        receipt = self.mails(1)[0]
        assert receipt["In-Reply-To"] == "<first@aoba.example>" and receipt["Auto-Submitted"] == "auto-replied" and "Q-1" in receipt["Subject"], receipt.items()
        self.service.cli("inquiry", "reply", "Q-1", "--text", "診断装置は scanner-2 です。", "--lang", "ja")
        answer = self.mails(2)[1]
        text = answer.get_body(("plain",)).get_content()
        assert "診断装置は scanner-2 です。" in text and "青葉精機株式会社" in text and answer["Auto-Submitted"] is None, text
        assert answer["Message-ID"].startswith("<q-") and answer["References"].split()[0] == "<first@aoba.example>" and answer["Subject"].startswith("Re: 機器の質問 [Q-1 "), answer.items()
        assert answer["Reply-To"].startswith("<soc+q-") or answer["Reply-To"].startswith("soc+q-"), answer["Reply-To"]
        assert self.thread("Q-1")["clock"]["state"] == "met"
        # by address alone, by reference alone, by subject alone
        self.exim.send(letter("別の件名", "宛先で", to=answer["Reply-To"]), WHO, answer["Reply-To"].strip("<>"))
        assert self.count("Q-1", 3)["messages"][2]["text"] == "宛先で"
        self.exim.send(letter("別の件名", "参照で", In_Reply_To=answer["Message-ID"], References=f"{answer['References']} {answer['Message-ID']}"), WHO, SOC)
        assert self.count("Q-1", 4)["messages"][3]["text"] == "参照で"
        last = letter(f"RE: {answer['Subject']}", "件名で")
        self.exim.send(last, WHO, SOC)
        assert self.count("Q-1", 5)["messages"][4]["text"] == "件名で"
        assert list(self.all()) == ["Q-1"]
        return answer, last

    def files_of_an_answer(self):
        """What an analyst attaches comes as MIME parts that any mail program names, and the portal gives as a download."""
        names, bodies = ["図面 第2版（最終）.pdf", "config.txt", "悪い.html", "x" * 90 + ".bin"], [b"%PDF-1.4 two", b"", b"<script>alert(1)</script>", os.urandom(200000)]
        paths = [self.service.folder / n for n in names]
        for path, body in zip(paths, bodies):
            path.write_bytes(body)
        self.service.cli("inquiry", "answer", "Q-8", "--text", "添付します。", *(x for p in paths for x in ("--file", p)))
        self.count("Q-8", 2)
        [mail] = wait_until(lambda: [m for m in self.exim.box(WHO) if list(m.iter_attachments()) and "大きい添付" in m["Subject"]], 30, why="the answer with its files")
        parts = list(mail.iter_attachments())
        assert mail.get_content_type() == "multipart/mixed" and [p.get_filename() for p in parts] == names, [p.get_filename() for p in parts]
        assert [p.get_payload(decode=True) for p in parts] == bodies and all(p.get_content_disposition() == "attachment" for p in parts)
        assert [p.get_content_type() for p in parts] == ["application/pdf", "text/plain", "application/octet-stream", "application/octet-stream"]
        assert all(len(line) <= 100 for line in mail.as_bytes().splitlines()), "a line that no mail server has to take"
        text = mail.get_body(("plain",)).get_content()
        assert "添付します。" in text and "図面 第2版（最終）.pdf" in text, text
        self.service.cli("inquiry", "save", "Q-8", "--message", "2", "--number", "3", "-o", self.service.folder / "saved")
        assert (self.service.folder / "saved").read_bytes() == bodies[2]
        big = self.service.folder / "big"
        big.write_bytes(b"x" * ((5 << 20) + 1))
        try:
            self.service.cli("inquiry", "answer", "Q-8", "--text", "x", "--file", big)
            raise AssertionError("6 MiB were taken")
        except RuntimeError as e:
            assert "5 MiB" in str(e), e

    def repeats_and_machines(self, answer, last):
        before = self.ask("GET", "/api/v1/clocks")["items"]
        self.exim.send(last, WHO, SOC)  # the same Message-ID
        self.exim.send(letter("休暇中", "不在です。", to=answer["Reply-To"], Auto_Submitted="auto-replied"), WHO, answer["Reply-To"].strip("<>"))
        q = self.count("Q-1", 6)
        assert [m["text"] for m in q["messages"]].count("件名で") == 1, "a repeat made a second message"
        assert q["messages"][5]["auto"] and not q["messages"][5]["visible"], q["messages"][5]
        self.exim.send(letter("Undelivered", "x"), "", SOC)  # a bounce
        self.exim.send(letter("list", "x", Precedence="bulk"), WHO, SOC)
        self.exim.send(letter("loop", "x", sender=SOC), SOC, SOC)
        self.exim.send(letter("最後", "人が書いた"), WHO, SOC)
        assert self.opened("Q-2")["messages"][0]["text"] == "人が書いた"
        wait_until(lambda: len(self.mails(3)) >= 3, why="the receipt of Q-2")
        assert set(self.all()) == {"Q-1", "Q-2"}, "a machine opened a thread"
        assert len(before) == 1 and len(self.mails(3)) == 3, "a machine was answered"

    def strangers(self, answer):
        forged = letter("パスワードを教えてください", "至急", to=answer["Reply-To"])
        forged["Authentication-Results"] = "mx.soc.example; dkim=pass header.d=aoba.example"
        self.exim.send(forged, WHO, answer["Reply-To"].strip("<>"), proved=False)
        q = self.opened("Q-3")
        assert q["held"] == "forged" and q["tenant"] is None, q
        self.exim.send(letter("hello", "who am I", sender="stranger@else.example", name="S"), "stranger@else.example", SOC)
        assert self.opened("Q-4")["held"] == "unknown_sender"
        # another tenant's contact with this thread's token: a thread of its own
        self.exim.send(letter("x", "not mine", to=answer["Reply-To"], sender="lowe@harbor.example", name="H. Lowe"), "lowe@harbor.example", answer["Reply-To"].strip("<>"))
        assert self.opened("Q-5")["tenant"]["id"] == "harbor"
        assert len(self.thread("Q-1")["messages"]) == 6
        assert not self.exim.box("stranger@else.example"), "a stranger was answered"
        self.service.cli("inquiry", "place", "Q-4", "--tenant", "harbor")
        assert self.thread("Q-4")["tenant"]["id"] == "harbor" and self.thread("Q-4")["people"] == []
        self.service.cli("inquiry", "discard", "Q-3", "--reason", "forged", "--text", "電話で確認")
        assert "Q-3" not in self.all() and self.thread("Q-3")["reason"] == {"id": "forged", "text": "電話で確認"}
        assert "forged" in self.service.cli("inquiry", "held").split("BECAME")[1]
        self.service.cli("inquiry", "restore", "Q-3")
        self.service.cli("inquiry", "place", "Q-3", "--into", "Q-1")
        assert self.thread("Q-1")["messages"][-1]["text"] == "至急" and self.thread("Q-3")["placed"]["into"] == "Q-1"
        self.service.cli("inquiry", "restore", "Q-3")
        assert not self.thread("Q-1")["messages"][-1]["visible"]
        self.service.cli("inquiry", "discard", "Q-3", "--reason", "forged")
        self.partner()

    def partner(self):
        """An address that is no contact, and a person says whose it is."""
        self.service.cli("inquiry", "restore", "Q-4")
        self.service.cli("inquiry", "place", "Q-4", "--tenant", "harbor", "--remember")
        assert "stranger@else.example" in self.service.cli("inquiry", "senders")
        self.service.cli("inquiry", "reply", "Q-4", "--text", "Hello", "--lang", "en")
        [answer] = self.mails(1, "stranger@else.example")
        self.exim.send(letter("Re: hello", "thanks", sender="stranger@else.example", In_Reply_To=answer["Message-ID"]), "stranger@else.example", SOC)
        assert self.count("Q-4", 3)["messages"][2]["text"] == "thanks"
        self.service.cli("inquiry", "forget", "stranger@else.example", "--tenant", "harbor")

    def bombs(self):
        pids = self.mail_role()
        head = f"From: {WHO}\r\nTo: {SOC}\r\nSubject: {{}}\r\nMessage-ID: <{{}}@aoba.example>\r\n"
        deep = head.format("deep", "deep") + "".join(f"Content-Type: multipart/mixed; boundary=b{i}\r\n\r\n--b{i}\r\n" for i in range(1000)) + "\r\nheart\r\n"
        wide = head.format("wide", "wide") + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n" + "--b\r\nContent-Type: image/png; name=x.png\r\n\r\nP\r\n" * 10000
        started = time.monotonic()
        self.exim.send(deep.encode(), WHO, SOC)
        self.exim.send(wide.encode(), WHO, SOC)
        q = {x["subject"]: x for x in (self.opened("Q-6"), self.opened("Q-7"))}
        assert q["deep"]["messages"][0]["cut"] and q["wide"]["messages"][0]["text"] == "text" and len(q["wide"]["messages"][0]["files"]) == 10, q
        print(f"bombs: 1000 deep and 10,000 parts in {time.monotonic() - started:.1f} s")
        big = letter("大きい添付", "12 MB")
        big.add_attachment(os.urandom(12 << 20), maintype="application", subtype="octet-stream", filename="capture.pcap")
        self.exim.send(big, WHO, SOC)
        f = self.opened("Q-8")["messages"][0]["files"][0]
        assert f["name"] == "capture.pcap" and f["size"] == 12 << 20 and not f["kept"] and f["note"] == "too_large", f
        huge = letter("30 MB", "x")
        huge.add_attachment(os.urandom(30 << 20), maintype="application", subtype="octet-stream", filename="huge.bin")
        before = len(self.exim.box(WHO))
        self.exim.send(huge, WHO, SOC)
        bounce = next(m for m in self.mails(before + 1) if m.get_content_type() == "multipart/report" or "failed" in (m["Subject"] or "").lower())
        # larger than our SIZE: the mail server learns it before it sends, and tells the sender
        assert "size" in bounce.as_string().lower() or "552" in bounce.as_string(), bounce.as_string()[:2000]
        assert len(self.all()) == 7 and self.mail_role() == pids, "the mail role was started anew"
        status = pathlib.Path(f"/proc/{pids[0]}/status").read_text()
        assert "Seccomp:\t2" in status, "the role is not jailed"

    def by_lmtp(self, mails, sender="lowe@harbor.example"):
        """As our own mail server does, over one connection and already proved."""
        proof = f"Authentication-Results: mx.soc.example; spf=pass smtp.mailfrom={sender}\r\n".encode()
        with smtplib.LMTP("127.0.0.1", self.exim.lmtp_port) as s:
            for m in mails:
                s.sendmail(sender, SOC, proof + (m if isinstance(m, bytes) else m.as_bytes()))

    def oddities(self):
        """More headers than any mail has, a file that swells, addresses without end: each is one message, and quick."""
        before, pids, started = set(self.all()), self.mail_role(), time.monotonic()
        many = "".join(f"X-Header-{i}: value {i}\r\n" for i in range(10000)).encode()
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as z:
            z.writestr("zeros", bytes(200 << 20))
        swelling = letter("swelling", "a small archive", sender="lowe@harbor.example", name="H. Lowe")
        swelling.add_attachment(inner.getvalue(), maintype="application", subtype="zip", filename="bomb.zip")
        crowd = ("To: " + ",\r\n ".join(f"a{i}@x.example" for i in range(20000)) + "\r\nReferences: " + "\r\n ".join(f"<{i}@x.example>" for i in range(20000)) + "\r\n").encode()
        self.by_lmtp([many + letter("many headers", "x", sender="lowe@harbor.example", name="H. Lowe").as_bytes(), swelling,
                      crowd + letter("crowd", "x", sender="lowe@harbor.example", name="H. Lowe").as_bytes()])
        new = {q["subject"]: q["number"] for n, q in self.all().items() if n not in before}
        assert set(new) == {"many headers", "swelling", "crowd"}, new
        f = self.ask("GET", f"/api/v1/inquiries/{new['swelling']}/messages/1/files/1")
        assert f["size"] == len(inner.getvalue()) < 1 << 20 and base64.b64decode(f["data"]) == inner.getvalue(), "the archive was touched"
        assert self.mail_role() == pids, "the mail role was started anew"
        print(f"oddities: in {time.monotonic() - started:.1f} s")

    def a_flood(self):
        """A thousand mails of one sender: some threads, the rest held together, one alarm; others come through meanwhile."""
        before, blobs, started = self.all(), self.blobs(), time.monotonic()
        def bombs():
            for i in range(1000):
                m = letter(f"bomb {i}", "x", sender="lowe@harbor.example", name="H. Lowe")
                m.add_attachment(os.urandom(1000), maintype="application", subtype="octet-stream", filename="x.bin")
                yield m
        self.by_lmtp(bombs())
        print(f"a flood: 1,000 mails in {time.monotonic() - started:.1f} s")
        new = [q for n, q in self.all().items() if n not in before]
        [flood] = [q for q in new if q["held"] == "flood"]
        assert len(new) <= 31 and flood["flood"] + len(new) - 1 == 1000 and flood["messages_total"] == 50, (len(new), flood)
        assert len([a for a in self.ask("GET", "/api/v1/alarms")["items"] if a["kind"] == "inquiry_flood"]) == 1
        assert self.blobs() - blobs <= len(new) - 1, "files of a flood are kept"
        self.exim.send(letter("急ぎ", "ほかのお客様"), WHO, SOC)
        wait_until(lambda: any(q["subject"] == "急ぎ" and q["tenant"] for q in self.all().values()), 30, why="another sender's mail")
        self.service.cli("inquiry", "discard", flood["number"], "--reason", "spam")

    def blobs(self):
        with sqlite3.connect(f"file:{self.service.data}/desk/desk.db?mode=ro", uri=True) as db:
            return db.execute("SELECT count(*) FROM blobs").fetchone()[0]

    def a_killing_mail(self):
        """The parser dies at it for good (tests/lib/die.c). The mail server comes again and again; the third time it is kept unread."""
        pids, number = self.mail_role(), f"Q-{len(self.all()) + 2}"  # one was discarded
        killer = letter("die here", "x")
        killer.add_attachment(b"evidence", maintype="application", subtype="octet-stream", filename="a.bin")
        self.exim.send(killer, WHO, SOC)
        q = self.opened(number)
        assert q["held"] == "unreadable" and q["messages"][0]["text"] == "" and q["messages"][0]["address"] == WHO, q
        f = self.ask("GET", f"/api/v1/inquiries/{number}/messages/1/files/1")
        raw = base64.b64decode(f["data"])
        assert f["name"] == "unreadable.eml" and b"Subject: die here" in raw and base64.b64encode(b"evidence") in raw, f["name"]
        deaths = self.service.folder.joinpath("nezuband.log").read_text().count("mail.crashed_at")
        assert deaths == 2 and self.mail_role() != pids, f"{deaths} deaths"
        assert any(a["kind"] == "inquiry_unreadable" for a in self.ask("GET", "/api/v1/alarms")["items"]), "no alarm"
        assert {"result": "held", "why": "unreadable", "n": 1} in self.ask("GET", "/api/v1/inquiries?state=held")["mails"]
        self.exim.send(letter("生きている", "次のメールは届く"), WHO, SOC)
        wait_until(lambda: any(x["subject"] == "生きている" for x in self.all().values()), 30, why="the mail behind the killer")
        assert self.service.folder.joinpath("nezuband.log").read_text().count("mail.crashed_at") == 2

    def a_dying_desk(self):
        before = len(self.all())
        for i in range(3):
            wait_until(lambda: "desk" in self.service.role_pids(), 20, 0.05, why="a desk to kill")
            os.kill(self.service.role_pids()["desk"][0], signal.SIGKILL)
            self.exim.send(letter(f"途中 {i}", "机が落ちても届く"), WHO, SOC)
        wait_until(lambda: self.service.serving() and len(self.all()) >= before + 3, 60, 0.2, why="the mails after the desk died")
        texts = [q["subject"] for q in self.all().values()]
        assert all(texts.count(f"途中 {i}") == 1 for i in range(3)), texts
        assert self.ask("GET", "/api/v1/journal/verify")["ok"]

    def run(self):
        self.service.start(env={"LD_PRELOAD": os.environ["MAIL_DIE"]})
        self.exim.start()
        self.ask("POST", "/api/v1/tenants/import", {"yaml": TENANTS})
        answer, last = self.to_and_fro()
        self.repeats_and_machines(answer, last)
        self.strangers(answer)
        self.bombs()
        self.files_of_an_answer()
        self.a_killing_mail()
        self.oddities()
        self.a_flood()
        self.a_dying_desk()


def main():
    if not is_there():
        print("skipped: exim4 is absent")
        return 77
    folder = tempfile.mkdtemp(prefix="nezuban-inquiry-")
    os.chmod(folder, 0o711)
    story, good = Story(folder), False
    try:
        story.run()
        good = True
    finally:
        story.exim.stop()
        story.service.stop()
        if good:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"kept: {folder}\n{story.exim.log()[-3000:]}")
    print("inquiry: a thread by mail both ways; forged, foreign, automatic, repeated, exploding and too large ones made none")
    return 0


if __name__ == "__main__":
    sys.exit(main())
