/**
 * What a host declares is so: what it lacks is a NotSupportedError that names the host and the reason, wherever it is
 * asked for; what it has does something.
 *
 * Must not know: any host.
 */
import {
  ClientFactory, CannotListenError, ConnectError, connectProtocol, DatagramProtocol, Factory, NotSupportedError,
  ProcessProtocol, Protocol,
} from 'whorl'
import type { Failure, IListeningPort } from 'whorl'
import { equal, isA, ok, pass, pattern, until } from './checks.js'
import { CAPABILITIES } from './contract.js'
import type { Capability, CaseContext, ContractSuite } from './contract.js'

/** Uses an ability; gives, or throws, or fails with, what came of it. */
type Probe = (context: CaseContext) => unknown

/** An attempt to connect to where nobody is, by one of the methods of reactors. */
function attempt(begin: (factory: ClientFactory) => unknown): Promise<Error> {
  return new Promise((resolve, reject) => {
    const factory = new ClientFactory()
    factory.buildProtocol = () => new Protocol()
    factory.clientConnectionFailed = (_connector, reason: Failure) => resolve(reason.value)
    factory.clientConnectionLost = (_connector, reason: Failure) => resolve(reason.value)
    try {
      begin(factory)
    } catch (error) {
      reject(error as Error)
    }
  })
}

async function bound(context: CaseContext, port: { ready: PromiseLike<unknown>, stopListening(): unknown }): Promise<void> {
  context.cleanup(() => port.stopListening())
  await port.ready
}

/** Fails unless an attempt came to an end of its own. */
async function tried(begin: (factory: ClientFactory) => unknown): Promise<void> {
  const error = await attempt(begin)
  if (error instanceof NotSupportedError) throw error
  isA(error, ConnectError)
}

const probes: Partial<Record<Capability, Probe>> = {
  timers: ({ reactor }) => pass(reactor, 1),
  entropy: ({ reactor }) => ok(reactor.entropy(4).length === 4, 'four bytes'),
  wallClock: ({ reactor }) => ok(reactor.wallClock() > 0, 'a time'),
  signals: ({ reactor }) => reactor.onSignal('SIGTERM', () => undefined)(),
  resolver: ({ reactor }) => reactor.nameResolver.resolve('localhost'),
  'tcp.connect': ({ reactor, host }) =>
    tried((factory) => reactor.connectTCP(host.lab.host, host.lab.refused, factory)),
  'tcp.listen': (context) =>
    bound(context, context.reactor.listenTCP(0, new Factory(), { interface: '127.0.0.1' })),
  'tls.connect': ({ reactor, host }) =>
    tried((factory) => reactor.connectSSL(host.lab.host, host.lab.refused, factory)),
  'tls.listen': (context) => {
    const { certificate: cert, key } = context.host.lab
    return bound(context, context.reactor.listenSSL(0, new Factory(), { identity: { cert, key } },
      { interface: '127.0.0.1' }))
  },
  async 'tls.start'(context) {
    const way = context.host.ways.find(({ name }) => name === 'tcp') ?? context.host.ways[0]
    if (way === undefined) {
      // No stream to begin it on.
      throw new NotSupportedError(context.host.name, 'startTLS', { reason: reasonOf(context, 'tls.start') })
    }
    const protocol = new Protocol()
    await connectProtocol(way.client(context.reactor, 'deaf'), protocol)
    try {
      protocol.transport.startTLS({ serverName: 'localhost', handshakeTimeout: 10_000 })
      ok(protocol.transport.tlsBegun, 'TLS has begun')
    } finally {
      protocol.transport.abortConnection()
      await until(context.reactor, () => !protocol.connected)
    }
  },
  udp: (context) => bound(context, context.reactor.listenUDP(0, new DatagramProtocol(), { interface: '127.0.0.1' })),
  async multicast(context) {
    const port = context.reactor.listenMulticast(0, new DatagramProtocol())
    await bound(context, port)
    equal(typeof port.getTTL(), 'number', 'getTTL()')
  },
  'unix.connect': ({ reactor, host }) =>
    tried((factory) => reactor.connectUNIX(host.freshPath?.() ?? '/nowhere/socket', factory)),
  'unix.listen': (context) => {
    const port: IListeningPort = context.reactor.listenUNIX(context.host.freshPath?.() ?? '/nowhere/socket', new Factory())
    return bound(context, port)
  },
  processes: ({ reactor }) => new Promise<void>((resolve, reject) => {
    const protocol = new ProcessProtocol()
    protocol.processEnded = () => resolve()
    try {
      reactor.spawnProcess(protocol, '/nowhere/program')
    } catch (error) {
      reject(error as Error)
    }
  }),
  async descriptors({ reactor }) {
    try {
      await reactor.adoptStreamPort(1_000_000, 'IPv4', new Factory()).ready
    } catch (error) {
      // There is no such descriptor; that it was looked at is what matters.
      if (error instanceof NotSupportedError) throw error
      isA(error, Error)
      return
    }
    throw new Error('a descriptor that is not there was adopted')
  },
  threads: ({ reactor }) => ok(reactor.getThreadPool().size > 0, 'a pool'),
  async files({ reactor }) {
    try {
      await reactor.readFile('/nowhere/file')
    } catch (error) {
      if (error instanceof NotSupportedError) throw error
      equal((error as Error).name, 'FileReadError')
      return
    }
    throw new Error('a file that is not there was read')
  },
  compression: ({ reactor }) => thereAndBack(reactor.compression()),
}

