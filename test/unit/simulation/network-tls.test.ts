import { describe, expect, it } from 'vitest'
import { TLSError, TLSOptionsError } from '../../../src/errors/index.js'
import type { TLSClientOptions, TLSServerOptions, TLSSession } from '../../../src/interfaces/index.js'
import { sessionCache } from '../../../src/transports/index.js'
import { simulatedIdentity } from '../../../src/testing/simulation/network/tls-identity.js'
import { HalfRecorder, Programs, Recorder } from './network-programs.js'
import { TestWorld } from './network-world.js'

const identity = { cert: 'any text', key: 'any text' }

class Secured extends Recorder {
  handshakeCompleted(): void {
    this.events.push('secured')
  }

  get session(): TLSSession {
    return (this.transport as unknown as { tlsSession: TLSSession }).tlsSession
  }
}

interface Options {
  host?: string
  seed?: number
  server?: Partial<TLSServerOptions>
  client?: TLSClientOptions
  world?: TestWorld
  port?: number
}

function pair({ host = 'b', seed = 1, server, client, world = new TestWorld(seed), port = 443 }: Options = {}) {
  const [clients, servers] = [new Programs(() => new Secured()), new Programs(() => new Secured())]
  const [a, b] = [world.reactor('a'), world.reactor('b')]
  b.listenSSL(port, servers, { identity, ...server })
  a.connectSSL(host === 'b' ? '10.0.0.2' : host, port, clients, { serverName: 'b', ...client })
  world.run(world.now + 200)
  return { world, clients, servers, client: clients.built[0]!, server: servers.built[0]! }
}

function reasonOf(programs: Programs<Secured>): string {
  const error = programs.failures[0]?.value as TLSError & { reason?: string }
  return `${error.constructor.name} ${error.reason ?? ''}`
}

