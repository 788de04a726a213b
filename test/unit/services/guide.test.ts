/** docs/guide/services.md: every program on the page is one of examples/snippets/, and does what the page says. */
import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createReactor, Factory, Protocol } from 'whorl'
import { MemoryReactor, StringTransport } from 'whorl/testing'
import { guarded } from '../../../examples/snippets/services-policies.js'
import { main, program } from '../../../examples/snippets/services-program.js'
import { forPlugin, wasRefused } from '../../../examples/snippets/services-restrict.js'

const folder = new URL('../../../', import.meta.url)
const page = readFileSync(new URL('docs/guide/services.md', folder), 'utf8')

describe('the guide to services', () => {
  it('shows programs of examples/snippets, and nothing else', () => {
    const snippets = readdirSync(new URL('examples/snippets', folder))
      .filter((name) => name.startsWith('services-'))
      .map((name) => readFileSync(new URL(`examples/snippets/${name}`, folder), 'utf8'))
    const shown = [...page.matchAll(/```ts\n([^]*?)```/g)].map((match) => match[1]!)
    expect(shown).toHaveLength(snippets.length)
    for (const text of shown) expect(snippets.filter((snippet) => snippet.includes(text))).toHaveLength(1)
  })

  it('program runs as long as its reactor', async () => {
    const reactor = new MemoryReactor()
    const all = program(reactor, Protocol, Protocol)
    const running = main(reactor, all)
    expect([reactor.tcpServers.length, reactor.tcpClients.length, all.getServiceNamed('echo').running]).toEqual([1, 1, true])
    expect(reactor.tcpServers[0]!.listening.listening).toBe(true)
    reactor.stop()
    await running
    expect([all.running, reactor.tcpServers[0]!.listening.listening, reactor.getDelayedCalls()]).toEqual([false, false, []])
  })

  it('guarded limits and tells', () => {
    const reactor = new MemoryReactor()
    const kinds: string[] = []
    const factory = guarded(Factory.forProtocol(Protocol), reactor, ({ kind }) => kinds.push(kind))
    factory.doStart()
    const transports = [1, 2].map(() => new StringTransport())
    const protocols = transports.map((transport) => factory.buildProtocol(transport.getPeer())!)
    expect(factory.buildProtocol(transports[0]!.getPeer())).toBeNull()
    protocols.forEach((protocol, at) => protocol.makeConnection(transports[at]!))
    protocols[0]!.dataReceived(new Uint8Array(1_000_001))
    expect(transports.map(({ producerState }) => producerState)).toEqual(['paused', 'paused'])
    reactor.advance(60_000)
    expect(transports.map(({ disconnecting }) => disconnecting)).toEqual([true, true])
    expect(kinds).toEqual(['open', 'open', 'received', 'closing', 'closing'])
  })

  it('forPlugin grants what the page says', () => {
    const plugin = forPlugin(createReactor())
    const refused = (call: () => unknown): boolean => {
      try {
        call()
        return false
      } catch (error) {
        return wasRefused(error)
      }
    }
    expect(refused(() => plugin.connectTCP('example.com', 443, new Factory() as never))).toBe(true)
    expect(refused(() => plugin.connectTCP('10.0.0.1', 443, {} as never))).toBe(true)
    expect(refused(() => plugin.listenTCP(9000, new Factory(), { interface: '127.0.0.1' }))).toBe(true)
    expect(refused(() => plugin.listenUNIX('/run/other', new Factory()))).toBe(true)
    // Granted, and refused for another reason: this is no factory.
    for (const call of [
      () => plugin.connectTCP('api.example.com', 443, {} as never), () => plugin.connectTCP('a.cdn.example.com', 80, {} as never),
      () => plugin.listenTCP(8000, {} as never, { interface: '127.0.0.1' }), () => plugin.listenUNIX('/run/plugins/a', {} as never),
    ]) {
      expect(refused(call)).toBe(false)
      expect(call).toThrow(TypeError)
    }
  })
})
