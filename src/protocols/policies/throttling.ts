/**
 * A factory whose connections together read and write no more than so many bytes a second, and are no more than so many.
 *
 * Owns: two token buckets and who is held back by them. Must not know: what the bytes are for. Source:
 * twisted.protocols.policies.ThrottlingFactory; buckets take the place of its checks once a second, so that a burst is
 * at most one second's worth, and the average holds over any time.
 *
 *   a bucket holds at most one second's bytes; who takes more than it holds leaves a debt, and all are held back until
 *   it is paid: reading by pausing the transport, writing by pausing the registered producer and `drain()`
 */
import { Deferred, Failure } from '../../defer/index.js'
import { ConnectionLost } from '../../errors/index.js'
import type {
  IAddress, IDelayedCall, IProtocol, IProtocolFactory, IPullProducer, IPushProducer, IReactorTime, ITransport,
} from '../../interfaces/index.js'
import { ProtocolWrapper, WrappingFactory } from './wrapping.js'
import type { ProtocolWrapperClass } from './wrapping.js'

const SECOND = 1_000

/** Options of {@link ThrottlingFactory}. */
export interface ThrottlingOptions {
  /** Connections that may be open at a time; no limit if not given. */
  maxConnectionCount?: number
  /** Bytes a second that all connections together may read; no limit if null or not given. */
  readLimit?: number | null
  /** Bytes a second that all connections together may write; no limit if null or not given. */
  writeLimit?: number | null
  /** Whose seconds; needed where there is a limit a second. */
  clock?: IReactorTime | null
}

/** So many bytes a second, and those who wait for more. */
class Bucket {
  readonly #limit: number
  readonly #clock: IReactorTime
  readonly #changed: (held: boolean) => void
  #tokens: number
  #at: number
  #call: IDelayedCall | null = null

  constructor(limit: number, clock: IReactorTime, changed: (held: boolean) => void) {
    this.#limit = limit
    this.#clock = clock
    this.#changed = changed
    this.#tokens = limit
    this.#at = clock.now()
  }

  get held(): boolean {
    return this.#call !== null
  }

  take(bytes: number): void {
    this.#refill()
    this.#tokens -= bytes
    if (this.#tokens >= 0 || this.#call !== null) return
    this.#wait()
    this.#changed(true)
  }

  /** No connection is left to be held back. */
  rest(): void {
    this.#call?.cancel()
    this.#call = null
  }

  #refill(): void {
    const now = this.#clock.now()
    this.#tokens = Math.min(this.#tokens + (now - this.#at) * this.#limit / SECOND, this.#limit)
    this.#at = now
  }

  #wait(): void {
    this.#call = this.#clock.callLater(-this.#tokens * SECOND / this.#limit, () => {
      this.#call = null
      this.#refill()
      // More was written meanwhile by those who cannot be held back; a hair's breadth is no debt.
      if (this.#tokens < -1e-6) this.#wait()
      else this.#changed(false)
    })
  }
}

/** What {@link ThrottlingFactory} puts around a protocol. */
export class ThrottlingProtocol extends ProtocolWrapper {
  #paused = false
  #readHeld = false
  #writeHeld = false
  #producer: HeldProducer | null = null
  #drainers: Deferred<void>[] = []

  override makeConnection(transport: ITransport): void {
    super.makeConnection(transport)
    const { readsHeld, writesHeld } = this.factory as unknown as ThrottlingFactory
    if (readsHeld) this.holdReads(true)
    if (writesHeld) this.holdWrites(true)
  }

  override dataReceived(data: Uint8Array): void {
    (this.factory as unknown as ThrottlingFactory).registerRead(data.length)
    super.dataReceived(data)
  }

  override write(data: Uint8Array | string): void {
    super.write(data)
    ;(this.factory as unknown as ThrottlingFactory).registerWritten(lengthOf(data))
  }

  override writeSequence(list: Iterable<Uint8Array | string>): void {
    const pieces = [...list]
    super.writeSequence(pieces)
    ;(this.factory as unknown as ThrottlingFactory).registerWritten(pieces.reduce((sum, one) => sum + lengthOf(one), 0))
  }

