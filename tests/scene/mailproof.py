# SPDX-License-Identifier: Apache-2.0
"""Who wrote it: two real mail servers and a name server in a network of their own. The customer's exim signs with DKIM and finds us by MX; ours is
the configuration of docs/mail.md, word for word: it checks DKIM and SPF and hands over by LMTP. A signed mail is a thread and its answer
comes back; what was changed on the way, forged, signed by somebody else or vouched for by a forged header is held, with the reason."""
import base64
import email.message
import email.policy
import os
import pathlib
import re
import shutil
import smtplib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))

import exim  # noqa: E402
from service import Process, Service, wait_until  # noqa: E402

MX, AOBA, ELSEWHERE = "192.0.2.10", "192.0.2.20", "198.51.100.66"
WHO, SOC = "odagiri@aoba.example", "soc@soc.example"
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
"""
# A mail server elsewhere: takes what is for its own domain into boxes, sends the rest where DNS says, signed.
CUSTOMER = exim.FOLDERS + """
primary_hostname = mail.@DOMAIN@
local_interfaces = @HOST@
acl_smtp_rcpt = rcpt
begin acl
rcpt:
  accept
begin routers
boxes:
  driver = accept
  domains = @DOMAIN@
  transport = boxes
world:
  driver = dnslookup
  transport = world
begin transports
world:
  driver = smtp
  interface = @HOST@
  dkim_domain = @DOMAIN@
  dkim_selector = s1
  dkim_private_key = @DIR@/dkim.key
  dkim_canon = relaxed
boxes:
  driver = appendfile
  directory = @DIR@/boxes/${lookup{$local_part@$domain}lsearch,ret=key{@DIR@/boxes.list}{$value}fail}
  maildir_format
  create_directory
begin retry
* * F,1h,1s
"""


def run(*argv, **more):
    return subprocess.run(argv, check=True, capture_output=True, text=True, **more).stdout


def inside():
    """This program again, alone in a network with a resolver of its own."""
    if os.geteuid() != 0 or not exim.is_there() or not shutil.which("dnsmasq") or "SPF" not in run(exim.EXIM, "-bV"):
        print("skipped: needs root, exim4-daemon-heavy and dnsmasq")
        return False
    if os.environ.get("NEZUBAN_MAILPROOF") != "inside":
        os.environ["NEZUBAN_MAILPROOF"] = "inside"
        os.execvp("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, *sys.argv])
    run("ip", "link", "set", "lo", "up")
    for address in (MX, AOBA, ELSEWHERE):
        run("ip", "addr", "add", f"{address}/32", "dev", "lo")
    pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").write_text("0")
    return True


class World:
    """DNS with the records of three domains, and their keys."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        resolv = self.folder / "resolv.conf"
        resolv.write_text("nameserver 127.0.0.1\n")
        run("mount", "--bind", str(resolv), "/etc/resolv.conf")
        self.process = None

    def key(self, domain):
        path = self.folder / f"{domain}.key"
        run("openssl", "genrsa", "-out", str(path), "2048")
        public = re.sub(r"-----.*?-----|\s", "", run("openssl", "rsa", "-in", str(path), "-pubout"))
        return path, f"v=DKIM1; k=rsa; p={public}"

    def start(self):
        lines = ["no-resolv", "no-hosts", "local=/example/", "local=/arpa/", "listen-address=127.0.0.1", "bind-interfaces", "user=root", "pid-file="]
        self.keys = {}
        for domain, host, spf in (("soc.example", MX, f"v=spf1 ip4:{MX} -all"), ("aoba.example", AOBA, f"v=spf1 ip4:{AOBA} -all"),
                                  ("list.example", ELSEWHERE, f"v=spf1 ip4:{ELSEWHERE} -all"), ("careless.example", ELSEWHERE, "v=spf1 ip4:192.0.2.99 ~all")):
            self.keys[domain], record = self.key(domain)
            pieces = ",".join(f'"{record[i:i + 200]}"' for i in range(0, len(record), 200))
            lines += [f"host-record=mail.{domain},{host}", f"mx-host={domain},mail.{domain},10", f'txt-record={domain},"{spf}"', f"txt-record=s1._domainkey.{domain},{pieces}"]
        config = self.folder / "dnsmasq.conf"
        config.write_text("\n".join(lines) + "\n")
        self.process = Process(["dnsmasq", "--keep-in-foreground", f"--conf-file={config}"], self.folder / "dnsmasq.log")

    def stop(self):
        if self.process:
            self.process.stop()


