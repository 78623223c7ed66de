"""Makes the cable of a node slow: it passes frames on between two network devices, each after a delay.

slow_link.py plain DEVICE         lets the kernel finish each frame before it sends it by the device
slow_link.py relay A B MS FOLDER  passes frames between A and B, until it is killed. FOLDER tells whose process it is.

Kernels without the queue netem (`tc qdisc … netem`) have no way of their own.
"""

import array
import collections
import fcntl
import select
import socket
import struct
import sys
import time

ALL_FRAMES = 3
OUTGOING = 4
LONGEST_FRAME = 65536
SIOCETHTOOL = 0x8946
# Checksums and segments that the kernel would leave to the hardware: transmit checksums, TCP segments, segments.
OFFLOADS = (0x17, 0x1F, 0x24)


def make_plain(device):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command in OFFLOADS:
            value = array.array("B", struct.pack("II", command, 0))
            address, _ = value.buffer_info()
            fcntl.ioctl(control, SIOCETHTOOL, struct.pack("16sP", device.encode(), address))


def open_device(device):
    frames = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_FRAMES))
    frames.bind((device, 0))
    frames.setblocking(False)
    return frames


def relay(first, second, delay):
    ends = [open_device(first), open_device(second)]
    waiting = collections.deque()
    while True:
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            _, target, frame = waiting.popleft()
            try:
                target.send(frame)
            except OSError:
                pass  # The device is down, or its queue is full: a cable loses frames, too.
        limit = waiting[0][0] - now if waiting else None
        readable, _, _ = select.select(ends, [], [], limit)
        for source in readable:
            target = ends[1 - ends.index(source)]
            try:
                frame, (_, _, kind, *_) = source.recvfrom(LONGEST_FRAME)
            except OSError:
                continue
            if kind != OUTGOING:
                waiting.append((time.monotonic() + delay, target, frame))


if sys.argv[1] == "plain":
    make_plain(sys.argv[2])
else:
    relay(sys.argv[2], sys.argv[3], float(sys.argv[4]) / 1000)
