"""Processes that run as the bot's user."""

import ctypes
import os
import resource
import select
import sys
import time

from clock import now
from errors import StateError
from light import from_json, signals
from process import start_process

PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 4, 38
AT_ONCE = 1.0  # seconds for a process that does nothing but end others
OOM_SCORE = 500  # the kernel is to end the bot's processes, not the supervisor
HERE = os.path.dirname(os.path.abspath(__file__))

libc = ctypes.CDLL(None, use_errno=True)


def hide():
    """Makes the memory of this process unreadable, even to processes of its own user."""
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


class BotUser:
    """Starts processes as the bot's user. None of them can get back any privilege."""

    def __init__(self, uid, gid, pids=None, file_bytes=None):
        if uid == 0 or gid == 0:
            raise ValueError("a bot does not run as root beside its supervisor: set BOT_USER or BOT_UID_RANGE")
        self.uid, self.gid, self.pids, self.file_bytes = uid, gid, pids, file_bytes

    def start(self, command, env, cwd):
        return start_process(command, env, cwd, self.drop)

    def open(self, command, **options):
        """Starts a process whose streams somebody uses. Few bots ever need one."""
        import subprocess

        return subprocess.Popen(command, preexec_fn=self.drop, **options)

    def drop(self):
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write(str(OOM_SCORE))
        if self.pids is not None:
            resource.setrlimit(resource.RLIMIT_NPROC, (self.pids, self.pids))
        if self.file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.file_bytes, self.file_bytes))
        self.become()
        if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "cannot give up privileges")
        os.umask(0o022)

    def become(self):
        os.setgroups([])
        os.setresgid(self.gid, self.gid, self.gid)
        os.setresuid(self.uid, self.uid, self.uid)

    def helper(self, *arguments, **options):
        """Starts this program as a helper, which can read and write what the bot can."""
        command = [sys.executable, "-I", "-S", "-B", os.path.join(HERE, "supervisor.py"), *arguments]
        return self.open(command, env={}, cwd="/", **options)

    def kill_all(self):
        """Ends all processes of the user in this container."""
        while True:
            self.kill_at_once()
            found = [pid for pid in process_ids() if owner_of(pid) == self.uid]
            if not found:
                return
            for pid in found:
                try:
                    os.kill(pid, signals.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.01)

    def kill_at_once(self):
        """Lets the kernel end all that this user may end, so that none of them can start another one meanwhile."""
        try:
            pid = os.fork()
        except OSError:
            return  # there is no room for a process: they are ended one by one
        if pid == 0:
            try:
                self.become()
                os.kill(-1, signals.SIGKILL)
            finally:
                os._exit(0)
        until = now() + AT_ONCE
        while os.waitpid(pid, os.WNOHANG)[0] == 0:
            # The bot may hold it up: for a moment it is a process of the same user.
            if now() > until:
                os.kill(pid, signals.SIGKILL)
            time.sleep(0.002)


def facts_of(helper, told):
    """Reads the last line of a helper. Raises StateError if it failed."""
    lines = told.decode(errors="replace").strip().splitlines()
    try:
        facts = from_json(lines[-1])
    except (IndexError, ValueError):
        facts = {"problem": " ".join(lines[-3:])[:1000] or f"the helper ended with {helper.returncode}"}
    if helper.returncode or "problem" in facts:
        raise StateError(str(facts.get("problem")))
    return facts


def process_ids():
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]


def owner_of(pid):
    """The user of a process that runs; None for one that has ended."""
    try:
        with open(f"/proc/{pid}/status") as file:
            lines = dict(line.split(":", 1) for line in file if ":" in line)
    except OSError:
        return None
    return None if lines["State"].strip()[0] in "ZX" else int(lines["Uid"].split()[0])


def run_command(user, request, env, cwd):
    """Runs a command of Berth's, for example a health check. It and all that it starts end with its time."""
    import subprocess

    try:
        process = user.open(
            request["command"], env={**env, **request["env"]}, cwd=cwd, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return {"end": "exited", "exitCode": 127, "output": str(error)}
    output, end, until = bytearray(), "exited", now() + request["timeoutMs"] / 1000
    with process.stdout as stream:
        while True:
            # A program that the command has started may hold the stream open.
            if not select.select([stream], [], [], max(0, until - now()))[0]:
                end = "timed-out"
                break
            chunk = os.read(stream.fileno(), 65536)
            if not chunk:
                break
            room = request["maxOutputBytes"] - len(output)
            output += chunk[:room]
            if len(chunk) > room:
                end = "flooded"
                break
        if end == "exited":
            try:
                process.wait(max(0.1, until - now()))
            except subprocess.TimeoutExpired:
                end = "timed-out"
        kill_group(process.pid)
        code = process.wait()
    text = output.decode(errors="replace")
    if end != "exited":
        return {"end": end, "output": text}
    return {"end": end, "exitCode": exit_code(code), "output": text}


def exit_code(returned):
    """128 + n for signal n."""
    return returned if returned >= 0 else 128 - returned


def kill_group(pid):
    try:
        os.killpg(pid, signals.SIGKILL)
    except ProcessLookupError:
        pass
