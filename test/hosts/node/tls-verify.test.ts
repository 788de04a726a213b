/** Who is believed over TLS: certificates, names, client certificates, several identities, and their exchange. */
import { afterEach, describe, expect, it } from 'vitest'
import { CertificateError, TLSHandshakeError, TLSOptionsError } from '../../../src/errors/index.js'
import type { TLSClientOptions, TLSServerOptions } from '../../../src/interfaces/index.js'
import { logPublisher } from '../../../src/logger/index.js'
import type { LogEvent } from '../../../src/logger/index.js'
import { sessionCache, TLSServerContext } from '../../../src/transports/index.js'
import { LOOPBACK, later, portOf, reactors, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'
import { CA, clientTLS, dial, identity, securePair, serve, serverTLS, vector } from './tls-helpers.js'

checkNothingLeft()
const fresh = reactors(afterEach)

/** What a client says to a server. */
async function refusal(server: TLSServerOptions, client: TLSClientOptions = clientTLS(), host?: string) {
  const reactor = fresh()
  const served = await serve(reactor, server)
  const dialled = dial(reactor, served.number, client, host)
  const { value } = await dialled.factory.failed
  expect(dialled.factory.built).toEqual([])
  await served.port.stopListening()
  return value as CertificateError
}

/** The log's next event about a handshake. */
function handshakeLog(): Promise<LogEvent> {
  const { promise, resolve } = later<LogEvent>()
  const observer = (event: LogEvent): void => {
    if (event.namespace !== 'whorl.tls') return
    logPublisher.removeObserver(observer)
    resolve(event)
  }
  logPublisher.addObserver(observer)
  return promise
}

describe('a server\'s certificate', () => {
  it.each([
    ['expired', 'expired'], ['future', 'not-yet-valid'], ['self-signed', 'self-signed'],
    ['foreign', 'unknown-authority'], ['wrong-name', 'name-mismatch'],
  ])('%s is refused: %s', async (name, reason) => {
    const error = await refusal({ identity: identity(name) }, clientTLS({ serverName: 'localhost' }))
    expect(error).toBeInstanceOf(CertificateError)
    expect(error.code).toBe('ERR_TLS_CERTIFICATE')
    expect(error.reason).toBe(reason)
    expect(error.certificate?.subject).toBe(`O=whorl tests, CN=${name}`)
    expect(error.cause).toBeInstanceOf(Error)
  })

  it('nobody\'s but the host\'s own authorities\' where `ca` is not given', async () => {
    expect((await refusal(serverTLS(), {}, 'localhost')).reason).toBe('unknown-authority')
  })

  it('the name is verified, whatever it is: another name, an address that is not in it', async () => {
    expect((await refusal(serverTLS(), clientTLS({ serverName: 'a.example.test' }))).reason).toBe('name-mismatch')
    expect((await refusal({ identity: identity('a') }, clientTLS())).reason).toBe('name-mismatch')
  })

  it('the peer that is not believed gets no byte, and is told by the end of the connection', async () => {
    const reactor = fresh()
    const served = await serve(reactor, { identity: identity('expired') })
    const dialled = dial(reactor, served.number)
    await dialled.factory.failed
    expect(dialled.factory.events).toEqual(['start', 'connecting', 'failed CertificateError', 'stop'])
    for (const server of served.factory.built) expect((await server.lost).value.name).not.toBe('ConnectionDone')
  })

  it('is verified for addresses, IPv4 and IPv6, and for names with a final dot and in capitals', async () => {
    const reactor = fresh()
    const factory = new TestFactory()
    const port = reactor.listenSSL(0, factory, serverTLS(), { interface: '::1' })
    await port.ready
    const six = dial(reactor, portOf(port), clientTLS(), '::1')
    expect((await six.factory.first).transport.tlsSession?.serverName).toBe(null)
    const named = dial(reactor, portOf(port), clientTLS({ serverName: 'LOCALHOST.' }), '::1')
    expect((await named.factory.first).transport.tlsSession?.serverName?.toLowerCase()).toBe('localhost')
  })

  it('with an authority between, shown by the server', async () => {
    const { client } = await securePair(fresh(), { server: { identity: identity('chained') } })
    expect(client.transport.getPeerCertificate()?.issuer).toBe('O=whorl tests, CN=chain-ca')
  })

  it('insecureSkipVerify takes anybody\'s, and still shows it', async () => {
    for (const name of ['expired', 'self-signed', 'wrong-name']) {
      const { client } = await securePair(fresh(), {
        server: { identity: identity(name) }, client: { insecureSkipVerify: true },
      })
      expect(client.transport.getPeerCertificate()?.subject).toBe(`O=whorl tests, CN=${name}`)
    }
  })

  it('a session that was begun without verifying is not resumed where it matters', async () => {
    const reactor = fresh()
    const sessions = sessionCache()
    const served = await serve(reactor, { identity: identity('self-signed') })
    const loose = dial(reactor, served.number, { insecureSkipVerify: true, sessions, serverName: 'localhost' })
    const client = await loose.factory.first
    const server = await served.factory.first
    server.transport.write('x')
    await client.until('x')
    client.transport.loseConnection()
    await Promise.all([client.lost, server.lost])
    const strict = dial(reactor, served.number, clientTLS({ sessions, serverName: 'localhost' }))
    expect(((await strict.factory.failed).value as CertificateError).reason).toBe('self-signed')
  })
})

describe('client certificates', () => {
  const asking = (how: 'request' | 'require') => serverTLS({ clientCertificate: how, ca: CA })

  it.each(['request', 'require'] as const)('%s: one of a trusted authority is accepted and known', async (how) => {
    const { server } = await securePair(fresh(), {
      server: asking(how), client: clientTLS({ identity: identity('client') }),
    })
    expect(server.transport.getPeerCertificate()?.subject).toBe('O=whorl tests, CN=client')
  })

  it('request: none is fine', async () => {
    const { server } = await securePair(fresh(), { server: asking('request') })
    expect(server.transport.getPeerCertificate()).toBe(null)
  })

  it('none: none is asked for', async () => {
    const { server } = await securePair(fresh(), { client: clientTLS({ identity: identity('client') }) })
    expect(server.transport.getPeerCertificate()).toBe(null)
  })

  it.each(['request', 'require'] as const)('%s: one of somebody else is refused', async (how) => {
    const reactor = fresh()
    const event = handshakeLog()
    const served = await serve(reactor, asking(how))
    const dialled = dial(reactor, served.number, clientTLS({ identity: identity('foreign-client') }))
    const { level, error } = await event as LogEvent & { error: CertificateError }
    expect([level, error.reason]).toEqual(['info', 'unknown-authority'])
    expect(error.certificate?.subject).toBe('O=whorl tests, CN=foreign-client')
    expect(served.factory.built).toEqual([])
    // TLS 1.3: the client's own handshake was done by then.
    for (const client of dialled.factory.built) await client.lost
  })

  it('require: none is refused, and the client hears why', async () => {
    const reactor = fresh()
    const event = handshakeLog()
    const served = await serve(reactor, asking('require'))
    const dialled = dial(reactor, served.number)
    const { error } = await event as LogEvent & { error: CertificateError }
    expect(error.reason).toBe('missing')
    const client = await dialled.factory.first
    const { value } = await client.lost
    expect(value.name).toBe('ConnectionLost')
    expect((value.cause as TLSHandshakeError).reason).toBe('refused')
    expect(served.factory.built).toEqual([])
  })

  it('require over TLS 1.2: the client\'s attempt fails', async () => {
    const error = await refusal(serverTLS({ clientCertificate: 'require', ca: CA, maxVersion: 'TLSv1.2' }))
    expect(error).toBeInstanceOf(TLSHandshakeError)
  })
})

describe('several identities', () => {
  const names = {
    'a.example.test': identity('a'), 'B.example.test': identity('b'), '*.wild.example.test': identity('wild'),
  }

  it.each([
    ['a.example.test', 'a'], ['A.EXAMPLE.test', 'a'], ['b.example.test', 'b'], ['one.wild.example.test', 'wild'],
    ['localhost', 'localhost'],
  ])('%s is %s', async (serverName, subject) => {
    const { server, client } = await securePair(fresh(), {
      server: serverTLS({ names }), client: clientTLS({ serverName }),
    })
    expect(client.transport.getPeerCertificate()?.subject).toBe(`O=whorl tests, CN=${subject}`)
    expect(server.transport.tlsSession?.serverName?.toLowerCase()).toBe(serverName.toLowerCase())
  })

  it('a star stands for one label', async () => {
    const error = await refusal(serverTLS({ names }), clientTLS({ serverName: 'one.two.wild.example.test' }))
    expect([error.reason, error.certificate?.subject]).toEqual(['name-mismatch', 'O=whorl tests, CN=localhost'])
  })

  it('are exchanged without a restart; what cannot be read changes nothing', async () => {
    const reactor = fresh()
    const context = new TLSServerContext({ identity: identity('a') })
    const served = await serve(reactor, context)
    const client = clientTLS({ serverName: 'a.example.test' })
    const shown = async (): Promise<string> => {
      const protocol = await dial(reactor, served.number, client).factory.first
      return protocol.transport.getPeerCertificate()!.fingerprint256
    }
    const first = await shown()
    expect(await shown()).toBe(first)
    for (const wrong of [
      { identity: { cert: 'rubbish', key: identity('a').key } },
      { identity: { cert: identity('a').cert, key: identity('b').key } },
      { names: { 'b.example.test': { cert: '', key: '' } } },
      { names: { 'b.example.test': { cert: identity('b').cert, key: 'rubbish' } } },
    ]) {
      expect(() => context.update(wrong)).toThrow(TLSOptionsError)
    }
    expect(await shown()).toBe(first)
    const open = served.factory.built[0]!
    context.update({ identity: identity('a-new') })
    expect(await shown()).not.toBe(first)
    expect(open.reasons).toEqual([])
  })
})

describe('certificates and keys', () => {
  it('an encrypted key is opened by its passphrase', async () => {
    const { server } = await securePair(fresh(), {
      server: { identity: { cert: vector('localhost.pem'), key: vector('encrypted.key'), passphrase: 'open sesame' } },
    })
    expect(server.handshakes).toBe(1)
  })

  it('may be bytes', async () => {
    const bytes = (name: string): Uint8Array => new TextEncoder().encode(vector(name))
    const { client } = await securePair(fresh(), {
      server: { identity: { cert: bytes('localhost.pem'), key: bytes('localhost.key') } },
      client: { ca: [bytes('other-ca.pem'), bytes('ca.pem')] },
    })
    expect(client.handshakes).toBe(1)
  })

  it.each<[string, string, Partial<TLSServerOptions>]>([
    ['a wrong passphrase', 'identity.key', {
      identity: { cert: vector('localhost.pem'), key: vector('encrypted.key'), passphrase: 'wrong' },
    }],
    ['no passphrase', 'identity.key', { identity: { cert: vector('localhost.pem'), key: vector('encrypted.key') } }],
    ['another\'s key', 'identity.key', { identity: { cert: vector('localhost.pem'), key: vector('a.key') } }],
    ['rubbish as certificate', 'identity.cert', { identity: { cert: 'x', key: vector('a.key') } }],
    ['rubbish as authority', 'ca', { ca: 'x' }],
    ['rubbish among names', 'names.a.example.test.key', {
      names: { 'a.example.test': { cert: vector('a.pem'), key: 'x' } },
    }],
    ['no such cipher', 'ciphers', { ciphers: 'NO-SUCH-CIPHER' }],
  ])('%s is told at once, as %s', (_what, field, options) => {
    const factory = new TestFactory()
    const listen = (): unknown => fresh().listenSSL(0, factory, serverTLS(options), LOOPBACK)
    expect(listen).toThrow(TLSOptionsError)
    expect(listen).toThrow(expect.objectContaining({ field }))
  })

  it('a client\'s options that cannot be read fail its attempt', async () => {
    const reactor = fresh()
    const served = await serve(reactor)
    const dialled = dial(reactor, served.number, { ca: 'rubbish' })
    expect((await dialled.factory.failed).value).toBeInstanceOf(TLSOptionsError)
  })
})

describe('resumption', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('%s: the second time, the certificate still known', async (maxVersion) => {
    const reactor = fresh()
    const sessions = sessionCache()
    const served = await serve(reactor, serverTLS({ maxVersion }))
    const client = clientTLS({ sessions })
    const resumed: boolean[] = []
    for (let i = 0; i < 3; i++) {
      const protocol = await dial(reactor, served.number, client).factory.first
      while (served.factory.built.length <= i) await new Promise<void>((resolve) => setTimeout(resolve, 1))
      const server = served.factory.built[i]!
      // Tickets come behind the handshake.
      server.transport.write('ticket')
      await protocol.until('ticket')
      resumed.push(protocol.transport.tlsSession!.resumed)
      expect(server.transport.tlsSession?.resumed).toBe(i > 0)
      expect(protocol.transport.getPeerCertificate()?.subject).toBe('O=whorl tests, CN=localhost')
      protocol.transport.loseConnection()
      await Promise.all([protocol.lost, server.lost])
    }
    expect(resumed).toEqual([false, true, true])
  })

  it('a client\'s certificate is known again to the server', async () => {
    const reactor = fresh()
    const client = clientTLS({ sessions: sessionCache(), identity: identity('client') })
    const served = await serve(reactor, serverTLS({ clientCertificate: 'require', ca: CA }))
    for (let i = 0; i < 2; i++) {
      const protocol = await dial(reactor, served.number, client).factory.first
      while (served.factory.built.length <= i) await new Promise<void>((resolve) => setTimeout(resolve, 1))
      const server = served.factory.built[i]!
      server.transport.write('ticket')
      await protocol.until('ticket')
      expect(server.transport.tlsSession).toMatchObject({ resumed: i > 0 })
      expect(server.transport.getPeerCertificate()?.subject).toBe('O=whorl tests, CN=client')
      protocol.transport.loseConnection()
      await Promise.all([protocol.lost, server.lost])
    }
  })

  it('new certificates end old sessions', async () => {
    const reactor = fresh()
    const context = new TLSServerContext(serverTLS())
    const client = clientTLS({ sessions: sessionCache() })
    const served = await serve(reactor, context)
    for (let i = 0; i < 2; i++) {
      const protocol = await dial(reactor, served.number, client).factory.first
      while (served.factory.built.length <= i) await new Promise<void>((resolve) => setTimeout(resolve, 1))
      served.factory.built[i]!.transport.write('ticket')
      await protocol.until('ticket')
      expect(protocol.transport.tlsSession?.resumed).toBe(false)
      protocol.transport.loseConnection()
      await protocol.lost
      context.update({ alpn: ['x'] })
    }
  })

  it('a cache that brings rubbish, or throws, costs no more than the session', async () => {
    const reactor = fresh()
    const served = await serve(reactor)
    const event = handshakeLog()
    const sessions = {
      get: () => new Uint8Array([0, 0, 0, 1, 2, 3, 4]),
      set: () => {
        throw new Error('full')
      },
    }
    const protocol = await dial(reactor, served.number, clientTLS({ sessions })).factory.first
    served.factory.built[0]?.transport.write('ticket')
    expect((await event).message).toBe('A cache of TLS sessions failed')
    expect(protocol.reasons).toEqual([])
  })
})
