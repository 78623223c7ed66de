"""Calls Berth's routes for supervisors, at whichever of its addresses answers."""

import os

from errors import Refused, Unreachable
from http_request import Kept, request
from light import from_json, to_json


class Berth:
    def __init__(self, urls, bootstrap, ca_file=None):
        self.urls = urls
        self.bootstrap = bootstrap
        self.nonce = os.urandom(32).hex()
        self.token = None
        self.ca_file, self.context = ca_file, None
        self.kept = Kept()

    def context_of(self, url):
        """How to recognize a server; read once it is needed."""
        if self.context is None and url.startswith("https:"):
            import ssl

            self.context = ssl.create_default_context()
            if self.ca_file:
                self.context.load_verify_locations(self.ca_file)
        return self.context

    def call(self, method, path, value=None, limit=5.0, token=None):
        """Sends JSON and returns JSON. Raises Refused or Unreachable within the limit, in seconds."""
        body = None if value is None else to_json(value).encode()
        headers = {"Content-Type": "application/json"} if body is not None else {}
        with self.open(method, path, body, headers, limit, token, self.kept) as response:
            try:
                return from_json(response.read() or b"{}")
            except (OSError, ValueError) as error:
                raise Unreachable(f"the answer broke off: {error}") from None

    def open(self, method, path, body=None, headers=None, limit=30.0, token=None, kept=None):
        """Opens a response, trying each address. An address that answers is asked first from then on."""
        problem = "there is no address"
        for url in list(self.urls):
            if hasattr(body, "seek"):
                body.seek(0)  # an earlier address may have read it
            try:
                response = request(method, url + path, body, {
                    **(headers or {}), "Authorization": f"Bearer {token or self.token}",
                }, limit, self.context_of(url), kept)
            except (OSError, ValueError) as error:
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


def describe(response):
    """Code and message of a refusal."""
    try:
        # Only as much as a refusal has; an answer may come in many chunks.
        text = b""
        for part in iter(lambda: response.read(65536), b""):
            text += part
            if len(text) > 65536:
                break
        problem = from_json(text)
        advice = f" {problem['advice']}" if problem.get("advice") else ""
        return str(problem.get("code", "")), f"{problem.get('detail', '')}{advice}"
    except (OSError, ValueError, AttributeError):
        return "", ""
