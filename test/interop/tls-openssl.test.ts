/** OpenSSL's own client and server at the other end. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, it } from 'vitest'
import { createReactor, LineReceiver, sessionCache } from 'whorl'
import type { IPv4Address, TLSClientOptions, TLSServerOptions } from 'whorl'
import { describeWith, Program } from './programs.js'
import { Echo, identity, openssl, Talker, vector, VECTORS, Watching } from './tls-peers.js'

const CA = vector('ca.pem')
const LOOPBACK = { interface: '127.0.0.1' }

describeWith(openssl(), 'openssl', (command) => {
  const reactor = createReactor({ installSignalHandlers: false })
  const folder = mkdtempSync(join(tmpdir(), 'whorl-openssl-'))
  const undo: (() => unknown)[] = []

  afterEach(async () => {
    for (const one of undo.splice(0)) await one()
    for (const transport of reactor.openTransports()) transport.abortConnection()
    await Program.killAll()
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  async function serve(tls: Partial<TLSServerOptions>) {
    const factory = new Watching(() => new Echo())
    const port = reactor.listenSSL(0, factory, { identity: identity('localhost'), ...tls }, LOOPBACK)
    await port.ready
    undo.push(() => port.stopListening())
    return { factory, number: (port.getHost() as IPv4Address).port }
  }

  // What comes through is printed in the middle of what the program has to say itself.
  const client = (port: number, ...more: string[]): Program => new Program(command, [
    's_client', '-connect', `127.0.0.1:${port}`, '-CAfile', `${VECTORS}ca.pem`, '-verify_return_error', ...more,
  ])

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('s_client %s: verified, ALPN, SNI, data both ways', async (maxVersion) => {
    const { factory, number } = await serve({
      maxVersion, alpn: ['x/1', 'y/1'], names: { 'a.example.test': identity('a') },
    })
    const peer = client(number, '-servername', 'a.example.test', '-verify_hostname', 'a.example.test', '-alpn', 'y/1')
    await peer.prints(/Verify return code: 0 \(ok\)/)
    expect(peer.text).toContain('CN = a\n')
    expect(peer.text).toContain('ALPN protocol: y/1')
    expect(peer.text).toMatch(new RegExp(`New, ${maxVersion}`))
    peer.type('hello from openssl\n')
    await peer.prints(/hello from openssl/)
    expect(factory.made[0]!.transport.tlsSession).toMatchObject({
      version: maxVersion, protocol: 'y/1', serverName: 'a.example.test', resumed: false,
    })
    peer.type('Q\n')
    await peer.ended
    await factory.until(() => factory.made[0]!.reason !== null)
    expect(factory.made[0]!.reason!.value.name).toBe('ConnectionDone')
  })

  it('s_client without a protocol in common gets the alert', async () => {
    const { number } = await serve({ alpn: ['x/1'] })
    const peer = client(number, '-alpn', 'z/1')
    expect((await peer.ended).status).not.toBe(0)
    expect(peer.errorText).toMatch(/no application protocol/)
  })

  it('s_client shows its certificate, or is refused without one', async () => {
    const { factory, number } = await serve({ clientCertificate: 'require', ca: CA })
    const good = client(number, '-cert', `${VECTORS}client.pem`, '-key', `${VECTORS}client.key`)
    await good.prints(/Verify return code: 0 \(ok\)/)
    good.type('certified\n')
    await good.prints(/certified/)
    expect(factory.made[0]!.transport.getPeerCertificate()?.subject).toBe('O=whorl tests, CN=client')
    const none = client(number)
    expect((await none.ended).status).not.toBe(0)
    expect(none.errorText).toMatch(/certificate required/)
    const foreign = client(number, '-cert', `${VECTORS}foreign-client.pem`, '-key', `${VECTORS}foreign-client.key`)
    foreign.type('let me in\n')
    await foreign.ended
    expect(factory.made.length).toBe(1)
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('s_client resumes a session of %s', async (maxVersion) => {
    const { factory, number } = await serve({ maxVersion })
    const file = join(folder, `session-${maxVersion}`)
    const first = client(number, '-sess_out', file)
    first.type('first line\n')
    await first.prints(/first line/)
    first.type('Q\n')
    await first.ended
    const second = client(number, '-sess_in', file)
    await second.prints(new RegExp(`Reused, ${maxVersion}`))
    second.type('second line\n')
    await second.prints(/second line/)
    expect(factory.made.map((one) => one.transport.tlsSession?.resumed)).toEqual([false, true])
  })

  it('s_client may not negotiate again', async () => {
    const { factory, number } = await serve({ maxVersion: 'TLSv1.2' })
    const peer = client(number)
    await peer.prints(/Verify return code: 0 \(ok\)/)
    peer.type('R\n')
    await peer.ended
    expect(peer.errorText).toMatch(/no renegotiation/)
    await factory.until(() => factory.made[0]!.reason !== null)
    expect(factory.made[0]!.received).toBe('')
  })

  it('s_client -starttls smtp', async () => {
    class Mail extends LineReceiver {
      override connectionMade(): void { this.sendLine('220 here') }
      override lineReceived(line: string): void {
        if (/^EHLO/.test(line)) {
          this.sendLine('250-here')
          this.sendLine('250 STARTTLS')
        } else if (line === 'STARTTLS') {
          this.sendLine('220 go ahead')
          this.transport.startTLS({ identity: identity('localhost') })
        } else {
          this.sendLine(`secure ${line}`)
        }
      }
    }
    const factory = new Watching(() => new Mail() as never)
    const port = reactor.listenTCP(0, factory, LOOPBACK)
    await port.ready
    undo.push(() => port.stopListening())
    const peer = client((port.getHost() as IPv4Address).port, '-starttls', 'smtp', '-crlf')
    await peer.prints(/Verify return code: 0 \(ok\)/)
    peer.type('NOOP\n')
    await peer.prints(/secure NOOP/)
  })

  /** OpenSSL's server, which sends each line back from its end to its beginning. */
  async function server(...more: string[]): Promise<{ peer: Program, port: number }> {
    const peer = new Program(command, [
      's_server', '-accept', '127.0.0.1:0', '-rev', '-CAfile', `${VECTORS}ca.pem`,
      '-cert', `${VECTORS}localhost.pem`, '-key', `${VECTORS}localhost.key`, ...more,
    ])
    const [, port] = await peer.prints(/ACCEPT (?:\S+):(\d+)/)
    return { peer, port: Number(port) }
  }

  async function ask(port: number, tls: Partial<TLSClientOptions>) {
    const factory = new Watching(() => new Talker())
    reactor.connectSSL('127.0.0.1', port, factory, { ca: CA, ...tls })
    await factory.until(() => factory.failure !== null || factory.made.length > 0)
    if (factory.failure !== null) return { factory, failure: factory.failure.value, talker: null }
    const talker = factory.made[0]!
    talker.transport.write('olleh\n')
    await factory.until(() => talker.received.length >= 6 || talker.reason !== null)
    return { factory, failure: null, talker }
  }

  it.each(['-tls1_2', '-tls1_3'])('s_server %s: verified, ALPN, SNI', async (version) => {
    const { port } = await server(version, '-alpn', 'q/1,y/1', '-servername', 'a.example.test',
      '-cert2', `${VECTORS}a.pem`, '-key2', `${VECTORS}a.key`)
    const byName = await ask(port, { serverName: 'a.example.test' })
    expect(byName.talker!.received).toBe('hello\n')
    expect(byName.talker!.transport.tlsSession).toMatchObject({
      version: version === '-tls1_2' ? 'TLSv1.2' : 'TLSv1.3', serverName: 'a.example.test',
    })
    expect(byName.talker!.transport.getPeerCertificate()?.subject).toBe('O=whorl tests, CN=a')
    byName.talker!.transport.abortConnection()
    // Its second certificate comes with a context of its own, which knows no ALPN.
    const byProtocol = await ask(port, { alpn: ['y/1', 'x/1'] })
    expect(byProtocol.talker!.transport.negotiatedProtocol).toBe('y/1')
  })

  it('s_server asks for our certificate', async () => {
    const { port } = await server('-Verify', '1', '-verify_return_error')
    const good = await ask(port, { identity: identity('client') })
    expect(good.talker!.received).toBe('hello\n')
    good.talker!.transport.abortConnection()
    const none = await ask(port, {})
    expect(none.talker!.received).toBe('')
    expect((none.talker!.reason!.value.cause as { reason: string }).reason).toBe('refused')
  })

  it.each(['-tls1_2', '-tls1_3'])('s_server %s: our session is resumed', async (version) => {
    const { port } = await server(version)
    const options = { sessions: sessionCache() }
    const resumed: boolean[] = []
    for (let i = 0; i < 2; i++) {
      const { factory, talker } = await ask(port, options)
      resumed.push(talker!.transport.tlsSession!.resumed)
      expect(talker!.transport.getPeerCertificate()?.subject).toBe('O=whorl tests, CN=localhost')
      talker!.transport.loseConnection()
      await factory.until(() => talker!.reason !== null)
    }
    expect(resumed).toEqual([false, true])
  })

  it('s_server with an expired certificate is refused', async () => {
    const { port } = await server('-cert', `${VECTORS}expired.pem`, '-key', `${VECTORS}expired.key`)
    const { failure } = await ask(port, {})
    expect(failure).toMatchObject({ name: 'CertificateError', reason: 'expired' })
  })
})
