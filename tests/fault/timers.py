#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every timer once and on time, whatever happens to the service.

A real service with timers of every kind that can be made due within a minute: promises to decide, call and answer, the telephone's
plan, tasks, exceptions, digests, the mail of the morning, appointments, hand-overs. Meanwhile the desk is killed, killed in the middle
of a write, frozen; its database is locked by somebody else and its disk is full; the whole service is stopped and started; a site goes
dark and comes back; somebody sets the clock forwards, and back. When which happens is drawn from a seed; nothing is done before the service answers again. Then, from the rows:

    each timer fired exactly once, not before its time, and within 5 s of it; or, where the service was not there at its time,
    within 5 s of when it was there again
    what each one does is there once: alarms, mails, calls
    the auditor, who shares no code with what fires, found nothing overdue

and two broken twins: a timer that is lost, and one that is swallowed, are found by the auditor.

usage: timers.py [--seed N] [--folder DIR]
"""
import argparse
import collections
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import zoneinfo

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
import feed  # noqa: E402
from client import Client, Refused  # noqa: E402
from service import Process, Service, free_port, wait_until  # noqa: E402

LATE = 5.0        # seconds that a timer may be late
WINDOW = 62.0     # how long timers are made due
STEP = 17.0       # by how much the clock is set, and back
SELDOM = ("chain.next", "chain.watch", "chain.analyst", "handover.draft", "handover.offer")  # dropped by what happens; fired once at most
ANSWERS = {"real": "yes", "success": "no", "possible": "yes", "check": "yes"}
DEAD = (OSError, http.client.HTTPException, Refused, ValueError)


def rfc(t):
    return datetime.datetime.fromtimestamp(t, datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def minute_after(t):
    return (int(t) // 60 + 1) * 60


class Wall:
    """The clock on the service's wall: somebody may set it (src/base/clock.h)."""

    def __init__(self, path):
        self.path, self.by = path, 0.0
        self.path.write_bytes(bytes(16))

    def now(self):
        return time.time() + self.by

    def set(self, by):
        self.by += by
        with open(self.path, "r+b") as f:
            f.seek(8)
            f.write(int(self.by * 1e9).to_bytes(8, sys.byteorder, signed=True))


