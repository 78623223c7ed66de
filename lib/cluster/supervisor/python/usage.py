"""Measures the container by its control group."""

from clock import read

ROOT = "/sys/fs/cgroup"


def read_usage():
    """As Berth takes it; None where the container does not see its control group."""
    return read_version_2() or read_version_1()


def out_of_memory_kills():
    """How many processes the kernel has ended at the memory limit."""
    for path in (f"{ROOT}/memory.events", f"{ROOT}/memory/memory.oom_control"):
        found = read_table(path).get("oom_kill")
        if found is not None:
            return found
    return 0


def read_version_2():
    cpu, memory = read_table(f"{ROOT}/cpu.stat"), read_number(f"{ROOT}/memory.current")
    if "usage_usec" not in cpu or memory is None:
        return None
    droppable = read_table(f"{ROOT}/memory.stat").get("inactive_file", 0)
    return described(cpu["usage_usec"] / 1e6, memory - droppable, read_number(f"{ROOT}/memory.max"),
                     read_number(f"{ROOT}/pids.current"))


def read_version_1():
    cpu = read_number(f"{ROOT}/cpuacct/cpuacct.usage") or read_number(f"{ROOT}/cpu,cpuacct/cpuacct.usage")
    memory = read_number(f"{ROOT}/memory/memory.usage_in_bytes")
    if cpu is None or memory is None:
        return None
    droppable = read_table(f"{ROOT}/memory/memory.stat").get("total_inactive_file", 0)
    return described(cpu / 1e9, memory - droppable, read_number(f"{ROOT}/memory/memory.limit_in_bytes"),
                     read_number(f"{ROOT}/pids/pids.current"))


def described(cpu, memory, limit, processes):
    usage = {"cpuSeconds": cpu, "memoryBytes": max(0, memory)}
    if limit is not None and limit < 1 << 60:
        usage["memoryLimitBytes"] = limit
    if processes is not None:
        usage["processes"] = processes
    return usage


def read_number(path):
    try:
        return int(read(path))
    except (OSError, ValueError):
        return None


def read_table(path):
    try:
        lines = read(path).decode().splitlines()
        return {name: int(value) for name, value in (line.split()[:2] for line in lines)}
    except (OSError, ValueError):
        return {}
