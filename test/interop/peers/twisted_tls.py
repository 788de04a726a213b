"""The other end of the TLS interop tests, made of Twisted.

    twisted_tls.py FOLDER server tls|start             serves one connection on a free port, which it prints first
    twisted_tls.py FOLDER client tls|start PORT        connects to that port of localhost

FOLDER holds the certificates. The client sends LINES lines, the server sends each back in upper case; with `start` both
say one line in plain text before they begin TLS. Prints {"port": PORT}, and at the end a report.
"""

import json
import sys

from twisted.internet import endpoints, interfaces, protocol, reactor, ssl
from twisted.protocols import basic
from zope.interface import implementer

LINES = 200
SIZE = 1000


def say(**words):
    print(json.dumps(words), flush=True)


def line(i):
    return (b"line %d " % i).ljust(SIZE, b"x")


@implementer(interfaces.IHandshakeListener)
class Talk(basic.LineReceiver):
    MAX_LENGTH = 1 << 16
    count = 0
    handshakes = 0
    plain = None

    def handshakeCompleted(self):
        self.handshakes += 1

    def connectionLost(self, reason):
        certificate = self.factory.certificate
        say(count=self.count, reason=reason.type.__name__, handshakes=self.handshakes, plain=self.plain,
            subject=certificate)
        if reactor.running:
            reactor.stop()


class Server(Talk):
    def lineReceived(self, received):
        if self.factory.mode == "start" and self.plain is None:
            self.plain = received.decode()
            self.sendLine(b"GO")
            self.transport.startTLS(self.factory.tls)
            return
        self.factory.certificate = subject(self.transport)
        self.count += 1
        self.sendLine(received.upper())


class Client(Talk):
    def connectionMade(self):
        if self.factory.mode == "start":
            self.sendLine(b"STARTTLS")
        else:
            self.send()

    def send(self):
        for i in range(LINES):
            self.sendLine(line(i))

    def lineReceived(self, received):
        if self.factory.mode == "start" and self.plain is None:
            self.plain = received.decode()
            self.transport.startTLS(self.factory.tls)
            self.send()
            return
        if received != line(self.count).upper():
            say(problem="line %d differs" % self.count)
            self.transport.abortConnection()
            return
        self.factory.certificate = subject(self.transport)
        self.count += 1
        if self.count == LINES:
            self.transport.loseConnection()


def subject(transport):
    certificate = transport.getPeerCertificate()
    return None if certificate is None else certificate.get_subject().CN


def read(name):
    with open(FOLDER + name) as file:
        return file.read()


def main(role, mode, port=None):
    trusted = ssl.trustRootFromCertificates([ssl.Certificate.loadPEM(read("ca.pem"))])
    factory = protocol.Factory() if role == "server" else protocol.ClientFactory()
    factory.noisy = False
    factory.mode, factory.certificate = mode, None
    factory.protocol = Server if role == "server" else Client
    if role == "server":
        identity = ssl.PrivateCertificate.loadPEM(read("localhost.pem") + read("localhost.key"))
        factory.tls = identity.options(ssl.Certificate.loadPEM(read("ca.pem")))
        if mode == "tls":
            listening = reactor.listenSSL(0, factory, factory.tls, interface="127.0.0.1")
        else:
            listening = reactor.listenTCP(0, factory, interface="127.0.0.1")
        say(port=listening.getHost().port)
    else:
        identity = ssl.PrivateCertificate.loadPEM(read("client.pem") + read("client.key"))
        factory.tls = ssl.optionsForClientTLS("localhost", trusted, identity)
        endpoint = endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", int(port))
        if mode == "tls":
            endpoint = endpoints.wrapClientTLS(factory.tls, endpoint)
        endpoint.connect(factory).addErrback(failed)
    reactor.run()


def failed(failure):
    say(failed=failure.type.__name__)
    reactor.callWhenRunning(reactor.stop)


if __name__ == "__main__":
    FOLDER = sys.argv[1]
    main(*sys.argv[2:])