class Watcher(threading.Thread):
    """Reads which timers there are, a few times a second, beside the service; {id: (kind, ref, due in s)}."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.seen, self.over = path, {}, threading.Event()

    def look(self):
        with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=0.2)) as db:
            for i, kind, ref, due in db.execute("SELECT id, kind, ref, due_at FROM timers"):
                self.seen[i] = (kind, ref, due / 1e9)

    def run(self):
        while not self.over.wait(0.3):
            with contextlib.suppress(sqlite3.Error):
                self.look()


class Trouble:
    """What is done to the service. `down`: spans in which it was not there; each ends when it answers again."""

    def __init__(self, service, wall, tmpfs):
        self.s, self.wall, self.tmpfs, self.down, self.done = service, wall, tmpfs, [], {}
        self.path = service.data / "desk" / "desk.db"

    def desk(self):
        pids = self.s.role_pids().get("desk", [])
        return pids[0] if pids else None

    def answers(self):
        try:
            self.s.local().ask("GET", "/api/v1/clocks")
            return True
        except DEAD:
            return False

    @contextlib.contextmanager
    def span(self, what):
        wait_until(self.answers, 30, why=f"an answer before {what}")
        began = self.wall.now()
        yield
        wait_until(self.answers, 30, why=f"an answer after {what}")
        ended = self.wall.now()
        self.down.append((min(began, ended), ended))
        self.done[what] = self.done.get(what, 0) + 1

    def kill(self, r):
        with self.span("kill"):
            pid = self.desk()
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: self.desk() not in (None, pid), 30, why="the desk back")

    def cut(self, r):
        """Ends it in the middle of a write: what goes beyond the first pages of a file is refused."""
        with self.span("write cut off"):
            pid = self.desk()
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (65536, 65536))
            wait_until(lambda: self.desk() not in (None, pid), 30, why="the desk ended and back")

    def freeze(self, r):
        with self.span("frozen"):
            pid = self.desk()
            os.kill(pid, signal.SIGSTOP)
            time.sleep(r.uniform(2.5, 4.5))  # the length of the fault
            os.kill(pid, signal.SIGCONT)

    def lock(self, r):
        with self.span("locked"), contextlib.closing(sqlite3.connect(self.path, timeout=10, isolation_level=None)) as db:
            db.execute("BEGIN EXCLUSIVE")
            time.sleep(r.uniform(3, 6.5))
            db.execute("ROLLBACK")

    def fill(self, r):
        """With a mail under way, whose end comes when it cannot be written down."""
        if not self.tmpfs:
            return
        notify = self.s.role_pids()["notify"][0]
        os.kill(notify, signal.SIGSTOP)
        wait_until(lambda: rows(self.s, f"SELECT count(*) FROM outbox WHERE kind = 'mail' AND state = 'open' AND not_before <= {int(self.wall.now() * 1e9)}"), 10, why="a mail under way")
        with self.span("disk full"):
            ballast = self.path.parent / "ballast"
            with open(ballast, "wb", buffering=0) as f, contextlib.suppress(OSError):
                while True:
                    f.write(bytes(4096))
            os.kill(notify, signal.SIGCONT)
            time.sleep(r.uniform(2, 4))  # the length of the fault
            ballast.unlink()

    def restart(self, r):
        with self.span("restart"):
            self.s.process.stop()
            self.s.start(environment(self.wall))

    def forwards(self, r):
        """The moments in between never are: what was due then comes at once, what is a span moves along."""
        with self.span("clock set forwards"):
            self.wall.set(STEP)

    def backwards(self, r):
        """Moments come again; what has fired then does not."""
        with self.span("clock set backwards"):
            self.wall.set(-STEP)


def environment(wall):
    return {"NEZUBAN_CLOCK": str(wall.path)}


def allowed(due, down):
    """Until when a timer due then may fire: 5 s, counted from when the service was there again if it was not."""
    limit = due + LATE
    for began, ended in sorted(down):
        if began <= limit and ended >= due:
            limit = max(limit, ended + LATE)
    return limit


class Proof:
    """What the rows say when all is over."""

    def __init__(self, path, watcher, trouble, began, ended):
        self.db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
        self.w, self.down, self.began, self.ended, self.faults = watcher, trouble.down, began, ended, []
        self.fired, self.worst, self.kinds = {}, 0.0, {}

    def wrong(self, *what):
        self.faults.append(" ".join(map(str, what)))

    def one(self, sql, *args):
        return self.db.execute(sql, args).fetchone()[0]

    def journal(self):
        for at, record, ref in self.db.execute("SELECT at, record, noun_id FROM journal WHERE noun = 'timer'"):
            self.fired.setdefault(int(ref), []).append((at / 1e9, json.loads(record)["args"].get("due_at", 0) / 1e9))

    def kept(self, kind, ref, due):
        """A promise that was kept in time has no timer any more: its clock stands still."""
        return kind == "clock.broken" and self.one("SELECT count(*) FROM clocks WHERE id = ? AND stopped_at <= ?", ref, int(due * 1e9)) == 1

    def timers(self):
        waiting = {i for i, in self.db.execute("SELECT id FROM timers")}
        for i, (kind, ref, due) in sorted(self.w.seen.items()):
            if due > self.ended - LATE or due < self.began - 60:
                continue
            times = [at for at, _ in self.fired.get(i, [])]
            if len(times) > 1 or (not times and (i in waiting or kind not in SELDOM and not self.kept(kind, ref, due))):
                self.wrong(f"timer {i} {kind} {ref} due {rfc(due)} fired {len(times)} times")
            for at, told in self.fired.get(i, [])[:1]:
                due = told or due  # a span moves when the clock is set
                self.kinds[kind] = self.kinds.get(kind, 0) + 1
                self.worst = max(self.worst, at - due if not any(a <= due + LATE and b >= due for a, b in self.down) else 0)
                if at < due or at > allowed(due, self.down):
                    self.wrong(f"timer {i} {kind} {ref} due {rfc(due)} fired {rfc(at)}, {at - due:+.1f} s; allowed until {rfc(allowed(due, self.down))}")
        for i, times in self.fired.items():
            if len(times) > 1:
                self.wrong(f"timer {i} fired {len(times)} times")
            for at, due in times:
                if due and not due <= at <= allowed(due, self.down):
                    self.wrong(f"timer {i} due {rfc(due)} fired {rfc(at)}")

    def effects(self, made):
        for key in made["tasks"]:
            if self.one("SELECT count(*) FROM alarms WHERE kind = 'task_late' AND key = (SELECT id FROM tasks WHERE incident || '/' || n = ?)", key) != 1:
                self.wrong("task", key, "has not one alarm")
        if self.one("SELECT count(*) FROM exceptions WHERE state = 'expired'") != len(made["exceptions"]):
            self.wrong("exceptions that are over:", self.one("SELECT count(*) FROM exceptions WHERE state = 'expired'"))
        for what, sql in (("digest", "SELECT count(*) FROM outbox WHERE kind = 'mail' AND key LIKE 'digest%'"), ("mail of the morning", "SELECT count(*) FROM outbox WHERE kind = 'mail' AND key LIKE '%daily%'"),
                          ("test call", "SELECT count(*) FROM test_calls")):
            n = self.one(sql)
            if n != made[what]:
                self.wrong(f"{what}: {n}, wanted {made[what]}")
        for kind, wanted in (("call_late", 2 * made["chains"]), ("duty_manager", made["chains"])):
            n = self.one("SELECT count(*) FROM alarms WHERE kind = ?", kind)
            if n != wanted:
                self.wrong(f"alarms {kind}: {n}, wanted {wanted}")
        for alarm, n in self.db.execute("SELECT a.id, (SELECT count(*) FROM outbox o WHERE o.key LIKE '%' || a.id || '%') FROM alarms a"):
            if n != 1:
                self.wrong(f"alarm {alarm} has {n} mails")

    def outbox(self, log):
        """While nothing can be written down a job is under way, and not begun anew again and again."""
        ends = collections.Counter(json.loads(line)["job"] for line in log.read_text(errors="replace").splitlines() if '"notify.done"' in line or '"call.done"' in line)
        self.most = max(ends.values())
        if self.most > 2 + len(self.down):
            self.wrong(f"job {ends.most_common(1)} was done that often")

    def auditor(self, log):
        """What it told while the service could not be on time is right: that it was dark, or locked out, is a finding."""
        for line in log.read_text(errors="replace").splitlines():
            if '"desk.overdue"' not in line:
                continue
            o = json.loads(line)
            at, due = datetime.datetime.fromisoformat(o["ts"].replace("Z", "+00:00")).timestamp(), o["due_ns"] / 1e9
            if o["kind"] == "missing" or at > allowed(due, self.down) + 15 and not any(a <= at <= b + 1 for a, b in self.down):
                self.wrong("the auditor found", line[:300])


def world(service, phone):
    """Tenants and rosters whose promises are a minute long; when the day's mails go, and how that is written in each zone."""
    at = minute_after(time.time() + 10)
    clock = {zone: datetime.datetime.fromtimestamp(at, zoneinfo.ZoneInfo(zone)).strftime("%H:%M") for zone in ("Asia/Tokyo", "Europe/London")}
    text = (ROOT / "tools/demo/tenants.yaml").read_text().replace("@PHONE@", f"127.0.0.1:{phone}")
    text = text.replace("decide_s: 900", "decide_s: 60").replace("call_s: 600", "call_s: 60\n    plan: {ring_s: 10, talk_s: 30, tries: 1, redial_s: 15, round_s: 10}")
    for tenant, zone in (("aoba", "Asia/Tokyo"), ("harbor", "Europe/London")):
        text = text.replace(f"  - id: {tenant}\n", f"  - id: {tenant}\n    daily_at: '{clock[zone]}'\n    digest_at: '{clock[zone]}'\n"
                            "    channels: [{severity: [warning, informational], channel: mail, when: always, send: digest}]\n", 1)
    roster = """handover: {draft_s: 60, accept_s: 60}
sites:
  - {id: tokyo, zone: Asia/Tokyo, country: JP, stand_in: [reading]}
  - {id: reading, zone: Europe/London, country: GB, lead: reid, stand_in: [tokyo]}
  - {id: herndon, zone: America/New_York, country: US, stand_in: [reading]}
people:
  - {login: otomo, site: tokyo, lang: [ja, en]}
  - {login: reid, site: reading, lang: [ja, en]}
  - {login: cole, site: herndon, lang: [en]}
rosters:
  - {id: aoba, home: tokyo, tenants: [aoba], turns: [{site: tokyo, when: always, lead: otomo}]}
  - {id: harbor, home: herndon, tenants: [harbor], turns: [{site: herndon, when: always, lead: cole}]}
"""
    service.local().ask("POST", "/api/v1/tenants/import", {"yaml": text})
    service.local().ask("POST", "/api/v1/roster/import", {"yaml": roster})
    return at, clock


