"""Starts programs. `subprocess` would load twenty more modules, at the start of every container."""

import os
from _thread import allocate_lock

from light import signals

CHUNK = 65536


class Process:
    """A program that runs, or has ended."""

    def __init__(self, pid):
        self.pid = pid
        self.lock = allocate_lock()
        self.returned = None

    def wait(self):
        """Returns the exit code; -n for signal n."""
        with self.lock:
            self.collect(0)
        return self.returned

    def poll(self):
        """Returns the same; None as long as it runs."""
        if self.lock.acquire(False):
            try:
                self.collect(os.WNOHANG)
            finally:
                self.lock.release()
        return self.returned

    def collect(self, options):
        if self.returned is None:
            pid, status = os.waitpid(self.pid, options)
            if pid:
                self.returned = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def start_process(command, env, cwd="/", prepare=None):
    """Starts a program that reads nothing. `prepare` is called in its process before. Raises OSError if it cannot start."""
    told, tell = os.pipe()
    try:
        pid = os.fork()
    except OSError:
        os.close(told)
        os.close(tell)
        raise
    if pid == 0:
        become(command, env, cwd, prepare, tell)
    os.close(tell)
    try:
        problem = b"".join(iter(lambda: os.read(told, CHUNK), b""))
    finally:
        os.close(told)
    process = Process(pid)
    if problem:
        process.wait()
        raise OSError(problem.decode(errors="replace"))
    return process


def become(command, env, cwd, prepare, tell):
    """Turns this process into the program; says why if it cannot. Never returns."""
    try:
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        # Python itself ignores them.
        for signum in (signals.SIGPIPE, signals.SIGXFSZ):
            signals.signal(signum, signals.SIG_DFL)
        os.chdir(cwd)
        if prepare:
            prepare()
        execute(command, env)
    except BaseException as error:
        os.write(tell, (str(error) or type(error).__name__).encode(errors="replace"))
    finally:
        os._exit(127)


def execute(command, env):
    """Looks for the program in the PATH of its environment. Raises OSError if it cannot be executed."""
    name, problem = command[0], None
    folders = [""] if "/" in name else env.get("PATH", os.defpath).split(os.pathsep)
    for folder in folders:
        try:
            os.execve(os.path.join(folder, name), command, env)
        except (FileNotFoundError, NotADirectoryError) as error:
            problem = problem or error
        except PermissionError as error:
            problem = error
    raise OSError(problem.errno, problem.strerror, name)
