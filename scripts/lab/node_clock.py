"""Lets the clock of a node's containers run at another speed: the time since the start of the machine, /proc/uptime.

node_clock.py FOLDER GROUP RATE: until it is killed. FOLDER is the node's, GROUP the path of its control groups. Containers
that start later get the clock within a tenth of a second. The kernel itself has one clock for all.
"""

import ctypes
import os
import sys
import time

OPEN_TREE, MOVE_MOUNT = 428, 429
OPEN_TREE_CLONE = 1
MOVE_FROM_EMPTY_PATH = 4
HERE = -100
TURN_SECONDS = 0.02

libc = ctypes.CDLL(None, use_errno=True)


def groups_of(group):
    """The lists of processes of all containers, whichever version of control groups there is."""
    roots = ["/sys/fs/cgroup"] + [entry.path for entry in os.scandir("/sys/fs/cgroup") if entry.is_dir()]
    for root in roots:
        if os.path.isdir(root + group):
            for folder, folders, files in os.walk(root + group):
                folders[:] = [name for name in folders if name != "engine"]
                if "cgroup.procs" in files:
                    yield folder + "/cgroup.procs"
            return


def processes_of(group):
    for file in groups_of(group):
        try:
            with open(file) as lines:
                yield from lines.read().split()
        except OSError:
            pass  # The container is gone.


def put_clock(pid, clock):
    """Puts the file in the place of /proc/uptime, as the container sees it. In a child: it moves to other mounts."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        mounts = os.open("/proc/%s/ns/mnt" % pid, os.O_RDONLY)
        tree = libc.syscall(OPEN_TREE, HERE, clock.encode(), OPEN_TREE_CLONE)
        if tree >= 0 and libc.setns(mounts, 0) == 0:
            libc.syscall(MOVE_MOUNT, tree, b"", HERE, b"/proc/uptime", MOVE_FROM_EMPTY_PATH)
    finally:
        os._exit(0)


def main(folder, group, rate):
    own = os.stat("/proc/self/ns/mnt").st_ino
    clock = folder + "/uptime"
    start = time.clock_gettime(time.CLOCK_BOOTTIME)
    file = os.open(clock, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
    seen = set()
    turn = 0
    while True:
        now = start + (time.clock_gettime(time.CLOCK_BOOTTIME) - start) * rate
        os.pwrite(file, b"%.2f 0.00\n" % now, 0)
        if turn % 5 == 0:
            for pid in set(processes_of(group)):
                try:
                    mounts = os.stat("/proc/%s/ns/mnt" % pid).st_ino
                except OSError:
                    continue
                # runc's own first process still has the node's mounts, and its root is not yet the container's.
                if mounts != own and mounts not in seen and os.path.exists("/proc/%s/root/.dockerenv" % pid):
                    put_clock(pid, clock)
                    seen.add(mounts)
        turn += 1
        time.sleep(TURN_SECONDS)


main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
