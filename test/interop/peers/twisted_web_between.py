"""Twisted web as client and as proxy, for the tests of the HTTP server and client.

    client PORT     asks the server on that port of 127.0.0.1 for /big, /pieces, posts to /digest, and asks for many /late
                    at a time over kept connections; prints what came as one object of JSON, and ends
    reverse PORT    a server that passes everything on to that port
    forward         a proxy for requests with whole URLs

Proxies print {"port": PORT} on standard output, and end when standard input does.
"""

import hashlib
import json
import sys
from io import BytesIO

from twisted.internet import defer, reactor, stdio
from twisted.internet.protocol import Protocol
from twisted.web import client, http, proxy, server
from twisted.web.http_headers import Headers

MANY = 50


class Input(Protocol):
    def connectionLost(self, reason):
        reactor.callFromThread(reactor.stop)


@defer.inlineCallbacks
def ask(port):
    pool = client.HTTPConnectionPool(reactor)
    pool.maxPersistentPerHost = 4
    agent = client.Agent(reactor, pool=pool)
    url = b"http://127.0.0.1:%d" % port
    found = {}

    @defer.inlineCallbacks
    def one(method, path, body=None):
        producer = None if body is None else client.FileBodyProducer(BytesIO(body))
        response = yield agent.request(method, url + path, Headers({b"user-agent": [b"twisted"]}), producer)
        read = yield client.readBody(response)
        return response, read

    for path in (b"/big", b"/pieces"):
        response, read = yield one(b"GET", path)
        found[path.decode()] = [response.code, response.length if isinstance(response.length, int) else "chunked",
                                hashlib.sha256(read).hexdigest()]
    response, read = yield one(b"HEAD", b"/x")
    found["HEAD"] = [response.code, len(read)]
    response, read = yield one(b"POST", b"/digest", b"0123456789" * 100_000)
    found["POST"] = [response.code, read.decode()]
    answers = yield defer.gatherResults([one(b"GET", b"/late?n=%d" % n) for n in range(MANY)])
    found["late"] = [read.decode() for _, read in answers]
    yield pool.closeCachedConnections()
    print(json.dumps(found), flush=True)
    reactor.stop()


def failed(reason):
    sys.stderr.write(reason.getTraceback())
    reactor.stop()


def listen(factory):
    stdio.StandardIO(Input())
    port = reactor.listenTCP(0, factory, interface="127.0.0.1")
    print(json.dumps({"port": port.getHost().port}), flush=True)


role = sys.argv[1]
if role == "client":
    reactor.callWhenRunning(lambda: ask(int(sys.argv[2])).addErrback(failed))
elif role == "reverse":
    listen(server.Site(proxy.ReverseProxyResource("127.0.0.1", int(sys.argv[2]), b"")))
else:
    proxies = http.HTTPFactory()
    proxies.protocol = proxy.Proxy
    listen(proxies)
reactor.run()
