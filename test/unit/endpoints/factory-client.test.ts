/** FactoryClientEndpoint: connections inside one program, with all that TCP has. */
import { afterEach, describe, expect, it } from 'vitest'
import {
  connectProtocol, ConnectionAborted, ConnectionDone, ConnectionLost, ConnectionRefusedError, Factory, Protocol,
} from 'whorl'
import type { Failure } from 'whorl'
import { createReactor } from 'whorl/node'
import { FactoryClientEndpoint } from '../../../src/endpoints/factory-client.js'

const reactor = createReactor()
let ended = 0

afterEach(() => {
  for (const transport of reactor.openTransports()) transport.abortConnection()
})

class Heard extends Protocol {
  length = 0
  last = ''
  readEnded = false
  #end!: (error: Error) => void
  readonly ended = new Promise<Error>((resolve) => {
    this.#end = resolve
  })

  override dataReceived(data: Uint8Array): void {
    this.length += data.length
    this.last = new TextDecoder().decode(data.subarray(-8))
  }

  readConnectionLost(): void {
    this.readEnded = true
    this.transport.write('answered')
    this.transport.loseConnection()
  }

  writeConnectionLost(): void {}

  override connectionLost(reason: Failure): void {
    this.#end(reason.value)
  }
}

async function pair(): Promise<{ client: Heard, server: Heard }> {
  const server = new Heard()
  const factory = new Factory()
  factory.buildProtocol = () => server
  const client = await connectProtocol(new FactoryClientEndpoint(reactor, factory,
    { from: { family: 'IPv4', type: 'TCP', host: '192.0.2.1', port: 7 }, ended: () => void (ended += 1) }), new Heard())
  return { client, server }
}

describe('FactoryClientEndpoint', () => {
  it('carries 4 MiB and the end of one direction, then the answer', async () => {
    const { client, server } = await pair()
    expect(server.transport.getPeer()).toEqual({ family: 'IPv4', type: 'TCP', host: '192.0.2.1', port: 7 })
    client.transport.write(new Uint8Array(4_194_304))
    client.transport.loseWriteConnection()
    expect(await client.ended).toBeInstanceOf(ConnectionDone)
    expect(await server.ended).toBeInstanceOf(ConnectionDone)
    expect([server.length, server.readEnded, client.last]).toEqual([4_194_304, true, 'answered'])
  })

  it('holds back what the other end does not read', async () => {
    const { client, server } = await pair()
    server.transport.pauseProducing()
    client.transport.write(new Uint8Array(4_194_304))
    for (let i = 0; i < 20; i++) await reactor.deferLater(0)
    expect(server.length).toBe(0)
    expect(client.transport.writableLength).toBeGreaterThan(3_000_000)
    server.transport.resumeProducing()
    client.transport.loseConnection()
    await server.ended
    expect(server.length).toBe(4_194_304)
  })

  it('tells the other end that it was aborted', async () => {
    const { client, server } = await pair()
    ended = 0
    server.transport.abortConnection()
    expect(await server.ended).toBeInstanceOf(ConnectionAborted)
    const reason = await client.ended
    expect(reason).toBeInstanceOf(ConnectionLost)
    expect(reason).not.toBeInstanceOf(ConnectionAborted)
    expect(ended).toBe(1)
  })

  it('is refused where the factory makes no protocol', async () => {
    const factory = new Factory()
    factory.buildProtocol = () => null
    await expect(connectProtocol(new FactoryClientEndpoint(reactor, factory), new Heard()))
      .rejects.toBeInstanceOf(ConnectionRefusedError)
  })
})
