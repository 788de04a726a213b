"""A proxy of SOCKS versions 4 and 4A for interop tests, made of Twisted.

Listens on a free port of 127.0.0.1; prints {"port": PORT}. Lets everyone in but the user "nobody", and knows one name,
server.example, which is 127.0.0.1. For each connection that it makes it prints {"user": NAME, "to": [HOST, PORT],
"name": NAME OR null, "client": PORT, "from": PORT}: where to, by which name, and the ports at the other end of the one
side and at its own end of the other.

Ends when standard input does.
"""

import json
import sys

from twisted.internet import defer, error, protocol, reactor, stdio
from twisted.internet.interfaces import IResolverSimple
from twisted.protocols import socks
from zope.interface import implementer


def say(**what):
    print(json.dumps(what), flush=True)


@implementer(IResolverSimple)
class Names:
    asked = None

    def getHostByName(self, name, timeout=None):
        self.asked = name.decode() if isinstance(name, bytes) else name
        if self.asked == "server.example":
            return defer.succeed("127.0.0.1")
        return defer.fail(error.DNSLookupError(self.asked))


names = Names()


class Outgoing(socks.SOCKSv4Outgoing):
    def connectionMade(self):
        here, there = self.transport.getHost(), self.transport.getPeer()
        ports = {"client": self.socks.transport.getPeer().port, "from": here.port}
        say(user=self.socks.user, to=[there.host, there.port], name=names.asked, **ports)
        names.asked = None
        super().connectionMade()


class Proxy(socks.SOCKSv4):
    user = None

    def authorize(self, code, server, port, user):
        self.user = user.decode()
        return self.user != "nobody"

    def connectClass(self, host, port, klass, *args):
        return super().connectClass(host, port, Outgoing, *args)


class Factory(protocol.Factory):
    def buildProtocol(self, addr):
        return Proxy(None, reactor)


class Input(protocol.Protocol):
    def connectionLost(self, reason):
        if reactor.running:
            reactor.stop()


reactor.installResolver(names)
listening = reactor.listenTCP(0, Factory(), interface="127.0.0.1")
stdio.StandardIO(Input())
reactor.callWhenRunning(lambda: say(port=listening.getHost().port))
reactor.run()
sys.exit(0)
