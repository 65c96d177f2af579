"""The application that Cloud Run's tests deploy: standard library only, its behaviour chosen by BEHAVIOUR.

serve      answers (the default)
crash      raises while starting        exit_zero  ends with 0 while starting
port       listens on 9999              localhost  listens on 127.0.0.1
slow       listens after 1.2 seconds     memory     takes memory until it is killed, before it listens
unhurried  listens after 0.4 seconds, and takes as long to end
google     asks the metadata server before it listens, as a Google client at module level does
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import http.server
import json
import os
import signal
import socket
import sys
import time

BEHAVIOUR = os.environ.get("BEHAVIOUR", "serve")
_ACCEPT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if self.headers.get("Upgrade", "").lower() == "websocket" and path != "/fail":
            self._echo_frames()
        elif path == "/env":
            self._send(200, json.dumps(dict(os.environ)).encode())
        elif path == "/connect":
            self._connect(query)
        elif path == "/metadata":
            self._ask_metadata(query)
        elif path == "/headers":
            self._send(200, json.dumps(dict(self.headers.items())).encode())
        elif path == "/path":
            self._send(200, self.path.encode())
        elif path == "/slow":
            time.sleep(float(query or 1))
            self._send(200, b"late")
        elif path == "/stream":
            self._stream(float(query or 0.2))
        elif path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"only this")
            self.close_connection = True
        elif path == "/die":
            os._exit(3)
        elif path == "/fail":
            self._send(500, b"no")
        else:
            self._send(200, os.environ["K_REVISION"].encode())

    def _connect(self, address: str) -> None:
        """All that is answered there to a request of HTTP/1.0; or why nothing is."""
        host, _, port = address.partition(":")
        try:
            with socket.create_connection((host, int(port)), timeout=5) as connection:
                connection.sendall(b"GET /path HTTP/1.0\r\nHost: %s\r\n\r\n" % host.encode())
                self._send(200, b"".join(iter(lambda: connection.recv(65536), b"")))
        except OSError as error:
            self._send(502, str(error).encode())

    def _ask_metadata(self, path: str) -> None:
        connection = http.client.HTTPConnection("metadata.google.internal", timeout=5)
        connection.request("GET", f"/computeMetadata/v1/{path}", headers={"Metadata-Flavor": "Google"})
        answer = connection.getresponse()
        self._send(answer.status, answer.read())

    do_HEAD = do_GET

    def do_POST(self) -> None:
        digest, size = hashlib.sha256(), 0
        for piece in self._body():
            digest.update(piece)
            size += len(piece)
        self._send(200, f"{size} {digest.hexdigest()}".encode())

    def _body(self):
        if self.headers.get("Transfer-Encoding", "") == "chunked":
            while length := int(self.rfile.readline(), 16):
                yield self.rfile.read(length)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length", 0))
        while left:
            piece = self.rfile.read(min(left, 65536))
            left -= len(piece)
            yield piece

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Revision", os.environ["K_REVISION"])
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _stream(self, pause: float) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(3):
            self.wfile.write(b"2\r\n%d\n\r\n" % number)
            self.wfile.flush()
            time.sleep(pause)
        self.wfile.write(b"0\r\n\r\n")

    def _echo_frames(self) -> None:
        """Text frames of up to 125 bytes come back in capitals; a close frame comes back as it is."""
        key = base64.b64encode(hashlib.sha1(self.headers["Sec-WebSocket-Key"].encode() + _ACCEPT).digest())
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", key.decode())
        if "Sec-WebSocket-Protocol" in self.headers:
            self.send_header("Sec-WebSocket-Protocol", self.headers["Sec-WebSocket-Protocol"].split(",")[-1].strip())
        self.end_headers()
        while True:
            kind, length = self.rfile.read(2)
            mask, data = self.rfile.read(4), self.rfile.read(length & 0x7F)
            text = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))
            text = text.upper() if kind & 0xF == 1 else text
            self.wfile.write(bytes([kind, len(text)]) + text)
            self.wfile.flush()
            if kind & 0xF == 8:
                self.close_connection = True
                return

    def log_message(self, *_: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    print(json.dumps({"severity": "NOTICE", "message": "starting"}), flush=True)
    if BEHAVIOUR == "crash":
        raise ModuleNotFoundError("No module named 'shop.schemas.llm'")
    if BEHAVIOUR == "google":
        connection = http.client.HTTPConnection("169.254.169.254", timeout=5)
        connection.request("GET", "/", headers={"Metadata-Flavor": "google"})
        assert connection.getresponse().headers["Metadata-Flavor"] == "Google"
    if BEHAVIOUR == "slow":
        time.sleep(1.2)
    if BEHAVIOUR == "unhurried":
        time.sleep(0.4)

    def leave(*_: object) -> None:
        if BEHAVIOUR == "unhurried":
            time.sleep(0.4)
        print("terminating", flush=True)
        sys.exit(0)

    signal.signal(signal.SIGTERM, leave)
    port = 9999 if BEHAVIOUR == "port" else int(os.environ["PORT"])
    Server(("127.0.0.1" if BEHAVIOUR == "localhost" else "0.0.0.0", port), Answers).serve_forever()


main()
