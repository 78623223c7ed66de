"""
Compiles what is in a folder of code into another folder, laid out so that the two can be merged. Runs alone in a
container: the code is read, never run.

Usage: python3 -I -S compile_bytecode.py CODE BYTECODE
"""
import importlib.util
import os
import py_compile
import sys

WORKERS = 2


def pending(code, bytecode):
    """Sources that are not compiled yet, each with the file to write."""
    for folder, folders, names in os.walk(code):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            if not name.endswith(".py"):
                continue
            source = os.path.join(folder, name)
            target = importlib.util.cache_from_source(os.path.join(bytecode, os.path.relpath(source, code)))
            if not os.path.lexists(target):
                yield source, target


def compile_all(files):
    for source, target in files:
        try:
            py_compile.compile(source, cfile=target, doraise=True)
        except Exception:  # what cannot be compiled says so when it is imported
            pass


def main(code, bytecode):
    os.umask(0)  # whoever sees the folders through a view of their own may write to it
    files = list(pending(code, bytecode))
    children = []
    for number in range(1, min(WORKERS, os.cpu_count() or 1)):
        child = os.fork()
        if child == 0:
            compile_all(files[number::WORKERS])
            os._exit(0)
        children.append(child)
    compile_all(files[0::WORKERS] if children else files)
    failed = [child for child in children if os.waitpid(child, 0)[1] != 0]
    return 1 if failed else 0


sys.exit(main(*sys.argv[1:]))
