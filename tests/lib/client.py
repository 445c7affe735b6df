# SPDX-License-Identifier: Apache-2.0
"""A person at the API: HTTPS with password and one-time code, or the local socket of the command line."""
import base64
import hashlib
import hmac
import http.client
import json
import socket
import ssl
import struct
import threading
import time


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(f"{status} {body}")
        self.status, self.body = status, body


def totp(secret, at=None):
    """RFC 6238, six digits, 30 s, SHA-1."""
    key = base64.b32decode(secret.upper() + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", int((at or time.time()) // 30)), hashlib.sha1).digest()
    at = mac[19] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 1000000:06d}"


class LocalSocket(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.path)


def web_connection(port):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the service's own certificate
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=60, context=context)


class Client:
    """One person. `ask` answers the JSON body or raises Refused."""

    def __init__(self, port=None, sock=None):
        self.port, self.sock, self.cookie, self.csrf, self.heard = port, sock, None, None, {}  # heard: headers of the last answer
        self.secret = None  # of the second factor, when sensitive acts may ask for it again

    def connection(self):
        if self.sock:
            return LocalSocket(self.sock)
        return web_connection(self.port)

    def ask(self, method, path, body=None, more=None):
        text = self.fetch(path, method, body, more)
        try:
            return json.loads(text) if text else None
        except ValueError:
            return text.decode(errors="replace")

    def fetch(self, path, method="GET", body=None, more=None):
        """The bytes of the answer. more: further headers."""
        head = {"Accept": "application/json" if method != "GET" else "*/*", **(more or {})}
        if body is not None:
            head["Content-Type"] = "application/json"
        if self.cookie:
            head["Cookie"] = self.cookie
        if self.csrf:
            head["X-CSRF-Token"] = self.csrf
        c = self.connection()
        try:
            c.request(method, path, json.dumps(body) if body is not None else None, head)
            answer = c.getresponse()
            text = answer.read()
        finally:
            c.close()
        self.heard = {name.lower(): value for name, value in answer.getheaders()}
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self.cookie = value.split(";")[0]
        if answer.status >= 300:
            try:
                told = json.loads(text)
                if answer.status == 401 and told.get("type") == "step_up" and self.secret:
                    self.step_up()
                    return self.fetch(path, method, body, more)
                raise Refused(answer.status, told)
            except ValueError:
                raise Refused(answer.status, text.decode(errors="replace")) from None
        return text

    def step_up(self):
        """The second factor again, as the apps ask for it; a code works once, so it may be the next one."""
        secret, self.secret = self.secret, None
        for late in (0, 30.2 - time.time() % 30):
            time.sleep(late)
            try:
                self.ask("POST", "/api/v1/session/step-up", {"code": totp(secret)})
                break
            except Refused as e:
                if late or e.status != 401:
                    raise
        self.secret = secret

    def login(self, login, password, secret):
        session = self.ask("POST", "/api/v1/session", {"login": login, "password": password})
        self.csrf = session["csrf"]
        if session["step"] == "totp":
            try:
                session = self.ask("POST", "/api/v1/session/totp", {"code": totp(secret)})
            except Refused as e:
                if e.status != 401 or (e.body or {}).get("field") != "code":
                    raise
                time.sleep(30.2 - time.time() % 30)  # a code works once: this person signed in with it just now
                session = self.ask("POST", "/api/v1/session/totp", {"code": totp(secret)})
            self.csrf = session["csrf"]
        return session


class Stream:
    """Server-sent events of one person from now on: `seen` has (monotonic time, data)."""

    def __init__(self, client):
        self.seen, self.connection = [], client.connection()
        self.connection.request("GET", "/api/v1/events", headers={"Accept": "text/event-stream", "Cookie": client.cookie})
        self.answer = self.connection.getresponse()
        if self.answer.status != 200:
            raise Refused(self.answer.status, self.answer.read().decode(errors="replace"))
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            for line in self.answer:
                if line.startswith(b"data:"):
                    self.seen.append((time.monotonic(), json.loads(line[5:])))
        except (OSError, ValueError, http.client.HTTPException):
            pass  # closed, by us or by the service

    def after(self, since, **wanted):
        """The first event since then with these fields, or None."""
        return next((e for at, e in list(self.seen) if at >= since and all(e.get(k) == v for k, v in wanted.items())), None)


class Program:
    """Speaks with a key: (status, headers, body)."""

    def __init__(self, port, key):
        self.port, self.key = port, key

    def ask(self, method, path, body=None, once=None, more=None):
        c = web_connection(self.port)
        head = {"Authorization": f"Bearer {self.key}", **({"Idempotency-Key": once} if once else {}), **(more or {})}
        if body is not None:
            head["Content-Type"] = "application/json"
        try:
            c.request(method, path, json.dumps(body) if body is not None else None, head)
            r = c.getresponse()
            text = r.read()
            return r.status, dict(r.getheaders()), json.loads(text) if text else None
        finally:
            c.close()


if __name__ == "__main__":
    import sys
    print(totp(sys.argv[1]))
