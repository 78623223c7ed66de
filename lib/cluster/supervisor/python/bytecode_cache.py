"""Keeps on a node what a supervisor has compiled, for all that follow. Only root may enter the folder."""

import os
import sys
import time
import zlib

CACHE_ROOT = os.environ.get("BERTH_CACHE", "/berth-cache")
FOLDER = f"{CACHE_ROOT}/programs"
STALE_DAYS = 30


def python_build():
    """Names the build of Python: another one has another bytecode, or other modules."""
    return f"{sys.implementation.cache_tag}-{checksum_of(sys.version.encode()).hex()}"


def read(name):
    """Returns None if there is nothing, or not all of it: a machine may have lost its power."""
    try:
        with open(f"{FOLDER}/{name}", "rb") as file:
            checksum, data = file.read(4), file.read()
    except OSError:
        return None
    return data if checksum == checksum_of(data) else None


def write(name, data):
    """Writes all of it or nothing. If it cannot be written, the next supervisor compiles it again."""
    part = f"{FOLDER}/{name}.{os.urandom(8).hex()}"
    try:
        os.makedirs(FOLDER, mode=0o700, exist_ok=True)
        with open(part, "xb") as file:
            file.write(checksum_of(data) + data)
        os.rename(part, f"{FOLDER}/{name}")
        for entry in os.scandir(FOLDER):
            if time.time() - entry.stat().st_mtime > STALE_DAYS * 86400:
                os.remove(entry)
    except OSError:
        pass


def checksum_of(data):
    return zlib.crc32(data).to_bytes(4, "big")