  override connectionLost(reason: Failure): void {
    const drainers = this.#drainers
    this.#drainers = []
    for (const deferred of drainers) if (!deferred.called) deferred.errback(reason)
    super.connectionLost(reason)
  }

  override pauseProducing(): void {
    this.#paused = true
    super.pauseProducing()
  }

  override resumeProducing(): void {
    this.#paused = false
    if (!this.#readHeld) super.resumeProducing()
  }

  override registerProducer(producer: IPushProducer | IPullProducer, streaming: boolean): void {
    const slot = new HeldProducer(producer, streaming)
    slot.hold(this.#writeHeld)
    const before = this.#producer
    this.#producer = slot
    try {
      super.registerProducer(slot, streaming)
    } catch (error) {
      this.#producer = before
      throw error
    }
  }

  override unregisterProducer(): void {
    this.#producer = null
    super.unregisterProducer()
  }

  override drain(): Deferred<void> {
    if (!this.#writeHeld) return super.drain()
    const deferred = new Deferred<void>((cancelled) => {
      this.#drainers = this.#drainers.filter((other) => other !== cancelled)
    })
    this.#drainers.push(deferred)
    return deferred
  }

  /** The factory has read too much, or no longer. @internal */
  holdReads(held: boolean): void {
    this.#readHeld = held
    if (this.#paused || this.disconnecting) return
    if (held) super.pauseProducing()
    else super.resumeProducing()
  }

  /** The factory has written too much, or no longer. @internal */
  holdWrites(held: boolean): void {
    this.#writeHeld = held
    this.#producer?.hold(held)
    if (held) return
    const drainers = this.#drainers
    this.#drainers = []
    for (const deferred of drainers) {
      super.drain().addCallbacks(
        () => deferred.called ? undefined : deferred.callback(undefined),
        (reason: Failure) => deferred.called ? undefined : deferred.errback(reason.value ?? new ConnectionLost()))
    }
  }
}

/** A producer that two may hold back: the transport, and the factory. */
class HeldProducer implements IPushProducer {
  readonly #producer: IPushProducer | IPullProducer
  readonly #streaming: boolean
  #held = false
  /** A push producer: whether the transport has paused it. A pull producer: whether it is asked for a piece. */
  #paused = false
  #asked = false

  constructor(producer: IPushProducer | IPullProducer, streaming: boolean) {
    for (const name of streaming ? ['pauseProducing', ...PULL] : PULL) {
      if (typeof (producer as unknown as Record<string, unknown> | null)?.[name] !== 'function') {
        throw new TypeError(`a ${streaming ? 'push' : 'pull'} producer needs the method ${name}()`)
      }
    }
    this.#producer = producer
    this.#streaming = streaming
  }

  hold(held: boolean): void {
    if (held === this.#held) return
    this.#held = held
    if (!this.#streaming) {
      if (held || !this.#asked) return
      this.#asked = false
      this.#producer.resumeProducing()
    } else if (!this.#paused) {
      if (held) (this.#producer as IPushProducer).pauseProducing()
      else this.#producer.resumeProducing()
    }
  }

  pauseProducing(): void {
    this.#paused = true
    if (!this.#held) (this.#producer as IPushProducer).pauseProducing()
  }

  resumeProducing(): void {
    this.#paused = false
    if (!this.#held) this.#producer.resumeProducing()
    else this.#asked = true
  }

  stopProducing(): void {
    this.#producer.stopProducing()
  }
}

const PULL = ['resumeProducing', 'stopProducing']

/**
 * Holds connections to so many bytes a second, all of them together, and to so many at a time.
 *
 * Reading is held back for every protocol. Writing is held back where somebody listens: a registered producer is paused
 * and `drain()` waits; what is written regardless goes out, and is paid for by those who come later.
 *
 * @example new ThrottlingFactory(site, { readLimit: 1_000_000, maxConnectionCount: 100, clock: reactor })
 */
export class ThrottlingFactory extends WrappingFactory {
  override protocol: ProtocolWrapperClass = ThrottlingProtocol
  /** Connections that may be open at a time. */
  maxConnectionCount: number
  /** Connections that are open, or being made. */
  connectionCount = 0
  /** Whose seconds; see the options. */
  clock: IReactorTime | null
  readonly #readLimit: number | null
  readonly #writeLimit: number | null
  #reads: Bucket | null = null
  #writes: Bucket | null = null

  /** @throws RangeError for a limit of no bytes */
  constructor(wrappedFactory: IProtocolFactory, options: ThrottlingOptions = {}) {
    super(wrappedFactory)
    const { maxConnectionCount = Infinity, readLimit = null, writeLimit = null, clock = null } = options
    for (const limit of [readLimit, writeLimit]) {
      if (limit !== null && !(limit > 0)) throw new RangeError(`a limit is a number of bytes a second, not ${limit}`)
    }
    if (!(maxConnectionCount >= 0)) throw new RangeError(`so many connections cannot be: ${maxConnectionCount}`)
    this.maxConnectionCount = maxConnectionCount
    this.#readLimit = readLimit
    this.#writeLimit = writeLimit
    this.clock = clock
  }

  /** Bytes a second; null for no limit. */
  get readLimit(): number | null {
    return this.#readLimit
  }

  /** Bytes a second; null for no limit. */
  get writeLimit(): number | null {
    return this.#writeLimit
  }

  /** Whether reading is held back now. */
  get readsHeld(): boolean {
    return this.#reads?.held ?? false
  }

  /** Whether producers are held back now. */
  get writesHeld(): boolean {
    return this.#writes?.held ?? false
  }

  /** @throws TypeError when there is a limit a second and no `clock` */
  override doStart(): void {
    this.#needBuckets()
    super.doStart()
  }

  override buildProtocol(address: IAddress): IProtocol | null {
    this.#needBuckets()
    if (this.connectionCount >= this.maxConnectionCount) return null
    // Counted before it is connected, so that two built at once are two.
    this.connectionCount += 1
    let protocol: IProtocol | null = null
    try {
      protocol = super.buildProtocol(address)
    } finally {
      if (protocol === null) this.connectionCount -= 1
    }
    return protocol
  }

  override unregisterProtocol(protocol: ProtocolWrapper): void {
    super.unregisterProtocol(protocol)
    this.connectionCount -= 1
    if (this.connectionCount > 0) return
    this.#reads?.rest()
    this.#writes?.rest()
  }

  /** A connection has read so many bytes. */
  registerRead(bytes: number): void {
    this.#reads?.take(bytes)
  }

  /** A connection has written so many bytes. */
  registerWritten(bytes: number): void {
    this.#writes?.take(bytes)
  }

  #needBuckets(): void {
    if (this.#reads === null && this.#readLimit !== null) {
      const tell = (held: boolean): void => this.#each((one) => one.holdReads(held))
      this.#reads = new Bucket(this.#readLimit, this.#needClock(), tell)
    }
    if (this.#writes === null && this.#writeLimit !== null) {
      const tell = (held: boolean): void => this.#each((one) => one.holdWrites(held))
      this.#writes = new Bucket(this.#writeLimit, this.#needClock(), tell)
    }
  }

  #needClock(): IReactorTime {
    if (this.clock === null) throw new TypeError('a ThrottlingFactory with a limit needs its `clock` set to a reactor')
    return this.clock
  }

  #each(call: (protocol: ThrottlingProtocol) => void): void {
    for (const protocol of [...this.protocols]) call(protocol as ThrottlingProtocol)
  }
}

function lengthOf(data: Uint8Array | string): number {
  if (typeof data !== 'string') return data.length
  // As UTF-8, without making it: a lone surrogate becomes the three bytes of a replacement character.
  let bytes = 0
  for (const character of data) {
    const code = character.codePointAt(0)!
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return bytes
}

