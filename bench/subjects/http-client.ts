/**
 * Subject: HTTP clients. All ask one and the same server, which parses nothing and answers at once. What is compared is
 * the client's own CPU time for a request, and the time that a request takes.
 */
import type { Case, Measured, Side, Subject, Target } from '../model.js'
import { Remote } from '../remote.js'
import { inTime, needPackages, OURS, sharedRemote, startBundled } from '../servers.js'

const CONNECTIONS = 64
const UNDICI = 'undici request'
const NODE = 'node:http'
/** Requests that are made before anything is measured, for each connection. */
const REHEARSAL = 20

const server = sharedRemote(() => Remote.node('server', './processes/http-rivals.js', ['raw', 'heads']))

function side(name: string, role: Side['role'], begin: () => Remote | Promise<Remote>): Side {
  return {
    name, role,
    async start() {
      const client = await begin()
      const { target } = await server.take().ask({ do: 'target' })
      const { port } = target as { port: number }
      const ask = (count: number): Promise<Record<string, unknown>> =>
        inTime(name, client.ask({ do: 'requests', port, connections: CONNECTIONS, count }))
      await ask(CONNECTIONS * REHEARSAL)
      return {
        // Without a collection before: see `ServerCase.collects`.
        async run(count): Promise<Measured> {
          const before = await client.askNumber({ do: 'usage' }, 'cpu')
          const began = process.hrtime.bigint()
          const reply = await ask(count)
          const wall = Number(process.hrtime.bigint() - began)
          const cpu = await client.askNumber({ do: 'usage' }, 'cpu') - before
          return { check: Number(reply.check), totals: { wall, cpu } }
        },
        async dispose() {
          await client.stop()
          await server.leave()
        },
      }
    },
  }
}

const target = (metric: Target['metric']): Target =>
  ({ ours: OURS, rival: UNDICI, kind: 'at-least', value: 1, metric })

const requests: Case = {
  name: '64 connections that are kept, 13 B', operation: 'request', n: 15_000, quickN: 2000, metrics: ['cpu', 'wall'],
  budget: 15_000,
  sides: [
    side(OURS, 'ours', () => startBundled('processes/http-client-whorl')),
    side(UNDICI, 'rival', () => {
      needPackages('undici')
      return Remote.node(UNDICI, './processes/http-client-rivals.js', ['undici'])
    }),
    side(NODE, 'rival', () => {
      // That program knows both.
      needPackages('undici')
      return Remote.node(NODE, './processes/http-client-rivals.js', ['http'])
    }),
  ],
  targets: [target('cpu'), target('wall')],
}

export const httpClient: Subject = {
  name: 'http-client', title: 'HTTP client',
  description: "Requests to a server that always gives the same answer: the client's CPU time for each, and the time.",
  cases: [requests],
}
