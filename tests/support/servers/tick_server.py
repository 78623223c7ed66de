"""Writes down what it is sent, a datagram a line, with the time in milliseconds: tick_server.py ADDRESS PORT FILE"""

import socket
import sys
import time

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, open(sys.argv[3], "a", buffering=1) as file:
    server.bind((sys.argv[1], int(sys.argv[2])))
    while True:
        tick = server.recv(1000).decode()
        file.write(f"{time.time() * 1000:.0f} {tick}\n")
