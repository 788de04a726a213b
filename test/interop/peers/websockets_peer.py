"""The other end of the WebSocket interop tests, made of the package websockets.

    server                 echoes every message; prints {"port": PORT}, and for each connection, at its end,
                           {"closed": CODE, "reason": REASON, "subprotocol": NAME, "extensions": [NAMES]}
    client URL [deflate]   sends a text, data of several sizes and a ping, expects each back, closes with 1000;
                           prints {"echoed": COUNT, "pong": true, "subprotocol": NAME, "extensions": [NAMES]}

The server ends when standard input does.
"""

import asyncio
import json
import sys

import websockets

SIZES = [0, 1, 125, 126, 127, 65535, 65536, 200000]


def say(**what):
    print(json.dumps(what), flush=True)


def names(connection):
    return [extension.name for extension in connection.extensions]


async def echo(connection):
    try:
        async for message in connection:
            await connection.send(message)
    except websockets.ConnectionClosed:
        pass
    say(closed=connection.close_code, reason=connection.close_reason, subprotocol=connection.subprotocol,
        extensions=names(connection))


async def serve():
    async with websockets.serve(echo, "127.0.0.1", 0, subprotocols=["echo.v1"], max_size=2 ** 24) as server:
        say(port=server.sockets[0].getsockname()[1])
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def call(url, compression):
    async with websockets.connect(url, subprotocols=["echo.v1"], compression=compression) as connection:
        echoed = 0
        for message in ["gr\u00fc\u00df dich"] + ["x" * size for size in SIZES] + [bytes(size) for size in SIZES]:
            await connection.send(message)
            echoed += await connection.recv() == message
        # A message that is sent in frames.
        await connection.send(["in ", "three ", "frames"])
        echoed += await connection.recv() == "in three frames"
        await asyncio.wait_for(await connection.ping(b"hello"), 20)
        say(echoed=echoed, pong=True, subprotocol=connection.subprotocol, extensions=names(connection))


if sys.argv[1] == "server":
    asyncio.run(serve())
else:
    asyncio.run(call(sys.argv[2], "deflate" if "deflate" in sys.argv else None))
