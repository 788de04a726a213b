"""
uvloop's echo servers as rivals (an asyncio.Protocol, its fastest way): same arguments, questions and answers as
echo.py.
"""
import asyncio
import json
import os
import resource
import ssl
import sys
import tempfile
import threading

import uvloop

connections = [0]


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        connections[0] += 1
        self.write = transport.write

    def data_received(self, data):
        self.write(data)

    def connection_lost(self, error):
        connections[0] -= 1


class EchoDatagrams(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.send = transport.sendto

    def datagram_received(self, data, address):
        self.send(data, address)


async def listen(loop, kind):
    if kind == 'unix':
        path = os.path.join(tempfile.gettempdir(), 'whorl-bench-%d.sock' % os.getpid())
        return await loop.create_unix_server(Echo, path, backlog=1024), {'kind': kind, 'path': path}
    if kind == 'udp':
        transport, _ = await loop.create_datagram_endpoint(EchoDatagrams, local_addr=('127.0.0.1', 0))
        return transport, {'kind': kind, 'port': transport.get_extra_info('sockname')[1]}
    context = None
    if kind == 'tls':
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
    server = await loop.create_server(Echo, '127.0.0.1', 0, backlog=1024, ssl=context)
    return server, {'kind': kind, 'port': server.sockets[0].getsockname()[1]}


def usage():
    used = resource.getrusage(resource.RUSAGE_SELF)
    with open('/proc/self/statm') as statm:
        resident = int(statm.read().split()[1]) * resource.getpagesize()
    return {'cpu': round((used.ru_utime + used.ru_stime) * 1e9), 'rss': resident, 'connections': connections[0]}


async def main():
    loop = asyncio.get_running_loop()
    _server, target = await listen(loop, sys.argv[1] if len(sys.argv) > 1 else 'tcp')
    stopped = asyncio.Event()

    def answer():
        for line in sys.stdin:
            reply = {'target': target} if json.loads(line)['do'] == 'target' else usage()
            sys.stdout.write(json.dumps(reply) + '\n')
            sys.stdout.flush()
        loop.call_soon_threadsafe(stopped.set)

    threading.Thread(target=answer, daemon=True).start()
    await stopped.wait()
    if 'path' in target:
        os.unlink(target['path'])


uvloop.install()
asyncio.run(main())
