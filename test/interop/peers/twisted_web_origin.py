"""An origin server of Twisted web, for the tests of the HTTP client.

    /hello          text, with a length
    /big?N          N bytes, in chunks, each of 65,536 bytes of one letter after the other
    /echo           what was posted, in chunks as it was read, and the method and fields that say how it came
    /gzip           compressed by Twisted for whoever accepts that
    /cookies        sets two, and says which came
    /to/STATUS      redirects to /echo
    /late           answers a second request of its connection never: it closes after the first, without a word

Prints {"port": PORT} on standard output, and ends when standard input does.
"""

import json

from twisted.internet import defer, reactor, stdio
from twisted.internet.protocol import Protocol
from twisted.web import resource, server

PIECE = 65_536


class Hello(resource.Resource):
    isLeaf = True

    def render_GET(self, request):
        request.setHeader(b"content-type", b"text/plain")
        return b"hello from twisted"


class Big(resource.Resource):
    isLeaf = True

    def render_GET(self, request):
        left = int(request.uri.split(b"?")[1])
        self.send(request, left)
        return server.NOT_DONE_YET

    @defer.inlineCallbacks
    def send(self, request, left):
        letter = 0
        while left > 0:
            piece = bytes([97 + letter % 26]) * min(left, PIECE)
            request.write(piece)
            left -= len(piece)
            letter += 1
            paused = defer.Deferred()
            reactor.callLater(0, paused.callback, None)
            yield paused
        request.finish()


class Echo(resource.Resource):
    isLeaf = True

    def render(self, request):
        body = request.content.read()
        for name in (b"content-length", b"transfer-encoding", b"cookie", b"authorization"):
            request.setHeader(b"x-" + name, request.getHeader(name) or b"none")
        request.setHeader(b"x-method", request.method)
        for at in range(0, len(body), PIECE):
            request.write(body[at:at + PIECE])
        request.finish()
        return server.NOT_DONE_YET


class Cookies(resource.Resource):
    isLeaf = True

    def render_GET(self, request):
        request.addCookie(b"one", b"1", path=b"/")
        request.addCookie(b"two", b"2", path=b"/cookies")
        return json.dumps(sorted(cookie.decode() + "=" + value.decode() for cookie, value in
                                 ((name, request.getCookie(name)) for name in (b"one", b"two")) if value)).encode()


class To(resource.Resource):
    isLeaf = True

    def render(self, request):
        request.setResponseCode(int(request.postpath[0]))
        request.setHeader(b"location", b"/echo")
        return b"elsewhere"


class Late(resource.Resource):
    isLeaf = True

    def render_GET(self, request):
        transport = request.channel.transport
        request.notifyFinish().addCallback(lambda _: reactor.callLater(0, transport.loseConnection))
        return b"once"


class Input(Protocol):
    def connectionLost(self, reason):
        reactor.callFromThread(reactor.stop)


root = resource.Resource()
root.putChild(b"hello", Hello())
root.putChild(b"big", Big())
root.putChild(b"echo", Echo())
root.putChild(b"gzip", resource.EncodingResourceWrapper(Hello(), [server.GzipEncoderFactory()]))
root.putChild(b"cookies", Cookies())
root.putChild(b"to", To())
root.putChild(b"late", Late())
port = reactor.listenTCP(0, server.Site(root), interface="127.0.0.1")
stdio.StandardIO(Input())
print(json.dumps({"port": port.getHost().port}), flush=True)
reactor.run()
