"""Makes one request by HTTP/1.1. `http.client` would load ten more modules, at the start of every container."""

from clock import now
from errors import HttpError
from light import sockets

MAX_LINE, MAX_HEADERS = 65536, 200
CHUNK = 1 << 18


class Kept:
    """A connection that outlives its request. Threads may share it: each but one then opens its own."""

    def __init__(self):
        self.sockets = []

    def take(self, peer):
        """Returns the connection to a server; None if there is none that is free."""
        try:
            known, sock = self.sockets.pop()
        except IndexError:
            return None
        if known == peer:
            return sock
        sock.close()
        return None

    def give(self, peer, sock):
        if self.sockets:
            sock.close()
        else:
            self.sockets.append((peer, sock))


def request(method, url, body, headers, limit, context=None, kept=None):
    """Makes one request. The limit, in seconds, is for all of it, however slowly the answer comes.

    The body is bytes or a file; a file needs the header Content-Length. `context` is that of TLS. With `kept`, the request may
    use a connection of an earlier one and has to bear a repetition: the server may have closed that connection.
    """
    until = now() + limit
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    peer = (scheme, *host_and_port(authority, 443 if scheme == "https" else 80))
    head = head_of(method, slash + path or "/", authority, body, headers, is_kept=kept is not None)
    sock = kept and kept.take(peer)
    if sock:
        try:
            return exchange(sock, head, body, until, peer, kept)
        except OSError:
            if now() >= until:
                raise
    return exchange(connect(peer, until, context), head, body, until, peer, kept)


def connect(peer, until, context):
    scheme, host, port = peer
    problem = HttpError(f"{host} has no address")
    for family, kind, protocol, _, address in sockets.getaddrinfo(host, port, 0, sockets.SOCK_STREAM):
        sock = socket_for(scheme)(family, kind, protocol)
        try:
            sock.settimeout(left_of(until))
            sock.connect(address)
            sock.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)
            sock.settimeout(left_of(until))
            return context.wrap_socket(sock, server_hostname=host) if scheme == "https" else sock
        except OSError as error:
            sock.close()
            problem = error
        except BaseException:
            sock.close()
            raise
    raise problem


def socket_for(scheme):
    """TLS takes only Python's own socket."""
    if scheme == "https":
        import socket

        return socket.socket
    return sockets.socket


def exchange(sock, head, body, until, peer, kept):
    response = Response(sock, until, peer, kept)
    try:
        is_whole = isinstance(body, (bytes, bytearray))
        response.send(head + body if is_whole else head)
        if body is not None and not is_whole:
            for chunk in iter(lambda: body.read(CHUNK), b""):
                response.send(chunk)
        response.begin()
        return response
    except BaseException:
        sock.close()
        raise


def left_of(until):
    """Seconds until then."""
    left = until - now()
    if left <= 0:
        raise HttpError("the time is over")
    return left


def host_and_port(authority, default):
    authority = authority.rpartition("@")[2]
    if authority.startswith("["):
        host, _, port = authority[1:].partition("]")
        port = port.lstrip(":")
    else:
        host, _, port = authority.partition(":")
    return host, int(port) if port else default


def head_of(method, path, authority, body, headers, is_kept):
    lines = {"Host": authority.rpartition("@")[2], "Accept-Encoding": "identity", **headers}
    if not is_kept:
        lines["Connection"] = "close"
    if isinstance(body, (bytes, bytearray)):
        lines["Content-Length"] = str(len(body))
    elif body is None and method != "GET":
        lines["Content-Length"] = "0"
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    if text.count("\n") != len(lines) or any(mark in path for mark in " \r\n"):
        raise HttpError("an address or header has a character that it cannot have")
    return f"{method} {path} HTTP/1.1\r\n{text}\r\n".encode("latin-1")


class Response:
    """A response. Its connection is kept only if it was read to its end and the server agrees."""

    def __init__(self, sock, until, peer, kept):
        self.sock, self.until, self.peer, self.kept = sock, until, peer, kept
        self.status = 0
        self.buffer = b""
        self.left = 0  # bytes of the body, or of its current chunk; None for all until the connection ends
        self.is_chunked = False

    def send(self, data):
        self.sock.settimeout(left_of(self.until))
        self.sock.sendall(data)

    def receive(self, size=CHUNK):
        self.sock.settimeout(left_of(self.until))
        return self.sock.recv(size)

    def begin(self):
        """Reads the status and the headers."""
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
        if words[0] != "HTTP/1.1" or "close" in headers.get("connection", "").lower():
            self.kept = None

    def line(self):
        while b"\n" not in self.buffer:
            if len(self.buffer) > MAX_LINE:
                raise HttpError("the answer has a line that is too long")
            data = self.receive()
            if not data:
                raise HttpError("the answer broke off")
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        if len(line) > MAX_LINE:
            raise HttpError("the answer has a line that is too long")
        return line.decode("latin-1").rstrip("\r")

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
        size = size if self.left is None else min(size, self.left)
        data, self.buffer = (self.buffer[:size], self.buffer[size:]) if self.buffer else (self.receive(size), b"")
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
        if self.kept is not None and self.left == 0 and not self.is_chunked and not self.buffer:
            self.kept.give(self.peer, self.sock)
        else:
            self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
