"""A daemon's control channel, spoken by the kill loop itself.

host/control.hpp has the format. Starting `tram-node` for every command would take longer than the
command; the answers are the same, and what an answer says is what the command would have printed.
"""

import json
import os
import socket
import struct

SILENCE_SECONDS = 30  # the daemon gives a sign of life every 2 s
MESSAGE_BYTES_MAX = 16 * 1024 * 1024

_END, _ALIVE, _FAILED, _BUSY = 0, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


class Gone(Exception):
    """No daemon, or it went away before the answer was whole: whether it was done is not known."""


class Refused(Exception):
    """The daemon's own answer is an error; `items` came before it."""

    def __init__(self, error, items):
        super().__init__(f"{error.get('code')}: {error.get('message')}")
        self.code = error.get("code")
        self.items = items


def call(directory, method, params=None):
    """The items of the answer. Any thread; a connection a call, as the channel wants it."""
    try:
        with _connect(directory) as channel:
            request = json.dumps({"method": method, "params": params or {}}).encode()
            channel.sendall(struct.pack(">I", len(request)) + request)
            return _items(channel)
    except TimeoutError as error:
        raise AssertionError(f"{method}: silent for {SILENCE_SECONDS} s") from error
    except OSError as error:
        raise Gone(f"{method}: {error.strerror}") from error


def _connect(directory):
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    channel.settimeout(SILENCE_SECONDS)
    folder = None
    try:
        # A socket's address holds 107 bytes, a folder's path may have more.
        folder = os.open(directory, os.O_PATH | os.O_DIRECTORY)
        channel.connect(f"/proc/self/fd/{folder}/control.sock")
    except BaseException:
        channel.close()
        raise
    finally:
        if folder is not None:
            os.close(folder)
    return channel


def _items(channel):
    items, error = [], None
    while True:
        mark = struct.unpack(">I", _read(channel, 4))[0]
        if mark == _ALIVE:
            continue
        if mark in (_FAILED, _BUSY):
            raise Refused({"code": "busy" if mark == _BUSY else "failed"}, items)
        if mark == _END:
            break
        if mark > MESSAGE_BYTES_MAX:
            raise AssertionError(f"a message of {mark} bytes")
        answer = json.loads(_read(channel, mark))
        if "item" in answer:
            items.append(answer["item"])
        else:
            error = answer["error"]
    if error is not None:
        raise Refused(error, items)
    return items


def _read(channel, count):
    data = b""
    while len(data) < count:
        more = channel.recv(min(count - len(data), 1 << 16))
        if not more:
            raise Gone("the answer was cut off")
        data += more
    return data
