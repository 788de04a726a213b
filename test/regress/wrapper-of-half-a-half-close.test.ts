/**
 * A protocol with `readConnectionLost` but no `writeConnectionLost` lives on after the peer's end when a transport holds
 * it; behind a ProtocolWrapper its connection was closed instead.
 */
import { describe, expect, it } from 'vitest'
import { Factory, Protocol } from '../../src/protocols/index.js'
import { WrappingFactory } from '../../src/protocols/policies/index.js'
import { connectInMemory } from '../../src/testing/index.js'

class Late extends Protocol {
  readConnectionLost(): void {
    this.transport.write('late')
    this.transport.loseConnection()
  }
}

class Asking extends Protocol {
  got = ''

  override connectionMade(): void {
    this.transport.loseWriteConnection()
  }

  override dataReceived(data: Uint8Array): void {
    this.got += new TextDecoder().decode(data)
  }

  readConnectionLost(): void {
    this.transport.loseConnection()
  }
}

describe.each([['bare', false], ['wrapped', true]])('%s', (_name, isWrapped) => {
  it('may answer after the end of what it reads', () => {
    const inner = Factory.forProtocol(Late)
    const { client, pump } = connectInMemory(isWrapped ? new WrappingFactory(inner) : inner, {
      buildProtocol: () => new Asking(),
    })
    pump.flush()
    expect(client.got).toBe('late')
  })
})