describe('the TLS stand-in', () => {
  it('secures a connection, carries bytes both ways, and ends in order', () => {
    const { world, client, server } = pair()
    expect(client.events).toEqual(['made', 'secured'])
    expect(server.events).toEqual(['made', 'secured'])
    const data = new Uint8Array(100_000).map((_, i) => i * 3)
    client.transport!.write(data)
    client.transport!.loseConnection()
    world.run(2_000)
    expect(server.bytes).toEqual([...data])
    expect(server.events).toEqual(['made', 'secured', 'data', 'lost ConnectionDone'])
    expect(client.events).toEqual(['made', 'secured', 'lost ConnectionDone'])
  })

  it('takes one round trip more than TCP, and two with TLS 1.2', () => {
    const times = (['TLSv1.3', 'TLSv1.2'] as const).map((maxVersion) => {
      const world = new TestWorld(1, { latency: 10 })
      const clients = new Programs(() => new Secured())
      world.reactor('b').listenSSL(443, new Programs(), { identity, maxVersion })
      world.reactor('a').connectSSL('b', 443, clients)
      world.run(1)
      for (let time = 1; time < 200; time++) {
        world.run(time)
        if (clients.built.length > 0) return time
      }
      return 0
    })
    expect(times).toEqual([40, 60])
  })

  it('tells both sides what was agreed on', () => {
    const { client, server } = pair({ server: { alpn: ['h2', 'http/1.1'] }, client: { alpn: ['http/1.1'] } })
    expect(client.session).toMatchObject(
      { version: 'TLSv1.3', protocol: 'http/1.1', serverName: 'b', resumed: false })
    expect(server.session).toMatchObject({ protocol: 'http/1.1', serverName: 'b', peerCertificate: null })
    expect(client.session.peerCertificate!.altNames).toContain('DNS:b')
    expect(client.session.peerCertificate!.altNames).toContain('IP Address:10.0.0.2')
  })

  it('a host is who its names say; other names are refused, on both sides', () => {
    const refused = pair({ client: { serverName: 'somebody.else' } })
    expect(reasonOf(refused.clients)).toBe('CertificateError name-mismatch')
    expect(refused.servers.built).toEqual([])
    expect(pair({ client: { serverName: '10.0.0.2' } }).client.events).toEqual(['made', 'secured'])
    expect(pair({ client: { serverName: 'somebody.else', insecureSkipVerify: true } }).client.events)
      .toEqual(['made', 'secured'])
  })

  it('certificates for other names, by SNI and with a star, and flawed ones', () => {
    const names = {
      'shop.example': simulatedIdentity(['shop.example']), '*.web.example': simulatedIdentity(['*.web.example']),
    }
    const server = { names }
    expect(pair({ server, client: { serverName: 'shop.example' } }).client.events).toEqual(['made', 'secured'])
    expect(pair({ server, client: { serverName: 'a.web.example' } }).client.events).toEqual(['made', 'secured'])
    expect(reasonOf(pair({ server, client: { serverName: 'a.b.web.example' } }).clients))
      .toBe('CertificateError name-mismatch')
    const flawed = { identity: simulatedIdentity(['b'], 'expired') }
    expect(reasonOf(pair({ server: flawed }).clients)).toBe('CertificateError expired')
  })

  it('no protocol and no version in common', () => {
    expect(reasonOf(pair({ server: { alpn: ['h2'] }, client: { alpn: ['x'] } }).clients))
      .toBe('TLSHandshakeError protocol')
    expect(reasonOf(pair({ server: { minVersion: 'TLSv1.3' }, client: { maxVersion: 'TLSv1.2' } }).clients))
      .toBe('TLSHandshakeError version')
  })

  it('client certificates: shown when asked for, and required', () => {
    const server = { clientCertificate: 'require' as const, ca: 'anybody' }
    const shown = pair({ server, client: { identity: simulatedIdentity(['me']) } })
    expect(shown.server.session.peerCertificate!.altNames).toEqual(['DNS:me'])
    const missing = pair({ server })
    expect(missing.servers.built).toEqual([])
    expect(missing.client.events).toEqual(['made', 'secured', 'lost ConnectionLost'])
  })

  it('sessions are resumed by the same server, in the same life', () => {
    const world = new TestWorld()
    const sessions = sessionCache()
    const options = { identity }
    const connect = (): boolean => {
      const clients = new Programs(() => new Secured())
      world.reactor('a').connectSSL('b', 443, clients, { sessions })
      world.run(world.now + 100)
      return clients.built[0]!.session.resumed
    }
    world.host('a')
    world.reactor('b').listenSSL(443, new Programs(), options)
    world.run(1)
    const first = [connect(), connect()]
    world.crash('b')
    world.restart('b')
    world.reactor('b').listenSSL(443, new Programs(), options)
    world.run(world.now + 1)
    expect([...first, connect(), connect()]).toEqual([false, true, false, true])
  })

  it('options that cannot be used are refused at once', () => {
    const world = new TestWorld()
    expect(() => world.reactor('b').listenSSL(1, new Programs(), { identity: { cert: '', key: 'x' } }))
      .toThrow(TLSOptionsError)
  })

  it('what is no TLS, on either side', () => {
    const world = new TestWorld()
    const [plain, secure] = [new Programs(), new Programs(() => new Secured())]
    world.reactor('b').listenTCP(80, plain)
    world.reactor('a').connectSSL('b', 80, secure, {})
    world.run(20)
    plain.built[0]!.transport!.write('220 smtp.example\r\n')
    world.run(100)
    expect(reasonOf(secure)).toBe('TLSHandshakeError not-tls')
  })

  it('a handshake that nobody answers takes as long as the options say', () => {
    const world = new TestWorld()
    const secure = new Programs(() => new Secured())
    world.reactor('b').listenTCP(80, new Programs())
    world.run(1)
    world.reactor('a').connectSSL('b', 80, secure, { handshakeTimeout: 5_000 })
    world.run(4_990)
    expect(secure.failures).toEqual([])
    world.run(5_100)
    expect(reasonOf(secure)).toBe('TLSHandshakeError timeout')
  })

  it('an end without close_notify is TLSTruncated', () => {
    const world = new TestWorld()
    const [a, b] = [world.host('a'), world.host('b')]
    const clients = new Programs(() => new Secured())
    // A server that speaks TLS and then ends the stream below it.
    const tls = world.network.tls(b)
    const handle = tls.server({ identity })
    const ignore = { lendsBuffers: false, received() {}, borrow: () => null, filled() {}, receivedEnd() {}, sent() {},
      finished() {}, closed() {} }
    world.network.tcp(b).listen({ host: '0.0.0.0', port: 443 }, {
      listening() {}, failed() {}, acceptFailed() {},
      accepted(channel) {
        tls.accept(channel, handle).open({ ...ignore, secured: () => void world.call(10, () => channel.finish()) })
      },
    })
    world.run(1)
    a.reactor.connectSSL('b', 443, clients)
    world.run(100)
    expect(clients.built[0]!.events).toEqual(['made', 'secured', 'lost TLSTruncated'])
  })

  it('half a close: close_notify ends one direction, the other goes on', () => {
    const world = new TestWorld()
    const [clients, servers] = [new Programs(() => new HalfRecorder()), new Programs(() => new HalfRecorder())]
    world.reactor('b').listenSSL(443, servers, { identity })
    world.reactor('a').connectSSL('b', 443, clients)
    world.run(100)
    const [client, server] = [clients.built[0]!, servers.built[0]!]
    client.transport!.write('question')
    client.transport!.loseWriteConnection!()
    world.run(200)
    server.transport!.write('answer')
    server.transport!.loseConnection()
    world.run(5_000)
    expect([server.text, client.text]).toEqual(['question', 'answer'])
    expect(client.events).toEqual(['made', 'write lost', 'data', 'read lost', 'lost ConnectionDone'])
  })

  it('startTLS on both sides, in the middle of a connection, under any cuts and losses', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const world = new TestWorld(seed, { segment: [1, 7], loss: seed % 2 === 0 ? 0.1 : 0 })
      class Client extends Secured {
        override dataReceived(data: Uint8Array): void {
          super.dataReceived(data)
          if (this.text !== 'go\n') return
          ;(this.transport as unknown as { startTLS(o: object): void }).startTLS({ serverName: 'b' })
        }

        override handshakeCompleted(): void {
          super.handshakeCompleted()
          this.transport!.write('secret')
        }
      }
      class Server extends Secured {
        override dataReceived(data: Uint8Array): void {
          super.dataReceived(data)
          if (this.text !== 'STARTTLS\n') return
          this.transport!.write('go\n')
          ;(this.transport as unknown as { startTLS(o: object): void }).startTLS({ identity })
        }
      }
      const [clients, servers] = [new Programs(() => new Client()), new Programs(() => new Server())]
      world.reactor('b').listenTCP(80, servers)
      world.reactor('a').connectTCP('b', 80, clients, { timeout: Infinity })
      world.run(20_000)
      clients.built[0]!.transport!.write('STARTTLS\n')
      world.run(60_000)
      expect(servers.built[0]!.text, `seed ${seed}`).toBe('STARTTLS\nsecret')
      expect(clients.built[0]!.events, `seed ${seed}`).toEqual(['made', 'data', 'secured'])
      expect(clients.built[0]!.transport!.getPeer()).toMatchObject({ host: world.host('b').ipv4, port: 80 })
    }
  })

  it('a reader that pauses holds back what is secured, too', () => {
    const { world, client, server } = pair()
    server.transport!.pauseProducing!()
    client.transport!.write(new Uint8Array(600_000))
    world.run(5_000)
    expect(server.bytes).toHaveLength(0)
    server.transport!.resumeProducing!()
    world.run(10_000)
    expect(server.bytes).toHaveLength(600_000)
  })
})
