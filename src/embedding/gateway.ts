/**
 * Gateway: serves an embedded program with connections of a reactor.
 *
 * Owns: the table of what is open for the program, what waits for its turn, the limits, and the end of all of it. Must
 * not know: where the program runs, or how messages get there; the embedder carries them. Source: the project's own.
 *
 *   embedded program ──batches──▶ receive ──▶ GatewayStream, GatewayPort, … ──▶ reactor
 *                    ◀──batches── send    ◀──
 *
 * What the program may reach is what the reactor may: give it `reactor.restrict({ … })`. Everything that it says is
 * checked. Whoever breaks a rule (docs/guide/plug-ins.md has them) is cut off: all of it is closed, and `failed` told.
 */
import type { Deferred } from '../defer/index.js'
import { EmbeddingViolation } from '../errors/embedding.js'
import type { IReactorPluggableNameResolver, IReactorTCP, IReactorTime, IReactorUDP } from '../interfaces/index.js'
import { describeFailure } from './failures.js'
import { gatewayLimits } from './limits.js'
import type { GatewayLimits } from './limits.js'
import { GatewayDatagrams } from './gateway-datagrams.js'
import { GatewayPort } from './gateway-port.js'
import { GatewayAttempt } from './gateway-stream.js'
import { foreignBytes, Kind, MessageReader, MessageWriter } from './messages.js'
import type { Field } from './messages.js'

/** What a gateway asks of a reactor: any that has TCP; the part that is missing fails by name. */
export type GatewayReactor = IReactorTime & IReactorTCP & IReactorUDP & IReactorPluggableNameResolver

/** Options of a gateway. */
export interface GatewayOptions {
  /** Carries a batch of messages to the embedded program. The array is the receiver's to keep. Must not throw. */
  send(batch: Uint8Array<ArrayBuffer>): void
  /** The program broke the rules, and was cut off; the embedder may want to end it as well. */
  failed?(error: EmbeddingViolation): void
  limits?: Partial<GatewayLimits>
}

/** One thing that is open for the program. @internal */
export interface GatewayHandle {
  /** @throws EmbeddingViolation for what it may not be told */
  message(kind: number, fields: readonly Field[]): void
  /** The gateway is closing: end at once, and tell nobody. */
  drop(): void
}

/** Where the handles of a gateway are, as they see it. @internal */
export interface GatewayTable {
  readonly reactor: GatewayReactor
  readonly limits: GatewayLimits
  /** Tells the program. */
  tell(kind: Kind, id: number, ...fields: Field[]): void
  /** The program knows that it is over. */
  forget(id: number): void
  /** @returns a number for what this side opened, null if there may be no more of them */
  adopt(handle: (id: number) => GatewayHandle): number | null
}

/** Serves one embedded program. */
export class Gateway {
  readonly #options: GatewayOptions
  readonly #limits: GatewayLimits
  readonly #handles = new Map<number, GatewayHandle>()
  readonly #table: GatewayTable
  readonly #out = new MessageWriter()
  #queue: MessageReader[] = []
  #queued = 0
  #working = false
  #flushing = false
  #closed = false
  /** The highest numbers given: odd ones by the program, even ones by this side. */
  #theirs = -1
  #ours = 0

