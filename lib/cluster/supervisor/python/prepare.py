"""Makes the container what it is on one host: code, libraries, the runner's own files, secrets and state."""

import os

from errors import BadArchive, FetchError, PrepareError, StateError
from files import copy_file, link, make_way, write_file
from runner_files import place_runner_files
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
            place_runner_files(self.order, self.cache)
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
                    write_file(f"{target}/{path}", text.encode(), 0o644, self.user)
        elif archive["how"] == "link":
            # The name in the path stays that of the folder, by which Node.js finds what is beside a package.
            link(target, source)
        else:
            make_way(target)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            copy_file(f"{source}/{archive['file']}", target)
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
            if os.path.exists(path):
                os.remove(path)
        # Others read what is built, by a path that they are told; code is copied.
        os.chmod(folder, 0o700 if archive["how"] == "copy" else 0o711)

    def write_files(self):
        for file in self.order["files"]:
            owner = self.user if file.get("isBots", False) else None
            write_file(file["path"], file["text"].encode(), file["mode"], owner)
        for each in self.order["links"]:
            link(each["path"], each["target"])

    def write_secrets(self):
        secrets = self.order.get("secrets")
        if not secrets:
            return
        folder = in_memory(secrets["folder"])
        for name, value in secrets["values"].items():
            write_file(f"{folder}/{name}", value.encode(), 0o400, self.user)
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
        link(mount, self.state.data)
        return origin


def in_memory(folder):
    """Returns a folder for secrets, which a link at the given place leads to unless a memory is mounted there."""
    if is_in_memory(folder):
        return folder
    if not is_in_memory(MEMORY):
        raise PrepareError(f"secrets are given in memory only, and neither {folder} nor {MEMORY} is a tmpfs")
    target = f"{MEMORY}/berth-secrets"
    os.mkdir(target, 0o700)
    link(folder, target)
    return target


def is_in_memory(folder):
    """Whether a file system in memory is mounted at a folder."""
    with open("/proc/self/mountinfo") as file:
        for line in file:
            left, _, right = line.partition(" - ")
            if left.split()[4] == folder:
                return right.split()[0] in ("tmpfs", "ramfs")
    return False
