"""Work that is done as the bot's user, so that it can reach nothing that the bot cannot: names in the bot's folders may be
replaced by links at any moment."""

import gzip
import json
import os
import stat
import sys
import tarfile

MANIFEST = ".berth-state.json"
MAX_ENTRIES = 1_000_000


def help_with(arguments):
    """Returns the exit code. The last line on stderr says, as JSON, what was done or what is wrong."""
    work, *rest = arguments
    try:
        facts = {"read": read_file, "pack": pack, "unpack": unpack}[work](*rest)
    except (OSError, EOFError, tarfile.TarError, ValueError) as error:
        print(json.dumps({"problem": f"{error}"[:1000] or type(error).__name__}), file=sys.stderr)
        return 1
    print(json.dumps(facts), file=sys.stderr)
    return 0


def read_file(path, max_bytes):
    """Writes a regular file to stdout."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            raise ValueError(f"{path} is not a regular file")
        if info.st_size > int(max_bytes):
            raise ValueError(f"{path} is larger than {max_bytes} bytes")
        content = file.read(int(max_bytes) + 1)
        if len(content) > int(max_bytes):
            raise ValueError(f"{path} is larger than {max_bytes} bytes")
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    return {"bytes": len(content)}


def pack(folder, max_bytes, manifest):
    """Writes a folder to stdout as tar.gz, after a first entry that says whose it is."""
    facts, inodes, max_bytes = {"files": 0, "bytes": 0, "leftOut": 0}, {}, int(max_bytes)
    with gzip.GzipFile(fileobj=sys.stdout.buffer, mode="wb", compresslevel=1, mtime=0) as zipped:
        with tarfile.open(fileobj=zipped, mode="w|", format=tarfile.PAX_FORMAT) as tar:
            first = tarfile.TarInfo(MANIFEST)
            first.mode, first.size = 0o600, len(manifest.encode())
            add(tar, first, [manifest.encode()])
            for path in entries_of(folder):
                pack_entry(tar, path, os.path.relpath(path, folder), facts, inodes, max_bytes)
    sys.stdout.buffer.flush()
    return facts


def pack_entry(tar, path, name, facts, inodes, max_bytes):
    try:
        info = os.lstat(path)
        entry = tarfile.TarInfo(name)
        entry.mode, entry.mtime = stat.S_IMODE(info.st_mode) & 0o777, int(info.st_mtime)
        if stat.S_ISDIR(info.st_mode):
            entry.type = tarfile.DIRTYPE
        elif stat.S_ISLNK(info.st_mode):
            entry.type, entry.linkname = tarfile.SYMTYPE, os.readlink(path)
        elif not stat.S_ISREG(info.st_mode):
            facts["leftOut"] += 1
            return
        elif info.st_nlink > 1 and (info.st_dev, info.st_ino) in inodes:
            entry.type, entry.linkname = tarfile.LNKTYPE, inodes[info.st_dev, info.st_ino]
        else:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(descriptor, "rb") as file:
                info = os.fstat(descriptor)
                if not stat.S_ISREG(info.st_mode):
                    facts["leftOut"] += 1
                    return
                entry.size = info.st_size
                facts["files"] += 1
                facts["bytes"] += entry.size
                if facts["bytes"] > max_bytes:
                    raise ValueError(f"the state has more than {max_bytes} bytes")
                if info.st_nlink > 1:
                    inodes[info.st_dev, info.st_ino] = name
                add(tar, entry, iter(lambda: file.read(1 << 18), b""))
            return
        add(tar, entry, [])
    except FileNotFoundError:
        pass  # it is gone since the folder was listed


def add(tar, entry, chunks):
    """Adds an entry of the announced size: a file that has become shorter is filled with zeros, a longer one is cut."""
    tar.addfile(entry, Announced(entry.size, iter(chunks)) if entry.size else None)


class Announced:
    def __init__(self, size, chunks):
        self.left, self.chunks, self.rest = size, chunks, b""

    def read(self, size):
        size = min(size, self.left)
        while len(self.rest) < size:
            chunk = next(self.chunks, b"")
            self.rest += chunk or b"\0" * (size - len(self.rest))
        taken, self.rest = self.rest[:size], self.rest[size:]
        self.left -= size
        return taken


def entries_of(folder):
    """Folders come before what is in them."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        yield entry.path
        if entry.is_dir(follow_symlinks=False):
            try:
                yield from entries_of(entry.path)
            except (FileNotFoundError, NotADirectoryError):
                pass


def unpack(folder, max_bytes, bot):
    """Extracts a tar.gz from stdin into an empty folder."""
    total, count, links, files, max_bytes = 0, 0, [], set(), int(max_bytes)
    with gzip.GzipFile(fileobj=sys.stdin.buffer) as unzipped, tarfile.open(fileobj=unzipped, mode="r|") as tar:
        for entry in tar:
            count += 1
            if count > MAX_ENTRIES:
                raise ValueError(f"the archive has more than {MAX_ENTRIES} entries")
            name = safe_name(entry.name)
            if count == 1 and name == MANIFEST:
                check_manifest(tar, entry, bot)
                continue
            path = os.path.join(folder, name)
            if not name or entry.isdir():
                os.makedirs(path, 0o700, exist_ok=True)
                continue
            if not (entry.isfile() or entry.issym() or entry.islnk()):
                raise ValueError(f"{name!r:.200} is neither a file, a folder nor a link")
            os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
            if entry.issym():
                links.append((path, entry.linkname))
            elif entry.islnk():
                source = safe_name(entry.linkname)
                if source not in files:
                    raise ValueError(f"{name!r:.200} is a hard link to a file that the archive does not have")
                os.link(os.path.join(folder, source), path)
            else:
                total += entry.size
                if total > max_bytes:
                    raise ValueError(f"the archive holds more than {max_bytes} bytes")
                files.add(name)
                write_file(tar, entry, path)
    # Nothing is written any more, so that none of them leads a write elsewhere.
    for path, target in links:
        os.symlink(target, path)
    return {"files": len(files), "bytes": total}


def check_manifest(tar, entry, bot):
    if entry.size > 65536:
        raise ValueError(f"{MANIFEST} has {entry.size} bytes")
    owner = json.loads(tar.extractfile(entry).read()).get("bot")
    if isinstance(owner, str) and owner != bot:
        raise ValueError(f"it is a snapshot of bot {owner!r:.128}")


def write_file(tar, entry, path):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as target:
        source, left = tar.extractfile(entry), entry.size
        while left:
            chunk = source.read(min(left, 1 << 18))
            if not chunk:
                raise ValueError(f"the archive ends inside {entry.name!r:.200}")
            target.write(chunk)
            left -= len(chunk)
        os.fchmod(descriptor, entry.mode & 0o777)
    os.utime(path, (entry.mtime, entry.mtime))


def safe_name(name):
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or "\0" in name:
        raise ValueError(f"{name!r:.200} leads out of the folder")
    return "/".join(parts)
