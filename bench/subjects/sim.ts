/**
 * Subject: the simulation. How much a simulated delivery costs, with few connections and with many; what a connection
 * that is alive takes; how long a simulated day is.
 *
 * There is no rival to measure: the targets are absolute, and stand as sides that do nothing and cost what is allowed.
 */
import { bundled } from '../bundled.js'
import type { Case, Measured, Metric, Side, Subject, Target } from '../model.js'
import type * as Ours from '../ours/sim.js'
import { startBundled } from '../servers.js'

const OURS = 'Simulation'
const FEW = 100
const MANY = [1000, 10_000, 100_000]
const HOSTS = 100
const DAY = 86_400
const MINUTE = 60e9
const GIBIBYTE = 2 ** 30
const ALIVE = 100_000

const ours = (): Promise<typeof Ours> => bundled('ours/sim')

/** What is allowed: so much for each operation. */
function limit(name: string, each: Partial<Record<Metric, number>>): Side {
  return {
    name, role: 'rival', warmups: 0,
    start: () => ({
      run(n): Measured {
        const totals = Object.fromEntries(Object.entries(each).map(([key, one]) => [key, one * n]))
        return { check: String(n), totals }
      },
    }),
  }
}

/** Deliveries over so many connections, which are open before and closed after the measurement. */
function delivering(name: string, role: Side['role'], connections: number, whole: boolean, warmups: number): Side {
  return {
    name, role, warmups,
    async start() {
      const { exchange } = await ours()
      let open: Ours.Exchange | null = null
      return {
        async setup() { open = await exchange(connections, whole) },
        async run(n) { return String(await (open as Ours.Exchange).run(n)) },
        teardown() {
          open?.close()
          open = null
        },
      }
    },
  }
}

const deliveries: Case = {
  name: '64 connections, messages of 64 B to and fro', operation: 'delivery',
  n: 1_000_000, quickN: 100_000, metrics: ['cpu', 'wall'], budget: 12_000,
  sides: [
    delivering(OURS, 'ours', 64, false, 2),
    limit('a million a second', { cpu: 1000, wall: 1000 }),
  ],
  targets: [
    { ours: OURS, rival: 'a million a second', kind: 'at-most', value: 1, metric: 'cpu' },
    { ours: OURS, rival: 'a million a second', kind: 'at-most', value: 1, metric: 'wall' },
  ],
}

const named = (connections: number): string => `${connections.toLocaleString('en')} connections`

const growth: Case = {
  name: 'more and more connections', operation: 'delivery',
  n: 1_000_000, quickN: 100_000, metrics: ['cpu', 'wall'], budget: 20_000,
  sides: [
    ...MANY.map((connections) => connections < ALIVE ? delivering(named(connections), 'ours', connections, true, 1)
      // To open so many takes longer than to use them; the others have warmed up what there is to warm up.
      : { ...delivering(named(connections), 'ours', connections, true, 0), maxRounds: 3 }),
    delivering(named(FEW), 'rival', FEW, true, 1),
  ],
  targets: MANY.map((connections): Target =>
    ({ ours: named(connections), rival: named(FEW), kind: 'at-most', value: 1.5, metric: 'cpu' })),
}

const alive: Case = {
  name: 'connections that are alive', operation: 'connection',
  n: ALIVE, quickN: 5000, metrics: ['heap', 'rss'], budget: 20_000,
  sides: [
    {
      name: OURS, role: 'ours', warmups: 0,
      start: () => ({
        async run(n): Promise<Measured> {
          const process = await startBundled('processes/sim-idle')
          try {
            const before = await process.ask({ do: 'memory' })
            const after = await process.ask({ do: 'open', count: n })
            const grown = (field: string): number => Number(after[field]) - Number(before[field])
            return { check: String(after.connections), totals: { heap: grown('heap'), rss: grown('rss') } }
          } finally {
            await process.stop()
          }
        },
      }),
    },
    limit('100,000 in 1 GiB', { heap: GIBIBYTE / ALIVE, rss: GIBIBYTE / ALIVE }),
  ],
  targets: (['heap', 'rss'] as const).map((metric): Target =>
    ({ ours: OURS, rival: '100,000 in 1 GiB', kind: 'at-most', value: 1, metric })),
}

const day: Case = {
  name: `${HOSTS} hosts, each tells the next every second that it is alive`, operation: 'heartbeat',
  n: HOSTS * DAY, quickN: HOSTS * 60, metrics: ['wall', 'cpu'],
  sides: [
    {
      name: OURS, role: 'ours', warmups: 0, maxRounds: 1,
      async start() {
        const { heartbeats } = await ours()
        return { run: async (n) => String(await heartbeats(HOSTS, n / HOSTS)) }
      },
    },
    limit('a day in a minute', { wall: MINUTE / (HOSTS * DAY), cpu: MINUTE / (HOSTS * DAY) }),
  ],
  targets: (['wall', 'cpu'] as const).map((metric): Target =>
    ({ ours: OURS, rival: 'a day in a minute', kind: 'at-most', value: 1, metric })),
}

export const sim: Subject = {
  name: 'sim',
  title: 'Simulation: deliveries, connections, a day',
  description: 'Time for each simulated delivery, memory for each connection, and a simulated day, in one process.',
  cases: [deliveries, growth, alive, day],
}
