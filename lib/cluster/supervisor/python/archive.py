"""Extracts archives of code. Berth has checked them; they are checked here all the same."""

import os
import stat
import zipfile
import zlib

from errors import BadArchive


def extract(path, folder, limits, beat):
    """Extracts a ZIP archive into a new folder. Only regular files and folders come out of it, none outside of the folder.

    Calls `beat` now and then.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            check(entries, limits)
            os.mkdir(folder, 0o755)
            for entry in entries:
                beat()
                extract_entry(archive, entry, folder, limits, beat)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise BadArchive(f"the archive is damaged: {error}") from None


def check(entries, limits):
    if len(entries) > limits["maxEntries"]:
        raise BadArchive(f"the archive has {len(entries)} entries, more than {limits['maxEntries']}")
    total, seen = 0, set()
    for entry in entries:
        name = entry.filename.rstrip("/") if entry.is_dir() else entry.filename
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise BadArchive(f"{name!r:.200} is neither a file nor a folder")
        parts = name.split("/")
        if "\\" in entry.orig_filename or "\0" in entry.orig_filename or name.startswith("/") or \
                any(part in ("", ".", "..") or len(part.encode()) > 255 for part in parts):
            raise BadArchive(f"{name!r:.200} is no name of a file in the archive")
        if name in seen:
            raise BadArchive(f"{name!r:.200} occurs twice")
        seen.add(name)
        if entry.file_size > limits["maxFileBytes"]:
            raise BadArchive(f"{name!r:.200} is larger than {limits['maxFileBytes']} bytes")
        total += entry.file_size
        if total > limits["maxTotalBytes"]:
            raise BadArchive(f"the archive holds more than {limits['maxTotalBytes']} bytes")


def extract_entry(archive, entry, folder, limits, beat):
    path = os.path.join(folder, entry.filename.rstrip("/"))
    if entry.is_dir():
        os.makedirs(path, 0o755, exist_ok=True)
        return
    os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
    left = entry.file_size
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as target, archive.open(entry) as source:
        first = chunk = source.read(65536)
        while chunk:
            left -= len(chunk)
            if left < 0:
                raise BadArchive(f"{entry.filename!r:.200} is larger than it says")
            target.write(chunk)
            beat()
            chunk = source.read(1 << 18)
    if left:
        raise BadArchive(f"{entry.filename!r:.200} is shorter than it says")
    is_executable = entry.external_attr >> 16 & 0o111 or first[:4] == b"\x7fELF"
    os.chmod(path, 0o755 if is_executable else 0o644)
