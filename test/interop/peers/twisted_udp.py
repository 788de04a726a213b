"""The other end of the UDP interop tests, made of Twisted.

    server                    answers every datagram with the same bytes; prints {"port": PORT}
    client PORT SIZES         sends datagrams of these sizes (comma-separated) to that port of 127.0.0.1, each when the
                              one before has come back, from a connected port; prints {"echoed": COUNT, "problem": null}

Ends when standard input does.
"""

import json
import sys

from twisted.internet import protocol, reactor, stdio


def say(**what):
    print(json.dumps(what), flush=True)


def datagram(index, size):
    return bytes((index * 31 + at * 7) % 256 for at in range(size))


class Echo(protocol.DatagramProtocol):
    def datagramReceived(self, data, address):
        self.transport.write(data, address)


class Client(protocol.DatagramProtocol):
    def __init__(self, port, sizes):
        self.port, self.sizes, self.index = port, sizes, 0

    def startProtocol(self):
        self.transport.connect("127.0.0.1", self.port)
        self.send()

    def send(self):
        self.transport.write(datagram(self.index, self.sizes[self.index]))

    def datagramReceived(self, data, address):
        if data != datagram(self.index, self.sizes[self.index]):
            return say(echoed=self.index, problem="datagram %d differs" % self.index)
        self.index += 1
        if self.index < len(self.sizes):
            self.send()
        else:
            say(echoed=self.index, problem=None)


class Orders(protocol.Protocol):
    def connectionLost(self, reason):
        reactor.stop()


role = sys.argv[1]
if role == "server":
    port = reactor.listenUDP(0, Echo(), interface="127.0.0.1", maxPacketSize=65536)
    say(port=port.getHost().port)
else:
    sizes = [int(size) for size in sys.argv[3].split(",")]
    reactor.listenUDP(0, Client(int(sys.argv[2]), sizes), interface="127.0.0.1", maxPacketSize=65536)
stdio.StandardIO(Orders())
reactor.run()
