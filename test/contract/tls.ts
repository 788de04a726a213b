/**
 * TLS: whom it trusts, what it agreed on, beginning it in the middle of a connection, and serving it.
 *
 * Source: RFC 8446; SEMANTICS N21; twisted.internet.interfaces.IReactorSSL, ITLSTransport.
 */
import {
  CertificateError, ConnectionDone, ConnectionRefusedError, Factory, TCP4ClientEndpoint, TCP4ServerEndpoint, TLSError,
  TLSOptionsError, wrapClientTLS,
} from 'whorl'
import type { TLSClientOptions } from 'whorl'
import { equal, equalBytes, isA, latin1, ok, pattern, rejects, throws, until } from './checks.js'
import type { CaseContext, ContractSuite } from './contract.js'
import { portOf } from './peers.js'
import { bytesOf, connectBy, logOf, lost, Recorder } from './recorder.js'
import { sslEndpoint } from './ssl-endpoint.js'

class Secure extends Recorder {
  handshakeCompleted(): void {
    this.events.push('secure')
  }
}

/** Connects to a port of the lab that speaks TLS. */
function connect(
  context: CaseContext, options: TLSClientOptions, port = context.host.lab.tlsPorts.echo): Promise<Secure> {
  return connectBy(context, sslEndpoint(context.reactor, context.host.lab.host, port, options), new Secure())
}

/** Whose certificates are good: the lab's authority, unless the host trusts it by other means. */
function authority({ host }: CaseContext): TLSClientOptions {
  return host.tlsLacks?.ca === undefined ? { ca: host.lab.ca } : {}
}

function trusting(context: CaseContext): TLSClientOptions {
  return { ...authority(context), serverName: 'localhost' }
}

/** What a certificate that is not accepted is told as. */
function refusal({ host }: CaseContext): typeof TLSError {
  return host.tlsLacks?.reasons === undefined ? CertificateError : TLSError
}

/** Listens with the lab's identity. */
async function serve(context: CaseContext, more: { alpn?: string[] } = {}): Promise<{ port: number, accepted: Secure[] }> {
  const accepted: Secure[] = []
  const factory = new Factory()
  factory.buildProtocol = () => {
    accepted.push(new Secure())
    return accepted.at(-1)!
  }
  const { certificate: cert, key } = context.host.lab
  const port = await context.reactor.listenSSL(0, factory, { identity: { cert, key }, ...more },
    { interface: '127.0.0.1' }).ready
  context.cleanup(() => port.stopListening())
  return { port: portOf(port), accepted }
}

