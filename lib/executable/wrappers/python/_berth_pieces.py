"""Keeps characters whole where the container engine cuts a long line.

It cuts a line into pieces of 16 KiB, and replaces the halves of a character that stands at a cut by U+FFFD. A character
that would be cut gets up to three bytes of padding before it, so that it begins the next piece; the reader of the log
takes padding at the end of a piece away.
"""

PIECE = 16 * 1024
PADDING = b"\x1a"


class Pieces:
    """Where the next byte of one output stands in its piece."""

    def __init__(self):
        self.column = 0

    def pad(self, data):
        """Returns what to write for `data`, the next bytes of the output."""
        if self.column + len(data) < PIECE or data.isascii():
            newline = data.rfind(b"\n")
            self.column = len(data) - newline - 1 + (self.column if newline < 0 else 0)
            self.column %= PIECE
            return data
        written = bytearray()
        for line in lines_of(data):
            self.pad_line(line, written)
        return bytes(written)

    def pad_line(self, line, written):
        at = 0
        while len(line) - at > PIECE - self.column:
            cut = at + PIECE - self.column
            begin = cut
            while begin > at and cut - begin < 3 and is_continuation(line[begin]):
                begin -= 1
            if is_continuation(line[begin]):  # no character of UTF-8, or one that began before
                begin = cut
            written += line[at:begin] + PADDING * (cut - begin)
            self.column = 0
            at = begin
        written += line[at:]
        self.column = 0 if line.endswith(b"\n") else (self.column + len(line) - at) % PIECE


def lines_of(data):
    """Lines with their ends: only a line feed is one."""
    lines = data.split(b"\n")
    return [line + b"\n" for line in lines[:-1]] + lines[-1:]


def is_continuation(byte):
    return byte & 0xC0 == 0x80
