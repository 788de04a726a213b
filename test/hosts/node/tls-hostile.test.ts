/** Attempts to be believed without reason, and startTLS where it has no place. */
import { connect } from 'node:net'
import { connect as connectTLS } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { CertificateError, TLSError, TLSOptionsError } from '../../../src/errors/index.js'
import type { TLSClientOptions, TLSServerOptions } from '../../../src/interfaces/index.js'
import { logPublisher } from '../../../src/logger/index.js'
import { sessionCache, TLSServerContext } from '../../../src/transports/index.js'
import { later, LOOPBACK, pair, portOf, rawPeer, reactors, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'
import { CA, clientTLS, dial, identity, relay, SecureRecorder, securePair, serve, serverTLS } from './tls-helpers.js'

checkNothingLeft()
const fresh = reactors(afterEach)

/** Why a client does not believe a server; null if it does. */
async function doubts(identityName: string, serverName: string): Promise<Error | null> {
  const reactor = fresh()
  const served = await serve(reactor, { identity: identity(identityName) })
  const { factory } = dial(reactor, served.number, clientTLS({ serverName }))
  return Promise.race([factory.failed.then(({ value }) => value), factory.first.then(() => null)])
}

describe('names that are not to be believed', () => {
  it.each([
    ['a common name where there is no other', 'only-cn.example.test', 'only-cn.example.test'],
    ['a star in the midst of a label', 'odd-star', 'odder.example.test'],
    ['a star for no label', 'wild', 'wild.example.test'],
    ['a star for two labels', 'wild', 'one.two.wild.example.test'],
    ['a star for an empty label', 'wild', '.wild.example.test'],
    ['an address where there are only names', 'a', '127.0.0.1'],
    ['an address in another spelling', 'a', '127.1'],
    ['a name below the right one', 'a', 'x.a.example.test'],
    ['a name above the right one', 'a', 'example.test'],
    ['a name that begins like the right one', 'a', 'a.example.test.evil.test'],
  ])('%s', async (_what, name, serverName) => {
    const error = await doubts(name, serverName)
    expect(error).toBeInstanceOf(CertificateError)
    expect((error as CertificateError).reason).toBe('name-mismatch')
  })

  it.each([
    'a.example.test/x.evil.test', 'a.example.test?x', 'a.example.test#x', 'a.example.test\\x', 'a.example.test%x',
    'a%2eexample.test', 'a.exa\tmple.test', 'a.example.test\0.evil.test', 'x@a.example.test', 'a.example.test:443',
    'a.example.test ', '.', '[::1]',
  ])('%j is no name, and is not read as a part of one', async (serverName) => {
    expect(await doubts('a', serverName)).toBeInstanceOf(TLSOptionsError)
  })

  it.each([
    ['localhost', 'localhost'], ['LOCALHOST.', 'localhost'], ['::1', 'localhost'], ['0:0:0:0:0:0:0:1', 'localhost'],
    ['one.wild.example.test', 'wild'], ['ONE.wild.example.test.', 'wild'],
  ])('while %s is believed', async (serverName, name) => {
    expect(await doubts(name, serverName)).toBe(null)
  })
})

describe('options that are changed after they were handed over', () => {
  it('a client verifies as it was told when it was told', async () => {
    const reactor = fresh()
    const served = await serve(reactor, { identity: identity('wrong-name') })
    const tls: TLSClientOptions = clientTLS()
    const { factory } = dial(reactor, served.number, tls)
    tls.insecureSkipVerify = true
    tls.serverName = 'elsewhere.example.test'
    expect(((await factory.failed).value as CertificateError).reason).toBe('name-mismatch')
  })

  it('and as it is told the next time: authorities, and whether to verify at all', async () => {
    const reactor = fresh()
    const served = await serve(reactor, { identity: identity('wrong-name') })
    const ca = [CA]
    const tls: TLSClientOptions = { ca, serverName: 'elsewhere.example.test' }
    expect((await dial(reactor, served.number, tls).factory.first).handshakes).toBe(1)
    ca[0] = identity('other-ca').cert as string
    const distrusting = dial(reactor, served.number, tls)
    expect((await distrusting.factory.failed).value).toBeInstanceOf(CertificateError)
  })

  it('a session that was begun without verifying is not resumed once the same object says to verify', async () => {
    const reactor = fresh()
    const served = await serve(reactor, { identity: identity('wrong-name') })
    const tls = clientTLS({ sessions: sessionCache(), insecureSkipVerify: true })
    const client = await dial(reactor, served.number, tls).factory.first
    const server = await served.factory.first
    server.transport.write('ticket')
    await client.until('ticket')
    client.transport.loseConnection()
    await client.lost
    tls.insecureSkipVerify = false
    expect(((await dial(reactor, served.number, tls).factory.failed).value as CertificateError).reason)
      .toBe('name-mismatch')
  })

  it('a server asks for certificates as it was told, not as its options say later', async () => {
    const reactor = fresh()
    const tls: TLSServerOptions = serverTLS({ clientCertificate: 'require', ca: CA, maxVersion: 'TLSv1.2' })
    const context = new TLSServerContext(tls)
    const [plain, updated] = [await serve(reactor, tls), await serve(reactor, context)]
    tls.clientCertificate = 'none'
    delete tls.ca
    for (const served of [plain, updated]) {
      await dial(reactor, served.number).factory.failed
      expect(served.factory.built).toEqual([])
    }
    // Handed over anew, they count.
    const open = await serve(reactor, tls)
    expect((await dial(reactor, open.number).factory.first).handshakes).toBe(1)
  })

  it('identities by name can be taken from nobody', async () => {
    const reactor = fresh()
    const names = { 'a.example.test': identity('a') }
    const context = new TLSServerContext(serverTLS({ names }))
    names['a.example.test'] = identity('b')
    const asking = clientTLS({ serverName: 'a.example.test' })
    const { client } = await securePair(reactor, { server: context, client: asking })
    expect(client.transport.getPeerCertificate()?.subject).toBe('O=whorl tests, CN=a')
    expect(Object.isFrozen(context.options.names)).toBe(true)
  })
})

describe('sessions that several share', () => {
  it('another authority, another name, another port: none of them resumes', async () => {
    const reactor = fresh()
    const sessions = sessionCache()
    const context = serverTLS()
    const [one, two] = [await serve(reactor, context), await serve(reactor, context)]
    const ticket = async (port: number, tls: TLSClientOptions, served: typeof one): Promise<boolean> => {
      const count = served.factory.built.length
      const client = await dial(reactor, port, tls).factory.first
      while (served.factory.built.length === count) await new Promise((resolve) => setImmediate(resolve))
      served.factory.built[count]!.transport.write('ticket')
      await client.until('ticket')
      return client.transport.tlsSession!.resumed
    }
    expect(await ticket(one.number, clientTLS({ sessions }), one)).toBe(false)
    expect(await ticket(two.number, clientTLS({ sessions }), two)).toBe(false)
    expect(await ticket(one.number, clientTLS({ sessions, serverName: 'localhost' }), one)).toBe(false)
    expect(await ticket(one.number, { sessions, ca: [CA, identity('other-ca').cert] }, one)).toBe(false)
    expect(await ticket(one.number, clientTLS({ sessions }), one)).toBe(true)
    const distrusting = dial(reactor, one.number, { sessions, ca: identity('other-ca').cert })
    expect((await distrusting.factory.failed).value).toBeInstanceOf(CertificateError)
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('%s: a refused server\'s session is not kept', async (maxVersion) => {
    const reactor = fresh()
    const kept: string[] = []
    const sessions = { get: () => undefined, set: (key: string) => kept.push(key) }
    const served = await serve(reactor, serverTLS({ maxVersion }))
    const tls = clientTLS({ sessions: sessions as never, serverName: 'a.example.test' })
    for (let i = 0; i < 2; i++) {
      expect(((await dial(reactor, served.number, tls).factory.failed).value as CertificateError).reason)
        .toBe('name-mismatch')
    }
    expect(kept).toEqual([])
  })

  it('a cache whose get throws costs no more than the session', async () => {
    const reactor = fresh()
    const told = later<string>()
    const observer = (event: { namespace: string, message?: string }): void => {
      if (event.namespace === 'whorl.tls') told.resolve(event.message ?? '')
    }
    logPublisher.addObserver(observer as never)
    const sessions = { get: (): never => { throw new Error('gone') }, set: () => undefined }
    const { client } = await securePair(reactor, { client: clientTLS({ sessions }) })
    expect(await told.promise).toBe('A cache of TLS sessions failed')
    expect(client.handshakes).toBe(1)
    logPublisher.removeObserver(observer as never)
  })
})

describe('startTLS where it has no place', () => {
  const plain = () => pair(fresh(), () => new SecureRecorder(), () => new SecureRecorder())

  it('twice: the second is a TypeError, and the first goes on', async () => {
    const { server, client } = await plain()
    server.transport.startTLS(serverTLS())
    expect(() => server.transport.startTLS(serverTLS())).toThrow(TypeError)
    client.transport.startTLS(clientTLS())
    expect(() => client.transport.startTLS(clientTLS())).toThrow(TypeError)
    client.transport.write('once')
    await server.until('once')
    expect([server.handshakes, client.handshakes]).toEqual([1, 1])
  })

  it('in connectionMade of both ends', async () => {
    class AtOnce extends SecureRecorder {
      readonly tls: TLSClientOptions
      constructor(tls: TLSClientOptions) {
        super()
        this.tls = tls
      }

      override connectionMade(): void {
        super.connectionMade()
        this.transport.startTLS(this.tls)
        this.transport.write('first')
      }
    }
    const { server, client } = await pair(fresh(), () => new AtOnce(serverTLS()), () => new AtOnce(clientTLS()))
    await Promise.all([server.until('first'), client.until('first')])
    expect([server.events, client.events]).toEqual([['made', 'handshake', 'data'], ['made', 'handshake', 'data']])
  })

  it('after loseConnection, abortConnection and the end: nothing begins, and the end is the one it was', async () => {
    const ends = [['loseConnection', 'ConnectionDone'], ['abortConnection', 'ConnectionAborted']] as const
    for (const [end, reason] of ends) {
      const { server, client } = await plain()
      client.transport[end]()
      client.transport.startTLS(clientTLS())
      expect(client.transport.tlsBegun).toBe(false)
      expect((await client.lost).value.name).toBe(reason)
      await server.lost
      client.transport.startTLS(clientTLS())
      expect([client.reasons.length, server.reasons.length, client.handshakes]).toEqual([1, 1, 0])
    }
  })

  it('with reading paused: the handshake is done all the same, and data waits', async () => {
    const { server, client } = await plain()
    server.transport.pauseProducing()
    server.transport.startTLS(serverTLS())
    client.transport.startTLS(clientTLS())
    client.transport.write('patience')
    while (server.handshakes === 0) await new Promise((resolve) => setImmediate(resolve))
    client.transport.write(' please')
    await new Promise((resolve) => client.transport.drain().addBoth(resolve))
    expect(server.received).toBe('')
    server.transport.resumeProducing()
    await server.until('patience please')
  })

  it('with a producer, and more in plain text than any socket holds: everything in order', async () => {
    const { server, client } = await plain()
    const events: string[] = []
    const size = 12_000_000
    client.transport.pauseProducing()
    server.transport.registerProducer({
      pauseProducing: () => events.push('pause'), resumeProducing: () => events.push('resume'),
      stopProducing: () => events.push('stop'),
    }, true)
    server.transport.write(new Uint8Array(size))
    server.transport.startTLS(serverTLS())
    server.transport.write('under TLS')
    client.transport.resumeProducing()
    while (client.bytes < size) await new Promise((resolve) => setImmediate(resolve))
    expect(client.bytes).toBe(size)
    client.transport.startTLS(clientTLS())
    await client.until('under TLS')
    expect(client.bytes).toBe(size + 9)
    while (!events.includes('resume')) await new Promise((resolve) => setImmediate(resolve))
    expect(events).toEqual(['pause', 'resume'])
    server.transport.unregisterProducer()
  })

  it('a connection closed during the handshake ends once, and leaves nothing', async () => {
    for (const end of ['loseConnection', 'abortConnection'] as const) {
      const { server, client } = await plain()
      client.transport.startTLS(clientTLS())
      client.transport[end]()
      const [ours] = await Promise.all([client.lost, end === 'abortConnection' ? server.lost : null])
      expect(ours.value.name).toMatch(/^Connection(?:Done|Aborted|Lost)$/)
      server.transport?.abortConnection()
      await server.lost
      expect([client.reasons.length, server.reasons.length]).toEqual([1, 1])
    }
  })
})

describe('a peer that breaks off or spoils a handshake at any byte', () => {
  /** What a client of Node's says first: its ClientHello, in one record. */
  const hello = async (): Promise<Buffer> => {
    const said = later<Buffer>()
    const port = fresh().listenTCP(0, new TestFactory(() => Object.assign(new SecureRecorder(), {
      dataReceived: (data: Uint8Array) => said.resolve(Buffer.from(data)),
    })), LOOPBACK)
    await port.ready
    const socket = connectTLS({ port: portOf(port), host: '127.0.0.1', ca: CA })
    socket.on('error', () => undefined)
    const bytes = await said.promise
    socket.destroy()
    await new Promise((resolve) => socket.once('close', resolve))
    return bytes
  }

  it('200 of them: no protocol is made, and nothing is left of any', async () => {
    const bytes = await hello()
    let ends = 0
    const over = later()
    const observer = (event: { namespace: string }): void => {
      if (event.namespace === 'whorl.tls' && (ends += 1) === 200) over.resolve()
    }
    logPublisher.addObserver(observer as never)
    const reactor = fresh()
    const served = await serve(reactor)
    for (let round = 0; round < 20; round++) {
      await Promise.all(Array.from({ length: 10 }, async (_none, i) => {
        const at = Math.floor((round * 10 + i) * bytes.length / 200)
        const peer = await rawPeer(served.number)
        const said = Buffer.from(bytes)
        if (i % 2 === 0) {
          said[at]! ^= 0x55
          // Some of these are still a good ClientHello: what comes behind it is not.
          peer.socket.write(Buffer.concat([said, Buffer.alloc(40, 0x16)]))
          peer.socket.end()
        } else {
          const sent = later()
          peer.socket.write(said.subarray(0, at + 1), () => sent.resolve())
          await sent.promise
          if (i % 4 === 1) peer.socket.resetAndDestroy()
          else peer.socket.end()
        }
        await peer.closed
      }))
    }
    await over.promise
    logPublisher.removeObserver(observer as never)
    expect([ends, served.factory.built.length]).toEqual([200, 0])
    expect((await dial(reactor, served.number).factory.first).handshakes).toBe(1)
  })

  it('startTLS: connectionLost once with an error of TLS, on 60 of them', async () => {
    const bytes = await hello()
    const servers = new TestFactory(() => Object.assign(new SecureRecorder(), {
      connectionMade(this: SecureRecorder) { this.transport.startTLS(serverTLS()) },
    }))
    const port = fresh().listenTCP(0, servers, LOOPBACK)
    await port.ready
    await Promise.all(Array.from({ length: 60 }, async (_none, i) => {
      const peer = await rawPeer(portOf(port))
      const at = Math.floor(i * bytes.length / 60)
      if (i % 2 === 0) peer.socket.write(Buffer.concat([bytes.subarray(0, at), Buffer.alloc(bytes.length, 0x17)]))
      else peer.socket.write(bytes.subarray(0, at + 1))
      if (i % 3 === 0) peer.socket.resetAndDestroy()
      else peer.socket.end()
      await peer.closed
    }))
    while (servers.built.length < 60) await new Promise((resolve) => setImmediate(resolve))
    const reasons = await Promise.all(servers.built.map((server) => server.lost))
    for (const { value } of reasons) expect((value as TLSError).code).toMatch(/^ERR_(?:TLS_HANDSHAKE|CONNECTION_LOST)$/)
    expect(servers.built.map((server) => [server.reasons.length, server.handshakes])).toEqual(Array(60).fill([1, 0]))
  })

  it.each(['cut', 'reset', 'spoil'] as const)('%s on the way to our client: it fails once', async (how) => {
    const reactor = fresh()
    // Of TLS 1.2 the client must hear the last byte of the handshake.
    const served = await serve(reactor, serverTLS({ maxVersion: 'TLSv1.2' }))
    for (let round = 0; round < 4; round++) {
      await Promise.all(Array.from({ length: 5 }, async (_none, i) => {
        const between = await relay(served.number, { after: (round * 5 + i) * 45, then: how })
        const { factory } = dial(reactor, between.port)
        const { value } = await factory.failed
        expect(value).toBeInstanceOf(TLSError)
        expect([factory.built.length, factory.failures.length]).toEqual([0, 1])
        await between.close()
      }))
    }
    expect((await dial(reactor, served.number).factory.first).handshakes).toBe(1)
  })

  it('certificates that are exchanged while handshakes are on: each gets the old or the new', async () => {
    const reactor = fresh()
    const context = new TLSServerContext({ identity: identity('a') })
    const served = await serve(reactor, context)
    const subjects = new Set<string>()
    await Promise.all(Array.from({ length: 40 }, async (_none, i) => {
      const { factory } = dial(reactor, served.number, clientTLS({ serverName: 'a.example.test' }))
      for (let turns = 0; turns < i % 7; turns++) await new Promise((resolve) => setImmediate(resolve))
      context.update({ identity: identity(i % 2 === 0 ? 'a-new' : 'a') })
      const client = await Promise.race([factory.first, factory.failed])
      if (!(client instanceof SecureRecorder)) throw client.value
      subjects.add(client.transport.getPeerCertificate()!.fingerprint256)
    }))
    expect(subjects.size).toBe(2)
  })

  it('a handshake of one byte at a time succeeds, or ends at its deadline', async () => {
    const reactor = fresh()
    const patient = await serve(reactor)
    const bytes = await hello()
    const peer = connect({ port: patient.number, host: '127.0.0.1', noDelay: true })
    const answered = later<Buffer>()
    peer.once('data', answered.resolve)
    for (const byte of bytes) await new Promise((resolve) => peer.write(Uint8Array.of(byte), resolve))
    // A ServerHello.
    expect((await answered.promise)[0]).toBe(0x16)
    peer.destroy()
    const hasty = await serve(reactor, serverTLS({ handshakeTimeout: 60 }))
    const slow = await rawPeer(hasty.number)
    slow.socket.on('error', () => undefined)
    let sent = 0
    const timer = setInterval(() => slow.socket.write(bytes.subarray(sent, ++sent)), 5)
    await slow.closed
    clearInterval(timer)
    expect(sent).toBeLessThan(bytes.length)
    expect(hasty.factory.built).toEqual([])
  })
})
