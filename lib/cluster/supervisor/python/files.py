"""Writes files, and makes way for them."""

import os
import shutil


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
        shutil.rmtree(path)
