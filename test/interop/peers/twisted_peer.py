"""The other end of the interop tests, made of Twisted.

Reads jobs from standard input, one JSON object a line, until that ends:

    {"id": 1, "role": "server", "kind": KIND, "mode": MODE}                serves one connection on a free port
    {"id": 2, "role": "client", "kind": KIND, "mode": MODE, "port": PORT}  connects to that port of 127.0.0.1

KIND is echo, lines, netstrings or int32; MODE is a plan (plan.py). Two further kinds have no plan, and "mode" says what
they do: half (close one side, in the order of "mode"), and flow (a producer, "push" or "pull", that is held back by an
end which pauses after every few bytes). Prints one JSON object a line: for a server
{"id": 1, "port": PORT}, and for each job a report when its connection is over, whose "problem" is null only if every
byte that came was the right one and the connection ended cleanly.
"""

import hashlib
import json

from twisted.internet import interfaces, protocol, reactor, stdio
from twisted.protocols import basic
from zope.interface import implementer

import plan

LIMIT = 1 << 20
QUESTION = 100_000
ANSWER = 3_000_000
STREAM = 12_000_000
PIECE = 50_000


class Exchange:
    """Sends its own frames, checks the other end's, and reports."""

    def begin(self, expected, sends=True):
        self.transport.setTcpNoDelay(True)
        self.received = 0
        self.bytes = 0
        self.digest = hashlib.sha256()
        self.expected = expected
        self.sent_all = not sends
        if sends:
            self.send()

    def connectionMade(self):
        self.begin(plan.frames(self.factory.kind, self.factory.mode, 1 - self.factory.salt))

    def send(self):
        kind, mode = self.factory.kind, self.factory.mode
        own = plan.frames(kind, mode, self.factory.salt)
        if mode in ("whole", "each"):
            self.send_each(own)
        else:
            stream = b"".join(plan.encoded(kind, data) for data in own)
            self.send_pieces(iter(plan.pieces(mode, stream)))

    def send_each(self, own):
        for data in own:
            self.send_frame(data)
        self.sent()

    def send_pieces(self, rest):
        for piece in rest:
            self.transport.write(piece)
            reactor.callLater(0, self.send_pieces, rest)
            return
        self.sent()

    def sent(self):
        self.sent_all = True
        self.close_when_done()

    def got(self, data):
        if self.received >= len(self.expected):
            return self.fail("a frame too many")
        if data != self.expected[self.received]:
            return self.fail("frame %d differs" % self.received)
        self.received += 1
        self.bytes += len(data)
        self.digest.update(data)
        self.close_when_done()

    def close_when_done(self):
        if self.factory.role == "client" and self.sent_all and self.received == len(self.expected):
            self.transport.loseConnection()

    def fail(self, why):
        self.factory.problem = self.factory.problem or why
        self.transport.abortConnection()

    def connectionLost(self, reason):
        if self.received != len(self.expected):
            self.factory.problem = self.factory.problem or "got %d of %d" % (self.received, len(self.expected))
        self.factory.done(reason, frames=self.received, bytes=self.bytes, sha256=self.digest.hexdigest())


class Lines(Exchange, basic.LineReceiver):
    MAX_LENGTH = LIMIT

    def send_frame(self, data):
        self.sendLine(data)

    def lineReceived(self, line):
        self.got(line)


class Strings(Exchange):
    MAX_LENGTH = LIMIT

    def send_frame(self, data):
        self.sendString(data)

    def stringReceived(self, data):
        self.got(data)


class Netstrings(Strings, basic.NetstringReceiver):
    pass


class Int32(Strings, basic.Int32StringReceiver):
    pass


class Echo(Exchange, protocol.Protocol):
    """As client sends a stream and checks that it comes back; as server checks it and sends it back."""

    def connectionMade(self):
        stream = b"".join(plan.frames(self.factory.kind, self.factory.mode, 0))
        self.begin(stream, sends=self.factory.role == "client")

    def send_frame(self, data):
        self.transport.write(data)

    def dataReceived(self, data):
        if data != self.expected[self.received:self.received + len(data)]:
            return self.fail("the bytes from %d on differ" % self.received)
        self.received += len(data)
        self.bytes += len(data)
        self.digest.update(data)
        if self.factory.role == "server":
            self.transport.write(data)
        self.close_when_done()


