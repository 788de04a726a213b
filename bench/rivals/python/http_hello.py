"""
Twisted's web server as a rival: answers every GET with one line; answers every line on standard input with where it
listens, or with what it has used.
"""
import json
import resource
import sys
import threading

from twisted.internet import reactor
from twisted.web import server
from twisted.web.resource import Resource


class Hello(Resource):
    isLeaf = True

    def render_GET(self, request):
        request.setHeader(b'content-type', b'text/plain; charset=utf-8')
        return b'Hello, world!'


class Site(server.Site):
    def log(self, request):
        """None of the others writes a log."""


def usage():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {'cpu': round((used.ru_utime + used.ru_stime) * 1e9)}


def answer():
    """In a thread of its own, which sleeps in a read while the measurement runs."""
    for line in sys.stdin:
        reply = {'target': target} if json.loads(line)['do'] == 'target' else usage()
        sys.stdout.write(json.dumps(reply) + '\n')
        sys.stdout.flush()
    reactor.callFromThread(reactor.stop)


port = reactor.listenTCP(0, Site(Hello()), backlog=1024, interface='127.0.0.1')
target = {'kind': 'tcp', 'port': port.getHost().port}
reactor.callWhenRunning(threading.Thread(target=answer, daemon=True).start)
reactor.run(installSignalHandlers=False)
