/**
 * Subjects: echo over TCP, TLS, UNIX sockets and UDP. What is compared is the server's own CPU time per message.
 */
import type { Subject, Target } from '../model.js'
import { Remote } from '../remote.js'
import type { Server } from '../servers.js'
import { OURS, serverCase, startOurs } from '../servers.js'
import type { Kind } from '../processes/places.js'
import { vectorPath } from '../processes/places.js'

const PING = { do: 'ping', connections: 64, size: 64, window: 1 } as const
const STREAM = { do: 'stream', connections: 1, size: 65_536, window: 16 } as const
const DATAGRAMS = { do: 'datagrams', connections: 16, size: 64, window: 4 } as const

/** Ours, Node's own module, Twisted and uvloop. */
function serversOf(kind: Kind, raw: string): Server[] {
  const files = kind === 'tls' ? [vectorPath('localhost.pem'), vectorPath('localhost.key')] : []
  const twisted = kind === 'tls' ? ['twisted', 'OpenSSL', 'service_identity'] : ['twisted']
  return [
    { name: OURS, start: () => startOurs([kind]) },
    { name: raw, start: () => Remote.node(raw, './processes/net-server.js', [kind]) },
    python('Twisted', 'rivals/python/echo.py', twisted, [kind, ...files]),
    python('uvloop', 'rivals/python/uvloop_echo.py', ['uvloop'], [kind, ...files]),
  ]
}

function python(name: string, path: string, modules: readonly string[], args: readonly string[]): Server {
  return { name, maxRounds: 3, start: () => Remote.python(name, path, modules, args) }
}

function atMost(value: number, rival: string): Omit<Target, 'ours'>[] {
  return [{ rival, kind: 'at-most', value, metric: 'cpu' }]
}

const DESCRIPTION = "The server's CPU time per message, user and system."

function streamSubject(name: string, title: string, kind: Kind, raw: string, scale: number): Subject {
  const servers = serversOf(kind, raw)
  const targets = atMost(1.05, raw)
  return {
    name, title, description: DESCRIPTION,
    cases: [
      serverCase({
        name: '64 connections, 64 B ping-pong', operation: 'message', servers, load: PING,
        n: 20_000 / scale, quickN: 5000, targets,
      }),
      serverCase({
        name: '1 connection, 64 KiB stream', operation: 'message', servers, load: STREAM,
        n: 3000 / scale, quickN: 600, targets,
      }),
    ],
  }
}

export const echo = streamSubject('echo', 'Echo over loopback', 'tcp', 'node:net', 1)
export const tls = streamSubject('tls', 'Echo over TLS', 'tls', 'node:tls', 2)
export const unix = streamSubject('unix', 'Echo over UNIX sockets', 'unix', 'node:net', 1)

export const udp: Subject = {
  name: 'udp', title: 'Echo over UDP', description: DESCRIPTION,
  cases: [serverCase({
    name: '16 peers, 64 B datagrams', operation: 'datagram', servers: serversOf('udp', 'node:dgram'), load: DATAGRAMS,
    n: 20_000, quickN: 5000, targets: atMost(1.1, 'node:dgram'),
  })],
}

export const accept: Subject = {
  name: 'accept', title: 'Connections that come and go',
  description: 'Opened, one byte echoed, closed: time for each, and the server\'s CPU time.',
  cases: [serverCase({
    name: 'accept, 1 B, close', operation: 'connection', servers: serversOf('tcp', 'node:net').slice(0, 3),
    // One stays: without any, what V8 has compiled for connections would be collected before each run.
    load: { do: 'come-and-go', connections: 1, size: 1, window: 32 }, n: 4000, quickN: 600, metrics: ['wall', 'cpu'],
    targets: (['wall', 'cpu'] as const).map((metric) =>
      ({ rival: 'node:net', kind: 'at-least', value: 0.9, metric })),
  })],
}
