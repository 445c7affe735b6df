#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A site goes dark in the middle of the watch, on a running service with the six sites of the demonstration.

A case is claimed by the lead who is on duty and the service is asked who is there. Her site is lost, by the command line: at once the
turns are the stand-in's, the case too, the alarm's mail goes there. The stand-in goes dark as well, and the next one has it all. Both
come back by hand-overs; the desk is killed in between. The auditor finds nothing without an owner in all that time."""
import json
import os
import pathlib
import shutil
import signal
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
from service import Refused, Service, wait_until  # noqa: E402


def expect(good, *what):
    if not good:
        raise AssertionError(" ".join(map(str, what)))


class Scene:
    def __init__(self, service):
        self.service, self.local = service, service.local()
        self.logins = {p["person"]["id"]: p["login"] for p in self.local.ask("GET", "/api/v1/roster")["people"]}

    def duty(self):
        return self.local.ask("GET", "/api/v1/roster/who?tenant=aoba")["duty"]

    def owner(self, inquiry):
        return self.local.ask("GET", f"/api/v1/inquiries/{inquiry}")["owner"]

    def sites(self):
        return {s["id"]: s for s in json.loads(self.service.cli("site", "list", "--json"))}

    def waits_for(self, lead):
        """The hand-over of aoba that this lead may accept now."""
        return wait_until(lambda: next((h for h in self.local.ask("GET", "/api/v1/handovers?state=offered")["items"] if h["to"]["lead"] == lead and h["tenants"][0]["id"] == "aoba"), None), 10,
                          why="the hand-over")

    def alarms(self, kind):
        return [a for a in self.local.ask("GET", "/api/v1/alarms")["items"] if a["kind"] == kind]


def refusals(s, site):
    for path, body, status in (("atlantis/lost", {"reason": "x"}, 404), (f"{site}/back", {}, 409), (f"{site}/lost", {"reason": "x", "stand_in": site}, 422), (f"{site}/lost", {}, 422)):
        try:
            s.local.ask("POST", f"/api/v1/sites/{path}", body)
        except Refused as e:
            expect(e.status == status, path, e.status, e.body)
        else:
            raise AssertionError(f"{path} was taken")


def story(s):
    first = s.duty()
    inquiry = s.local.ask("POST", "/api/v1/inquiries", {"tenant": "aoba", "subject": "Was that you?", "text": "x", "kind": "question"})["id"]
    s.local.ask("POST", f"/api/v1/inquiries/{inquiry}/assign", {"to": s.logins[first["lead"]["id"]]})
    refusals(s, first["site"]["id"])
    s.service.cli("site", "lost", first["site"]["id"], "--reason", "earthquake", "--lang", "en")
    second = s.duty()
    expect(second["stands_for"]["id"] == first["site"]["id"] and s.sites()[first["site"]["id"]]["stood_in_by"]["site"]["id"] == second["site"]["id"], second)
    expect(s.owner(inquiry) == second["lead"], "the case is with", s.owner(inquiry))
    expect(any(a["owner"] == second["lead"] for a in s.alarms("site_lost")), s.alarms("site_lost"))
    # killed: the same answers from the rows
    pid = s.service.role_pids()["desk"][0]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: s.service.role_pids().get("desk", [pid]) != [pid] and s.service.serving(), 30, why="the desk back")
    expect(s.duty()["lead"] == second["lead"] and s.owner(inquiry) == second["lead"], s.duty())
    # the stand-in goes dark before it accepted
    waited = s.waits_for(second["lead"])
    s.service.cli("site", "lost", second["site"]["id"], "--reason", "flood", "--lang", "en")
    third = s.duty()
    expect(third["site"]["id"] not in (first["site"]["id"], second["site"]["id"]) and s.owner(inquiry) == third["lead"], third)
    passed = s.local.ask("GET", f"/api/v1/handovers/{waited['number']}")
    h = s.waits_for(third["lead"])
    expect(passed["passed_to"] == h["number"] and not passed["may_accept"], passed["passed_to"], h["number"])
    s.local.ask("POST", f"/api/v1/handovers/{h['number']}/accept", {"as": s.logins[third["lead"]["id"]]})
    return first, second, third, inquiry


def back(s, first, second, third, inquiry):
    for site in (first["site"]["id"], second["site"]["id"]):
        s.service.cli("site", "back", site, "--after", "3")
        expect(s.sites()[site]["state"] == "returning" and s.owner(inquiry) == third["lead"], "ownership jumped")
    h = s.waits_for(first["lead"])
    expect(s.duty()["lead"] == first["lead"] and s.owner(inquiry) == third["lead"], s.duty())
    h = s.local.ask("POST", f"/api/v1/handovers/{h['number']}/accept", {"as": s.logins[first["lead"]["id"]]})
    expect(h["state"] == "accepted" and s.owner(inquiry) == first["lead"], h["state"], s.owner(inquiry))
    wait_until(lambda: all(x["state"] == "here" for x in s.sites().values()), 10, why="all sites here")


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nezuban-site-"))
    service = Service(folder)
    status = 1
    try:
        service.start()
        service.local().ask("POST", "/api/v1/tenants/import", {"yaml": (ROOT / "tools/demo/tenants.yaml").read_text().replace("@PHONE@", "127.0.0.1:9"), "file": "tenants.yaml"})
        service.local().ask("POST", "/api/v1/roster/import", {"yaml": (ROOT / "tools/demo/roster.yaml").read_text(), "file": "roster.yaml"})
        scene = Scene(service)
        back(scene, *story(scene))
        late = [a for kind in ("unowned", "uncovered", "unfit", "overdue") for a in scene.alarms(kind)]
        expect(not late, "the auditor found", late)
        print("site: lost, lost again, back")
        status = 0
    finally:
        service.stop()
        if status == 0:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print("kept:", folder)
    return status


if __name__ == "__main__":
    sys.exit(main())
