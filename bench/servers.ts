/**
 * Cases in which servers are compared: each is a process of its own, and one common client in another process talks to
 * all of them. What is measured is the server's own CPU time, and the time it takes.
 */
import { createRequire } from 'node:module'
import { bundledURL } from './bundled.js'
import type { Case, Measured, Metric, Side, Target } from './model.js'
import { NotInstalled } from './model.js'
import type { Exchange } from './processes/http-places.js'
import { Remote } from './remote.js'

/** Ours, in every subject with servers. */
export const OURS = 'whorl'

const programs = new Map<string, Promise<string>>()

/** Our server of echoes, bundled as the package is. @param flags for Node */
export function startOurs(args: readonly string[] = [], flags: readonly string[] = []): Promise<Remote> {
  return startBundled('processes/whorl-server', args, flags)
}

/** A program of ours, bundled as the package is. @param path relative to `bench/`, without an extension */
export async function startBundled(
  path: string, args: readonly string[] = [], flags: readonly string[] = [],
): Promise<Remote> {
  let program = programs.get(path)
  if (program === undefined) programs.set(path, program = bundledURL(path))
  return Remote.node(OURS, await program, args, flags)
}

/** @throws NotInstalled without all of these packages */
export function needPackages(...names: readonly string[]): void {
  const { resolve } = createRequire(import.meta.url)
  for (const name of names) {
    try {
      resolve(name)
    } catch {
      throw new NotInstalled(`the package ${name} is not installed`)
    }
  }
}

/** A server to compare. */
export interface Server {
  readonly name: string
  /** See `Side`. */
  readonly maxRounds?: number
  /** What part of the operations a slow one does; its totals are those of that part, times as many. */
  readonly share?: number
  start(): Remote | Promise<Remote>
}

/** What the client does with each server. */
export type Load = {
  readonly do: 'ping' | 'stream' | 'datagrams' | 'come-and-go'
  readonly connections: number
  readonly size: number
  readonly window: number
} | {
  /** See `processes/http-load.ts`. */
  readonly do: 'exchange'
  readonly connections: number
  readonly what: Exchange
}

/** A case of servers; the first of them is ours. */
export interface ServerCase {
  readonly name: string
  readonly operation: string
  readonly servers: readonly Server[]
  readonly load: Load
  /** The program that does it; that of echoes if not given. */
  readonly client?: string
  readonly n: number
  readonly quickN: number
  /** See `Case`; 15 s if not given. */
  readonly budget?: number
  /** Operations that are done and looked at before anything is measured, for each connection; 20 if not given. */
  readonly rehearsal?: number
  /**
   * Whether garbage is collected before each run; true if not given. Between two requests of HTTP no server has one, so
   * that V8 would throw away all that it has compiled for requests, and every run would begin with compiling it again.
   */
  readonly collects?: boolean
  /** See `Side`. */
  readonly warmups?: number
  readonly metrics?: readonly [Metric, ...Metric[]]
  readonly targets: readonly Omit<Target, 'ours'>[]
}

/** A run that takes longer than this, ms, has come to a halt. */
const LONGEST_RUN = 60_000

const REHEARSAL = 20

/** One process for all sides of a case, ended with the last of them. */
export function sharedRemote(start: () => Remote): { take(): Remote, leave(): Promise<void> } {
  let remote: Remote | null = null
  let users = 0
  return {
    take() {
      users++
      return remote ??= start()
    },
    async leave() {
      if (--users > 0 || remote === null) return
      await remote.stop()
      remote = null
    },
  }
}

export function serverCase(what: ServerCase): Case {
  const shared = sharedRemote(() => Remote.node('client', what.client ?? './processes/client.js'))
  const { load } = what
  const sides = what.servers.map((server, index): Side => ({
    name: server.name, role: index === 0 ? 'ours' : 'rival',
    ...(server.maxRounds === undefined ? {} : { maxRounds: server.maxRounds }),
    ...(what.warmups === undefined ? {} : { warmups: what.warmups }),
    async start() {
      const remote = await server.start()
      const { target } = await inTime(`${server.name}: where it listens`, remote.ask({ do: 'target' }))
      const client = shared.take()
      if (load.connections > 0) {
        await inTime(`${server.name}: connections to it`,
          client.ask({ ...load, do: 'open', target, count: load.connections }))
      }
      const exchange = (count: number, thorough: boolean): Promise<Record<string, unknown>> =>
        inTime(`${server.name}: ${count} operations`, client.ask({ ...load, target, count, thorough }))
      await exchange(Math.max(1, load.connections) * (what.rehearsal ?? REHEARSAL), true)
      return {
        async run(count): Promise<Measured> {
          // Garbage of the rehearsal, or of the run before, is not this one's; and every heap has been collected once,
          // after which V8 collects at other limits than before.
          if (what.collects !== false) {
            await remote.ask({ do: 'collect' })
            await client.ask({ do: 'collect' })
          }
          const before = await remote.askNumber({ do: 'usage' }, 'cpu')
          const began = process.hrtime.bigint()
          const part = Math.ceil(count * (server.share ?? 1))
          const reply = await exchange(part, false)
          const wall = Number(process.hrtime.bigint() - began)
          const cpu = await remote.askNumber({ do: 'usage' }, 'cpu') - before
          // A slow one has done its part if it has done all of that.
          const check = reply.check === part ? count : Number(reply.check)
          return { check, totals: { wall: wall * count / part, cpu: cpu * count / part } }
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
    name, operation, n, quickN, metrics: what.metrics ?? ['cpu'], budget: what.budget ?? 15_000, sides,
    targets: what.targets.map((target) => ({ ours: OURS, ...target })),
  }
}

/** @param what is waited for @throws Error that says so, when it takes too long */
export function inTime<T>(what: string, running: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${LONGEST_RUN} ms`)), LONGEST_RUN)
  })
  return Promise.race([running, late]).finally(() => clearTimeout(timer))
}
