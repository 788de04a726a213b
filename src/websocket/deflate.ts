/**
 * Messages through a codec of the host: one at a time, each as a whole.
 *
 * A side that forgets between messages borrows its codec from a pool for as long as a message takes: idle connections
 * have none, and a message to ten thousand connections is compressed by a few codecs one after the other. A side that
 * remembers has a codec of its own, from its first message on.
 * Owns: codecs, their pool, the limit on what comes out, the four bytes that RFC 7692 leaves out. Must not know:
 * frames.
 * Source: RFC 7692, 7.2.
 */
import type { Codec, CodecSink, CompressionHost } from '../interfaces/index.js'

/** What a sync flush ends with, and a message leaves out. */
const TAIL = new Uint8Array([0, 0, 0xff, 0xff])

/** More came out than is allowed. */
export class InflatedTooLong extends Error {}

/** @param pieces what came out, together `length` bytes; null with an error */
export type Told = (error: unknown, pieces: Uint8Array[] | null, length: number) => void

/** Which way, and with what. */
export interface CodecKind {
  readonly compresses: boolean
  readonly windowBits: number
  readonly level?: number | undefined
}

interface Job {
  readonly data: Uint8Array
  readonly limit: number
  readonly told: Told
}

/** One codec, at work on one message or on none. */
class Worker implements CodecSink {
  readonly #codec: Codec
  readonly #compresses: boolean
  #pieces: Uint8Array[] = []
  #length = 0
  #job: Job | null = null
  /** Its stream has ended, or it is damaged: good for nothing more. */
  #isSpent = false

  constructor(host: CompressionHost, { compresses, windowBits, level }: CodecKind) {
    this.#compresses = compresses
    this.#codec = compresses
      ? host.compressor('deflate-raw', { windowBits, flushes: true, ...level === undefined ? {} : { level } }, this)
      : host.decompressor('deflate-raw', { windowBits }, this)
  }

  get isSpent(): boolean {
    return this.#isSpent
  }

  run(job: Job): void {
    this.#job = job
    this.#codec.write(job.data, 'sync')
  }

