"""Calls Berth's routes for supervisors, at whichever of its addresses answers."""

import http.client
import json
import secrets
import socket
import ssl
import threading
import urllib.parse

from clock import now


class Refused(Exception):
    """Berth has answered and refused."""

    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code = status, code


class Unreachable(Exception):
    """No address has answered in time."""


class Berth:
    def __init__(self, urls, bootstrap, ca_file=None):
        self.urls = urls
        self.bootstrap = bootstrap
        self.nonce = secrets.token_hex(32)
        self.token = None
        self.ca_file, self.context = ca_file, None

    def context_of(self, url):
        """How to recognize a server; read once it is needed."""
        if self.context is None and url.startswith("https:"):
            self.context = ssl.create_default_context()
            if self.ca_file:
                self.context.load_verify_locations(self.ca_file)
        return self.context

    def call(self, method, path, value=None, limit=5.0, token=None):
        """Sends JSON and returns JSON. Raises Refused or Unreachable within the limit, in seconds."""
        body = None if value is None else json.dumps(value).encode()
        headers = {"Content-Type": "application/json"} if body is not None else {}
        with self.open(method, path, body, headers, limit, token) as response:
            try:
                return json.loads(response.read() or b"{}")
            except (OSError, ValueError, http.client.HTTPException) as error:
                raise Unreachable(f"the answer broke off: {error}") from None

    def open(self, method, path, body=None, headers=None, limit=30.0, token=None):
        """Opens a response, trying each address. An address that answers is asked first from then on."""
        problem = "there is no address"
        for url in list(self.urls):
            if hasattr(body, "seek"):
                body.seek(0)  # an earlier address may have read it
            try:
                response = request(method, url + path, body, {
                    **(headers or {}), "Authorization": f"Bearer {token or self.token}",
                }, limit, self.context_of(url))
            except (OSError, http.client.HTTPException) as error:
                problem = f"{url}: {error or type(error).__name__}"
                continue
            if response.status >= 500:
                problem = f"{url}: {response.status} {describe(response)[1]}"
                response.close()
                continue
            if self.urls[0] != url:
                self.urls = [url, *(other for other in self.urls if other != url)]
            if response.status >= 400:
                code, message = describe(response)
                response.close()
                raise Refused(response.status, code, message)
            return response
        raise Unreachable(problem)


class Response:
    """A response whose connection ends with it. It ends by itself when its time is over."""

    def __init__(self, connection, limit):
        self.connection = connection
        self.timer = threading.Timer(limit, self.abort)
        self.timer.daemon = True
        self.timer.start()
        self.inner = None

    def abort(self):
        sock = self.connection.sock
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    @property
    def status(self):
        return self.inner.status

    def read(self, size=None):
        return self.inner.read() if size is None else self.inner.read(size)

    def close(self):
        self.timer.cancel()
        if self.inner is not None:
            self.inner.close()
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def request(method, url, body, headers, limit, context=None):
    """Makes one request. The limit is for all of it, however slowly the answer comes."""
    parts = urllib.parse.urlsplit(url)
    begun = now()
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(parts.netloc, timeout=limit, context=context)
    else:
        connection = http.client.HTTPConnection(parts.netloc, timeout=limit)
    try:
        connection.connect()
        response = Response(connection, max(0.1, limit - (now() - begun)))
    except BaseException:
        connection.close()
        raise
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, body, {**headers, "Connection": "close"})
        # http.client gives up its socket with the response, so the timer needs it itself.
        sock = connection.sock
        response.inner = connection.getresponse()
        connection.sock = connection.sock or sock
        return response
    except BaseException:
        response.close()
        raise


def describe(response):
    """Code and message of a refusal."""
    try:
        problem = json.loads(response.read(65536))
        advice = f" {problem['advice']}" if problem.get("advice") else ""
        return str(problem.get("code", "")), f"{problem.get('detail', '')}{advice}"
    except (OSError, ValueError, AttributeError, http.client.HTTPException):
        return "", ""
