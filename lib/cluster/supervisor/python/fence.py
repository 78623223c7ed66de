"""Knows until when the bot may live, and has a watchdog end it then if nobody else does."""

import os
from _thread import allocate_lock

from clock import now
from process import start_process

FOLDER = "/dev/shm/berth-supervisor"  # in memory, so that no disk delays a write
EARLY = 0.2  # seconds: the supervisor is to end the bot before the watchdog ends both
FAR = 10**12


class Fence:
    """A renewal counts from the moment before it was asked for."""

    def __init__(self, lease, confirmed):
        self.renew_every = lease["renewEveryMs"] / 1000
        self.stop_after = lease["stopAfterMs"] / 1000
        self.kill_after = lease["killAfterMs"] / 1000
        self.is_strict = lease["isStrict"]
        self.lock = allocate_lock()
        self.confirmed = confirmed
        self.is_over = False  # Berth has said so
        self.file = None
        self.watchdog = None

    def guard(self):
        """Starts the watchdog."""
        if not self.is_strict:
            return
        os.makedirs(FOLDER, mode=0o700, exist_ok=True)
        self.file = os.open(f"{FOLDER}/deadline", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.write()
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "supervisor.sh")
        self.watchdog = start_process(
            ["/bin/sh", script, "watch", f"{FOLDER}/deadline"],
            {"PATH": os.environ.get("PATH", "/usr/bin:/bin")}, prepare=os.setsid,
        )

    def confirm(self, asked_at):
        """Counts a renewal; one that was asked for too long ago changes nothing: the watchdog may be at work already."""
        with self.lock:
            if asked_at <= self.confirmed or (self.is_strict and now() >= self.kill_at()):
                return
            self.confirmed = asked_at
            self.write()

    def write(self):
        """Writes in place: that needs no memory, which the bot may have used up. All times have one length."""
        if self.file is not None:
            text = f"{int((self.confirmed + self.kill_after) * 100):013d}".lstrip("0").rjust(13)
            os.pwrite(self.file, f"{text} {text}\n".encode(), 0)

    def stop_at(self):
        return self.confirmed + self.stop_after if self.is_strict else FAR

    def kill_at(self):
        return self.confirmed + self.kill_after - EARLY if self.is_strict else FAR

    def is_renewed(self):
        """Whether the lease is held, and for some time: renewals work, or work again."""
        return not self.is_over and now() < self.stop_at()

    def is_guarded(self):
        return self.watchdog is None or self.watchdog.poll() is None
