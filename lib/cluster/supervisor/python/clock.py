"""The time since the start of the machine, which also passes while the machine sleeps and never jumps.

The watchdog reads the same file: the two have to agree.
"""


def now():
    """Seconds."""
    with open("/proc/uptime") as file:
        return float(file.read().split()[0])


def boot_id():
    """Names this start of the machine: times of another one say nothing here."""
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()
