/** docs/guide/tls.md: every program on the page is one of examples/snippets/, and does what the page says. */
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { connect as connectTLS } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { Factory } from 'whorl'
import { ask, makeAsker } from '../../../examples/snippets/tls-client.js'
import { serveMembers, WhoAmI } from '../../../examples/snippets/tls-peers.js'
import { Greeter, serve, serveNames } from '../../../examples/snippets/tls-server.js'
import { Mailbox } from '../../../examples/snippets/tls-start.js'
import { LOOPBACK, portOf, reactors } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'
import { CA, identity, vector } from './tls-helpers.js'

checkNothingLeft()
const fresh = reactors(afterEach)
const folder = new URL('../../../', import.meta.url)
const page = readFileSync(new URL('docs/guide/tls.md', folder), 'utf8')

describe('the guide to TLS', () => {
  it('shows programs of examples/snippets, and nothing else', () => {
    const snippets = readdirSync(new URL('examples/snippets', folder))
      .filter((name) => name.startsWith('tls-'))
      .map((name) => readFileSync(new URL(`examples/snippets/${name}`, folder), 'utf8'))
    const shown = [...page.matchAll(/```ts\n([^]*?)```/g)].map((match) => match[1]!)
    expect(shown).toHaveLength(snippets.length)
    for (const program of shown) expect(snippets.filter((snippet) => snippet.includes(program))).toHaveLength(1)
  })

  it('server and client, verified, with ALPN', async () => {
    const reactor = fresh()
    const port = serve(reactor, Factory.forProtocol(Greeter), vector('localhost.pem'), vector('localhost.key'))
    await port.ready
    expect(await ask(reactor, 'localhost', portOf(port), { ca: CA })).toBe('hello over TLSv1.3, greet/1')
    const doubted = ask(reactor, 'localhost', portOf(port)).asPromise()
    await expect(doubted).rejects.toMatchObject({ name: 'CertificateError' })
  })

  it('sessions are resumed', async () => {
    const reactor = fresh()
    const resumed: boolean[] = []
    class Noting extends Greeter {
      override connectionMade(): void {
        super.connectionMade()
        resumed.push(this.transport.tlsSession!.resumed)
      }
    }
    const port = serve(reactor, Factory.forProtocol(Noting), vector('localhost.pem'), vector('localhost.key'))
    await port.ready
    const asker = makeAsker(reactor, CA)
    for (let i = 0; i < 2; i++) await asker('localhost', portOf(port))
    expect(resumed).toEqual([false, true])
  })

  it('names, and a reload', async () => {
    const reactor = fresh()
    let current = 'a'
    const { port, reload } = serveNames(reactor, Factory.forProtocol(Greeter), () => ({
      identity: identity('localhost'), names: { 'a.example.test': identity(current) },
    }))
    await port.ready
    const shown = async (): Promise<string> => {
      const socket = connectTLS({ port: portOf(port), host: '127.0.0.1', ca: CA, servername: 'a.example.test' })
      await new Promise((resolve) => socket.once('data', resolve))
      const { fingerprint256 } = socket.getPeerCertificate()
      socket.end()
      await new Promise((resolve) => socket.once('close', resolve))
      return fingerprint256
    }
    const first = await shown()
    current = 'a-new'
    expect(await shown()).toBe(first)
    reload()
    expect(await shown()).not.toBe(first)
  })

  it('clients with certificates', async () => {
    const reactor = fresh()
    const port = serveMembers(reactor, Factory.forProtocol(WhoAmI), identity('localhost'), CA)
    await port.ready
    const line = ask(reactor, 'localhost', portOf(port), { ca: CA, identity: identity('client'), alpn: [] })
    expect(await line).toBe('O=whorl tests, CN=client')
  })

  it('STARTTLS', async () => {
    const reactor = fresh()
    const factory = new Factory()
    factory.buildProtocol = () => new Mailbox({ identity: identity('localhost') })
    const port = reactor.listenTCP(0, factory, LOOPBACK)
    await port.ready
    const plain = connect({ port: portOf(port), host: '127.0.0.1' })
    const answer = (socket: typeof plain): Promise<string> =>
      new Promise((resolve) => socket.once('data', (data) => resolve(data.toString())))
    plain.write('NOOP\r\n')
    expect(await answer(plain)).toBe('530 STARTTLS first\r\n')
    plain.write('STARTTLS\r\n')
    expect(await answer(plain)).toBe('220 go ahead\r\n')
    const secure = connectTLS({ socket: plain, servername: 'localhost', ca: CA })
    secure.write('NOOP\r\n')
    expect(await answer(secure)).toBe('250 NOOP\r\n')
    secure.end()
    await new Promise((resolve) => secure.once('close', resolve))
  })
})