class Story:
    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.world = World(folder)
        self.world.start()
        self.ours = exim.Exim(folder / "mx", 2424, [], config=f"local_interfaces = {MX} : 127.0.0.1\n{exim.documented()}", port=25)
        self.aoba = self.customer(folder, "aoba.example", AOBA, [WHO])
        self.list = self.customer(folder, "list.example", ELSEWHERE, ["members@list.example"])
        self.service = Service(folder / "soc", settings={"mail.url": "smtp://127.0.0.1:25", "mail.from": SOC, "mail.starttls": "no", "mail.listen": "127.0.0.1:2424", "mail.inquiries": SOC,
                                                         "mail.authserv": "mx.soc.example"})
        self.sent = 0

    def customer(self, folder, domain, host, boxes):
        server = exim.Exim(folder / domain, 0, boxes, config=CUSTOMER.replace("@DOMAIN@", domain).replace("@HOST@", host), host=host, port=25)
        shutil.copy(self.world.keys[domain], server.folder / "dkim.key")
        return server

    def letter(self, subject, to=SOC, sender=WHO, **headers):
        self.sent += 1
        m = email.message.EmailMessage(policy=email.policy.SMTP)
        for key, value in {"From": sender, "To": to, "Subject": subject, "Date": "Fri, 27 Nov 2026 09:00:00 +0900", "Message-ID": f"<{self.sent}@proof.example>", **headers}.items():
            m[key.replace("_", "-")] = value
        m.set_content("口座は 100 番です。\n", charset="utf-8", cte="base64")
        return m

    def submit(self, server, message, sender, to):
        """As a person of that company does."""
        with smtplib.SMTP(server.host, 25, timeout=30) as s:
            s.sendmail(sender, to, message if isinstance(message, bytes) else message.as_bytes())

    def throw(self, message, sender, host=ELSEWHERE, to=SOC):
        """Straight at our mail server, from an address of the world."""
        with smtplib.SMTP(MX, 25, local_hostname="mail.list.example", timeout=30, source_address=(host, 0)) as s:
            s.sendmail(sender, to, message if isinstance(message, bytes) else message.as_bytes())

    def inquiry(self, number):
        got = {}

        def there():
            got.update({q["number"]: q for q in self.service.local().ask("GET", "/api/v1/inquiries")["items"]})
            return number in got
        wait_until(there, 30, why=f"{number} opened")
        return self.service.local().ask("GET", f"/api/v1/inquiries/{number}")

    def held(self, number, why, *found):
        q = self.inquiry(number)
        assert q["held"] == why and q["tenant"] is None and q["clock"] is None, (q["held"], q["messages"][0])
        assert all(x in q["messages"][0]["proof"] for x in found), q["messages"][0]["proof"]

    def signed_and_answered(self):
        self.submit(self.aoba, self.letter("署名のあるメール"), WHO, [SOC])
        q = self.inquiry("Q-1")
        proof = q["messages"][0]["proof"]
        assert q["tenant"]["id"] == "aoba" and q["held"] is None and "dkim=pass" in proof and "header.d=aoba.example" in proof and "spf=pass" in proof, proof
        self.service.cli("inquiry", "reply", "Q-1", "--text", "承りました。", "--lang", "ja")
        answer = wait_until(lambda: len(b := self.aoba.box(WHO)) >= 2 and b[1], 30, why="receipt and answer at the customer's")
        assert "承りました。" in answer.get_body(("plain",)).get_content()
        to = re.search(r"[^<\s]+@soc\.example", answer["Reply-To"]).group()
        assert "+q-" in to, to
        self.submit(self.aoba, self.letter("続き", to=to), WHO, [to])
        wait_until(lambda: len(self.inquiry("Q-1")["messages"]) == 3, 30, why="the reply by its address alone")

    def changed_on_the_way(self):
        """A forwarder passes a signed mail on: as it was it is proved by its signature alone, with one digit changed it is not."""
        self.submit(self.aoba, self.letter("転送されたメール", To="members@list.example"), WHO, ["members@list.example"])
        wait_until(lambda: self.list.box("members@list.example"), 30, why="the mail at the forwarder")
        [path] = (self.list.folder / "boxes" / "members@list.example" / "new").glob("*")
        raw = re.sub(rb"\r?\n", b"\r\n", path.read_bytes())
        assert b"DKIM-Signature" in raw
        self.throw(raw, "bounces@list.example")
        q = self.inquiry("Q-2")
        assert q["tenant"]["id"] == "aoba", q["held"]
        was, now = (base64.b64encode(f"口座は {n} 番です。\r\n".encode()) for n in (100, 900))
        assert was in raw
        other = raw.replace(was, now).replace(b"@proof.example>", b".2@proof.example>")
        self.throw(other, "bounces@list.example")
        self.held("Q-3", "changed", "dkim=fail", "header.d=aoba.example")
        # the same by way of the customer's own server: spf=pass, and the text is still not what was signed
        self.throw(raw.replace(was, now).replace(b"@proof.example>", b".3@proof.example>"), WHO, host=AOBA)
        self.held("Q-4", "changed", "dkim=fail", "spf=pass")

    def forged(self):
        lie = "mx.soc.example; dkim=pass header.d=aoba.example; spf=pass smtp.mailfrom=aoba.example; dmarc=pass header.from=aoba.example"
        self.throw(self.letter("偽物"), WHO)
        self.held("Q-5", "forged", "spf=fail", "smtp.mailfrom=aoba.example")
        self.throw(self.letter("偽物", Authentication_Results=lie), WHO)
        self.held("Q-6", "forged", "spf=fail")
        assert not any(x in self.inquiry("Q-6")["messages"][0]["proof"] for x in ("dkim=pass", "spf=pass", "dmarc"))
        # the header as no program writes it, but some may read it
        for number, odd in (("Q-7", b"authentication-results : "), ("Q-8", b"Authentication-Results:\r\n\t"), ("Q-9", b'AUTHENTICATION-RESULTS:"mx.soc.example" 1')):
            raw = odd + lie.encode() + b"\r\n" + self.letter("偽物").as_bytes()
            self.throw(raw, "x@list.example")
            q = self.inquiry(number)
            assert q["held"] in ("foreign", "not_authentic") and "aoba" not in (q["messages"][0]["proof"] or ""), (q["held"], q["messages"][0]["proof"])

    def somebody_elses_signature(self):
        self.submit(self.list, self.letter("他社の署名"), "members@list.example", [SOC])
        self.held("Q-10", "foreign", "dkim=pass", "header.d=list.example")
        self.throw(self.letter("緩い SPF", sender="info@careless.example"), "info@careless.example")
        self.held("Q-11", "forged", "spf=softfail")

    def counted(self):
        answer = self.service.local().ask("GET", "/api/v1/inquiries?state=held")
        count = {(m["result"], m["why"]): m["n"] for m in answer["mails"]}
        assert count[("held", "changed")] == 2 and count[("held", "forged")] == 3 and count[("opened", None)] == 2 and count[("added", None)] == 1, count
        assert sum(n for (result, _), n in count.items() if result == "held") == 9, count
        assert len(self.inquiry("Q-1")["messages"]) == 3 and len(self.aoba.box(WHO)) == 3, "a held mail was answered"
        with smtplib.SMTP(MX, 25, timeout=30, source_address=(ELSEWHERE, 0)) as s:
            s.ehlo()
            s.mail("x@list.example")
            assert s.rcpt(WHO)[0] == 550, "an open relay"
        assert self.service.local().ask("GET", "/api/v1/journal/verify")["ok"]

    def run(self):
        self.service.start()
        for server in (self.ours, self.aoba, self.list):
            server.start()
        self.service.local().ask("POST", "/api/v1/tenants/import", {"yaml": TENANTS})
        self.signed_and_answered()
        self.changed_on_the_way()
        self.forged()
        self.somebody_elses_signature()
        self.counted()

    def stop(self):
        for x in (self.ours, self.aoba, self.list, self.service, self.world):
            x.stop()


def main():
    if not inside():
        return 77
    folder = tempfile.mkdtemp(prefix="nezuban-mailproof-")
    os.chmod(folder, 0o711)
    story, good = Story(folder), False
    try:
        story.run()
        good = True
    finally:
        story.stop()
        if good:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"kept: {folder}\n{story.ours.log()[-4000:]}")
    print("mailproof: signed mails are threads; changed, forged, foreign ones and forged results are held and counted")
    return 0


if __name__ == "__main__":
    sys.exit(main())
