"""Writes files, and makes way for them."""

import os

CHUNK = 1 << 18


def write_file(path, content, mode, owner=None):
    """Writes a new file in the place of an earlier one. The owner, if any, has `uid` and `gid`."""
    descriptor = new_file(path)
    with open(descriptor, "wb") as file:
        file.write(content)
        # In this order: the supervisor may not change what belongs to the bot.
        os.fchmod(descriptor, mode)
        if owner is not None:
            os.fchown(descriptor, owner.uid, owner.gid)


def new_file(path):
    while True:
        try:
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        except FileExistsError:
            os.remove(path)


def link(path, target):
    """Makes a link in the place of whatever is there."""
    make_way(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.symlink(target, path)


def make_way(path):
    """Removes what is in the place of something of Berth's, as a mount would hide it."""
    if os.path.islink(path) or os.path.isfile(path):
        os.remove(path)
    elif os.path.isdir(path):
        import shutil

        shutil.rmtree(path)


def copy_file(source, target):
    """Copies a file with its mode and times, over an earlier one."""
    with open(source, "rb", buffering=0) as file:
        info = os.fstat(file.fileno())
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb", buffering=0) as copy:
            while chunk := file.read(CHUNK):
                copy.write(chunk)
            os.utime(descriptor, ns=(info.st_atime_ns, info.st_mtime_ns))
            os.fchmod(descriptor, info.st_mode & 0o7777)
