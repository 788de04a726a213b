/**
 * Subject: port forwarding. Behind each forwarder stands an echo server of `node:net`; what is compared is the
 * forwarder's own CPU time, and the time it all takes.
 */
import type { Subject } from '../model.js'
import { Remote } from '../remote.js'
import type { Load, Server } from '../servers.js'
import { OURS, serverCase, startOurs } from '../servers.js'

const RAW = 'pipeline()'

type Start = (args: readonly string[]) => Remote | Promise<Remote>

function forwarder(name: string, begin: Start): Server {
  return {
    name,
    async start() {
      const behind = Remote.node('echo', './processes/net-server.js', ['tcp'])
      const { target } = await behind.ask({ do: 'target' })
      return (await begin(['tcp', String((target as { port: number }).port)])).bring(behind)
    },
  }
}

function forwardCase(name: string, load: Load, n: number, quickN: number) {
  return serverCase({
    name, operation: 'message', load, n, quickN, metrics: ['cpu', 'wall'],
    servers: [
      forwarder(OURS, startOurs),
      forwarder(RAW, (args) => Remote.node(RAW, './processes/net-server.js', args)),
    ],
    targets: (['cpu', 'wall'] as const).map((metric) => ({ rival: RAW, kind: 'at-least', value: 0.95, metric })),
  })
}

export const forward: Subject = {
  name: 'forward',
  title: 'Port forwarding',
  description: 'To an echo server and back: the forwarder\'s CPU time, and the time for each message.',
  cases: [
    forwardCase('64 connections, 64 B ping-pong', { do: 'ping', connections: 64, size: 64, window: 1 }, 20_000, 3000),
    forwardCase('1 connection, 64 KiB stream', { do: 'stream', connections: 1, size: 65_536, window: 16 }, 4000, 400),
  ],
}
