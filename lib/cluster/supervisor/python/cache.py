"""The archives of a node, extracted once for all its containers.

    trees/NAME/   a tree, whole since it was renamed to its place; only root may list `trees`
    uses/NAME/ID  a container that uses it: the start of the machine, and the time of the last sign of life
    locks/NAME    the container that fetches it
    work/         what is not complete

Several supervisors work here at once, and each may be killed at any moment. The time is that of the machine, which all
containers of a node share.
"""

import os
import time

from clock import boot_id, now
from light import from_json, to_json
from words import say

STALE_LOCK = 15.0  # seconds without a sign of life
STALE_USE = 600.0
USE_EVERY = 60.0
STALE_WORK = 3600.0


class Cache:
    def __init__(self, root, owner, max_bytes, wait):
        self.root, self.owner, self.max_bytes, self.wait = root, owner, max_bytes, wait
        self.boot = boot_id()
        self.held = set()
        self.used_at = 0.0
        os.makedirs(root, exist_ok=True)
        os.chmod(root, 0o711)
        for name, mode in (("trees", 0o711), ("uses", 0o700), ("locks", 0o700), ("work", 0o700), ("states", 0o711)):
            os.makedirs(f"{root}/{name}", exist_ok=True)
            os.chmod(f"{root}/{name}", mode)

    def tree(self, name, make):
        """Returns the folder of a tree. `make(folder, beat)` fills a new folder if there is none yet."""
        path = f"{self.root}/trees/{name}"
        while True:
            self.use(name)
            # A remover of trees looks at their uses first, so a tree that is there now stays.
            if os.path.isdir(path):
                os.utime(path)
                return path
            if self.lock(name):
                try:
                    if not os.path.isdir(path):
                        self.make(name, make)
                finally:
                    self.unlock(name)
                self.evict()
            else:
                self.wait(0.25)

    def make(self, name, make):
        work = f"{self.root}/work/{os.urandom(16).hex()}"
        os.mkdir(work, 0o755)
        try:
            make(work, Beat(self, name))
            with open(f"{work}/.berth-tree.json", "w") as file:
                file.write(to_json({"bytes": size_of(work)}))
            # A machine that loses its power must not keep a tree of empty files.
            os.sync()
            try:
                os.rename(work, f"{self.root}/trees/{name}")
            except OSError:
                if not os.path.isdir(f"{self.root}/trees/{name}"):
                    raise
        finally:
            remove_tree(work)

    def use(self, name):
        os.makedirs(f"{self.root}/uses/{name}", exist_ok=True)
        self.mark(f"{self.root}/uses/{name}/{self.owner}")
        self.held.add(name)

    def alive(self):
        """Shows that the container still uses its trees. Cheap enough to be called every second. Never raises."""
        if now() - self.used_at <= USE_EVERY:
            return
        self.used_at = now()
        try:
            for name in list(self.held):  # another thread adds to it
                self.mark(f"{self.root}/uses/{name}/{self.owner}")
        except OSError as error:
            # The disk is full, perhaps. At worst a tree is removed that is in use, and no bot ends for that.
            say(f"the cache of the node cannot be written: {error}")

    def release(self):
        try:
            for name in list(self.held):
                remove(f"{self.root}/uses/{name}/{self.owner}")
        except OSError:
            pass
        self.held.clear()

    def lock(self, name):
        path = f"{self.root}/locks/{name}"
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            if self.age(path) > STALE_LOCK:
                # If several find it stale, one of them moves it away.
                taken = f"{self.root}/work/{os.urandom(16).hex()}"
                try:
                    os.rename(path, taken)
                    os.remove(taken)
                except FileNotFoundError:
                    pass
            return False
        self.mark(path)
        return True

    def unlock(self, name):
        path = f"{self.root}/locks/{name}"
        if (read(path) or "").endswith(f" {self.owner}"):
            remove(path)

    def mark(self, path):
        """Writes whole or not at all."""
        part = f"{self.root}/work/{os.urandom(16).hex()}"
        try:
            with open(part, "w") as file:
                file.write(f"{self.boot} {now():.2f} {self.owner}")
            os.rename(part, path)
        except FileNotFoundError:
            remove(part)
        except OSError:
            try:
                remove(part)
            except OSError:
                pass
            raise

    def age(self, path):
        """Seconds since the last sign of life; endless if there was none since the start of the machine."""
        words = (read(path) or "").split()
        if len(words) == 3 and words[0] == self.boot:
            return now() - float(words[1])
        # Just created, perhaps, and not marked yet.
        try:
            return 0.0 if not words and abs(time.time() - os.stat(path).st_mtime) < STALE_LOCK else float("inf")
        except OSError:
            return float("inf")

    def is_used(self, name):
        folder = f"{self.root}/uses/{name}"
        return any(self.age(f"{folder}/{user}") < STALE_USE for user in listed(folder))

    def evict(self):
        """Removes the trees that were used least recently until the rest fits, and what dead supervisors have left."""
        trees = sorted((os.stat(f"{self.root}/trees/{name}").st_mtime, name) for name in listed(f"{self.root}/trees"))
        total = sum(self.bytes_of(name) for _, name in trees)
        for _, name in trees:
            if total <= self.max_bytes:
                break
            if self.is_used(name):
                continue
            total -= self.bytes_of(name)
            away = f"{self.root}/work/{os.urandom(16).hex()}"
            try:
                os.rename(f"{self.root}/trees/{name}", away)
            except FileNotFoundError:
                continue
            if self.is_used(name) and not os.path.exists(f"{self.root}/trees/{name}"):
                os.rename(away, f"{self.root}/trees/{name}")
                continue
            remove_tree(away)
            remove_tree(f"{self.root}/uses/{name}")
        self.sweep()

    def sweep(self):
        for name in listed(f"{self.root}/work"):
            path = f"{self.root}/work/{name}"
            try:
                if time.time() - os.lstat(path).st_mtime > STALE_WORK and self.age_of_work(path) > STALE_WORK:
                    remove(path) if os.path.isfile(path) else remove_tree(path)
            except OSError:
                pass

    def age_of_work(self, path):
        newest = max((os.lstat(entry).st_mtime for entry in (path, *(e.path for e in os.scandir(path)))), default=0) \
            if os.path.isdir(path) else os.lstat(path).st_mtime
        return time.time() - newest

    def bytes_of(self, name):
        try:
            return from_json(read(f"{self.root}/trees/{name}/.berth-tree.json"))["bytes"]
        except (TypeError, ValueError, KeyError):
            return 0


class Beat:
    """Shows now and then that whoever holds a lock is alive."""

    def __init__(self, cache, name):
        self.cache, self.path, self.at = cache, f"{cache.root}/locks/{name}", now()

    def __call__(self):
        if now() - self.at > 2:
            self.at = now()
            if os.path.exists(self.path):
                self.cache.mark(self.path)


def size_of(folder):
    """Bytes on the disk, folders included."""
    return sum(os.lstat(os.path.join(at, name)).st_blocks * 512
               for at, folders, files in os.walk(folder) for name in [*folders, *files])


def listed(folder):
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return None


def remove(path):
    try:
        os.remove(path)
    except FileNotFoundError:
        pass


def remove_tree(path):
    """As far as it can be removed. Most containers find their trees, and need not load what removes one."""
    if os.path.exists(path):
        import shutil

        shutil.rmtree(path, ignore_errors=True)
