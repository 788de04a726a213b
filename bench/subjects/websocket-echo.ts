/**
 * Subjects: WebSocket servers. Messages that come back, compressed and not: what is compared is the server's own CPU
 * time for a message. And memory: a fresh server takes connections that then say nothing.
 */
import type { Case, Measured, Side, Subject, Target } from '../model.js'
import type { Messages } from '../processes/http-places.js'
import { Remote } from '../remote.js'
import { needPackages, OURS, serverCase, startBundled } from '../servers.js'
import type { Server } from '../servers.js'

const CLIENT = './processes/http-load.js'
const WS = 'ws, bufferutil'
const WS_PLAIN = 'ws, without'
const RAW = 'node:net, no WebSocket'
const RIVALS = [WS, WS_PLAIN]

type Start = (compression: Messages['compression'], flags?: readonly string[]) => Remote | Promise<Remote>

function startWs(name: string, who: string, ...packages: readonly string[]): Start {
  return (compression, flags) => {
    needPackages(...packages)
    return Remote.node(name, './processes/http-rivals.js', [who, 'websocket', compression], flags)
  }
}

const startWhorl: Start = (compression, flags) =>
  startBundled('processes/http-whorl', ['websocket', compression], flags)
const startNative = startWs(WS, 'ws', 'ws', 'bufferutil')
const startPlain = startWs(WS_PLAIN, 'ws-plain', 'ws')
const startRaw: Start = () => Remote.node(RAW, './processes/http-rivals.js', ['raw', 'websocket'])

// --- echo

interface Echo {
  readonly name: string
  readonly connections: number
  readonly messages: Omit<Messages, 'kind'>
  readonly n: number
  /** Also with what the host's sockets cost alone: a server that swaps bytes. */
  readonly limit?: boolean
}

function echoCase({ name, connections, messages, n, limit = false }: Echo): Case {
  const server = (title: string, start: Start): Server => ({ name: title, start: () => start(messages.compression) })
  return serverCase({
    name, operation: 'message', n, quickN: n / 10, budget: 7000, metrics: ['cpu', 'wall'], client: CLIENT,
    collects: false, rehearsal: 10,
    load: { do: 'exchange', connections, what: { kind: 'websocket', ...messages } },
    servers: [
      server(OURS, startWhorl), server(WS, startNative), server(WS_PLAIN, startPlain),
      ...limit ? [server(RAW, startRaw)] : [],
    ],
    targets: [
      ...RIVALS.map((rival) => ({ rival, kind: 'at-least', value: 1.3, metric: 'cpu' } as const)),
      ...limit ? [{ rival: RAW, kind: 'at-most', value: 1.15, metric: 'cpu' } as const] : [],
    ],
  })
}

export const websocketEcho: Subject = {
  name: 'websocket-echo', title: 'WebSocket echo',
  description: "The server's CPU time per message, and the time for each.",
  cases: [
    echoCase({
      name: '64 B, binary, 64 connections', connections: 64, n: 20_000, limit: true,
      messages: { type: 'binary', size: 64, compression: 'plain' },
    }),
    echoCase({
      name: '64 B, text, 64 connections', connections: 64, n: 20_000, limit: true,
      messages: { type: 'text', size: 64, compression: 'plain' },
    }),
    echoCase({
      name: '64 KiB, binary, 8 connections', connections: 8, n: 3000,
      messages: { type: 'binary', size: 65_536, compression: 'plain' },
    }),
  ],
}

export const websocketCompressed: Subject = {
  name: 'websocket-compressed', title: 'WebSocket echo, compressed both ways',
  description: "Of text, each message by itself: the server's CPU time per message, and the time for each.",
  cases: [
    echoCase({
      name: '64 B, 64 connections', connections: 64, n: 4000,
      messages: { type: 'text', size: 64, compression: 'forgetting' },
    }),
    echoCase({
      name: '64 KiB, 8 connections', connections: 8, n: 240,
      messages: { type: 'text', size: 65_536, compression: 'forgetting' },
    }),
  ],
}

// --- memory

/** See the subject idle. */
const FLAGS = ['--max-semi-space-size=4']
/** Opened, used and closed first, so that what is made once is not counted. */
const REHEARSAL = 100

interface Idle {
  readonly name: string
  readonly n: number
  readonly quickN: number
  /** Each has sent and received so much, with compression as both sides have it unless they are told otherwise. */
  readonly used: boolean
}

function idleSide(name: string, role: Side['role'], start: Start, used: boolean): Side {
  const what: Messages = { kind: 'websocket', type: 'text', size: 2048, compression: used ? 'browser' : 'plain' }
  return {
    name, role, warmups: 0,
    start: () => ({
      async run(n): Promise<Measured> {
        const server = await start(what.compression, FLAGS)
        const client = Remote.node('client', CLIENT)
        const fill = async (count: number): Promise<void> => {
          await client.ask({ do: 'open', target, count, what })
          if (used) await client.ask({ do: 'exchange', target, count, thorough: true })
          await connected(server, count)
        }
        const { target } = await server.ask({ do: 'target' })
        try {
          await fill(REHEARSAL)
          if (!used) await client.ask({ do: 'exchange', target, count: REHEARSAL, thorough: true })
          await client.ask({ do: 'close', target })
          await connected(server, 0)
          const before = await server.ask({ do: 'memory' })
          await fill(n)
          const after = await server.ask({ do: 'memory' })
          const grown = (field: string): number => Number(after[field]) - Number(before[field])
          return { check: Number(after.connections), totals: { heap: grown('heap'), rss: grown('rss') } }
        } finally {
          await client.stop()
          await server.stop()
        }
      },
    }),
  }
}

/** The server learns of its connections a little later than the client does. */
async function connected(server: Remote, count: number): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (await server.askNumber({ do: 'usage' }, 'connections') === count) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`the server does not reach ${count} connections`)
}

function idleCase({ name, n, quickN, used }: Idle): Case {
  const target = (rival: string, metric: Target['metric']): Target =>
    ({ ours: OURS, rival, kind: 'at-most', value: 1, metric })
  return {
    name, operation: 'connection', n, quickN, metrics: ['heap', 'rss'], budget: 8000,
    sides: [
      idleSide(OURS, 'ours', startWhorl, used), idleSide(WS, 'rival', startNative, used),
      idleSide(WS_PLAIN, 'rival', startPlain, used),
    ],
    targets: RIVALS.flatMap((rival) => [target(rival, 'heap'), target(rival, 'rss')]),
  }
}

export const websocketIdle: Subject = {
  name: 'websocket-idle', title: 'Idle WebSocket: memory',
  description: "The server's memory per connection: JavaScript heap with external memory, and resident set.",
  cases: [
    idleCase({ name: 'never used, not compressed', n: 2000, quickN: 300, used: false }),
    idleCase({ name: 'compressed, after one message of 2 KiB', n: 500, quickN: 100, used: true }),
  ],
}
