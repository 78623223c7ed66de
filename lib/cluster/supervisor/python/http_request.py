"""Makes one request by HTTP/1.1. `http.client` would load ten more modules, at the start of every container."""

import socket
import threading

from clock import now
from errors import HttpError

MAX_LINE, MAX_HEADERS = 65536, 200
CHUNK = 1 << 18


def request(method, url, body, headers, limit, context=None):
    """Makes one request. The limit, in seconds, is for all of it, however slowly the answer comes.

    The body is bytes or a file; a file needs the header Content-Length. `context` is that of TLS.
    """
    begun = now()
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    host, port = host_and_port(authority, 443 if scheme == "https" else 80)
    sock = socket.create_connection((host, port), limit)
    response = Response(sock, max(0.1, limit - (now() - begun)))
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if scheme == "https":
            sock = response.sock = context.wrap_socket(sock, server_hostname=host)
            # During the handshake the end of its time closes nothing.
            if response.is_over:
                raise HttpError("the time is over")
        sock.sendall(head_of(method, slash + path or "/", authority, body, headers))
        if isinstance(body, (bytes, bytearray)):
            sock.sendall(body)
        elif body is not None:
            for chunk in iter(lambda: body.read(CHUNK), b""):
                sock.sendall(chunk)
        response.begin()
        return response
    except BaseException:
        response.close()
        raise


def host_and_port(authority, default):
    authority = authority.rpartition("@")[2]
    if authority.startswith("["):
        host, _, port = authority[1:].partition("]")
        port = port.lstrip(":")
    else:
        host, _, port = authority.partition(":")
    return host, int(port) if port else default


def head_of(method, path, authority, body, headers):
    lines = {"Host": authority.rpartition("@")[2], "Accept-Encoding": "identity", **headers, "Connection": "close"}
    if isinstance(body, (bytes, bytearray)):
        lines["Content-Length"] = str(len(body))
    elif body is None and method != "GET":
        lines["Content-Length"] = "0"
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    if text.count("\n") != len(lines) or any(mark in path for mark in " \r\n"):
        raise HttpError("an address or header has a character that it cannot have")
    return f"{method} {path} HTTP/1.1\r\n{text}\r\n".encode("latin-1")


class Response:
    """A response whose connection ends with it. It ends by itself when its time is over."""

    def __init__(self, sock, limit):
        self.sock, self.stream, self.status = sock, None, 0
        self.left = 0  # bytes of the body, or of its current chunk; None for all until the connection ends
        self.is_chunked = False
        self.is_over = False
        self.timer = threading.Timer(limit, self.abort)
        self.timer.daemon = True
        self.timer.start()

    def abort(self):
        self.is_over = True
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def begin(self):
        """Reads the status and the headers."""
        self.stream = self.sock.makefile("rb")
        self.status = 100
        while 100 <= self.status < 200:
            words = self.line().split(None, 2)
            if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdecimal():
                raise HttpError("the answer is none of HTTP")
            self.status, headers = int(words[1]), self.headers()
        self.is_chunked = headers.get("transfer-encoding", "").lower().endswith("chunked")
        length = headers.get("content-length")
        if self.status in (204, 304) or self.is_chunked:
            self.left = 0
        elif length is None:
            self.left = None
        elif length.isdecimal():
            self.left = int(length)
        else:
            raise HttpError(f"the answer has a length of {length:.50}")

    def line(self):
        line = self.stream.readline(MAX_LINE + 1)
        if not line.endswith(b"\n"):
            raise HttpError("the answer broke off" if len(line) <= MAX_LINE else "the answer has a line that is too long")
        return line.decode("latin-1").rstrip("\r\n")

    def headers(self):
        found = {}
        for _ in range(MAX_HEADERS):
            line = self.line()
            if not line:
                return found
            name, _, value = line.partition(":")
            found[name.strip().lower()] = value.strip()
        raise HttpError("the answer has too many headers")

    def read(self, size=None):
        """Reads up to a number of bytes, all by default; nothing at the end."""
        if size is None:
            return b"".join(iter(lambda: self.read(CHUNK), b""))
        if self.is_chunked and self.left == 0:
            self.next_chunk()
        if self.left == 0:
            return b""
        data = self.stream.read(size if self.left is None else min(size, self.left))
        if self.left is not None:
            if not data:
                raise HttpError("the answer broke off")
            self.left -= len(data)
            if self.is_chunked and self.left == 0:
                self.line()
        return data

    def next_chunk(self):
        try:
            self.left = int(self.line().partition(";")[0], 16)
        except ValueError:
            raise HttpError("the answer has a chunk without a length") from None
        if self.left < 0:
            raise HttpError("the answer has a chunk of a length below 0")
        if self.left == 0:
            self.is_chunked = False
            self.headers()

    def close(self):
        self.timer.cancel()
        if self.stream is not None:
            self.stream.close()
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
