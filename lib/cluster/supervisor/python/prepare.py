"""Makes the container what it is on one host: code, libraries, the runner's own files, secrets and state."""

import contextlib
import os
import shutil

from errors import BadArchive, FetchError, PrepareError, StateError
from tree import copy_tree

MEMORY = "/dev/shm"
SLACK = 64 << 20  # bytes that an archive may have besides its content


class Preparation:
    def __init__(self, order, cache, berth, user, state):
        self.order, self.cache, self.berth, self.user, self.state = order, cache, berth, user, state

    def run(self):
        """Returns where the state came from; None if none is kept."""
        try:
            for archive in self.order["code"]["archives"]:
                self.place(archive)
            self.write_files()
            self.write_secrets()
            return self.place_state()
        except (BadArchive, FetchError, StateError) as error:
            raise PrepareError(str(error)) from None
        except OSError as error:
            raise PrepareError(f"cannot prepare the container: {error}") from None

    def place(self, archive):
        name = archive.get("name", "code")
        try:
            tree = self.cache.tree(f"{archive['sha256']}.{name}",
                                   lambda folder, beat: self.extract(archive, name, folder, beat))
        except (BadArchive, FetchError) as error:
            raise PrepareError(f"cannot get its {name}: {error}") from None
        source, target = f"{tree}/{name}", archive["target"]
        if archive["how"] == "copy":
            copy_tree(source, target, self.user.uid, self.user.gid)
            for path, text in archive["extra"].items():
                if not os.path.lexists(f"{target}/{path}"):
                    self.write(f"{target}/{path}", text, 0o644, is_bots=True)
        elif archive["how"] == "link":
            # The name in the path stays that of the folder, by which Node.js finds what is beside a package.
            make_way(target)
            os.symlink(source, target)
        else:
            make_way(target)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(f"{source}/{archive['file']}", target)
            os.chmod(target, 0o644)

    def extract(self, archive, name, folder, beat):
        # Only the first container with this archive on a node needs what takes time to load.
        from archive import extract
        from fetch import fetch

        path = f"{self.cache.root}/work/{os.urandom(16).hex()}"
        try:
            limits = self.order["limits"]
            fetch(self.berth, archive["urls"], path, archive["sha256"], limits["maxTotalBytes"] + SLACK, beat)
            extract(path, f"{folder}/{name}", limits, beat)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.remove(path)
        # Others read what is built, by a path that they are told; code is copied.
        os.chmod(folder, 0o700 if archive["how"] == "copy" else 0o711)

    def write_files(self):
        for file in self.order["files"]:
            self.write(file["path"], file["text"], file["mode"], file.get("isBots", False))
        for link in self.order["links"]:
            os.makedirs(os.path.dirname(link["path"]), exist_ok=True)
            make_way(link["path"])
            os.symlink(link["target"], link["path"])

    def write(self, path, text, mode, is_bots=False):
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            # In this order: the supervisor may not change what belongs to the bot.
            os.fchmod(descriptor, mode)
            if is_bots:
                os.fchown(descriptor, self.user.uid, self.user.gid)

    def write_secrets(self):
        secrets = self.order.get("secrets")
        if not secrets:
            return
        folder = in_memory(secrets["folder"])
        for name, value in secrets["values"].items():
            self.write(f"{folder}/{name}", value, 0o400, is_bots=True)
        os.chown(folder, 0, self.user.gid)
        os.chmod(folder, 0o550)

    def place_state(self):
        mount = self.order["state"]["mount"]
        if self.state is None:
            os.makedirs(mount, exist_ok=True)
            os.chmod(mount, 0o700)
            os.chown(mount, self.user.uid, self.user.gid)
            return None
        origin = self.state.prepare()
        make_way(mount)
        os.symlink(self.state.data, mount)
        return origin


def make_way(path):
    """Removes what is in the place of something of Berth's, as a mount would hide it."""
    if os.path.islink(path) or os.path.isfile(path):
        os.remove(path)
    elif os.path.isdir(path):
        shutil.rmtree(path)


def in_memory(folder):
    """Returns a folder for secrets, which a link at the given place leads to unless a memory is mounted there."""
    if is_in_memory(folder):
        return folder
    if not is_in_memory(MEMORY):
        raise PrepareError(f"secrets are given in memory only, and neither {folder} nor {MEMORY} is a tmpfs")
    target = f"{MEMORY}/berth-secrets"
    os.mkdir(target, 0o700)
    make_way(folder)
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    os.symlink(target, folder)
    return target


def is_in_memory(folder):
    """Whether a file system in memory is mounted at a folder."""
    with open("/proc/self/mountinfo") as file:
        for line in file:
            left, _, right = line.partition(" - ")
            if left.split()[4] == folder:
                return right.split()[0] in ("tmpfs", "ramfs")
    return False
