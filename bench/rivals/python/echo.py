"""
Twisted's echo server as a rival: prints its port, then answers every line on standard input with what it has used.
"""
import json
import resource
import sys
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


def usage():
    used = resource.getrusage(resource.RUSAGE_SELF)
    with open('/proc/self/statm') as statm:
        resident = int(statm.read().split()[1]) * resource.getpagesize()
    return {'cpu': round((used.ru_utime + used.ru_stime) * 1e9), 'rss': resident, 'connections': connections[0]}


def answer():
    """In a thread of its own, which sleeps in a read while the measurement runs."""
    for line in sys.stdin:
        reply = {'port': port.getHost().port} if json.loads(line)['do'] == 'port' else usage()
        sys.stdout.write(json.dumps(reply) + '\n')
        sys.stdout.flush()
    reactor.callFromThread(reactor.stop)


port = reactor.listenTCP(0, protocol.Factory.forProtocol(Echo), backlog=1024, interface='127.0.0.1')
reactor.callWhenRunning(threading.Thread(target=answer, daemon=True).start)
reactor.run(installSignalHandlers=False)
