"""Twisted at a UNIX socket: `server PATH LOCK`, `client PATH CHECK`, where LOCK and CHECK are 0 or 1.

Either end sends a stream, closes its writing side, reads the other's to its end, and prints what it saw as JSON.
"""

import hashlib
import json
import sys

from twisted.internet import interfaces, protocol, reactor
from zope.interface import implementer

LENGTH = 300_000


def stream(salt):
    return bytes((i * 31 + salt) & 255 for i in range(LENGTH))


@implementer(interfaces.IHalfCloseableProtocol)
class End(protocol.Protocol):
    def connectionMade(self):
        self.received = b""
        self.events = []
        self.peer = repr(self.transport.getPeer())
        if self.factory.role == "client":
            self.send(1)

    def send(self, salt):
        self.transport.write(stream(salt))
        self.transport.loseWriteConnection()

    def dataReceived(self, data):
        self.received += data

    def readConnectionLost(self):
        self.events.append("read lost")
        if self.factory.role == "server":
            self.send(2)
        else:
            self.transport.loseConnection()

    def writeConnectionLost(self):
        self.events.append("write lost")
        # Twisted itself does not notice that both directions are closed.
        if self.factory.role == "server":
            self.transport.loseConnection()

    def connectionLost(self, reason):
        say(reason=reason.type.__name__, events=self.events, sha256=hashlib.sha256(self.received).hexdigest())
        if self.factory.role == "client":
            reactor.stop()


class Ends(protocol.ClientFactory):
    protocol = End
    noisy = False

    def __init__(self, role):
        self.role = role

    def clientConnectionFailed(self, connector, reason):
        say(failed=reason.type.__name__)
        reactor.stop()


def say(**words):
    print(json.dumps(words), flush=True)


role, path, flag = sys.argv[1:]
if role == "server":
    reactor.listenUNIX(path, Ends(role), wantPID=bool(int(flag)))
    say(listening=path)
else:
    reactor.connectUNIX(path, Ends(role), checkPID=bool(int(flag)))
reactor.run()
