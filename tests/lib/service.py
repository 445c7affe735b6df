# SPDX-License-Identifier: Apache-2.0
"""A whole service in a folder: nezuband with its roles, collectors enrolled by token. Used by scenes, fault tests
and the demonstration. Everything is on loopback, started by fork and exec, and stopped by its own process id."""
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))

from client import Client, Refused  # noqa: E402


GIVEN = set()


def free_port():
    """A port that nobody has, over TCP and UDP (SIP wants both), below those the kernel gives to connections, and not
    given before by this process."""
    for _ in range(1000):
        port = random.randrange(20000, 32000)
        if port in GIVEN:
            continue
        try:
            for k in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(socket.AF_INET, k) as s:
                    s.bind(("127.0.0.1", port))
        except OSError:
            continue
        GIVEN.add(port)
        return port
    raise RuntimeError("no port is free")


def yaml(value, depth=0):
    """Enough YAML to write configurations: maps, lists, scalars; strings always quoted."""
    pad = "  " * depth
    if isinstance(value, dict):
        return "".join(f"{pad}{k}:" + (f"\n{yaml(v, depth + 1)}" if isinstance(v, (dict, list)) and v else f" {scalar(v)}\n") for k, v in value.items())
    return "".join(f"{pad}-" + (f"\n{yaml(v, depth + 1)}" if isinstance(v, (dict, list)) else f" {scalar(v)}\n") for v in value)


def scalar(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, str) and not v.replace(".", "").replace("-", "").isalnum():
        return json.dumps(v)
    return "[]" if v == [] else str(v) if v != "" else '""'


def wait_until(what, seconds=30.0, step=0.05, why="condition"):
    """Polls `what` until it answers something true; raises when the time is over."""
    end = time.monotonic() + seconds
    while True:
        got = what()
        if got:
            return got
        if time.monotonic() > end:
            raise TimeoutError(f"{why} did not happen within {seconds:g} s")
        time.sleep(step)