  /** Begins anew; false if it cannot. */
  reset(): boolean {
    if (this.#isSpent || this.#codec.reset === undefined) return false
    this.#codec.reset()
    return true
  }

  close(): void {
    this.#isSpent = true
    this.#job = null
    this.#codec.close()
  }

  output(bytes: Uint8Array): void {
    const job = this.#job
    if (job === null) return
    this.#length += bytes.length
    if (this.#length > job.limit) this.#end(new InflatedTooLong())
    else this.#pieces.push(bytes)
  }

  taken(): void {
    const job = this.#job
    if (job === null) return
    if (this.#compresses) {
      this.#end(null)
      return
    }
    // Where the stream has ended with this message, a host may say so right behind it.
    void Promise.resolve().then(() => {
      if (this.#job === job) this.#end(null)
    })
  }

  /** A last block (RFC 7692, 7.2.3.4): the message is what came before it, and the next needs another stream. */
  ended(): void {
    this.#isSpent = true
    if (this.#job !== null) this.#end(null)
  }

  failed(error: unknown): void {
    this.#end(error)
  }

  #end(error: unknown): void {
    const { told } = this.#job as Job
    const pieces = this.#pieces
    const length = this.#length
    this.#job = null
    this.#pieces = []
    this.#length = 0
    if (error !== null) this.close()
    if (error === null) told(null, pieces, length)
    else told(error, null, 0)
  }
}

/** Up to this length, bytes, a message is done at once: a thread's help takes longer than the work. */
const SHORT = 4096
/** What comes out of a short one, at most, bytes: what grows further is work for a thread. */
const SHORT_OUT = 65_536

/** At work at once; more than the host has threads for would only take memory. */
const MOST_AT_WORK = 8
/** Kept for the next message. */
const MOST_IDLE = 4

/** The codecs of one kind that all who forget share. */
class Pool {
  readonly #host: CompressionHost
  readonly #kind: CodecKind
  readonly #idle: Worker[] = []
  #atWork = 0
  #waiting: Job[] = []
  #waitingFrom = 0

  constructor(host: CompressionHost, kind: CodecKind) {
    this.#host = host
    this.#kind = kind
  }

  run(job: Job): void {
    if (this.#atWork < MOST_AT_WORK) this.#start(job)
    else this.#waiting.push(job)
  }

  #start(job: Job): void {
    this.#atWork += 1
    const worker = this.#idle.pop() ?? new Worker(this.#host, this.#kind)
    worker.run({
      data: job.data,
      limit: job.limit,
      told: (error, pieces, length) => {
        this.#atWork -= 1
        if (this.#idle.length < MOST_IDLE && worker.reset()) this.#idle.push(worker)
        else worker.close()
        this.#next()
        job.told(error, pieces, length)
      },
    })
  }

  #next(): void {
    if (this.#waitingFrom === this.#waiting.length) return
    const job = this.#waiting[this.#waitingFrom++]!
    if (this.#waitingFrom === this.#waiting.length) {
      this.#waiting = []
      this.#waitingFrom = 0
    }
    this.#start(job)
  }
}

/** A host's pools: they are given back with it. */
const pools = /* @__PURE__ */ new WeakMap<CompressionHost, Map<string, Pool>>()

function poolOf(host: CompressionHost, kind: CodecKind): Pool {
  let own = pools.get(host)
  if (own === undefined) pools.set(host, own = new Map())
  const name = `${kind.compresses ? 'compress' : 'decompress'} ${kind.windowBits} ${kind.level ?? ''}`
  let pool = own.get(name)
  if (pool === undefined) own.set(name, pool = new Pool(host, kind))
  return pool
}

/** One direction of one connection. */
export class MessageCodec {
  readonly #host: CompressionHost
  readonly #kind: CodecKind
  readonly #forgets: boolean
  #own: Worker | null = null

  constructor(host: CompressionHost, kind: CodecKind, forgets: boolean) {
    this.#host = host
    this.#kind = kind
    this.#forgets = forgets
  }

  /**
   * Compresses a message: `told` gets what a frame holds. One at a time.
   * @param told never from inside this call
   */
  compress(data: Uint8Array, told: Told): void {
    this.#run({
      data,
      limit: Infinity,
      told: (error, pieces, length) => {
        if (pieces === null) told(error, null, 0)
        else told(null, withoutTail(pieces), length - TAIL.length)
      },
    })
  }

  /**
   * Brings a message back.
   * @param limit bytes that may come out; more is an InflatedTooLong
   */
  decompress(data: Uint8Array, limit: number, told: Told): void {
    this.#run({ data: withTail(data), limit, told })
  }

  /**
   * A short message, at once, where that is possible: where nothing is remembered, and the host can.
   * @returns null where it has to go the long way, which also tells what is wrong with it
   */
  compressShort(data: Uint8Array): Uint8Array | null {
    if (!this.#forgets || data.length > SHORT || this.#host.compressShort === undefined) return null
    const { level, windowBits } = this.#kind
    try {
      const whole = this.#host.compressShort('deflate-raw', data, { level, windowBits })
      return whole.subarray(0, whole.length - TAIL.length)
    } catch {
      return null
    }
  }

  /** The other way. @param limit bytes that may come out */
  decompressShort(data: Uint8Array, limit: number): Uint8Array | null {
    if (!this.#forgets || data.length > SHORT || this.#host.decompressShort === undefined) return null
    const { windowBits } = this.#kind
    try {
      return this.#host.decompressShort('deflate-raw', withTail(data), { windowBits, limit: Math.min(limit, SHORT_OUT) })
    } catch {
      return null
    }
  }

  /** The connection is over; a message at work is not told of. */
  close(): void {
    this.#own?.close()
    this.#own = null
  }

  #run(job: Job): void {
    if (this.#forgets) {
      poolOf(this.#host, this.#kind).run(job)
      return
    }
    if (this.#own === null || this.#own.isSpent) {
      this.#own?.close()
      this.#own = new Worker(this.#host, this.#kind)
    }
    this.#own.run(job)
  }
}

function withTail(data: Uint8Array): Uint8Array {
  const whole = new Uint8Array(data.length + TAIL.length)
  whole.set(data)
  whole.set(TAIL, data.length)
  return whole
}

function withoutTail(pieces: Uint8Array[]): Uint8Array[] {
  let over = TAIL.length
  for (let last = pieces.pop(); last !== undefined; last = pieces.pop()) {
    if (last.length > over) {
      pieces.push(last.subarray(0, last.length - over))
      break
    }
    over -= last.length
    if (over === 0) break
  }
  return pieces
}
