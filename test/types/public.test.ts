/**
 * The types that a user meets first: protocols, ports, addresses and parsers, written without annotations wherever
 * the compiler can know. Checked when the tests are type-checked.
 */
import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  Factory, LineReceiver, Protocol, TCP4ServerEndpoint,
} from '../../src/index.js'
import type { IAddress, IListeningPort, IProtocol, ITCPTransport, TCPAddress } from '../../src/index.js'
import { createCore } from '../../src/core/index.js'
import type { LineParser } from '../../src/core/index.js'
import { MemoryReactor, StringTransport } from '../../src/testing/index.js'

class Shout extends LineReceiver {
  nick = 'nobody'

  override lineReceived(line: string): void {
    this.sendLine(line.toUpperCase())
  }
}

describe('types of protocols and ports', () => {
  it('a class with defaults is a protocol for a factory', () => {
    expectTypeOf(new Shout()).toExtend<IProtocol>()
    expectTypeOf(Factory.forProtocol(Shout)).toEqualTypeOf<Factory>()
    // @ts-expect-error the factory makes protocols without arguments
    Factory.forProtocol(class extends Protocol { constructor(readonly room: string) { super() } })
    expectTypeOf(new StringTransport()).toExtend<ITCPTransport>()
    expect(new Shout().nick).toBe('nobody')
  })

  it('a TCP port has a host and a port number', () => {
    const reactor = new MemoryReactor()
    const port = reactor.listenTCP(8007, Factory.forProtocol(Shout))
    expectTypeOf(port).toEqualTypeOf<IListeningPort<TCPAddress>>()
    expectTypeOf(port).toExtend<IListeningPort>()
    expect(port.getHost().port).toBe(8007)
    new TCP4ServerEndpoint(reactor, 8008).listen(new Factory()).addCallback((bound) => {
      expect(bound.getHost().port).toBe(8008)
    })
    expect.assertions(3)
    expect(reactor.tcpServers.length).toBe(2)
  })

  it('any address is told by its family', () => {
    const name = (address: IAddress): string => {
      switch (address.family) {
        case 'UNIX': return address.path ?? 'unnamed'
        case 'process': return String(address.pid)
        case 'memory': return address.name
        default: return `${address.host}:${address.port}`
      }
    }
    expect(name(new StringTransport().getPeer())).toBe('192.0.2.2:2')
  })
})

describe('types of parsers', () => {
  it('lines are strings, or bytes when asked for', () => {
    const core = createCore()
    const heard: unknown[] = []
    const text = core.lineParser({ delimiter: '\n', handler: { line: (line) => heard.push(line.toUpperCase()) } })
    const bytes = core.lineParser({
      encoding: 'bytes', delimiter: '\n', handler: { line: (line) => heard.push(line.subarray(1)) },
    })
    const latin = core.lineParser({ encoding: 'latin1', handler: { line: (line) => heard.push(line.length) } })
    expectTypeOf(text).toEqualTypeOf<LineParser>()
    expectTypeOf(bytes).toEqualTypeOf<LineParser<'bytes'>>()
    expectTypeOf(latin).toEqualTypeOf<LineParser<'latin1'>>()
    // @ts-expect-error lines of this parser are bytes
    bytes.handler = { line: (line: string) => heard.push(line) }
    bytes.handler = { line: (line) => heard.push(line.length) }
    const input = new TextEncoder().encode('ab\n')
    for (const parser of [text, bytes]) {
      parser.receive(input)
      parser.free()
    }
    latin.free()
    expect(heard).toEqual(['AB', 2])
  })
})
