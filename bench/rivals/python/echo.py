"""
Twisted's echo servers as rivals: arguments are the kind (tcp, tls with certificate and key, unix, udp); answers every
line on standard input with where it listens, or with what it has used.
"""
import json
import os
import resource
import sys
import tempfile
import threading

from twisted.internet import protocol, reactor

connections = [0]


class Echo(protocol.Protocol):
    def connectionMade(self):
        connections[0] += 1

    def dataReceived(self, data):
        self.transport.write(data)

    def connectionLost(self, reason):
        connections[0] -= 1


class EchoDatagrams(protocol.DatagramProtocol):
    def datagramReceived(self, data, address):
        self.transport.write(data, address)


def listen(kind):
    factory = protocol.Factory.forProtocol(Echo)
    if kind == 'unix':
        path = os.path.join(tempfile.gettempdir(), 'whorl-bench-%d.sock' % os.getpid())
        reactor.listenUNIX(path, factory, backlog=1024)
        return {'kind': kind, 'path': path}
    if kind == 'udp':
        port = reactor.listenUDP(0, EchoDatagrams(), interface='127.0.0.1')
    elif kind == 'tls':
        from twisted.internet import ssl
        with open(sys.argv[2], 'rb') as certificate, open(sys.argv[3], 'rb') as key:
            identity = ssl.PrivateCertificate.loadPEM(certificate.read() + key.read())
        port = reactor.listenSSL(0, factory, identity.options(), backlog=1024, interface='127.0.0.1')
    else:
        port = reactor.listenTCP(0, factory, backlog=1024, interface='127.0.0.1')
    return {'kind': kind, 'port': port.getHost().port}


def usage():
    used = resource.getrusage(resource.RUSAGE_SELF)
    with open('/proc/self/statm') as statm:
        resident = int(statm.read().split()[1]) * resource.getpagesize()
    return {'cpu': round((used.ru_utime + used.ru_stime) * 1e9), 'rss': resident, 'connections': connections[0]}


def answer():
    """In a thread of its own, which sleeps in a read while the measurement runs."""
    for line in sys.stdin:
        reply = {'target': target} if json.loads(line)['do'] == 'target' else usage()
        sys.stdout.write(json.dumps(reply) + '\n')
        sys.stdout.flush()
    reactor.callFromThread(reactor.stop)


target = listen(sys.argv[1] if len(sys.argv) > 1 else 'tcp')
reactor.callWhenRunning(threading.Thread(target=answer, daemon=True).start)
reactor.run(installSignalHandlers=False)
