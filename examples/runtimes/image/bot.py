"""Runs until it is stopped, in an image that knows nothing of Berth."""

import json
import os
import pathlib
import signal
import time

running = True


def stop(signum, frame):
    global running
    running = False


signal.signal(signal.SIGTERM, stop)
config = json.loads(pathlib.Path(os.environ["CONFIG_FILE"]).read_text())
while running:
    print(f"{os.environ['ID']} watches {config['symbol']}")
    time.sleep(1)
pathlib.Path(os.environ["CODE_MOUNT_DIR"], "result.json").write_text('{"status": "terminated"}')
raise SystemExit(143)