def decide(lead, rows):
    """Two that ring, one that waits for the digest; their numbers."""
    told = []
    for row, severity in zip(rows, ("critical", "critical", "informational")):
        quiet = severity == "informational"
        answers = {**ANSWERS, **({"possible": "unlikely", "check": "no"} if quiet else {})}
        told.append(lead.ask("POST", f"/api/v1/candidates/{row['id']}/decide", {"severity": severity, "answers": answers, "reason": "timers"})["id"])
    return told


def make_due(service, lead, at, clock, r):
    """Everything that can be made due within the window; what is expected of it."""
    local, made = service.local(), {"tasks": [], "exceptions": [], "chains": 2}
    for tenant, owner in (("aoba", "otomo"), ("harbor", "cole")):
        q = local.ask("POST", "/api/v1/inquiries", {"tenant": tenant, "subject": "Was that you?", "text": "x", "kind": "question"})["id"]
        local.ask("POST", f"/api/v1/inquiries/{q}/assign", {"to": owner})
    began = time.time()
    service.cli("site", "lost", "tokyo", "--reason", "an earthquake")  # its inquiry waits a minute to be accepted, then it is late
    told = decide(lead, local.ask("GET", "/api/v1/queue?limit=500")["items"])
    for i in range(36):
        lead.ask("POST", f"/api/v1/incidents/{told[i % 3]}/tasks", {"text": f"look {i}", "due_at": rfc(began + r.uniform(14, WINDOW - 4))})
        made["tasks"].append(f"{told[i % 3]}/{i // 3 + 1}")
    for i in range(12):
        made["exceptions"].append(lead.ask("POST", "/api/v1/exceptions", {"tenant": "aoba", "conditions": [{"kind": "host", "value": f"nobody-{i}"}], "reason": "for a moment", "expires_at": rfc(began + r.uniform(14, WINDOW - 4))})["id"])
    contacts = [c["id"] for c in local.ask("GET", "/api/v1/tenants/aoba")["contacts"]]
    weekday = datetime.datetime.fromtimestamp(at, zoneinfo.ZoneInfo("Asia/Tokyo")).isoweekday()
    for contact in contacts:
        lead.ask("POST", "/api/v1/appointments", {"tenant": "aoba", "weekday": weekday, "time": clock["Asia/Tokyo"], "contact": contact, "anyway": True})
    made.update({"test call": len(contacts), "mail of the morning": rows(service, "SELECT count(*) FROM contacts WHERE mail IS NOT NULL AND reports = 1 AND active = 1"),
                 "digest": rows(service, "SELECT count(DISTINCT contact) FROM digests")})
    return began, made