export const tls: ContractSuite = {
  name: 'tls',
  cases: [
    {
      name: 'a certificate of a trusted authority for the right name: connected, then handshakeCompleted',
      needs: ['tls.connect'],
      async run(context) {
        const protocol = await connect(context, trusting(context))
        equal(protocol.events.slice(0, 2), ['made', 'secure'])
        ok(protocol.transport.tlsBegun, 'tlsBegun')
        protocol.transport.write('hello')
        equal(latin1(await bytesOf(context, protocol, 5)), 'hello')
      },
    },
    {
      name: 'an address is verified as well as a name',
      needs: ['tls.connect'],
      async run(context) {
        const protocol = await connect(context, authority(context))
        protocol.transport.write(pattern(100_000))
        equalBytes(await bytesOf(context, protocol, 100_000), pattern(100_000))
      },
    },
    {
      name: 'the wrong name: CertificateError, no protocol is connected',
      needs: ['tls.connect'],
      async run(context) {
        const protocol = new Secure()
        const endpoint = sslEndpoint(context.reactor, context.host.lab.host, context.host.lab.tlsPorts.echo,
          { ...authority(context), serverName: 'elsewhere.example' })
        await rejects(connectBy(context, endpoint, protocol), refusal(context))
        equal(protocol.events, [])
      },
    },
    {
      name: 'an authority that nobody trusts: CertificateError',
      needs: ['tls.connect'],
      tls: ['ca', 'reasons'],
      async run(context) {
        await rejects(connect(context, { serverName: 'localhost' }), CertificateError)
      },
    },
    {
      name: 'insecureSkipVerify takes any certificate',
      needs: ['tls.connect'],
      tls: ['insecureSkipVerify'],
      async run(context) {
        const protocol = await connect(context, { serverName: 'elsewhere.example', insecureSkipVerify: true })
        protocol.transport.write('whoever')
        equal(latin1(await bytesOf(context, protocol, 7)), 'whoever')
      },
    },
    {
      name: 'ALPN: the protocol both speak, null where there was no talk of it',
      needs: ['tls.connect'],
      tls: ['alpn'],
      async run(context) {
        const talked = await connect(context, { ...trusting(context), alpn: ['unknown/9', 'lab/1'] })
        equal(talked.transport.negotiatedProtocol, 'lab/1')
        const silent = await connect(context, trusting(context))
        equal(silent.transport.negotiatedProtocol, null)
      },
    },
    {
      name: 'tells of version and peer what it can know',
      needs: ['tls.connect'],
      tls: ['session'],
      async run(context) {
        const { transport } = await connect(context, trusting(context))
        const session = transport.tlsSession
        ok(session !== null, 'there is a session')
        ok(['TLSv1.2', 'TLSv1.3'].includes(session.version), `version ${session.version}`)
        const certificate = transport.getPeerCertificate()
        if (certificate !== null) ok(certificate.altNames.includes('DNS:localhost'), certificate.altNames.join())
      },
    },
    {
      name: 'a server that speaks no TLS: TLSError',
      needs: ['tls.connect'],
      async run(context) {
        await rejects(connect(context, trusting(context), context.host.lab.ports.greet), TLSError)
      },
    },
    {
      name: 'a handshake that is not answered in time fails',
      needs: ['tls.connect'],
      async run(context) {
        const options = { ...trusting(context), handshakeTimeout: 100 }
        await rejects(connect(context, options, context.host.lab.ports.deaf), TLSError)
        equal(context.reactor.openTransports().length, 0, 'open transports')
      },
    },
    {
      name: 'nobody there: ConnectionRefusedError',
      needs: ['tls.connect'],
      async run(context) {
        await rejects(connect(context, trusting(context), context.host.lab.refused), ConnectionRefusedError)
      },
    },
    {
      name: 'refuses options that are none',
      needs: ['tls.connect'],
      run(context) {
        for (const wrong of [{ alpn: 'h2' }, { handshakeTimeout: -1 }, { minVersion: 'SSLv3' }, { unknown: 1 }]) {
          throws(() => context.reactor.connectSSL('127.0.0.1', 1, new (class extends Factory {
            startedConnecting(): void {}
            clientConnectionFailed(): void {}
            clientConnectionLost(): void {}
          })(), wrong as never), TLSOptionsError, JSON.stringify(wrong))
        }
      },
    },
    {
      name: 'listenSSL serves; both sides are told when it is secure',
      needs: ['tls.listen', 'tls.connect'],
      async run(context) {
        const { port, accepted } = await serve(context, { alpn: ['b', 'a'] })
        const client = await connect(context, { ...trusting(context), alpn: ['a'] }, port)
        await until(context.reactor, () => accepted.length === 1)
        const server = accepted[0]!
        client.transport.write(pattern(200_000))
        equalBytes(await bytesOf(context, server, 200_000), pattern(200_000))
        server.transport.write('answer')
        equal(latin1(await bytesOf(context, client, 6)), 'answer')
        equal(server.events.slice(0, 2), ['made', 'secure'])
        equal([client.transport.negotiatedProtocol, server.transport.negotiatedProtocol], ['a', 'a'])
        server.transport.loseConnection()
        isA(await lost(context, client), ConnectionDone)
      },
    },
    {
      name: 'a client that gives up the handshake, or speaks none, leaves the port as it was',
      needs: ['tls.listen', 'tls.connect', 'tcp.connect'],
      async run(context) {
        logOf(context)
        const { port, accepted } = await serve(context)
        await rejects(connect(context, { serverName: 'localhost' }, port), CertificateError)
        const plain = await connectBy(context, new TCP4ClientEndpoint(context.reactor, '127.0.0.1', port), new Recorder())
        plain.transport.write('GET / HTTP/1.1\r\n\r\n')
        await lost(context, plain)
        const client = await connect(context, trusting(context), port)
        await until(context.reactor, () => accepted.some((one) => one.events.includes('secure')))
        client.transport.write('x')
        await until(context.reactor, () => accepted.some((one) => one.length === 1))
      },
    },
    {
      name: 'startTLS: plain text first, then TLS on the same connection',
      needs: ['tls.start', 'tcp.connect'],
      async run(context) {
        const { host, startTLSPort } = context.host.lab
        const protocol = new Secure()
        let plain = ''
        protocol.onData = function (data) {
          if (this.transport.tlsBegun) return
          plain += latin1(data)
          if (plain === 'ready\r\n') this.transport.write('STARTTLS\r\n')
          if (plain === 'ready\r\ngo\r\n') this.transport.startTLS(trusting(context))
        }
        await connectBy(context, new TCP4ClientEndpoint(context.reactor, host, startTLSPort), protocol)
        await until(context.reactor, () => protocol.events.includes('secure') || protocol.reason !== null)
        equal(protocol.reason, null, 'reason of an end')
        protocol.transport.write(pattern(50_000))
        const bytes = await bytesOf(context, protocol, 11 + 50_000)
        equalBytes(bytes.subarray(11), pattern(50_000))
      },
    },
    {
      name: 'startTLS: a certificate for another name ends the connection with CertificateError',
      needs: ['tls.start', 'tcp.connect'],
      async run(context) {
        logOf(context)
        const { host, startTLSPort } = context.host.lab
        const protocol = new Secure()
        let plain = ''
        protocol.onData = function (data) {
          plain += latin1(data)
          if (plain === 'ready\r\n') this.transport.write('STARTTLS\r\n')
          if (plain === 'ready\r\ngo\r\n') this.transport.startTLS({ ...authority(context), serverName: 'elsewhere.example' })
        }
        await connectBy(context, new TCP4ClientEndpoint(context.reactor, host, startTLSPort), protocol)
        isA(await lost(context, protocol), refusal(context))
        ok(!protocol.events.includes('secure'), 'it was never secure')
      },
    },
    {
      name: 'startTLS on both sides of one host',
      needs: ['tls.start', 'tcp.connect', 'tcp.listen', 'tls.listen'],
      async run(context) {
        const { ca, certificate: cert, key } = context.host.lab
        const server = new Secure()
        server.onData = function () {
          if (this.transport.tlsBegun) return
          this.transport.write('go')
          this.transport.startTLS({ identity: { cert, key } })
        }
        const factory = new Factory()
        factory.buildProtocol = () => server
        const port = await new TCP4ServerEndpoint(context.reactor, 0, { interface: '127.0.0.1' }).listen(factory)
        context.cleanup(() => port.stopListening())
        const client = new Secure()
        client.onMade = function () {
          this.transport.write('start')
        }
        client.onData = function () {
          if (!this.transport.tlsBegun) this.transport.startTLS({ ca, serverName: 'localhost' })
        }
        await connectBy(context, new TCP4ClientEndpoint(context.reactor, '127.0.0.1', portOf(port)), client)
        await until(context.reactor, () => [client, server].every((one) => one.events.includes('secure')))
        client.transport.write('from the client')
        server.transport.write('from the server')
        equal(latin1((await bytesOf(context, server, 20)).subarray(5)), 'from the client')
        equal(latin1((await bytesOf(context, client, 17)).subarray(2)), 'from the server')
      },
    },
    {
      name: 'wrapClientTLS speaks TLS over any endpoint',
      needs: ['tls.start', 'tcp.connect'],
      async run(context) {
        const { host, tlsPorts } = context.host.lab
        const plain = new TCP4ClientEndpoint(context.reactor, host, tlsPorts.greet)
        const protocol = await connectBy(context, wrapClientTLS(trusting(context), plain), new Secure())
        equal(latin1(await bytesOf(context, protocol, 7)), 'hello\r\n')
        await rejects(connectBy(context, wrapClientTLS({ ...authority(context), serverName: 'no.example' }, plain),
          new Secure()), refusal(context))
      },
    },
  ],
}
