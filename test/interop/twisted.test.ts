/**
 * Real Twisted over real sockets, at either end. Both ends send frames at the same time and verify what they get; see
 * peers/plan.py for sizes (up to 300,000 bytes) and for the ways in which the bytes are cut.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ClientFactory, createReactor } from 'whorl'
import type { IAddress, IProtocol } from 'whorl'
import { Exchange, protocolFor } from './exchange.js'
import type { Report } from './exchange.js'
import { KINDS, MODES } from './plan.js'
import type { Kind, Mode } from './plan.js'
import { describeWith, Program, root, twistedPython } from './programs.js'

const cases = KINDS.flatMap((kind) => MODES.map((mode) => ({ kind, mode })))

/** Serves or makes one connection, for one exchange. */
class OneConnection extends ClientFactory {
  readonly #build: () => IProtocol

  constructor(build: () => IProtocol) {
    super()
    this.#build = build
  }

  override buildProtocol(): IProtocol {
    return this.#build()
  }
}

/** Nobody saw a problem, and what came is as much as the plan says. */
function expectGood(ours: Report, theirs: Report, kind: Kind, mode: Mode): void {
  const bytes = { whole: 89_725, each: 1_490_716, dribble: 211, cuts: 1_490_716 }[mode]
  expect(ours).toMatchObject({ problem: null, reason: 'ConnectionDone', bytes })
  expect(theirs).toMatchObject({ problem: null, reason: 'ConnectionDone', bytes, frames: ours.frames })
  // What is echoed is the same in both directions; frames differ.
  expect(ours.sha256 === theirs.sha256).toBe(kind === 'echo')
}

describeWith(twistedPython(), 'Twisted', (python) => {
  const reactor = createReactor({ installSignalHandlers: false })
  let peer: Program
  let jobs = 0

  beforeAll(() => {
    peer = new Program(python, ['-B', `${root}test/interop/peers/twisted_peer.py`])
  })

  afterAll(async () => {
    peer.child.stdin.end()
    expect(await peer.ended).toEqual({ status: 0, signal: null })
    expect(peer.errorText).toBe('')
    expect(reactor.openTransports()).toEqual([])
  })

  /** Has Twisted do its part; what it says of it comes later. */
  function start(job: { role: 'client' | 'server', kind: Kind, mode: Mode, port?: number }) {
    const id = jobs += 1
    peer.type(`${JSON.stringify({ id, ...job })}\n`)
    const says = async <T>(about: string): Promise<T> => {
      const [line] = await peer.prints(new RegExp(`^\\{"id": ${id}, "${about}".*\\}$`, 'm'))
      return JSON.parse(line) as T
    }
    return { port: () => says<{ port: number }>('port'), report: () => says<Report>('reason') }
  }

  it.each(cases)('as client of our server: $kind, $mode', async ({ kind, mode }) => {
    const exchange = new Exchange(false, kind, mode, reactor)
    const factory = new OneConnection(() => protocolFor(kind, exchange))
    const port = reactor.listenTCP(0, factory, { interface: '127.0.0.1' })
    try {
      await port.ready
      const client = start({ role: 'client', kind, mode, port: (port.getHost() as IAddress & { port: number }).port })
      expectGood(await exchange.done, await client.report(), kind, mode)
    } finally {
      await port.stopListening()
    }
  })

  it.each(cases)('as server of our client: $kind, $mode', async ({ kind, mode }) => {
    const exchange = new Exchange(true, kind, mode, reactor)
    const server = start({ role: 'server', kind, mode })
    const { port } = await server.port()
    reactor.connectTCP('127.0.0.1', port, new OneConnection(() => protocolFor(kind, exchange)))
    expectGood(await exchange.done, await server.report(), kind, mode)
  })
  it('a difference is noticed at both ends', async () => {
    const exchange = new Exchange(true, 'lines', 'dribble', reactor)
    const server = start({ role: 'server', kind: 'lines', mode: 'each' })
    const { port } = await server.port()
    reactor.connectTCP('127.0.0.1', port, new OneConnection(() => protocolFor('lines', exchange)))
    expect([(await exchange.done).problem, (await server.report()).problem]).not.toContain(null)
  })
})
