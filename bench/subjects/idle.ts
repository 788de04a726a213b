/**
 * Subject: what an idle connection costs. A fresh server process takes 10,000 connections that say nothing; its memory
 * after garbage collection is compared with what it was before.
 */
import type { Case, Measured, Side, Subject, Target } from '../model.js'
import { Remote } from '../remote.js'
import { OURS, startOurs } from '../servers.js'

const RAW = 'node:net'
/**
 * V8 doubles the room of its young generation when much survives, and keeps it: by 7 MB more on one side than on the
 * other or not, from run to run, with no connection the wiser. Here it is the same on both.
 */
const FLAGS = ['--max-semi-space-size=4']
/** Opened and closed first, so that what is made once is not counted. */
const REHEARSAL = 200

function side(name: string, role: Side['role'], begin: () => Remote | Promise<Remote>): Side {
  return {
    name, role, warmups: 0,
    start: () => ({
      async run(n): Promise<Measured> {
        const server = await begin()
        const client = Remote.node('client', './processes/client.js')
        try {
          const { target } = await server.ask({ do: 'target' })
          await client.ask({ do: 'open', target, count: REHEARSAL })
          await client.ask({ do: 'ping', target, size: 64, count: REHEARSAL, thorough: true })
          await client.ask({ do: 'close', target })
          await connected(server, 0)
          const before = await server.ask({ do: 'memory' })
          await client.ask({ do: 'open', target, count: n })
          await connected(server, n)
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

const limit = (metric: Target['metric']): Target =>
  ({ ours: OURS, rival: RAW, kind: 'within', value: 1024, metric })

const idleCase: Case = {
  name: 'idle connections', operation: 'connection', n: 10_000, quickN: 1000, metrics: ['heap', 'rss'],
  budget: 20_000,
  sides: [
    side(OURS, 'ours', () => startOurs([], FLAGS)),
    side(RAW, 'rival', () => Remote.node(RAW, './processes/net-server.js', [], FLAGS)),
  ],
  targets: [limit('heap'), limit('rss')],
}

export const idle: Subject = {
  name: 'idle',
  title: 'Idle connection: memory',
  description: "The server's memory per connection: JavaScript heap with external memory, and resident set.",
  cases: [idleCase],
}