  /**
   * @param reactor what the program may use, and nothing more: a restricted one unless the program is trusted
   * @throws RangeError, TypeError for limits that are none
   */
  constructor(reactor: GatewayReactor, options: GatewayOptions) {
    this.#options = options
    this.#limits = gatewayLimits(options.limits)
    this.#table = {
      reactor, limits: this.#limits,
      tell: (kind, id, ...fields) => this.#tell(kind, id, fields),
      forget: (id) => void this.#handles.delete(id),
      adopt: (make) => this.#adopt(make),
    }
  }

  /** Connections, ports, attempts and questions that are open. */
  get open(): number {
    return this.#handles.size
  }

  /** True from `close` on, and after the program broke the rules. */
  get closed(): boolean {
    return this.#closed
  }

  /**
   * Takes a batch of messages from the program; what is no such thing cuts it off. Nothing of the value is kept, and
   * none of its methods is called. After `close`: ignored.
   */
  receive(batch: unknown): void {
    if (this.#closed) return
    try {
      const bytes = foreignBytes(batch, this.#limits.queued - this.#queued)
      if (bytes.length === 0) return
      this.#queue.push(new MessageReader(bytes))
      this.#queued += bytes.length
    } catch (error) {
      this.#cutOff(error)
      return
    }
    if (!this.#working) this.#work()
  }

  /** Closes all that is open at once, and hears and says nothing more. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#queue = []
    this.#queued = 0
    const handles = [...this.#handles.values()]
    this.#handles.clear()
    for (const handle of handles) handle.drop()
  }

  /** Handles a turn's worth of messages, and comes again while there are more. */
  #work(): void {
    this.#working = true
    try {
      for (let count = 0; count < this.#limits.messages && this.#queue.length > 0; count++) this.#handleNext()
    } catch (error) {
      this.#cutOff(error)
    }
    this.#working = this.#queue.length > 0
    if (this.#working) this.#table.reactor.callLater(0, () => this.#closed || this.#work())
  }

  #handleNext(): void {
    const reader = this.#queue[0]!
    const before = reader.left
    const fields = reader.next()
    if (reader.left === 0) this.#queue.shift()
    this.#queued -= before - reader.left
    if (fields === null) return
    const { kind, id } = reader
    const handle = this.#handles.get(id)
    if (handle !== undefined) handle.message(kind, fields)
    else if (!this.#isKnown(id)) this.#open(kind, id, fields)
    // Else it has ended here, and the program could not know yet.
  }

  #isKnown(id: number): boolean {
    return id % 2 === 1 ? id <= this.#theirs : id <= this.#ours
  }

  #open(kind: number, id: number, fields: readonly Field[]): void {
    if (id % 2 !== 1) throw new EmbeddingViolation(`Nothing was ever opened under the number ${id}.`)
    this.#theirs = id
    const make = OPENERS[kind]
    if (make === undefined) throw new EmbeddingViolation(`Message ${kind} opens nothing, and ${id} is not open.`)
    if (this.#handles.size >= this.#limits.handles) {
      this.#tell(Kind.FAILED, id, ['EMFILE', `no more than ${this.#limits.handles} things may be open`])
      return
    }
    try {
      const handle = make(this.#table, id, fields)
      // Perhaps it has failed already.
      if (handle !== null) this.#handles.set(id, handle)
    } catch (error) {
      if (error instanceof EmbeddingViolation) throw error
      this.#tell(Kind.FAILED, id, describeFailure(error))
    }
  }

  #adopt(make: (id: number) => GatewayHandle): number | null {
    if (this.#closed || this.#handles.size >= this.#limits.handles) return null
    const id = this.#ours += 2
    this.#handles.set(id, make(id))
    return id
  }

  #tell(kind: Kind, id: number, fields: readonly Field[]): void {
    if (this.#closed) return
    this.#out.add(kind, id, ...fields)
    if (this.#flushing) return
    // With all that the code that runs now has to say, and the promise jobs before this.
    this.#flushing = true
    void Promise.resolve().then(() => {
      this.#flushing = false
      if (!this.#closed && this.#out.length > 0) this.#options.send(this.#out.take())
    })
  }

  #cutOff(error: unknown): void {
    this.close()
    this.#options.failed?.(error instanceof EmbeddingViolation
      ? error
      : new EmbeddingViolation('A message could not be handled.', { cause: error }))
  }
}

type Opener = (table: GatewayTable, id: number, fields: readonly Field[]) => GatewayHandle | null

const OPENERS: Readonly<Partial<Record<number, Opener>>> = {
  [Kind.CONNECT]: (table, id, fields) => new GatewayAttempt(table, id, fields),
  [Kind.LISTEN]: (table, id, fields) => GatewayPort.open(table, id, fields),
  [Kind.BIND]: (table, id, fields) => GatewayDatagrams.open(table, id, fields),
  [Kind.RESOLVE]: (table, id, fields) => resolve(table, id, fields),
}

/** A question for a name, until it is answered. */
function resolve(table: GatewayTable, id: number, fields: readonly Field[]): GatewayHandle | null {
  const [name, family] = fields as [string, number]
  if (family !== 0 && family !== 4 && family !== 6) throw new EmbeddingViolation(`There is no family ${family}.`)
  let over = false
  const end = (kind: Kind, ...answer: Field[]): void => {
    if (over) return
    over = true
    table.forget(id)
    table.tell(kind, id, ...answer)
  }
  const asked: Deferred<unknown> = table.reactor.nameResolver.resolve(name, family === 0 ? {} : { family })
  asked.addCallbacks(
    (found) => end(Kind.RESOLVED, (found as { host: string }[]).map(({ host }) => host).join(' ')),
    (reason) => end(Kind.FAILED, ...describeFailure(reason.value)))
  if (over) return null
  const drop = (): void => {
    over = true
    asked.cancel()
  }
  return {
    drop,
    message(kind) {
      if (kind !== Kind.CLOSE) throw new EmbeddingViolation(`Message ${kind} is nothing for a question.`)
      drop()
      table.forget(id)
    },
  }
}
