"""The runner's own files: one folder on a node for all containers that have the same, with the bytecode of the image's Python."""

import marshal
import os

from bytecode_cache import python_build
from files import link, write_file

UNCHECKED = (1).to_bytes(4, "little")  # nothing changes the source: Python need not look at it


def place_runner_files(order, cache):
    runner = order["runner"]
    tree = cache.tree(f"{runner['sha256']}-{python_build()}.runner", lambda folder, beat: make(runner, folder))
    link(runner["folder"], f"{tree}/runner")


def make(runner, folder):
    """Only the first container with these files on a node comes here."""
    import importlib.util

    for file in runner["files"]:
        path, content = f"{folder}/runner/{file['path']}", file["text"].encode()
        write_file(path, content, file["mode"])
        if path.endswith(".py"):
            write_file(importlib.util.cache_from_source(path),
                       bytecode(f"{runner['folder']}/{file['path']}", content), 0o644)
    for name, target in runner["links"].items():
        link(f"{folder}/runner/{name}", target)
    os.chmod(folder, 0o711)


def bytecode(path, content):
    import importlib.util

    head = importlib.util.MAGIC_NUMBER + UNCHECKED + importlib.util.source_hash(content)
    return head + marshal.dumps(compile(content, path, "exec", dont_inherit=True))
