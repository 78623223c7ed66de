"""A bot that counts, and goes on from the count in its state."""

import os
import time

COUNT = "/state/count"


def read_count():
    try:
        with open(COUNT) as file:
            return int(file.read())
    except FileNotFoundError:
        return 0


def write_count(count):
    # In one step, so that a copy of the state never has half of it.
    with open(COUNT + ".new", "w") as file:
        file.write(str(count))
    os.replace(COUNT + ".new", COUNT)


def main(id, config):
    count = read_count()
    while True:
        count += 1
        write_count(count)
        print(f"count {count}, LEASE_EPOCH {os.environ['LEASE_EPOCH']}", flush=True)
        time.sleep(1)
