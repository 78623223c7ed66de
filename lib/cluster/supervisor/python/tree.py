"""Copies trees of files."""

import os

from files import copy_file


def copy_tree(source, target, uid, gid):
    """Copies a tree of files and folders, and gives the copy to a user."""
    os.makedirs(target, exist_ok=True)
    os.chmod(target, 0o755)
    os.chown(target, uid, gid)
    for folder, folders, files in os.walk(source):
        into = os.path.join(target, os.path.relpath(folder, source))
        for name in folders:
            os.makedirs(os.path.join(into, name), exist_ok=True)
            os.chown(os.path.join(into, name), uid, gid)
        for name in files:
            copy_file(os.path.join(folder, name), os.path.join(into, name))
            os.chown(os.path.join(into, name), uid, gid)
