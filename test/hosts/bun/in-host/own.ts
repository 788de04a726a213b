/**
 * What is Bun's own: how its sockets end on the wire, what they are told, and what is done about files and ports.
 */
import { lstatSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import process from 'node:process'
import {
  CannotListenError, CertificateError, connectProtocol, ConnectionClosed, ConnectionRefusedError, DatagramProtocol,
  Factory, NoSocketError, NotSupportedError, SocketPathTooLong, TCP4ClientEndpoint, TCP4ServerEndpoint,
  TCP6ClientEndpoint, TCP6ServerEndpoint, TLSServerEndpoint, UNIXClientEndpoint, UNIXServerEndpoint, wrapClientTLS,
} from 'whorl'
import type { IListeningPort, Reactor } from 'whorl'
import { equal, isA, ok, pass, pattern, rejects, until } from '../../../contract/checks.js'
import type { CaseContext, ContractSuite } from '../../../contract/contract.js'
import { bytesOf, connectBy, HalfRecorder, logOf, lost, Recorder } from '../../../contract/recorder.js'

/** A server of `node:net`, and the sockets that it has accepted. */
async function otherServer(context: CaseContext, where: { port: number, host: string } | { path: string }):
Promise<{ server: Server, sockets: Socket[] }> {
  const sockets: Socket[] = []
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => void server.listen(where, resolve))
  context.cleanup(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { server, sockets }
}

function portOf(port: IListeningPort): number {
  return (port.getHost() as { port: number }).port
}

/** Listens, and stops with the case. */
async function listen(
  context: CaseContext, endpoint: { listen(factory: Factory): PromiseLike<IListeningPort> },
  accepted: Recorder[] = []): Promise<IListeningPort> {
  const factory = new Factory()
  factory.buildProtocol = () => {
    accepted.push(new Recorder())
    return accepted.at(-1)!
  }
  const port = await endpoint.listen(factory)
  context.cleanup(() => port.stopListening())
  return port
}

async function listenError(context: CaseContext, endpoint: UNIXServerEndpoint | TCP4ServerEndpoint): Promise<Error> {
  return rejects(listen(context, endpoint), CannotListenError)
}

class Asking extends DatagramProtocol {
  readonly got: number[] = []
  refusals = 0

  override datagramReceived(data: Uint8Array): void {
    this.got.push(data.length)
  }

  override connectionRefused(): void {
    this.refusals += 1
  }
}

async function udp(context: CaseContext, multicast = false): Promise<Asking> {
  const protocol = new Asking()
  const port = multicast
    ? context.reactor.listenMulticast(0, protocol, { listenMultiple: true })
    : context.reactor.listenUDP(0, protocol, { interface: '127.0.0.1' })
  context.cleanup(() => port.stopListening())
  await port.ready
  return protocol
}

function identity(name: string): { cert: string, key: string } {
  const folder = new URL('../../../../../../test/vectors/tls/', import.meta.url)
  return {
    cert: readFileSync(new URL(`${name}.pem`, folder), 'utf8'),
    key: readFileSync(new URL(`${name}.key`, folder), 'utf8'),
  }
}

async function again(reactor: Reactor, fn: () => void, holds: () => boolean): Promise<void> {
  const timer = setInterval(fn, 20)
  try {
    await until(reactor, holds)
  } finally {
    clearInterval(timer)
  }
}

export const own: ContractSuite = {
  name: 'bun',
  cases: [
    {
      name: 'abortConnection is a reset on the wire, loseConnection is none',
      async run(context) {
        const { server, sockets } = await otherServer(context, { port: 0, host: '127.0.0.1' })
        const { port } = server.address() as AddressInfo
        const endings: string[] = []
        for (const how of ['abortConnection', 'loseConnection'] as const) {
          const protocol = await connectBy(context,
            new TCP4ClientEndpoint(context.reactor, '127.0.0.1', port), new Recorder())
          await until(context.reactor, () => sockets.length > 0)
          const socket = sockets.pop()!
          socket.once('error', (error) => void endings.push((error as NodeJS.ErrnoException).code!))
          socket.once('end', () => void endings.push('end'))
          socket.resume()
          protocol.transport[how]()
          await until(context.reactor, () => endings.length === 1)
          equal(endings.pop(), how === 'abortConnection' ? 'ECONNRESET' : 'end', how)
          socket.destroy()
          await lost(context, protocol)
        }
      },
    },
    {
      name: 'what comes to a half-closed connection that is paused is kept, with its end',
      async run(context) {
        const { server, sockets } = await otherServer(context, { port: 0, host: '127.0.0.1' })
        const protocol = new HalfRecorder()
        await connectBy(context,
          new TCP4ClientEndpoint(context.reactor, '127.0.0.1', (server.address() as AddressInfo).port), protocol)
        protocol.transport.pauseProducing()
        protocol.transport.loseWriteConnection()
        await until(context.reactor, () => sockets.length > 0)
        await new Promise<void>((resolve) => void sockets[0]!.end(pattern(100_000), resolve))
        equal(protocol.length, 0, 'while it is paused')
        protocol.transport.resumeProducing()
        await bytesOf(context, protocol, 100_000)
        await lost(context, protocol)
        const told = protocol.events.filter((event) => event !== 'data' && event !== 'write lost')
        equal(told, ['made', 'read lost', 'lost'])
      },
    },
    {
      name: 'failures say where, and keep the name that the system gives them',
      async run(context) {
        const { refused } = context.host.lab
        const error = await rejects(
          connectProtocol(new TCP4ClientEndpoint(context.reactor, '127.0.0.1', refused), new Recorder()),
          ConnectionRefusedError)
        equal(error.message, `connect to 127.0.0.1, port ${refused}: ECONNREFUSED`)
        const port = await listen(context, new TCP4ServerEndpoint(context.reactor, 0, { interface: '127.0.0.1' }))
        const failed = await listenError(context,
          new TCP4ServerEndpoint(context.reactor, portOf(port), { interface: '127.0.0.1' }))
        equal((failed.cause as { code?: unknown }).code, 'EADDRINUSE')
      },
    },
    {
      name: 'reusePort, ipv6Only and bindAddress do what they say',
      async run(context) {
        const { reactor } = context
        const options = { interface: '127.0.0.1', reusePort: true }
        const first = await listen(context, new TCP4ServerEndpoint(reactor, 0, options))
        const second = await listen(context, new TCP4ServerEndpoint(reactor, portOf(first), options))
        equal(portOf(second), portOf(first))
        const accepted: Recorder[] = []
        const third = await listen(context, new TCP4ServerEndpoint(reactor, 0, { interface: '127.0.0.1' }), accepted)
        await connectBy(context,
          new TCP4ClientEndpoint(reactor, '127.0.0.1', portOf(third), { bindAddress: { host: '127.0.0.2' } }),
          new Recorder())
        await until(reactor, () => accepted.length === 1)
        equal((accepted[0]!.transport.getPeer() as { host: string }).host, '127.0.0.2')
        const six = await listen(context, new TCP6ServerEndpoint(reactor, 0, { interface: '::', ipv6Only: true }))
        const protocol = await connectBy(context, new TCP6ClientEndpoint(reactor, '::1', portOf(six)), new Recorder())
        equal((protocol.transport.getPeer() as { family: string }).family, 'IPv6')
        await rejects(connectProtocol(new TCP4ClientEndpoint(reactor, '127.0.0.1', portOf(six)), new Recorder()),
          ConnectionRefusedError)
      },
    },
    {
      name: 'connections are without no-delay and keep-alive until they are asked for',
      async run(context) {
        const protocol = await connectBy(context,
          new TCP4ClientEndpoint(context.reactor, context.host.lab.host, context.host.lab.ports.echo), new Recorder())
        const { transport } = protocol
        equal([transport.getTcpNoDelay(), transport.getTcpKeepAlive()], [false, false])
        transport.setTcpNoDelay(true)
        transport.setTcpKeepAlive(true, 300)
        transport.setTcpKeepAlive(true)
        transport.write('still')
        await bytesOf(context, protocol, 5)
      },
    },
    {
      name: 'a UNIX socket has the mode that was asked for, and is gone with its port',
      async run(context) {
        const path = context.host.freshPath!()
        const port = await listen(context, new UNIXServerEndpoint(context.reactor, path, { mode: 0o620 }))
        equal(lstatSync(path).mode & 0o777, 0o620)
        await port.stopListening()
        await rejects(connectProtocol(new UNIXClientEndpoint(context.reactor, path), new Recorder()), NoSocketError)
      },
    },
    {
      name: 'a UNIX socket that is locked, in the way, or has too long a path',
      async run(context) {
        const { reactor } = context
        const path = context.host.freshPath!()
        await listen(context, new UNIXServerEndpoint(reactor, path, { wantPID: true }))
        await listenError(context, new UNIXServerEndpoint(reactor, path, { wantPID: true }))
        const other = context.host.freshPath!()
        writeFileSync(other, '')
        const failed = await listenError(context, new UNIXServerEndpoint(reactor, other))
        equal((failed.cause as Error).message, 'there is a file in the way that is no socket')
        const long = `${path}${'x'.repeat(120)}`
        await listenError(context, new UNIXServerEndpoint(reactor, long))
        await rejects(connectProtocol(new UNIXClientEndpoint(reactor, long), new Recorder()), SocketPathTooLong)
      },
    },
    {
      name: 'a UNIX socket that somebody else has put in the place of ours stays',
      async run(context) {
        const path = context.host.freshPath!()
        const port = await listen(context, new UNIXServerEndpoint(context.reactor, path))
        const { renameSync } = process.getBuiltinModule('node:fs')
        renameSync(path, `${path}.aside`)
        const { server } = await otherServer(context, { path })
        ok(server.listening, 'the other listens')
        await port.stopListening()
        ok(lstatSync(path).isSocket(), 'it is still there')
      },
    },
    {
      name: 'a UNIX socket with an abstract name',
      lacks: () => process.platform === 'linux' ? null : 'abstract names: only Linux has them',
      async run(context) {
        const name = `\0whorl-${process.pid}-${context.host.freshPath!()}`
        const accepted: Recorder[] = []
        await listen(context, new UNIXServerEndpoint(context.reactor, name), accepted)
        const protocol = await connectBy(context, new UNIXClientEndpoint(context.reactor, name), new Recorder())
        protocol.transport.write('hello')
        await until(context.reactor, () => accepted.length === 1)
        await bytesOf(context, accepted[0]!, 5)
      },
    },
    {
      name: 'a UDP port that is connected keeps its number and its groups, and hears of refusals',
      async run(context) {
        const { reactor } = context
        const [asking, answering] = [await udp(context), await udp(context)]
        const before = asking.transport.getHost()
        const { host, port } = answering.transport.getHost()
        asking.transport.connect(host, port)
        await again(reactor, () => asking.transport.write('12345'), () => answering.got.length > 0)
        equal(answering.got[0], 5)
        await again(reactor, () => answering.transport.write('123', before), () => asking.got.length > 0)
        equal(asking.got[0], 3)
        await answering.transport.stopListening()
        await again(reactor, () => asking.transport.write('1'), () => asking.refusals > 0)
      },
    },
    {
      name: 'two UDP ports share a number only if both want it',
      async run(context) {
        const first = await udp(context, true)
        const { port } = first.transport.getHost()
        const second = context.reactor.listenMulticast(port, new Asking(), { listenMultiple: true })
        context.cleanup(() => second.stopListening())
        await second.ready
        let error: unknown
        try {
          await context.reactor.listenUDP(port, new Asking()).ready
        } catch (caught) {
          error = caught
        }
        isA(error, CannotListenError)
      },
    },
    {
      name: 'a datagram that cannot be sent leaves the port usable',
      async run(context) {
        const [one, other] = [await udp(context), await udp(context)]
        const log = logOf(context)
        // Not allowed without being asked for.
        one.transport.write('to all', { host: '255.255.255.255', port: 9 })
        await again(context.reactor,
          () => one.transport.write('12', other.transport.getHost()), () => other.got.length > 0)
        equal(other.got[0], 2)
        equal((log[0]?.failure?.value as { code?: unknown } | undefined)?.code, 'EACCES')
      },
    },
    {
      name: 'a TLS server with several identities is refused, for Bun would show the first of them for any name',
      run(context) {
        const { certificate: cert, key } = context.host.lab
        const options = { identity: { cert, key }, names: { 'other.test': { cert, key } } }
        let error: unknown
        try {
          context.reactor.listenSSL(0, new Factory(), options, { interface: '127.0.0.1' })
        } catch (caught) {
          error = caught
        }
        isA(error, NotSupportedError)
      },
    },
    {
      name: 'a TLS server takes certificates of clients from its own authority, and from no other',
      async run(context) {
        const { reactor, host } = context
        for (const clientCertificate of ['require', 'request'] as const) {
          const accepted: Recorder[] = []
          const port = await listen(context, new TLSServerEndpoint(reactor, 0,
            { identity: identity('localhost'), ca: identity('ca').cert, clientCertificate },
            { interface: '127.0.0.1' }), accepted)
          const over = (name: string): ReturnType<typeof wrapClientTLS> => wrapClientTLS(
            { ca: identity('ca').cert, serverName: 'localhost', identity: identity(name) },
            new TCP4ClientEndpoint(reactor, '127.0.0.1', portOf(port)))
          const good = await connectBy(context, over('client'), new Recorder())
          await until(reactor, () => accepted.length === 1)
          good.transport.write('x')
          await bytesOf(context, accepted[0]!, 1)
          const bad = new Recorder()
          // In TLS 1.3 a client is done before it hears of it.
          await connectBy(context, over('foreign-client'), bad).then(() => lost(context, bad), () => undefined)
          await pass(reactor, 50)
          equal(accepted.length, 1, `accepted with ${clientCertificate}`)
          if (bad.reason !== null) isA(bad.reason, ConnectionClosed)
          await port.stopListening()
        }
        await rejects(connectProtocol(wrapClientTLS({ ca: identity('other-ca').cert, serverName: 'localhost' },
          new TCP4ClientEndpoint(reactor, host.lab.host, host.lab.tlsPorts.echo)), new Recorder()), CertificateError)
      },
    },
    {
      name: 'a connection of node:net to a port of ours that is stopped at once is closed or refused',
      async run(context) {
        const port = await listen(context, new TCP4ServerEndpoint(context.reactor, 0, { interface: '127.0.0.1' }))
        const socket = connect(portOf(port), '127.0.0.1')
        socket.on('error', () => undefined)
        const over = new Promise<void>((resolve) => void socket.once('close', () => resolve()))
        socket.resume()
        await port.stopListening()
        for (const transport of context.reactor.openTransports()) transport.loseConnection()
        // Taken by the kernel before the port was closed, it may have been ours for a moment.
        socket.end()
        await over
      },
    },
  ],
}
