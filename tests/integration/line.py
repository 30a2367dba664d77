"""A TCP line between node and hub that a test can count, slow down and cut at any byte.

Line forwards one port of loopback to another; Proxy is the office's HTTP proxy (CONNECT only).
Threads and sockets of the standard library, nothing else; every byte is forwarded unchanged.
"""

import queue
import socket
import struct
import threading
import time

CHUNK_BYTES = 65536
CONNECT_SECONDS = 10
HEAD_BYTES_MAX = 8192


class Counts:
    """What passed: bytes each way, connections, turns, and the cuts of cut_after().

    A turn is a burst from the client that follows data of the server or opens a connection: over
    HTTP/1.1 without pipelining, a request. A TLS 1.3 handshake adds one (the client's hello).
    """

    def __init__(self):
        self.up = 0
        self.down = 0
        self.connections = 0
        self.turns = 0
        self.cuts = 0


class Line:
    """Listens on a port of its own choice until close(). Start, stop and cut from any thread."""

    def __init__(self, target_port=None, delay_seconds=0.0):
        self.target_port = target_port
        self.delay_seconds = delay_seconds
        self._lock = threading.Lock()
        self._counts = Counts()
        self._pairs = set()
        self._left = None
        self._on_cut = None
        self._no_cut_runs = threading.Event()
        self._no_cut_runs.set()
        self._up = True
        self._closed = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    def counts(self):
        with self._lock:
            copy = Counts()
            copy.__dict__.update(self._counts.__dict__)
            return copy

    def reset_counts(self):
        with self._lock:
            self._counts = Counts()

    def cut_after(self, byte_count, then=None):
        """Once so many more bytes have passed, every connection is reset; then `then()` runs, and
        only after it are new connections forwarded."""
        with self._lock:
            self._left = byte_count
            self._on_cut = then

    def never_cut(self):
        """Also waits for a cut that has begun, so that the line is up again; not from `then()`."""
        self.cut_after(None)
        self._no_cut_runs.wait()

    def will_cut(self):
        """Whether a cut is due, or its `then()` still runs."""
        with self._lock:
            return self._left is not None or not self._up

    def take_down(self):
        """Resets every connection, and every new one as soon as it is made."""
        with self._lock:
            self._up = False
            pairs = list(self._pairs)
        for pair in pairs:
            pair.reset()

    def bring_up(self):
        with self._lock:
            self._up = True

    def close(self):
        self._closed = True
        _stop_listening(self._listener)
        self.take_down()

    def _accept(self):
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client):
        with self._lock:
            port = self.target_port if self._up else None
        if port is None:
            _reset(client)
            return
        try:
            server = socket.create_connection(("127.0.0.1", port), CONNECT_SECONDS)
        except OSError:
            _reset(client)
            return
        server.settimeout(None)
        pair = _Pair(self, client, server)
        with self._lock:
            if not self._up:
                pair.reset()
                return
            self._pairs.add(pair)
            self._counts.connections += 1
        pair.run()
        with self._lock:
            self._pairs.discard(pair)

    def _pass(self, pair, upwards, data):
        """Counts data and returns what of it may still go; calls for the cut when it is due."""
        cut = None
        with self._lock:
            if not self._up:
                return b""
            if self._left is not None:
                data = data[: self._left]
                self._left -= len(data)
                if self._left == 0:
                    cut, self._left = self._on_cut or (lambda: None), None
                    self._up = False
                    self._no_cut_runs.clear()
                    self._counts.cuts += 1
            if upwards and data:
                self._counts.up += len(data)
                self._counts.turns += 0 if pair.client_spoke_last else 1
            elif data:
                self._counts.down += len(data)
            if data:
                pair.client_spoke_last = upwards
        if cut is not None:
            try:
                pair.send(upwards, data)
                self.take_down()
                cut()
            finally:
                self.bring_up()
                self._no_cut_runs.set()
            return b""
        return data


class _Pair:
    """One connection: a client's socket and the server's."""

    def __init__(self, line, client, server):
        self.client_spoke_last = False
        self._line = line
        self._client = client
        self._server = server
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run(self):
        up = threading.Thread(target=self._pump, args=(True,), daemon=True)
        up.start()
        self._pump(False)
        up.join()
        self._client.close()
        self._server.close()

    def send(self, upwards, data):
        try:
            (self._server if upwards else self._client).sendall(data)
        except OSError:
            pass  # the other end is gone: its pump notices

    def reset(self):
        _reset(self._client)
        _reset(self._server)

    def _pump(self, upwards):
        source = self._client if upwards else self._server
        waiting = queue.Queue()
        writer = threading.Thread(target=self._write, args=(upwards, waiting), daemon=True)
        writer.start()
        try:
            while data := source.recv(CHUNK_BYTES):
                waiting.put((time.monotonic() + self._line.delay_seconds, data))
        except OSError:
            pass
        waiting.put((0, b""))
        writer.join()

    def _write(self, upwards, waiting):
        """Upward bytes count as they come from the client, downward ones as they reach it."""
        never = threading.Event()
        while True:
            due, data = waiting.get()
            if data and upwards:
                data = self._line._pass(self, True, data)
                never.wait(max(0.0, due - time.monotonic()))
            elif data:
                never.wait(max(0.0, due - time.monotonic()))
                data = self._line._pass(self, False, data)
            if not data:
                break
            self.send(upwards, data)
        try:
            (self._server if upwards else self._client).shutdown(socket.SHUT_WR)
        except OSError:
            pass


def _stop_listening(listener):
    """A thread that waits in accept() keeps the port open after close() alone."""
    try:
        listener.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it was closed before
    listener.close()


def _reset(end):
    """Ends a connection with a reset, so that neither side takes it for a proper end."""
    try:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    end.close()


class Proxy:
    """An HTTP proxy that knows CONNECT and nothing else; remembers what it was asked for."""

    def __init__(self):
        self.asked = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def close(self):
        _stop_listening(self._listener)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client:
            head = b""
            while b"\r\n\r\n" not in head and len(head) < HEAD_BYTES_MAX:
                more = client.recv(1)
                if not more:
                    return
                head += more
            words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
            self.asked.append(" ".join(words[:2]))
            if words[0] != "CONNECT":
                client.sendall(b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n")
                return
            self._connect(client, words[1])

    def _connect(self, client, target):
        host, _, port = target.rpartition(":")
        try:
            server = socket.create_connection((host, int(port)), CONNECT_SECONDS)
        except OSError:
            client.sendall(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
            return
        with server:
            server.settimeout(None)
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            up = threading.Thread(target=_copy, args=(client, server), daemon=True)
            up.start()
            _copy(server, client)
            up.join()


def _copy(source, target):
    try:
        while data := source.recv(CHUNK_BYTES):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