/** Compresses and decompresses with the first coding there is. */
function thereAndBack(host: ReturnType<CaseContext['reactor']['compression']>): Promise<void> {
  const [coding] = host.codings
  if (coding === undefined) throw new Error('compression without a coding')
  const bytes = pattern(10_000)
  return new Promise((resolve, reject) => {
    const back: number[] = []
    const parts: Uint8Array[] = []
    const inflater = host.decompressor(coding, {}, {
      output: (piece) => void back.push(...piece),
      taken: () => next(),
      ended() {
        if (back.length === bytes.length && back.every((byte, i) => byte === bytes[i])) resolve()
        else reject(new Error(`${back.length} bytes came back`))
      },
      failed: reject,
    })
    const next = (): void => {
      const part = parts.shift()
      if (part === undefined) inflater.end()
      else inflater.write(part)
    }
    const deflater = host.compressor(coding, {}, {
      output: (piece) => void parts.push(piece), taken: () => deflater.end(), ended: next, failed: reject,
    })
    deflater.write(bytes)
  })
}

function reasonOf(context: CaseContext, name: Capability): string | undefined {
  const has = context.host.capabilities[name]
  return has === true ? undefined : has
}

export const capabilities: ContractSuite = {
  name: 'capabilities',
  cases: [
    ...CAPABILITIES.map((name) => ({
      name: `${name}: is there, or says why not`,
      async run(context: CaseContext): Promise<void> {
        const reason = reasonOf(context, name)
        const probe = probes[name]
        // Nothing of a reactor: suites of their own use them.
        if (probe === undefined) {
          ok(reason === undefined || reason.length > 0, 'a reason')
          return
        }
        if (reason === undefined) {
          await probe(context)
          return
        }
        let error: unknown
        try {
          await probe(context)
        } catch (caught) {
          error = caught
        }
        const refused = isA(error, NotSupportedError, `what ${name} was answered with`)
        equal([refused.host, refused.reason], [context.host.name, reason], 'its host and reason')
        ok(refused.message.includes(context.host.name) && refused.message.includes(reason), refused.message)
        ok(!(error instanceof CannotListenError), 'it is no failure of a port')
      },
    })),
    {
      name: 'every way of streams says what it promises, and is named once',
      run({ host }) {
        equal(new Set(host.ways.map(({ name }) => name)).size, host.ways.length, 'names')
        for (const { name, traits } of host.ways) {
          for (const [trait, has] of Object.entries(traits)) {
            ok(has === true || (typeof has === 'string' && has.length > 0), `${trait} of ${name}`)
          }
        }
      },
    },
  ],
}