@implementer(interfaces.IHalfCloseableProtocol)
class Half(protocol.Protocol):
    """The client asks and closes its sending side; the server answers after that, and closes its own."""

    def connectionMade(self):
        self.log = []
        self.question = b""
        if self.factory.role == "client":
            self.transport.write(plan.stream(QUESTION))
            self.transport.loseWriteConnection()

    def dataReceived(self, data):
        self.question += data

    def readConnectionLost(self):
        self.log.append("read lost after %d" % len(self.question))
        if self.factory.role == "server":
            self.transport.write(plan.stream(ANSWER))
            if self.factory.mode == "half":
                self.transport.loseWriteConnection()
            else:
                self.transport.loseConnection()
        else:
            # Twisted leaves a connection alone whose halves are both closed.
            self.transport.loseConnection()

    def writeConnectionLost(self):
        self.log.append("write lost")
        if self.factory.role == "server":
            self.transport.loseConnection()

    def connectionLost(self, reason):
        wanted = plan.stream(ANSWER if self.factory.role == "client" else QUESTION)
        if self.question != wanted:
            self.factory.problem = "got %d of %d bytes, or others" % (len(self.question), len(wanted))
        self.factory.done(reason, bytes=len(self.question), log=self.log)


class Flow(protocol.Protocol):
    """The server produces a stream; the client reads it with many pauses."""

    def connectionMade(self):
        self.log = []
        self.got = 0
        self.digest = hashlib.sha256()
        if self.factory.role == "server":
            self.left = STREAM
            self.paused = False
            self.most = 0
            self.transport.registerProducer(self, self.factory.mode == "push")
            if self.factory.mode == "push":
                self.resumeProducing()

    def resumeProducing(self):
        self.paused = False
        while self.left > 0 and not self.paused:
            self.piece()
            if self.factory.mode == "pull":
                return
        if self.left == 0:
            self.left = -1
            self.transport.unregisterProducer()
            self.transport.loseConnection()

    def pauseProducing(self):
        self.paused = True
        self.log.append("pause")

    def stopProducing(self):
        self.log.append("stop")

    def piece(self):
        length = min(PIECE, self.left)
        start = STREAM - self.left
        self.left -= length
        self.transport.write(plan.stream(length, start))

    def dataReceived(self, data):
        self.got += len(data)
        self.digest.update(data)
        self.transport.pauseProducing()
        reactor.callLater(0, self.transport.resumeProducing)

    def connectionLost(self, reason):
        self.factory.done(reason, bytes=self.got, sha256=self.digest.hexdigest(), pauses=len(self.log))


KINDS = {"half": Half, "flow": Flow, "echo": Echo, "lines": Lines, "netstrings": Netstrings, "int32": Int32}


class Job(protocol.ClientFactory):
    """One connection, at either end of it."""

    noisy = False
    problem = None
    listening = None

    def __init__(self, id, role, kind, mode, port=None):
        self.id, self.role, self.kind, self.mode = id, role, kind, mode
        self.salt = 0 if role == "client" else 1
        self.protocol = KINDS[kind]
        if role == "server":
            self.listening = reactor.listenTCP(0, self, interface="127.0.0.1")
            say(id=id, port=self.listening.getHost().port)
        else:
            reactor.connectTCP("127.0.0.1", port, self)

    def done(self, reason, **figures):
        ended = reason.type.__name__
        if ended != "ConnectionDone":
            self.problem = self.problem or "ended with %s" % ended
        if self.listening:
            self.listening.stopListening()
        say(id=self.id, reason=ended, problem=self.problem, **figures)

    def clientConnectionFailed(self, connector, reason):
        self.done(reason, frames=0, bytes=0, sha256="")


class Jobs(basic.LineReceiver):
    delimiter = b"\n"

    def lineReceived(self, line):
        Job(**json.loads(line))

    def connectionLost(self, reason):
        reactor.callWhenRunning(reactor.stop)


def say(**words):
    print(json.dumps(words), flush=True)


if __name__ == "__main__":
    stdio.StandardIO(Jobs())
    reactor.run()
