/**
 * Subject: echo over loopback. What is compared is the server's own CPU time per message; the server is a process of
 * its own, and one common client in another process talks to all of them.
 */
import type { Case, Measured, Side, Subject } from '../model.js'
import { Remote } from '../remote.js'

const OURS = 'whorl'
const RAW = 'node:net'
const WINDOW = 16

interface Load {
  readonly do: 'ping' | 'stream'
  readonly connections: number
  readonly size: number
}

const servers: readonly { name: string; role: Side['role']; start(): Remote }[] = [
  { name: OURS, role: 'ours', start: () => Remote.node(OURS, './processes/whorl-server.js') },
  { name: RAW, role: 'rival', start: () => Remote.node(RAW, './processes/net-server.js') },
  { name: 'Twisted', role: 'rival', start: () => Remote.python('Twisted', 'rivals/python/echo.py', ['twisted']) },
  { name: 'uvloop', role: 'rival', start: () => Remote.python('uvloop', 'rivals/python/uvloop_echo.py', ['uvloop']) },
]

/** One client process for all sides of a case, ended with the last of them. */
function sharedClient(): { take(): Remote; leave(): Promise<void> } {
  let client: Remote | null = null
  let users = 0
  return {
    take() {
      users++
      return client ??= Remote.node('client', './processes/client.js')
    },
    async leave() {
      if (--users > 0 || client === null) return
      await client.stop()
      client = null
    },
  }
}

function caseOf(name: string, load: Load, n: number, quickN: number): Case {
  const shared = sharedClient()
  const sides = servers.map((server): Side => ({
    name: server.name, role: server.role,
    async start() {
      const remote = server.start()
      const port = await remote.askNumber({ do: 'port' }, 'port')
      const client = shared.take()
      await client.ask({ do: 'open', port, count: load.connections })
      const exchange = (count: number, thorough: boolean): Promise<Record<string, unknown>> =>
        client.ask({ do: load.do, port, size: load.size, count, window: WINDOW, thorough })
      await exchange(load.connections * 20, true)
      return {
        async run(count): Promise<Measured> {
          const before = await remote.askNumber({ do: 'usage' }, 'cpu')
          const began = process.hrtime.bigint()
          const reply = await exchange(count, false)
          const wall = Number(process.hrtime.bigint() - began)
          const cpu = await remote.askNumber({ do: 'usage' }, 'cpu') - before
          return { check: Number(reply.check), totals: { wall, cpu } }
        },
        async dispose() {
          await client.ask({ do: 'close', port })
          await shared.leave()
          await remote.stop()
        },
      }
    },
  }))
  return {
    name, operation: 'message', n, quickN, metrics: ['cpu'], budget: 24_000, sides,
    targets: [{ ours: OURS, rival: RAW, kind: 'at-most', value: 1.05, metric: 'cpu' }],
  }
}

export const echo: Subject = {
  name: 'echo',
  title: 'Echo over loopback',
  description: "The server's CPU time per message, user and system.",
  cases: [
    caseOf('64 connections, 64 B ping-pong', { do: 'ping', connections: 64, size: 64 }, 40_000, 5000),
    caseOf('1 connection, 64 KiB stream', { do: 'stream', connections: 1, size: 65_536 }, 6000, 600),
  ],
}
