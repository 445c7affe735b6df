#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ingest and archive under faults: the real parent, ingest and archive with a desk and an engine that keep ledgers
(tests/lib/fake_roles.c), and a collector's uplink (tests/lib/poster.c).

    soc.py plain|bad|flood|kill|full BUILD

Three ledgers must be equal: what the sender was promised, what lies in the archive (nezuban verify), what the engine
was fed. Prints one JSON line. Exit 0 good, 1 not, 77 cannot be tried here."""
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
from service import Process, children, command, free_port, wait_until, yaml  # noqa: E402

TYPE = "application/vnd.nezuban.batch+zstd"
KILLS = int(os.environ.get("NEZUBAN_KILLS", "24"))


def sh(*argv):
    return subprocess.run([str(a) for a in argv], check=True, capture_output=True, text=True).stdout


class Soc:
    def __init__(self, build, settings=None):
        self.build = pathlib.Path(build)
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="nezuban-soc-"))
        os.chmod(self.home, 0o755)
        self.data, self.fake, self.port = self.home / "soc", self.home / "fake", free_port()
        self.data.mkdir(mode=0o711)
        self.fake.mkdir()
        self.settings = {"data": str(self.data), "names": ["localhost", "127.0.0.1"], "web": {"listen": "127.0.0.1:0"},
                         "ingest": {"listen": f"127.0.0.1:{self.port}"}, "archive": {"folder": str(self.data / "archive")}}
        for section, values in (settings or {}).items():
            self.settings.setdefault(section, {}).update(values)
        self.config = self.home / "nezuband.yaml"
        self.config.write_text(yaml(self.settings))
        self.process, self.lcps, self.posters = None, [], []
        (self.fake / "lcps.json").write_text('{"lcps":[]}')

    def spawn(self):
        self.process = Process([str(self.build / "tests/lib/nezuband_soc"), "-c", str(self.config)], self.home / "log", {"NEZUBAN_FAKE": str(self.fake)})

    def start(self):
        self.spawn()
        wait_until(lambda: (self.data / "keys/sign.pub").exists() and self.up(), 20, why="first start")
        for tenant, lcp, serial in (("aoba", "aoba-tokyo-1", "41" + "0" * 30), ("harbor", "harbor-london-1", "42" + "0" * 30), ("aoba", "aoba-gone", "43" + "0" * 30)):
            self.certificate(tenant, lcp, serial)
            self.lcps.append({"tenant": tenant, "lcp": lcp, "serials": [serial], "revoked": lcp == "aoba-gone"})
        self.certificate("harbor", "aoba-tokyo-1", "44" + "0" * 30)  # signed by our CA, but nobody the desk knows
        (self.fake / "lcps.json").write_text(json.dumps({"lcps": self.lcps}))
        self.kill("desk")  # it reads the table when it starts
        wait_until(self.serving, 20, why="collectors known")

    def keys(self, lcp):
        return self.home / lcp

    def certificate(self, tenant, lcp, serial, ca=None):
        d = self.keys(lcp if tenant != "harbor" or lcp != "aoba-tokyo-1" else "stranger")
        d.mkdir(exist_ok=True)
        keys = ca or self.data / "keys"
        sh("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", d / "key.pem")
        sh("openssl", "req", "-new", "-key", d / "key.pem", "-subj", f"/O={tenant}/CN={lcp}", "-out", d / "csr.pem")
        (d / "ext").write_text("extendedKeyUsage=clientAuth\n")
        sh("openssl", "x509", "-req", "-in", d / "csr.pem", "-CA", keys / "ca.crt", "-CAkey", keys / "ca.key", "-set_serial", "0x" + serial, "-days", "2", "-extfile", d / "ext", "-out", d / "cert.pem")
        shutil.copy(self.data / "keys/ca.crt", d / "ca.crt")
        return d

    def up(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def ask(self, path, body, keys=None, kind="application/json"):
        context = ssl.create_default_context(cafile=str(self.data / "keys/ca.crt"))
        if keys:
            context.load_cert_chain(keys / "cert.pem", keys / "key.pem")
        c = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=context)
        try:
            c.request("POST", path, body, {"Content-Type": kind})
            a = c.getresponse()
            text = a.read()
            return a.status, json.loads(text) if text else None, dict(a.getheaders())
        finally:
            c.close()

    def serving(self):
        try:
            return self.ask("/v1/heartbeat", b'{"v":1}', self.keys("aoba-tokyo-1"))[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def role(self, name):
        for pid in children(self.process.pid):
            words = command(pid)
            if "-x" in words and words[words.index("-x") + 1] == name:
                return pid
        return None

    def kill(self, name):
        pid = wait_until(lambda: self.role(name), 20, why=f"{name} running")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: self.role(name) not in (None, pid), 20, why=f"{name} started again")

    def poster(self, lcp, epoch, batches, lines, parallel, extra=(), seconds=240):
        self.posters.append(subprocess.Popen([str(self.build / "tests/lib/poster"), f"https://localhost:{self.port}/v1/batches", str(self.keys(lcp)), str(epoch), str(batches), str(lines), str(parallel),
                                 str(self.home / f"acked.{epoch}"), *map(str, extra)], env={**os.environ, "POSTER_SECONDS": str(seconds)}, stdout=subprocess.PIPE, text=True))
        return self.posters[-1]

    def fed(self):
        path = self.fake / "fed.log"
        return [tuple(line.split()[3:5]) for line in path.read_text().splitlines()] if path.exists() else []

    def promised(self):
        return [tuple(line.split()[:2]) for p in sorted(self.home.glob("acked.*")) for line in p.read_text().splitlines()]

    def verify(self):
        done = subprocess.run([str(self.build / "src/main/nezuban"), "verify", str(self.settings["archive"]["folder"]), "--key", str(self.data / "keys/sign.pub"), "--json"], capture_output=True, text=True)
        return done.returncode, json.loads(done.stdout)

    def ledgers(self):
        """Waits until the engine has what was promised, stops, compares."""
        promised = self.promised()
        wait_until(lambda: len(set(self.fed())) >= len(set(promised)), 60, why="engine fed")
        self.stop()
        code, report = self.verify()
        fed = self.fed()
        return {"promised": len(set(promised)), "archived": report["batches"], "fed": len(fed), "lost": len(set(promised) - set(fed)), "doubled": len(fed) - len(set(fed)), "faults": report["fault_count"],
                "verify": code}, report

    def stop(self):
        if self.process:
            self.process.stop()

    def clean(self):
        for p in self.posters:
            if p.poll() is None:
                p.kill()
                p.wait()
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)


def equal(l):
    return l["promised"] == l["archived"] == l["fed"] and l["lost"] == l["doubled"] == l["faults"] == l["verify"] == 0


def plain(soc):
    soc.start()
    for lcp, epoch in (("aoba-tokyo-1", 1), ("harbor-london-1", 2)):
        p = soc.poster(lcp, epoch, 60, 40, 4)
        assert p.wait(120) == 0, p.stdout.read()
    l, report = soc.ledgers()
    assert report["tenants"] == 2 and report["lines"] == 2 * 60 * 40, report
    return l, equal(l)


def bad(soc):
    """Everything a stranger may try; each has its own clear answer, and the honest go on."""
    soc.start()
    me, wire = soc.keys("aoba-tokyo-1"), []
    subprocess.run([soc.build / "tests/lib/poster", "-", me, "7", "4", "20", "0", soc.home / "wire"], check=True)
    subprocess.run([soc.build / "tests/lib/poster", "-", me, "7", "1", "21", "0", soc.home / "liar"], check=True)
    wire = [None] + [(soc.home / f"wire.{i}").read_bytes() for i in range(1, 5)]
    post = lambda body, keys=me, kind=TYPE: soc.ask("/v1/batches", body, keys, kind)  # noqa: E731
    got = {}

    def expect(name, answer, status, kind=None):
        got[name] = answer[0]
        assert answer[0] == status and (kind is None or answer[1]["type"] == kind), (name, answer)
        return answer[1]

    expect("no certificate", post(wire[1], None), 403, "certificate")
    expect("revoked", post(wire[1], soc.keys("aoba-gone")), 403, "certificate")
    expect("known to nobody", post(wire[1], soc.keys("stranger")), 403, "certificate")
    other = soc.home / "other-ca"
    other.mkdir()
    sh("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=Nezuban collectors", "-days", "9", "-keyout", other / "ca.key", "-out", other / "ca.crt")
    forged = soc.certificate("aoba", "forged", "41" + "0" * 30, other)
    try:
        expect("another CA", post(wire[1], forged), 403, "certificate")
    except (ssl.SSLError, OSError):
        got["another CA"] = "handshake"
    expect("wrong type", post(wire[1], kind="text/plain"), 415)
    expect("garbage", post(b"garbage" * 100), 422, "batch")
    expect("empty", post(b""), 422, "batch")
    expect("cut", post(wire[1][:-9]), 422, "batch")
    flipped = bytearray(wire[1])
    flipped[len(flipped) // 2] ^= 1
    expect("bit flipped", post(bytes(flipped)), 422, "batch")
    bomb = subprocess.run(["zstd", "-19", "-q", "-c"], input=bytes(200 << 20), capture_output=True, check=True).stdout
    expect("bomb", post(bomb), 413, "batch")
    got["too large"] = soc_too_large(soc, me)
    assert got["too large"] in (413, "closed")
    assert expect("gap", post(wire[3]), 409, "gap")["want"] == 1
    first = expect("first", post(wire[1]), 200)
    assert first["tenant"] == "aoba" and first["lcp"] == "aoba-tokyo-1" and first["seq"] == 1 and first["status"] == "stored"
    again = expect("replay", post(wire[1]), 200)
    assert again == {**first, "status": "replay"}, (first, again)
    expect("another batch with its number", post((soc.home / "liar.1").read_bytes()), 409, "chain")
    expect("second", post(wire[2]), 200)
    theirs = expect("the other tenant sends our bytes", post(wire[1], soc.keys("harbor-london-1")), 200)
    assert theirs["tenant"] == "harbor"  # the certificate says whose it is, nothing else
    for name, body in (("json", b"{"), ("version", b'{"v":9}'), ("list", b"[]"), ("deep", b"[" * 200000)):
        expect("heartbeat " + name, soc.ask("/v1/heartbeat", body, me), 422, "body")
    expect("heartbeat of a stranger", soc.ask("/v1/heartbeat", b'{"v":1}'), 403)
    expect("heartbeat", soc.ask("/v1/heartbeat", b'{"v":1,"tenant":"harbor"}', me), 200)
    csr = (me / "csr.pem").read_text()
    expect("enrol, bad token", soc.ask("/v1/enrol", json.dumps({"token": "wrong", "csr": csr})), 403, "enrol")
    expect("enrol, no CSR", soc.ask("/v1/enrol", '{"token":"good-once"}'), 422, "body")
    new = expect("enrol", soc.ask("/v1/enrol", json.dumps({"token": "good-once", "csr": csr})), 200)
    assert new["lcp"] == "aoba-new" and new["cert"].startswith("-----BEGIN CERTIFICATE")
    expect("enrol again", soc.ask("/v1/enrol", json.dumps({"token": "good-once", "csr": csr})), 403, "enrol")
    expect("nothing here", soc.ask("/v1/nothing", b"", me), 404)
    p = soc.poster("aoba-tokyo-1", 8, 20, 20, 4)
    assert p.wait(60) == 0, p.stdout.read()
    for epoch, keys in ((7, [1, 2]), (7, [1])):  # posted by hand: write them into the ledger
        with open(soc.home / "acked.hand", "a") as f:
            f.writelines(f"{i} {epoch}\n" for i in keys)
    log = wait_until(lambda: "heartbeat" in (soc.fake / "desk.log").read_text() and (soc.fake / "desk.log").read_text(), 20)
    assert '"tenant":"aoba"' in log and '"tenant":"harbor"' not in log.split("traffic")[0]
    # the counts come every ten seconds; what a stop still sends may find the desk gone
    wait_until(lambda: '"bad_batch":' in (soc.fake / "desk.log").read_text(), 30)
    soc.stop()
    log = (soc.fake / "desk.log").read_text()
    assert '"no_certificate":' in log and '"bad_batch":' in log and '"chain":1' in log, log
    code, report = soc.verify()
    assert code == 0 and report["batches"] == 3 + 20, report
    return got, True


def soc_too_large(soc, keys):
    try:
        return soc.ask("/v1/batches", bytes(17 << 20), keys, TYPE)[0]
    except (OSError, http.client.HTTPException):
        return "closed"


def flood(soc):
    """One tenant at many times its rate, another at its own pace: nothing lost, and the quiet one finishes long before."""
    soc.start()
    loud = soc.poster("aoba-tokyo-1", 1, 3000, 100, 32, seconds=200)
    wait_until(lambda: len(soc.fed()) > 20, 30)
    quiet = soc.poster("harbor-london-1", 2, 40, 10, 1)
    assert quiet.wait(100) == 0, quiet.stdout.read()
    loud_when_quiet_ended = loud.poll()
    assert loud.wait(200) == 0, loud.stdout.read()
    l, _ = soc.ledgers()
    l["quiet_ended_first"] = loud_when_quiet_ended is None
    return l, equal(l)


def kill(soc):
    """kill -9 of every process under load, at random moments after it made progress."""
    soc.start()
    rnd = random.Random(int(os.environ.get("NEZUBAN_SEED", "1")))
    senders = [soc.poster("aoba-tokyo-1", 1, 100000, 20, 6, seconds=400), soc.poster("harbor-london-1", 2, 100000, 20, 6, seconds=400)]
    kills = {}
    try:
        for i in range(KILLS):
            before = len(soc.promised())
            wait_until(lambda: len(soc.promised()) > before + 5, 60, why=f"progress before kill {i}")
            time.sleep(rnd.uniform(0, 0.15))  # a random moment within the work, not a wait for something
            name = ("archive", "ingest", "engine", "archive", "ingest", "parent", "desk")[i % 7]
            if name == "parent":
                os.kill(soc.process.pid, signal.SIGKILL)
                soc.process.child.wait()
                wait_until(lambda: not soc.up(), 20, why="listener gone")
                soc.spawn()
                wait_until(soc.serving, 30, why="serving again")
            else:
                soc.kill(name)
            kills[name] = kills.get(name, 0) + 1
    finally:
        for s in senders:
            if s.poll() is None:
                s.kill()
            s.wait()
    early = [s.returncode for s in senders if s.returncode not in (-signal.SIGKILL,)]
    time_limit = time.monotonic() + 60
    # also those under way unpromised are fed, so their number says nothing about who is missing
    while time.monotonic() < time_limit and not (set(soc.promised()) <= set(soc.fed()) and len(soc.fed()) >= soc.verify()[1]["batches"]):
        time.sleep(0.1)
    soc.stop()
    code, report = soc.verify()
    promised, fed = soc.promised(), soc.fed()
    l = {"kills": kills, "promised": len(promised), "archived": report["batches"], "fed": len(fed), "lost": len(set(promised) - set(fed)), "doubled": len(fed) - len(set(fed)), "faults": report["fault_count"],
         "promised_twice": len(promised) - len(set(promised)), "refused": early}
    # what the killed senders had under way may lie in the archive without a promise having come through
    good = l["lost"] == 0 and l["doubled"] == 0 and code == 0 and not early and len(promised) <= len(fed) == report["batches"] <= len(promised) + 24
    return l, good


def full(soc):
    """The archive's disk fills: 503, nothing lost; room comes back and it goes on by itself."""
    if os.geteuid() != 0:
        return {"skipped": "a small disk can only be mounted by root"}, None
    disk = soc.data / "archive"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", disk], capture_output=True).returncode != 0:
        return {"skipped": "no tmpfs here"}, None
    try:
        filler = disk / "filler.bin"
        soc.start()
        rnd = random.Random(5)
        text = soc.home / "lines"  # nothing for the compressor to gain
        text.write_text("".join(f"{rnd.getrandbits(2800):0574x}\n"[:574] + "\n" for _ in range(5000)))
        p = soc.poster("aoba-tokyo-1", 1, 400, 100, 4, [text])
        wait_until(lambda: len(soc.promised()) > 20, 30)
        filler.write_bytes(bytes(12 << 20))
        wait_until(lambda: "archive.full" in (soc.home / "log").read_text(), 30, why="alarm")
        stuck = len(soc.promised())
        status = soc.ask("/v1/batches", b"x", soc.keys("aoba-tokyo-1"), TYPE)[0]
        assert p.poll() is None and status == 422  # still there, still answering
        wait_until(lambda: soc.serving(), 5)
        grown = len(soc.promised())
        filler.unlink()
        freed = time.monotonic()
        wait_until(lambda: len(soc.promised()) > grown, 20, why="going on after room came")
        resumed = time.monotonic() - freed
        assert p.wait(100) == 0, p.stdout.read()
        l, _ = soc.ledgers()
        l.update(stuck_at=stuck, resumed_s=round(resumed, 2))
        return l, equal(l)
    finally:
        soc.stop()
        subprocess.run(["umount", "-l", disk], capture_output=True)


CASES = {"plain": (plain, {}), "bad": (bad, {}), "flood": (flood, {"ingest": {"tenant_queue": "16m"}}), "kill": (kill, {"archive": {"segment": "1m"}}),
         "full": (full, {"archive": {"reserve": "4m", "segment": "1m"}})}


def main():
    what, build = sys.argv[1:3]
    fn, settings = CASES[what]
    soc = Soc(build, settings)
    good = False
    try:
        result, good = fn(soc)
        print(json.dumps({"case": what, **result}))
    finally:
        if not good and good is not None:
            log = soc.home / "log"
            print(log.read_text()[-6000:] if log.exists() else "no log", file=sys.stderr)
        soc.clean()
    return 77 if good is None else 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
