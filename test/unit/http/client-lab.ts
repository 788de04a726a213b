/** What the tests of the HTTP client share: an agent on a MemoryReactor, and the other end of its connections. */
import { Failure } from '../../../src/defer/index.js'
import type { Deferred } from '../../../src/defer/index.js'
import { ConnectionDone, ConnectionLost } from '../../../src/errors/index.js'
import { Agent, HTTPConnectionPool } from '../../../src/http/client/index.js'
import type { AgentOptions, HTTPConnectionPoolOptions } from '../../../src/http/client/index.js'
import type { IProtocol } from '../../../src/interfaces/index.js'
import { MemoryReactor } from '../../../src/testing/memory-reactor.js'
import { StringTransport } from '../../../src/testing/string-transport.js'

export const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
export const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

/** The server's end of a connection: what the client wrote, and what it is answered. */
export class ServerEnd {
  readonly transport: StringTransport
  readonly protocol: IProtocol
  #isLost = false

  constructor(protocol: IProtocol, transport: StringTransport) {
    this.protocol = protocol
    this.transport = transport
  }

  /** What the client has written since the last call. */
  said(): string {
    const said = text(this.transport.value())
    this.transport.clear()
    return said
  }

  say(answer: string | Uint8Array): void {
    this.protocol.dataReceived(typeof answer === 'string' ? latin1(answer) : answer)
  }

  lose(reason: Error = new ConnectionDone()): void {
    if (this.#isLost) return
    this.#isLost = true
    this.protocol.connectionLost(new Failure(reason))
  }

  reset(): void {
    this.lose(new ConnectionLost())
  }
}

/** An agent without a host. */
export class Lab {
  readonly reactor = new MemoryReactor({
    'example.com': '192.0.2.10', 'www.example.com': '192.0.2.11', 'badexample.com': '192.0.2.12',
    'other.example': '192.0.2.20',
  })
  readonly pool: HTTPConnectionPool
  readonly agent: Agent

  constructor(pool: HTTPConnectionPoolOptions = {}, options: AgentOptions = {}) {
    this.pool = new HTTPConnectionPool(this.reactor, pool)
    this.agent = new Agent(this.reactor, { pool: this.pool, ...options })
  }

  /** Lets the n-th attempt to connect succeed. */
  accept(index = 0): ServerEnd {
    const transport = new StringTransport()
    return new ServerEnd(this.reactor.tcpClients[index]!.connector.succeed(transport)!, transport)
  }

  /** How often somebody tried to connect. */
  get attempts(): number {
    return this.reactor.tcpClients.length
  }
}

/** What a Deferred has come to: its result, its error, or nothing yet. */
export function outcome<T>(deferred: Deferred<T>): { value?: T, error?: Error } {
  const found: { value?: T, error?: Error } = {}
  deferred.addCallbacks(
    (value) => {
      found.value = value as T
      return value
    },
    (failure: Failure) => { found.error = failure.value })
  return found
}
