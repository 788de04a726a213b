/**
 * Real Twisted at either end: half-close in both orders, and producers held back by readers that pause. What Twisted
 * does is in peers/twisted_peer.py, kinds `half` and `flow`.
 */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ClientFactory, createReactor, Protocol } from 'whorl'
import type { Failure, IAddress, IProtocol, Reactor } from 'whorl'
import { stream } from './plan.js'
import { describeWith, Program, root, twistedPython } from './programs.js'

const QUESTION = 100_000
const ANSWER = 3_000_000
const STREAM = 12_000_000
const PIECE = 50_000

type Role = 'client' | 'server'

/** What either end says of its connection. */
interface Report {
  bytes: number
  reason: string
  problem?: string | null
  log?: string[]
  sha256?: string
  pauses?: number
}

/** One end, which reports when it is over. */
class End extends Protocol {
  readonly done: Promise<Report>
  protected readonly role: Role
  protected readonly mode: string
  protected log: string[] = []
  protected bytes = 0
  #report!: (report: Report) => void

  constructor(role: Role, mode: string) {
    super()
    this.role = role
    this.mode = mode
    this.done = new Promise((resolve) => {
      this.#report = resolve
    })
  }

  protected report(reason: Failure, more: Partial<Report>): void {
    this.#report({ bytes: this.bytes, reason: reason.type.name, ...more })
  }
}

class Half extends End {
  #got: Uint8Array[] = []

  override connectionMade(): void {
    if (this.role === 'server') return
    this.transport.write(stream(QUESTION))
    this.transport.loseWriteConnection()
  }

  override dataReceived(data: Uint8Array): void {
    this.#got.push(data)
    this.bytes += data.length
  }

  readConnectionLost(): void {
    this.log.push(`read lost after ${this.bytes}`)
    if (this.role === 'client') return
    this.transport.write(stream(ANSWER))
    if (this.mode === 'half') this.transport.loseWriteConnection()
    else this.transport.loseConnection()
  }

  writeConnectionLost(): void {
    this.log.push('write lost')
  }

  override connectionLost(reason: Failure): void {
    const wanted = stream(this.role === 'client' ? ANSWER : QUESTION)
    const isRight = wanted.equals(Buffer.concat(this.#got))
    const problem = isRight ? null : `got ${this.bytes} of ${wanted.length} bytes, or others`
    this.report(reason, { log: this.log, problem })
  }
}

class Flow extends End {
  readonly #reactor: Reactor
  readonly #digest = createHash('sha256')
  #left = STREAM
  #paused = false

  constructor(role: Role, mode: string, reactor: Reactor) {
    super(role, mode)
    this.#reactor = reactor
  }

  override connectionMade(): void {
    if (this.role === 'client') return
    const isPush = this.mode === 'push'
    this.transport.registerProducer(this, isPush)
    if (isPush) this.resumeProducing()
  }

  resumeProducing(): void {
    this.#paused = false
    while (this.#left > 0 && !this.#paused) {
      const length = Math.min(PIECE, this.#left)
      const start = STREAM - this.#left
      this.#left -= length
      this.transport.write(stream(length, start))
      if (this.mode === 'pull') return
    }
    if (this.#left !== 0) return
    this.#left = -1
    this.transport.unregisterProducer()
    this.transport.loseConnection()
  }

  pauseProducing(): void {
    this.#paused = true
    this.log.push('pause')
  }

  stopProducing(): void {
    this.log.push('stop')
  }

  override dataReceived(data: Uint8Array): void {
    this.bytes += data.length
    this.#digest.update(data)
    this.transport.pauseProducing()
    this.#reactor.callLater(0, () => this.transport.resumeProducing())
  }

  override connectionLost(reason: Failure): void {
    this.report(reason, { sha256: this.#digest.digest('hex'), pauses: this.log.length })
  }
}

class One extends ClientFactory {
  readonly #protocol: IProtocol

  constructor(protocol: IProtocol) {
    super()
    this.#protocol = protocol
  }

  override buildProtocol(): IProtocol {
    return this.#protocol
  }
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

  /** Runs one connection with Twisted in the other role; what both ends say of it, the server first. */
  async function run(kind: 'half' | 'flow', mode: string, ours: Role): Promise<Report[]> {
    const id = jobs += 1
    const protocol = kind === 'half' ? new Half(ours, mode) : new Flow(ours, mode, reactor)
    const says = async <T>(about: string): Promise<T> =>
      JSON.parse((await peer.prints(new RegExp(`^\\{"id": ${id}, "${about}".*\\}$`, 'm')))[0]) as T
    const order = (more: object): void => peer.type(`${JSON.stringify({ id, kind, mode, ...more })}\n`)
    if (ours === 'server') {
      const port = reactor.listenTCP(0, new One(protocol), { interface: '127.0.0.1' })
      await port.ready
      order({ role: 'client', port: (port.getHost() as IAddress & { port: number }).port })
      const reports = [await protocol.done, await says<Report>('reason')]
      await port.stopListening()
      return reports
    }
    order({ role: 'server' })
    const { port } = await says<{ port: number }>('port')
    reactor.connectTCP('127.0.0.1', port, new One(protocol))
    return [await says<Report>('reason'), await protocol.done]
  }

  const roles: Role[] = ['server', 'client']

  it.each(roles.flatMap((ours) => ['half', 'close'].map((mode) => ({ ours, mode }))))(
    'N13 half-close, we are the $ours, the server answers and ends with $mode', async ({ ours, mode }) => {
      const [server, client] = await run('half', mode, ours)
      expect(server).toMatchObject({ problem: null, reason: 'ConnectionDone', bytes: QUESTION })
      expect(client).toMatchObject({ problem: null, reason: 'ConnectionDone', bytes: ANSWER })
      expect(server.log).toContain(`read lost after ${QUESTION}`)
      expect(client.log).toContain('write lost')
    })

  it.each(roles.flatMap((ours) => ['push', 'pull'].map((mode) => ({ ours, mode }))))(
    'N15 N18 producers, we are the $ours, which produces by $mode', async ({ ours, mode }) => {
      const [server, client] = await run('flow', mode, ours)
      expect([server.reason, client.reason]).toEqual(['ConnectionDone', 'ConnectionDone'])
      expect([server.bytes, client.bytes]).toEqual([0, STREAM])
      expect(client.sha256).toBe(createHash('sha256').update(stream(STREAM)).digest('hex'))
      // A push producer that was never held back would have shown nothing.
      expect(server.pauses! > 0).toBe(mode === 'push')
    })
})
