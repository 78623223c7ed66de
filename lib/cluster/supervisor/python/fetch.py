"""Fetches objects from the object store, or through Berth where the store cannot be reached."""

import hashlib
import os

from errors import FetchError, Refused, Unreachable
from http_request import request

LIMIT = 600.0  # seconds for one object


def fetch(berth, urls, path, sha256, max_bytes, beat=lambda: None):
    """Writes an object to a new file once it is known to be the right one."""
    problems = []
    for url in urls:
        try:
            digest = hashlib.sha256()
            with open_object(berth, url) as response, open(path, "xb") as file:
                size = 0
                while chunk := response.read(1 << 18):
                    size += len(chunk)
                    if size > max_bytes:
                        raise FetchError(f"it has more than {max_bytes} bytes")
                    digest.update(chunk)
                    file.write(chunk)
                    beat()
            if digest.hexdigest() == sha256:
                return
            problems.append("it is not the object that was checked: its SHA-256 differs")
        except (OSError, ValueError, Refused, Unreachable, FetchError) as error:
            problems.append(str(error) or type(error).__name__)
        if os.path.exists(path):
            os.remove(path)
    raise FetchError("; ".join(problems) or "there is no address")


def open_object(berth, url):
    if url.startswith("/"):
        return berth.open("GET", url, limit=LIMIT)
    response = request("GET", url, None, {}, LIMIT, berth.context_of(url))
    if response.status != 200:
        response.close()
        raise FetchError(f"the object store answers {response.status}")
    return response


def send(berth, urls, path):
    """Stores a file."""
    problems, size = [], os.path.getsize(path)
    for url in urls:
        try:
            with open(path, "rb") as file:
                headers = {"Content-Length": str(size)}
                if url.startswith("/"):
                    berth.open("PUT", url, file, headers, LIMIT).close()
                    return
                with request("PUT", url, file, headers, LIMIT, berth.context_of(url)) as response:
                    if response.status == 200:
                        return
                    problems.append(f"the object store answers {response.status}")
        except (OSError, ValueError, Unreachable) as error:
            problems.append(str(error) or type(error).__name__)
    raise FetchError("; ".join(problems) or "there is no address")
