/**
 * Two scenarios with our server in this process and clients that are not ours in others: very many connections, and
 * very many messages through one. Their sizes are arguments, so that the ordinary run has a slice of each.
 */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createReactor, Factory, Int32StringReceiver, LineReceiver, NetstringReceiver } from 'whorl'
import type { IAddress, IListeningPort, IProtocolFactory } from 'whorl'
import { defaultCore } from 'whorl/core'

const CLIENTS = fileURLToPath(new URL('../interop/peers/node_clients.mjs', import.meta.url))

/** Connections of one client process: below any common limit of descriptors. */
const PER_PROCESS = 3500

/** A process of clients. */
class Clients {
  readonly #child: ChildProcess
  #failed!: (error: Error) => void
  readonly #failure: Promise<never>

  constructor() {
    this.#child = fork(CLIENTS)
    this.#failure = new Promise((_, reject) => { this.#failed = reject })
    this.#failure.catch(() => undefined)
    this.#child.on('error', this.#failed)
    this.#child.on('exit', (status, signal) => this.#failed(new Error(`the clients ended: ${status ?? signal}`)))
  }

  /** @returns what the clients say when they have done it */
  does(order: object): Promise<Record<string, number>> {
    const done = new Promise<Record<string, number>>((resolve, reject) => {
      this.#child.once('message', (result: Record<string, number>) => {
        if ('error' in result) reject(new Error(String(result.error)))
        else resolve(result)
      })
    })
    this.#child.send(order)
    return Promise.race([done, this.#failure])
  }

  end(): void {
    this.#child.kill()
  }
}

class LineEcho extends LineReceiver {
  override lineReceived(line: string): void {
    this.sendLine(line)
  }
}

/** Our end of a test: a port on a reactor of its own. */
async function serve(factory: IProtocolFactory) {
  const reactor = createReactor({ installSignalHandlers: false })
  const port: IListeningPort = reactor.listenTCP(0, factory, { interface: '127.0.0.1' })
  await port.ready
  return { reactor, listening: port, port: (port.getHost() as IAddress & { port: number }).port }
}

/** What came of many connections. */
export interface Held {
  /** Connections that were open at the same time, here. */
  open: number
  /** Lines that came, were sent back, and were compared by those who had sent them. */
  answered: number
  /** Bytes that the open connections had received, and sent. */
  bytesIn: number
  bytesOut: number
  /** What was left once all were closed. */
  left: { connections: number, parsers: number }
}

/** Opens so many connections and, with all of them open, sends so many lines through each, there and back. */
export async function holdConnections(count: number, rounds: number): Promise<Held> {
  const { reactor, listening, port } = await serve(Factory.forProtocol(LineEcho))
  const parsersBefore = defaultCore().memoryUsage().parsers
  const groups: Clients[] = []
  const result: Held = { open: 0, answered: 0, bytesIn: 0, bytesOut: 0, left: { connections: -1, parsers: -1 } }
  try {
    for (let at = 0; at < count; at += PER_PROCESS) {
      const group = new Clients()
      groups.push(group)
      // On Linux each address of 127.0.0.0/8 has ports of its own to come from.
      const from = process.platform === 'linux' ? `127.0.0.${groups.length + 1}` : undefined
      await group.does({ open: Math.min(PER_PROCESS, count - at), port, from, name: `g${groups.length}` })
    }
    for (const { answered } of await Promise.all(groups.map((group) => group.does({ rounds })))) {
      result.answered += answered
    }
    for (const transport of reactor.openTransports()) {
      result.open += 1
      result.bytesIn += transport.bytesIn
      result.bytesOut += transport.bytesOut
    }
    await Promise.all(groups.map((group) => group.does({ close: true })))
    await listening.drain(10_000)
    result.left = {
      connections: reactor.openTransports().length,
      parsers: defaultCore().memoryUsage().parsers - parsersBefore,
    }
  } finally {
    await listening.stopListening()
    for (const group of groups) group.end()
  }
  reactor.free()
  return result
}

/** Bytes in use, on each side of the boundary. */
export interface MemorySample {
  heap: number
  arrayBuffers: number
  core: number
  coreTotal: number
}

const collect = (() => {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
})()

function sample(): MemorySample {
  collect()
  const { heapUsed: heap, arrayBuffers } = process.memoryUsage()
  const { used: core, total: coreTotal } = defaultCore().memoryUsage()
  return { heap, arrayBuffers, core, coreTotal }
}

const FRAMINGS = {
  lines: () => {
    const protocol = new LineReceiver()
    return { protocol, back: (line: string) => protocol.sendLine(line), callback: 'lineReceived' }
  },
  netstrings: () => {
    const protocol = new NetstringReceiver()
    return { protocol, back: (data: string) => protocol.sendString(data), callback: 'stringReceived' }
  },
  int32: () => {
    const protocol = new Int32StringReceiver()
    return { protocol, back: (data: string) => protocol.sendString(data), callback: 'stringReceived' }
  },
}

export type Framing = keyof typeof FRAMINGS
export const FRAMING_NAMES = Object.keys(FRAMINGS) as Framing[]

/** What came of many messages. */
export interface Streamed {
  /** Messages that came here, and those that the client got back and compared. */
  received: number
  answered: number
  /** Memory in use after each tenth of the messages, with the connection open. */
  samples: MemorySample[]
}

/** Sends so many messages through one connection, there and back. */
export async function streamMessages(framing: Framing, total: number): Promise<Streamed> {
  const result: Streamed = { received: 0, answered: 0, samples: [] }
  const every = total / 10
  const { protocol, back, callback } = FRAMINGS[framing]()
  Object.assign(protocol, {
    [callback](data: string): void {
      back(data)
      result.received += 1
      // Not in the middle of a chunk: the rest of it is in use now.
      if (result.received % every === 0) reactor.callLater(0, () => result.samples.push(sample()))
    },
  })
  const factory = new Factory()
  factory.buildProtocol = () => protocol
  const { reactor, listening, port } = await serve(factory)
  const clients = new Clients()
  try {
    const { answered } = await clients.does({ stream: framing, port, total })
    result.answered = answered
    await listening.drain(10_000)
  } finally {
    await listening.stopListening()
    clients.end()
  }
  reactor.free()
  return result
}

/**
 * What has come to stay since the first sample, bytes: the least of the last three, because a leak is in all of them,
 * and what the engine is still sweeping away is not.
 */
export function growth(samples: MemorySample[], what: keyof MemorySample): number {
  const values = samples.map((one) => one[what])
  return Math.min(...values.slice(-3)) - values[0]
}
