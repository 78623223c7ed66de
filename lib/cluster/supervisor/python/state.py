"""The state of a bot: kept on its node, and brought to another one by snapshots."""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess

from bot_process import facts_of
from errors import FetchError, Refused, StateError
from fetch import fetch, send

TOLERANCE = 2  # how much larger than its limit a state may be and still become a snapshot


class State:
    """The folder of the bot, which only this container writes to while it holds the lease."""

    def __init__(self, settings, cache_root, berth, user):
        self.settings, self.berth, self.user = settings, berth, user
        self.work = f"{cache_root}/work"
        self.home = f"{cache_root}/states/{settings['folder']}"
        self.data = f"{self.home}/data"
        self.stored = None  # fingerprint of what was stored last

    def prepare(self):
        """Makes the folder ready; returns where its content came from."""
        os.makedirs(self.home, exist_ok=True)
        os.chmod(self.home, 0o711)
        shutil.rmtree(f"{self.home}/new", ignore_errors=True)
        meta, last, snapshot = self.read_meta(), self.settings.get("last"), self.settings.get("snapshot")
        # The start that had the state last, or one after it that did not get to say so, was on this node.
        is_newest = meta is not None and (last or {}).get("mark") in (meta["mark"], meta["base"])
        is_asked = "restore" in self.settings
        if is_newest and not is_asked and os.path.isdir(self.data):
            self.give(meta["uid"])
            origin = {"from": "kept"}
        elif last and not self.settings["follows"] and not is_asked:
            raise StateError(f"its state is on node {last['node']}, and stays there (state.follow: false): "
                             "start it there, or let its state follow")
        elif snapshot:
            self.restore(snapshot)
            origin = {"from": "restored", "snapshot": snapshot["name"], "snapshotAt": snapshot["at"]}
        else:
            self.replace_by(self.new_folder())
            origin = {"from": "empty"}
        self.write_meta()
        return {**origin, "restore": self.settings["restore"]} if is_asked else origin

    def restore(self, snapshot):
        archive = f"{self.work}/{os.urandom(16).hex()}"
        try:
            fetch(self.berth, snapshot["urls"], archive, snapshot["sha256"], snapshot["archiveBytes"])
            new = self.new_folder()
            with open(archive, "rb") as file:
                helper = self.user.helper("unpack", new, str(snapshot["bytes"]), self.settings["bot"],
                                          stdin=file, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                _, told = helper.communicate()
            facts_of(helper, told)
        except FetchError as error:
            raise StateError(f"cannot fetch snapshot {snapshot['name']} of its state: {error}") from None
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.remove(archive)
        self.replace_by(new)

    def new_folder(self):
        new = f"{self.home}/new"
        os.mkdir(new, 0o700)
        os.chown(new, self.user.uid, self.user.gid)
        return new

    def replace_by(self, new):
        """The files here are older than the last snapshot, or belong to a history that was abandoned."""
        with contextlib.suppress(FileNotFoundError):
            os.remove(f"{self.home}/meta.json")
        shutil.rmtree(self.data, ignore_errors=True)
        os.rename(new, self.data)

    def give(self, uid):
        """Gives the files to the bot's user. Only those that its last user had: a link to any other file gives nothing."""
        if uid == self.user.uid:
            return
        for folder, folders, files in os.walk(self.data):
            for path in [folder, *(os.path.join(folder, name) for name in [*folders, *files])]:
                if os.lstat(path).st_uid == uid:
                    os.chown(path, self.user.uid, self.user.gid, follow_symlinks=False)

    def read_meta(self):
        try:
            with open(f"{self.home}/meta.json") as file:
                meta = json.load(file)
            return {"mark": str(meta["mark"]), "base": meta["base"], "uid": int(meta["uid"])}
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write_meta(self):
        part = f"{self.work}/{os.urandom(16).hex()}"
        with open(part, "w") as file:
            base = (self.settings.get("last") or {}).get("mark")
            json.dump({"mark": self.settings["mark"], "base": base, "uid": self.user.uid}, file)
            file.flush()
            os.fsync(file.fileno())
        os.rename(part, f"{self.home}/meta.json")

    def snapshot(self, reason, is_running):
        """Stores a snapshot; returns its name, or None if nothing has changed since the last one."""
        before = fingerprint(self.data)
        if before == self.stored and reason != "request":
            return None
        archive = f"{self.work}/{os.urandom(16).hex()}"
        try:
            opened = self.berth.call("POST", "/supervisor/v1/snapshots", {})
            facts = self.pack(archive, opened["name"])
            send(self.berth, opened["urls"], archive)
            self.berth.call("POST", f"/supervisor/v1/objects/snapshots/{opened['name']}", {
                **facts, "reason": reason, "consistency": "crash" if is_running else "clean",
            })
            self.stored = before
            return opened["name"]
        except (FetchError, Refused) as error:
            raise StateError(f"cannot store a snapshot of the state: {error}") from None
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.remove(archive)

    def pack(self, archive, name):
        settings, digest, size = self.settings, hashlib.sha256(), 0
        max_bytes = TOLERANCE * settings["maxBytes"]
        manifest = json.dumps({"bot": settings["bot"], "at": name, "version": settings["version"]})
        helper = self.user.helper("pack", self.data, str(max_bytes), manifest,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with helper.stdout as stream, open(archive, "xb") as file:
            while chunk := stream.read(1 << 18):
                size += len(chunk)
                if size > max_bytes + (1 << 24):
                    helper.kill()
                    raise StateError("the archive of the state is too large")
                digest.update(chunk)
                file.write(chunk)
        told = helper.stderr.read()
        helper.stderr.close()
        helper.wait()
        return {**facts_of(helper, told), "archiveBytes": size, "sha256": digest.hexdigest()}

    def size(self):
        """Bytes of all files."""
        total = 0
        for folder, _, files in os.walk(self.data):
            for name in files:
                with contextlib.suppress(OSError):
                    total += os.lstat(os.path.join(folder, name)).st_size
        return total


def fingerprint(folder):
    """Changes when a file does."""
    digest = hashlib.sha256()
    for at, folders, files in os.walk(folder):
        folders.sort()
        for name in [*folders, *sorted(files)]:
            with contextlib.suppress(OSError):
                info = os.lstat(os.path.join(at, name))
                digest.update(f"{os.path.relpath(at, folder)}\0{name}\0{info.st_mode}\0{info.st_size}\0"
                              f"{info.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return digest.digest()
