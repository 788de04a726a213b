/** Real Twisted at the other end: TLS from the start and startTLS, both ways, certificates on both sides. */
import { afterEach, expect, it } from 'vitest'
import { createReactor, LineReceiver } from 'whorl'
import type { Failure, IPv4Address, TLSSession } from 'whorl'
import { describeWith, Program, root, twistedPython } from './programs.js'
import { identity, vector, VECTORS, Watching } from './tls-peers.js'

const LINES = 200
const SIZE = 1000
const CA = vector('ca.pem')

const line = (i: number): string => `line ${i} `.padEnd(SIZE, 'x')

/** The same as in peers/twisted_tls.py. */
class Talk extends LineReceiver {
  count = 0
  handshakes = 0
  plain: string | null = null
  problem: string | null = null
  session: TLSSession | null = null
  reason: Failure | null = null
  onEvent: () => void = () => undefined
  readonly #role: 'server' | 'client'
  readonly #mode: 'tls' | 'start'

  constructor(role: 'server' | 'client', mode: 'tls' | 'start') {
    super()
    this.#role = role
    this.#mode = mode
  }

  override connectionMade(): void {
    if (this.#role === 'server') return
    if (this.#mode === 'start') this.sendLine('STARTTLS')
    else this.#send()
  }

  handshakeCompleted(): void {
    this.handshakes += 1
    this.session = this.transport.tlsSession
  }

  #send(): void {
    for (let i = 0; i < LINES; i++) this.sendLine(line(i))
  }

  override lineReceived(received: string): void {
    if (this.#mode === 'start' && this.plain === null) {
      this.plain = received
      if (this.#role === 'server') {
        this.sendLine('GO')
        this.transport.startTLS({ identity: identity('localhost'), ca: CA, clientCertificate: 'require' })
      } else {
        this.transport.startTLS({ ca: CA, serverName: 'localhost', identity: identity('client') })
        this.#send()
      }
    } else if (this.#role === 'server') {
      this.count += 1
      this.sendLine(received.toUpperCase())
    } else {
      if (received !== line(this.count).toUpperCase()) this.problem ??= `line ${this.count} differs`
      this.count += 1
      if (this.count === LINES) this.transport.loseConnection()
    }
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    this.reason = reason
    this.onEvent()
  }
}

describeWith(twistedPython(), 'Twisted over TLS', (python) => {
  const reactor = createReactor({ installSignalHandlers: false })
  afterEach(async () => {
    for (const transport of reactor.openTransports()) transport.abortConnection()
    await Program.killAll()
  })

  const twisted = (...args: string[]): Program =>
    new Program(python, ['-B', `${root}test/interop/peers/twisted_tls.py`, VECTORS, ...args])

  /** What Twisted says of a connection that is over. */
  const report = async (peer: Program) => JSON.parse((await peer.prints(/^\{"count".*\}$/m))[0]) as object

  it.each(['tls', 'start'] as const)('as client of our server: %s', async (mode) => {
    const factory = new Watching(() => new Talk('server', mode) as never)
    const options = { identity: identity('localhost'), ca: CA, clientCertificate: 'require' } as const
    const port = mode === 'tls' ? reactor.listenSSL(0, factory, options, { interface: '127.0.0.1' })
      : reactor.listenTCP(0, factory, { interface: '127.0.0.1' })
    await port.ready
    const peer = twisted('client', mode, String((port.getHost() as IPv4Address).port))
    expect(await report(peer)).toEqual({
      count: LINES, reason: 'ConnectionDone', handshakes: 1, plain: mode === 'start' ? 'GO' : null,
      subject: 'localhost',
    })
    const ours = factory.made[0] as unknown as Talk
    await factory.until(() => ours.reason !== null)
    expect(ours).toMatchObject({ count: LINES, handshakes: 1, plain: mode === 'start' ? 'STARTTLS' : null })
    expect(ours.reason!.value.name).toBe('ConnectionDone')
    expect(ours.session?.peerCertificate?.subject).toBe('O=whorl tests, CN=client')
    await port.stopListening()
    expect(await peer.ended).toEqual({ status: 0, signal: null })
  })

  it.each(['tls', 'start'] as const)('as server of our client: %s', async (mode) => {
    const peer = twisted('server', mode)
    const { port } = JSON.parse((await peer.prints(/^\{"port".*\}$/m))[0]) as { port: number }
    const factory = new Watching(() => new Talk('client', mode) as never)
    if (mode === 'tls') {
      const options = { ca: CA, serverName: 'localhost', identity: identity('client') }
      reactor.connectSSL('127.0.0.1', port, factory, options)
    } else {
      reactor.connectTCP('127.0.0.1', port, factory)
    }
    const made = factory.made as unknown as Talk[]
    await factory.until(() => factory.failure !== null || (made[0]?.reason ?? null) !== null)
    const ours = factory.made[0] as unknown as Talk
    expect(ours).toMatchObject({ count: LINES, problem: null, handshakes: 1, plain: mode === 'start' ? 'GO' : null })
    expect(ours.reason!.value.name).toBe('ConnectionDone')
    expect(ours.session).toMatchObject({ version: 'TLSv1.3', serverName: 'localhost' })
    expect(await report(peer)).toEqual({
      count: LINES, reason: 'ConnectionDone', handshakes: 1, plain: mode === 'start' ? 'STARTTLS' : null,
      subject: 'client',
    })
  })

  it('as a client that does not trust us: it says so, and our port goes on', async () => {
    const factory = new Watching(() => new Talk('server', 'tls') as never)
    const port = reactor.listenSSL(0, factory, { identity: identity('foreign') }, { interface: '127.0.0.1' })
    await port.ready
    const peer = twisted('client', 'tls', String((port.getHost() as IPv4Address).port))
    expect(JSON.parse((await peer.prints(/^\{.*\}$/m))[0])).not.toMatchObject({ reason: 'ConnectionDone' })
    await peer.ended
    await port.stopListening()
  })
})
