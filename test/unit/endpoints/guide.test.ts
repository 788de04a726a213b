/**
 * docs/guide/endpoints.md: every program on the page is one of examples/snippets/, does what the page says, and every
 * prefix is on it.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { clientFromString, serverFromString } from 'whorl'
import { asString, behindBalancer, explain, Greeter, twoProxies } from '../../../examples/snippets/endpoints-proxies.js'
import { registerApp } from '../../../examples/snippets/endpoints-register.js'
import { connect, Echo, serve } from '../../../examples/snippets/endpoints-strings.js'
import { Failure } from '../../../src/defer/index.js'
import { HTTPConnectError, SOCKSConnectionRefused } from '../../../src/errors/index.js'
import { Factory } from '../../../src/protocols/factory.js'
import { PP2_TYPE } from '../../../src/protocols/haproxy.js'
import { writeVersion2 } from '../../../src/protocols/haproxy-v2.js'
import { MemoryReactor } from '../../../src/testing/memory-reactor.js'
import { StringTransport } from '../../../src/testing/string-transport.js'
import { Calls, outcome } from './support.js'

const folder = new URL('../../../', import.meta.url)
const page = readFileSync(new URL('docs/guide/endpoints.md', folder), 'utf8')
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

describe('the guide to endpoints', () => {
  it('shows programs of examples/snippets, and nothing else', () => {
    const snippets = readdirSync(new URL('examples/snippets', folder))
      .filter((name) => name.startsWith('endpoints-'))
      .map((name) => readFileSync(new URL(`examples/snippets/${name}`, folder), 'utf8'))
    const shown = [...page.matchAll(/```ts\n([^]*?)```/g)].map((match) => match[1]!)
    expect(shown.length).toBeGreaterThanOrEqual(snippets.length)
    for (const program of shown) expect(snippets.filter((snippet) => snippet.includes(program))).toHaveLength(1)
    for (const snippet of snippets) expect(shown.filter((program) => snippet.includes(program))).not.toHaveLength(0)
  })

  it('names every prefix, and gives examples that work', () => {
    const [servers, clients] = page.split('### For clients')
    for (const [side, parse] of [[servers!.split('### For servers')[1]!, serverFromString], [clients!.split('## Objects')[0]!,
      clientFromString]] as const) {
      let known = ''
      try {
        parse({}, 'nothing')
      } catch (error) {
        known = /known are (.*)$/.exec((error as Error).message)![1]!
      }
      for (const prefix of known.split(', ')) expect(side).toContain(`\`${prefix}:`)
      // A string without placeholders is an example.
      const examples = [...side.matchAll(/`([a-z0-9]+:[^`<>\s]*)`/g)].map((match) => match[1]!)
      const whole = examples.filter((example) => !/^(?:tcp6|hostname|connect|ssl|tcp):$/.test(example))
      expect(whole.length).toBeGreaterThan(5)
      for (const example of whole) expect(() => parse(new Calls(), example)).not.toThrow()
    }
  })

  it('serves and connects by strings', () => {
    const reactor = new MemoryReactor()
    serve(reactor, 'tcp:8080')
    const transport = new StringTransport()
    reactor.tcpServers[0]!.listening.accept(transport)!.dataReceived(latin1('hello'))
    expect(transport.text()).toBe('hello')
    const protocol = new Echo()
    const connecting = connect(reactor, 'tcp:example.com:80', protocol)
    reactor.connectors[0]!.succeed()
    expect(outcome(connecting)).toBe(protocol)
  })

  it('two proxies, as objects and as a string, ask for the same', () => {
    const said = (make: (reactor: MemoryReactor) => { connect(factory: Factory): unknown }): string[] => {
      const reactor = new MemoryReactor()
      make(reactor).connect(Factory.forProtocol(Echo))
      const begun: unknown[] = []
      const transport = Object.assign(new StringTransport(), { startTLS: (tls: object) => begun.push(tls) })
      const proxy = reactor.connectors[0]!.succeed(transport as never)!
      for (const answer of ['\x05\x02', '\x01\x00', '\x05\x00\x00\x01\0\0\0\0\0\0', 'HTTP/1.1 200 OK\r\n\r\n']) {
        proxy.dataReceived(latin1(answer))
      }
      expect(begun).toMatchObject([{ serverName: 'example.com', alpn: ['http/1.1'] }])
      return [reactor.tcpClients[0]!.host, transport.text()]
    }
    const objects = said((reactor) => twoProxies(reactor))
    expect(objects[1]).toContain('CONNECT example.com:443 HTTP/1.1')
    expect(said((reactor) => clientFromString(reactor, asString()))).toEqual(objects)
  })

  it('refusals are explained', () => {
    expect(explain(new Failure(new SOCKSConnectionRefused()))).toBe('nobody listens there')
    expect(explain(new Failure(new HTTPConnectError('x', { status: 407 })))).toContain('credentials')
    expect(explain(new Failure(new HTTPConnectError('y', { status: 502 })))).toBe('y')
  })

  it('behind a balancer, Greeter knows whom it greets', () => {
    const reactor = new MemoryReactor()
    behindBalancer(reactor).listen(Factory.forProtocol(Greeter))
    const transport = new StringTransport()
    const source = { family: 'IPv4', type: 'TCP', host: '203.0.113.7', port: 1 } as const
    reactor.tcpServers[0]!.listening.accept(transport)!.dataReceived(
      writeVersion2(source, source, { tlvs: [{ type: PP2_TYPE.AUTHORITY, value: latin1('a.example') }] }))
    expect(transport.text()).toBe('hello 203.0.113.7, who asked for a.example\r\n')
  })

  it('a prefix of one\'s own', () => {
    registerApp('/run/apps')
    const reactor = new Calls()
    serverFromString(reactor, 'app:mail').listen(new Factory())
    clientFromString(reactor, 'app:mail').connect(new Factory())
    serverFromString(reactor, 'haproxy:app:mail').listen(new Factory())
    expect(reactor.calls.map(([method, path]) => [method, path])).toEqual(
      [['listenUNIX', '/run/apps/mail'], ['connectUNIX', '/run/apps/mail'], ['listenUNIX', '/run/apps/mail']])
  })
})
