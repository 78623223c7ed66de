import platform
import time


def main(id, config):
    while True:
        print(f"{id} watches {config['symbol']} on Python {platform.python_version()}")
        time.sleep(1)
