"""
uvloop's echo server as a rival (an asyncio.Protocol, its fastest way): same questions and answers as echo.py.
"""
import asyncio
import json
import resource
import sys
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


def usage():
    used = resource.getrusage(resource.RUSAGE_SELF)
    with open('/proc/self/statm') as statm:
        resident = int(statm.read().split()[1]) * resource.getpagesize()
    return {'cpu': round((used.ru_utime + used.ru_stime) * 1e9), 'rss': resident, 'connections': connections[0]}


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Echo, '127.0.0.1', 0, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    stopped = asyncio.Event()

    def answer():
        for line in sys.stdin:
            reply = {'port': port} if json.loads(line)['do'] == 'port' else usage()
            sys.stdout.write(json.dumps(reply) + '\n')
            sys.stdout.flush()
        loop.call_soon_threadsafe(stopped.set)

    threading.Thread(target=answer, daemon=True).start()
    await stopped.wait()


uvloop.install()
asyncio.run(main())