def rows(service, sql):
    with contextlib.closing(sqlite3.connect(f"file:{service.data / 'desk' / 'desk.db'}?mode=ro", uri=True, timeout=5)) as db:
        return db.execute(sql).fetchone()[0]


def storm(service, trouble, r):
    """One fault after the other, each at a drawn moment after the service has found together again."""
    faults = [trouble.kill, trouble.kill, trouble.kill, trouble.cut, trouble.freeze, trouble.lock, trouble.fill, trouble.restart, trouble.kill]
    r.shuffle(faults)
    faults.insert(r.randrange(1, 4), trouble.forwards)
    faults.insert(r.randrange(6, 9), trouble.backwards)
    began = time.monotonic()
    sites = [(20, ("lost", "herndon", "--reason", "a storm")), (34, ("back", "herndon", "--after", "9"))]
    for fault in faults:
        time.sleep(r.uniform(0.3, 2.2))  # so that timers fire in between
        while sites and time.monotonic() - began > sites[0][0]:
            service.cli("site", *sites.pop(0)[1])
        if time.monotonic() - began < WINDOW - 16 or fault == trouble.backwards:
            fault(r)
    for after, words in sites:
        time.sleep(max(0, began + after - time.monotonic()))
        service.cli("site", *words)


def twins(service, lead, number):
    """A timer that is lost, one that is swallowed: the auditor tells both."""
    path, found = service.data / "desk" / "desk.db", {}
    for what, sql in (("lost", "DELETE FROM timers WHERE id = ?"), ("swallowed", "UPDATE timers SET kind = 'nothing', due_at = 1 WHERE id = ?")):
        lead.ask("POST", f"/api/v1/incidents/{number}/tasks", {"text": what, "due_at": rfc(time.time() + 3600)})
        with contextlib.closing(sqlite3.connect(path, timeout=10)) as db:
            timer, task = db.execute("SELECT t.id, k.incident || '/' || k.n FROM timers t JOIN tasks k ON k.id = t.ref WHERE k.text = ?", (what,)).fetchone()
            db.execute(sql, (timer,))
            db.commit()
        found[what] = f"task.due {task}"
    began, log = time.time(), service.folder / "nezuband.log"
    wait_until(lambda: all(f'"{ref}"' in log.read_text(errors="replace") for ref in found.values()), 12, why="the auditor telling both")
    wait_until(lambda: rows(service, "SELECT count(*) FROM alarms WHERE kind = 'overdue' AND key LIKE 'missing%'") == 2, 5, why="an alarm of each")
    return round(time.time() - began, 1)


