"""What is exchanged in a test: the same frames, computed alike here and in test/interop/plan.ts.

A plan is a list of frame sizes and a way to cut the bytes; both ends know it, so both verify every byte they get.
"""

BIG = [0, 1, 2, 3, 60, 125, 126, 127, 128, 255, 256, 257, 1000, 1459, 1460, 1461, 4095, 4096, 16383, 16384,
       65535, 65536, 65537, 70000, 131072, 300000]
SIZES = {
    # Many frames in one segment.
    "whole": [i % 61 for i in range(3000)],
    # One write for each frame, among them some above 64 KiB.
    "each": BIG + BIG[::-1],
    # One byte at a time.
    "dribble": [0, 1, 2, 5, 13, 60, 127, 0, 0, 3],
    # Cut without regard to frames.
    "cuts": BIG + BIG[::-1],
}
UTF8 = "\u00e9\u20ac\U0001f600".encode()


def frame(kind, index, size, salt):
    """Frame number `index` of the end that has this salt (client 0, server 1)."""
    start = index * 31 + salt * 13
    if kind != "lines":
        return _cycle(bytes((start + j * 7) % 256 for j in range(256)), size)
    text = _cycle(bytes((start + j * 7) % 94 + 33 for j in range(94)), size)
    return UTF8 + text[len(UTF8):] if size >= len(UTF8) and index % 3 == 0 else text


def _cycle(pattern, size):
    return (pattern * (size // len(pattern) + 1))[:size]


def stream(length, start=0):
    """Bytes from `start` on of one that never ends."""
    pattern = bytes(j * 7 % 251 for j in range(251))
    turn = start % 251
    return _cycle(pattern[turn:] + pattern[:turn], length)


def frames(kind, mode, salt):
    return [frame(kind, index, size, salt) for index, size in enumerate(SIZES[mode])]


def encoded(kind, data):
    if kind == "lines":
        return data + b"\r\n"
    if kind == "netstrings":
        return b"%d:%b," % (len(data), data)
    if kind == "int32":
        return len(data).to_bytes(4, "big") + data
    return data


def pieces(mode, data):
    """The writes, each in a turn of its own."""
    if mode == "dribble":
        return [data[i:i + 1] for i in range(len(data))]
    cut, at, state = [], 0, 12345
    while at < len(data):
        state = (state * 1103515245 + 12345) % 2147483648
        length = 1 + (state >> 8) % 9000
        cut.append(data[at:at + length])
        at += length
    return cut