def children(pid):
    try:
        return [int(x) for x in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def command(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def resident_kb(pid):
    """Proportional set size, so that shared pages count once."""
    try:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


class Process:
    """One program with its log file; `tree` is it and its children."""

    def __init__(self, argv, log, env=None):
        self.log = open(log, "ab")
        self.child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env={**os.environ, **(env or {})}, start_new_session=True)
        self.pid = self.child.pid

    def tree(self):
        return [self.pid] + children(self.pid)

    def alive(self):
        return self.child.poll() is None

    def stop(self, seconds=20):
        if self.alive():
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                for pid in self.tree():
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
                self.child.wait()
        self.log.close()
        return self.child.returncode


class Service:
    def __init__(self, folder, build=None, web_port=0, ingest_port=0, sip_port=0, settings=None):
        self.folder = pathlib.Path(folder)
        self.build = pathlib.Path(build or os.environ.get("NEZUBAN_BUILD") or ROOT / "build")
        self.data = self.folder / "soc"
        self.data.mkdir(parents=True, exist_ok=True)
        self.web_port, self.ingest_port = web_port or free_port(), ingest_port or free_port()
        self.sip_port = sip_port or free_port()
        self.config = self.folder / "nezuband.yaml"
        self.socket = self.data / "api.sock"
        self.process = None
        self.collectors = []
        self.settings = {
            "data": str(self.data), "names": ["localhost", "127.0.0.1"], "rules": {"folder": str(ROOT / "rules")}, "sources": {"folder": str(ROOT / "sources")},
            "ingest": {"listen": f"127.0.0.1:{self.ingest_port}"}, "web": {"listen": f"127.0.0.1:{self.web_port}", "assets": str(ROOT / "web" / "dist")},
            "call": {"listen": f"127.0.0.1:{self.sip_port}"},
        }
        for key, value in (settings or {}).items():
            self.set(key, value)

    def set(self, dotted, value):
        at = self.settings
        *path, last = dotted.split(".")
        for word in path:
            at = at.setdefault(word, {})
        at[last] = value

    def program(self, name):
        return str(self.build / "src" / "main" / name)

    def start(self, env=None):
        self.config.write_text(yaml(self.settings))
        self.process = Process([self.program("nezuband"), "-c", str(self.config)], self.folder / "nezuband.log", env)
        wait_until(self.serving, 60, why="nezuband serving")

    def serving(self):
        if not self.process.alive():
            raise RuntimeError(f"nezuband ended with {self.process.child.returncode}; see {self.folder / 'nezuband.log'}")
        try:
            Client(sock=str(self.socket)).ask("GET", "/api/v1/tenants")
            return True
        except (OSError, Refused):
            return False

    def local(self):
        return Client(sock=str(self.socket))

    def cli(self, *args, check=True):
        done = subprocess.run([self.program("nezuban"), *map(str, args)], capture_output=True, text=True, timeout=120, env={**os.environ, "NEZUBAN_SOCKET": str(self.socket)})
        if check and done.returncode != 0:
            raise RuntimeError(f"nezuban {' '.join(map(str, args))}: {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def role_pids(self):
        """{role: [pid, …]} of the roles that run now."""
        found = {}
        for pid in children(self.process.pid):
            words = command(pid)
            if "-x" in words:
                found.setdefault(words[words.index("-x") + 1], []).append(pid)
        return found

    def resident_kb(self):
        return {name: sum(map(resident_kb, pids)) for name, pids in {**self.role_pids(), "parent": [self.process.pid]}.items()}

    def stop(self):
        for c in self.collectors:
            c.stop()
        if self.process:
            self.process.stop()


class Collector:
    """A real nezuban-lcp of one tenant, with one TCP and one UDP listener."""

    def __init__(self, service, tenant, lcp, tcp_port=0, udp_port=0, settings=None):
        self.service, self.tenant, self.lcp = service, tenant, lcp
        self.tcp_port, self.udp_port = tcp_port or free_port(), udp_port or free_port()
        self.folder = service.folder / lcp
        self.data = self.folder / "data"
        self.data.mkdir(parents=True, exist_ok=True)
        self.config = self.folder / "lcp.yaml"
        self.settings = {"data": str(self.data), "listen": [{"tcp": f"127.0.0.1:{self.tcp_port}"}, {"udp": f"127.0.0.1:{self.udp_port}"}],
                         "soc": {"url": f"https://127.0.0.1:{service.ingest_port}"}, "spool": {"limit": "2g"}, **(settings or {})}
        self.process = None
        service.collectors.append(self)

    def write(self):
        self.config.write_text(yaml(self.settings))

    def enrol(self):
        """One-time token from the service, key made here."""
        token = self.service.local().ask("POST", "/api/v1/lcps", {"tenant": self.tenant, "lcp": self.lcp})["token"]
        self.write()
        done = subprocess.run([self.service.program("nezuban-lcp"), "-c", str(self.config), "enrol", "--url", f"https://127.0.0.1:{self.service.ingest_port}", "--token", token,
                               "--ca", str(self.service.data / "keys" / "ca.crt")], capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(f"enrol {self.lcp}: {done.returncode}: {done.stdout}{done.stderr}")

    def start(self, env=None):
        self.write()
        self.process = Process([self.service.program("nezuban-lcp"), "-c", str(self.config)], self.folder / "lcp.log", env)
        wait_until(self.listening, 30, why=f"{self.lcp} listening")

    def listening(self):
        if not self.process.alive():
            raise RuntimeError(f"{self.lcp} ended with {self.process.child.returncode}; see {self.folder / 'lcp.log'}")
        try:
            socket.create_connection(("127.0.0.1", self.tcp_port), 1).close()
            return True
        except OSError:
            return False

    def role_pids(self):
        found = {}
        for pid in children(self.process.pid):
            words = command(pid)
            if "-x" in words:
                found.setdefault(words[words.index("-x") + 1], []).append(pid)
        return found

    def resident_kb(self):
        return sum(resident_kb(pid) for pid in self.process.tree())

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None