def run(service, seed, tmpfs, phone):
    r, wall = random.Random(seed), Wall(service.folder / "clock")
    service.start(environment(wall))
    at, clock = world(service, phone)
    for c in feed.stories(service, ("aoba",), 6).values():
        c.stop()
    lead = Client(port=service.web_port)
    lead.login(*feed.PEOPLE["lead"])
    path = service.data / "desk" / "desk.db"
    watcher, trouble = Watcher(path), Trouble(service, wall, tmpfs)
    began, made = make_due(service, lead, at, clock, r)
    watcher.look()
    watcher.start()
    storm(service, trouble, r)
    end = max(began + WINDOW + LATE + 1, at + 8)
    time.sleep(max(0, end - time.time()))
    wait_until(trouble.answers, 30, why="an answer at the end")
    watcher.over.set()
    watcher.join()
    watcher.look()
    proof = Proof(path, watcher, trouble, began, wall.now())
    proof.journal()
    proof.timers()
    proof.effects(made)
    proof.outbox(service.folder / "nezuband.log")
    proof.auditor(service.folder / "nezuband.log")
    proof.db.close()
    number = made["tasks"][0].split("/")[0]
    found = twins(service, lead, number) if not proof.faults else None
    print(json.dumps({"seed": seed, "faults": trouble.done, "down_s": round(sum(b - a for a, b in trouble.down), 1), "fired": proof.kinds, "all": sum(proof.kinds.values()), "worst_s_while_up": round(proof.worst, 2), "ends_of_one_job": proof.most,
                      "twins_found_after_s": found}, indent=1))
    for f in proof.faults:
        print("WRONG:", f)
    missing = {"clock.broken", "chain.lead", "chain.duty", "task.due", "exception.over", "digest.due", "report.daily", "appointment.due", "handover.late"} - set(proof.kinds)
    if missing:
        print("WRONG: never fired:", missing)
    return 1 if proof.faults or missing else 0


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--seed", type=int, default=20261127)
    p.add_argument("--folder")
    args = p.parse_args()
    if not (os.environ.get("NEZUBAN_LIBCHDB") or list((ROOT / "src/store/chdb").glob("node_modules/@chdb/*/libchdb.so"))):
        print("skipped: libchdb is absent (npm ci in src/store/chdb)")
        return 77
    folder = pathlib.Path(args.folder or tempfile.mkdtemp(prefix="nezuban-timers-"))
    service = Service(folder, settings={"call.rtp_first": 18200, "call.rtp_last": 18300, "desk.alarm_mail": "duty@nezuban.example"})
    disk = service.data / "desk"
    disk.mkdir(mode=0o700, parents=True, exist_ok=True)
    tmpfs = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "none", str(disk)], capture_output=True).returncode == 0
    port, status = free_port(), 1
    phone = Process([str(service.build / "tests" / "lib" / "phone"), "--port", str(port), "--never-answer"], folder / "phone.log")
    try:
        status = run(service, args.seed, tmpfs, port)
    finally:
        service.stop()
        phone.stop()
        if status != 0:
            shutil.copytree(disk, folder / "desk-kept", dirs_exist_ok=True)
            print("kept:", folder)
        if tmpfs:
            subprocess.run(["umount", str(disk)])
        if status == 0 and not args.folder:
            shutil.rmtree(folder, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
