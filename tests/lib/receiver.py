# SPDX-License-Identifier: Apache-2.0
"""A receiver of webhooks on loopback: keeps what came, answers as it is told, misbehaves on demand."""
import http.server
import queue
import threading


class Receiver(http.server.ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Taker)
        self.got, self.answers = queue.Queue(), {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    def next(self, seconds=30):
        return self.got.get(timeout=seconds)


class Taker(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path = self.path
        answer = self.server.answers.get(path, [])
        status = answer.pop(0) if answer else 200
        self.server.got.put((path, dict(self.headers), body))
        if status == "endless":
            self.send_response(200)
            self.end_headers()
            try:
                for _ in range(4096):
                    self.wfile.write(b"x" * 65536)
                self.server.got.put(("endless was read", {}, b""))
            except OSError:
                pass
            return
        self.send_response(status)
        if status == 302:
            self.send_header("Location", self.server.url("/elsewhere"))
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *_):
        pass
