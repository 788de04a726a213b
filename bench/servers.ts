/**
 * Cases in which servers are compared: each is a process of its own, and one common client in another process talks to
 * all of them. What is measured is the server's own CPU time, and the time it takes.
 */
import type { Case, Measured, Metric, Side, Target } from './model.js'
import { bundledURL } from './bundled.js'
import { Remote } from './remote.js'

/** Ours, in every subject with servers. */
export const OURS = 'whorl'

let program: Promise<string> | null = null

/** Our server, bundled as the package is. @param flags for Node */
export async function startOurs(args: readonly string[] = [], flags: readonly string[] = []): Promise<Remote> {
  return Remote.node(OURS, await (program ??= bundledURL('processes/whorl-server')), args, flags)
}

/** A server to compare. */
export interface Server {
  readonly name: string
  /** See `Side`. */
  readonly maxRounds?: number
  start(): Remote | Promise<Remote>
}

/** What the client does with each server. */
export interface Load {
  readonly do: 'ping' | 'stream' | 'datagrams' | 'come-and-go'
  readonly connections: number
  readonly size: number
  readonly window: number
}

/** A case of servers; the first of them is ours. */
export interface ServerCase {
  readonly name: string
  readonly operation: string
  readonly servers: readonly Server[]
  readonly load: Load
  readonly n: number
  readonly quickN: number
  readonly metrics?: readonly [Metric, ...Metric[]]
  readonly targets: readonly Omit<Target, 'ours'>[]
}

/** A run that takes longer than this, ms, has come to a halt. */
const LONGEST_RUN = 60_000

/** Operations that are done before anything is measured, for each connection. */
const REHEARSAL = 20

/** One client process for all sides of a case, ended with the last of them. */
function sharedClient(): { take(): Remote, leave(): Promise<void> } {
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

export function serverCase(what: ServerCase): Case {
  const shared = sharedClient()
  const { load } = what
  const sides = what.servers.map((server, index): Side => ({
    name: server.name, role: index === 0 ? 'ours' : 'rival',
    ...(server.maxRounds === undefined ? {} : { maxRounds: server.maxRounds }),
    async start() {
      const remote = await server.start()
      const { target } = await remote.ask({ do: 'target' })
      const client = shared.take()
      if (load.connections > 0) await client.ask({ do: 'open', target, count: load.connections })
      const exchange = (count: number, thorough: boolean): Promise<Record<string, unknown>> =>
        inTime(server.name, client.ask({ do: load.do, target, size: load.size, count, window: load.window, thorough }))
      await exchange(Math.max(1, load.connections) * REHEARSAL, true)
      return {
        async run(count): Promise<Measured> {
          // Garbage of the rehearsal, or of the run before, is not this one's; and every heap has been collected once,
          // after which V8 collects at other limits than before.
          await remote.ask({ do: 'collect' })
          await client.ask({ do: 'collect' })
          const before = await remote.askNumber({ do: 'usage' }, 'cpu')
          const began = process.hrtime.bigint()
          const reply = await exchange(count, false)
          const wall = Number(process.hrtime.bigint() - began)
          const cpu = await remote.askNumber({ do: 'usage' }, 'cpu') - before
          return { check: Number(reply.check), totals: { wall, cpu } }
        },
        async dispose() {
          await client.ask({ do: 'close', target })
          await shared.leave()
          await remote.stop()
        },
      }
    },
  }))
  const { name, operation, n, quickN } = what
  return {
    name, operation, n, quickN, metrics: what.metrics ?? ['cpu'], budget: 15_000, sides,
    targets: what.targets.map((target) => ({ ours: OURS, ...target })),
  }
}

function inTime<T>(name: string, running: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${name}: a run takes longer than ${LONGEST_RUN} ms`)), LONGEST_RUN)
  })
  return Promise.race([running, late]).finally(() => clearTimeout(timer))
}
