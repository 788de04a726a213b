/**
 * Recorder: writes down what a host tells a reactor, what it answers, and what was asked of it.
 *
 * Owns: the numbers of objects, the time of each record, and whether the promise jobs of what was before had run. Must
 * not know: sockets; the parts around a host's parts (record-*.ts) say what happened.
 *
 * Time is whole microseconds, and so is what the program is told of it: otherwise a replay could not tell it the same.
 * Whatever goes wrong in here ends the recording, and never the program; it is told of, by a warning if nobody asked.
 */
import { NotReplayable } from '../../errors/index.js'
import type { HostPort, HostTimer } from '../../interfaces/host.js'
import { Logger } from '../../logger/index.js'
import { BlockWriter } from './block-writer.js'
import {
  AFTER_JOBS, ASKED, BORROW, CALL, DONE, END, ENTROPY, EVENT, FILLED, FLAG_OUTPUT, HASH_START, hashOf, INSIDE, JOBS,
  JOBS_ASKED, MAGIC, MARK_SHIFT, NOTE, NOW, NOW_SAME, numberOf, PAUSE, RECEIVED, RETURN, SAME_JOB, SEND, SENT, SOON,
  SOON_ASKED, THROW, TIMER, TIMER_ASKED, VERSION, WALL,
} from './format.js'
import type { Method } from './format.js'
import { Ref, writeValue } from './values.js'

/** Where a recording goes. */
export interface RecordOptions {
  /**
   * Gets each block of the file, in order, to keep; one that has done with it when it returns says true, which saves
   * making a new one. One that throws ends the recording.
   */
  sink: (block: Uint8Array) => unknown
  /** Bytes of a block, and so of the memory that the recording takes; 65,536 if not given, no less than 1,024. */
  blockSize?: number
  /** A block that is not full is handed on after this time, ms; 1,000 if not given, Infinity for never. */
  flushAfter?: number
  /** Keeps the bytes that were sent, too, and not only a hash of them. False if not given. */
  output?: boolean
  /**
   * Told why the recording ended early, which is what the sink threw; or, as soon as the program does what no replay
   * can do again, of that: a {@link NotReplayable}. Each at most once. A warning is logged if it is not given.
   */
  failed?: (error: unknown) => void
}

/** What a replay has to offer besides the recording. @internal */
export interface HostFeatures {
  readonly name: string
  /** Which of ReactorParts there are, and which of what a host may lack. */
  readonly parts: readonly string[]
  readonly codings: readonly string[]
  readonly parallelism: number
  /** The date when it began, ms, where the host has one. */
  readonly wall?: number
}

const BLOCK_SIZE = 65_536
const SMALLEST_BLOCK = 1_024
const FLUSH_AFTER = 1_000

const RESOLVED = Promise.resolve()

/** Writes one recording. */
export class Recorder {
  readonly #host: HostPort
  readonly #options: RecordOptions
  readonly #out: BlockWriter
  readonly #keepsOutput: boolean
  #ended = false
  #time = 0
  #wall = 0
  #objects = 0
  #timers = 0
  // Calls that are on: what the host tells meanwhile comes from inside of the last of them.
  #depth = 0
  #jobsRan = true
  #jobPending = false
  #isNoted = false
  #alarm: HostTimer | null = null
  readonly #onAlarm = (): void => {
    this.#alarm = null
    this.#pause()
    this.flush()
  }
  readonly #onJob = (): void => {
    this.#jobPending = false
    this.#jobsRan = true
  }

  /** @param host the one that is recorded: asked for the time, and to call when a block is to be handed on */
  constructor(host: HostPort, options: RecordOptions, features: HostFeatures) {
    const { blockSize = BLOCK_SIZE, output = false } = options
    if (typeof options.sink !== 'function') throw new TypeError('a recording needs a sink')
    if (!(blockSize >= SMALLEST_BLOCK)) {
      throw new RangeError(`a block has ${SMALLEST_BLOCK} bytes or more, not ${String(blockSize)}`)
    }
    this.#host = host
    this.#options = options
    this.#keepsOutput = output
    this.#out = new BlockWriter(Math.floor(blockSize), (block) => this.#take(block), [...MAGIC, VERSION])
    this.#out.number(output ? FLAG_OUTPUT : 0)
    this.#time = Math.floor(host.now() * 1000)
    this.#out.number(this.#time)
    writeValue(this.#out, features)
  }

  /** Bytes so far. */
  get length(): number {
    return this.#out.total + this.#out.waiting
  }

  /** Hands on what has not been; for the end of a program. */
  flush(): void {
    if (!this.#ended) this.#out.flush()
  }

  /** Writes nothing more; what was not handed on is. The reactor goes on. */
  stop(): void {
    if (!this.#ended) {
      this.#out.byte(END | (this.#jobsRan ? AFTER_JOBS : SAME_JOB) << MARK_SHIFT)
      this.#out.number(this.#advance())
    }
    this.flush()
    this.#ended = true
    if (this.#alarm !== null) this.#host.clearTimer(this.#alarm)
    this.#alarm = null
  }

  /** A number for something new. @internal */
  newObject(): number {
    return ++this.#objects
  }

  // --- what the program reads

  /** @internal */
  now(): number {
    const before = this.#time
    const delta = this.#advance()
    if (!this.#ended) {
      if (delta === 0) {
        this.#out.byte(NOW_SAME)
      } else {
        this.#out.byte(NOW)
        this.#out.number(delta)
      }
      this.#wantFlush()
    }
    return (before + delta) / 1000
  }

  /** @internal */
  wallClock(): number {
    const wall = Math.round(this.#host.wallClock!() * 1000)
    if (!this.#ended) {
      this.#out.byte(WALL)
      this.#out.signed(wall - this.#wall)
      this.#wall = wall
      this.#wantFlush()
    }
    return wall / 1000
  }

  /** @internal */
  entropy(bytes: Uint8Array): void {
    if (this.#ended) return
    this.#out.byte(ENTROPY)
    this.#out.number(bytes.length)
    this.#out.bytes(bytes)
    this.#wantFlush()
  }

  // --- what the program asks for

  /** @internal */
  askedSoon(): void {
    if (!this.#ended) this.#out.byte(SOON_ASKED)
  }

  /** @internal */
  askedJobs(): void {
    if (!this.#ended) this.#out.byte(JOBS_ASKED)
  }

  /** @returns the timer's number @internal */
  askedTimer(delay: number): number {
    if (!this.#ended) {
      this.#out.byte(TIMER_ASKED)
      this.#out.number(microseconds(delay))
    }
    return this.#timers++
  }

  /** @internal */
  sent(object: number, pieces: readonly Uint8Array[], taken: boolean): void {
    if (this.#ended) return
    const out = this.#out
    out.byte(taken ? SEND | 1 << MARK_SHIFT : SEND)
    out.number(object)
    let length = 0
    for (const piece of pieces) length += piece.length
    out.number(length)
    if (this.#keepsOutput) {
      for (const piece of pieces) out.bytes(piece)
    } else {
      let hash = HASH_START
      for (const piece of pieces) hash = hashOf(piece, hash)
      out.word(hash)
    }
    this.#wantFlush()
  }

  /** A call that gives nothing back, and during which nothing happens. @internal */
  asked(object: number, method: Method, ...args: unknown[]): void {
    this.#call(ASKED, object, method, args)
  }

  /** Any other call: with what happens inside of it, and what comes of it. @internal */
  call<T>(object: number, method: Method, args: unknown[], make: () => T): T {
    this.#call(CALL, object, method, args)
    this.#depth += 1
    let result: T
    try {
      result = make()
    } catch (error) {
      this.#depth -= 1
      this.#ends(THROW, error)
      throw error
    }
    this.#depth -= 1
    if (result === undefined || typeof result === 'object' || typeof result === 'function') {
      if (!this.#ended) this.#out.byte(DONE)
    } else {
      this.#ends(RETURN, result)
    }
    return result
  }

  // --- what the host tells

  /** @internal */
  told(object: number, method: Method, ...values: unknown[]): void {
    this.#begin(EVENT)
    if (this.#ended) return
    this.#out.number(object)
    this.#out.byte(numberOf(method))
    this.#writeValues(values)
  }

  /** @internal */
  received(object: number, bytes: Uint8Array): void {
    this.#bytes(RECEIVED, object, bytes)
  }

  /** @internal */
  filled(object: number, bytes: Uint8Array): void {
    this.#bytes(FILLED, object, bytes)
  }

  /** @internal */
  borrowing(object: number, hint: number): void {
    this.#begin(BORROW)
    if (this.#ended) return
    this.#out.number(object)
    this.#out.number(hint)
  }

  /** The host has taken what it was given. @internal */
  taken(object: number): void {
    this.#begin(SENT)
    if (!this.#ended) this.#out.number(object)
  }

  /** @internal */
  soon(): void {
    this.#begin(SOON)
  }

  /** @internal */
  jobs(): void {
    this.#begin(JOBS)
  }

  /** @internal */
  timer(number: number): void {
    this.#begin(TIMER)
    if (!this.#ended) this.#out.number(this.#timers - number)
  }

  /** Something happens that is not in the recording: a replay can go no further. @internal */
  note(text: string): void {
    if (this.#ended || this.#isNoted) return
    this.#isNoted = true
    this.#out.byte(NOTE)
    this.#out.text(text)
    this.#tell(new NotReplayable(text, { time: this.#time / 1000 }))
  }

  /** Nothing has come from the host for a while: what a program does later differs. */
  #pause(): void {
    if (this.#ended || this.#depth > 0 || !this.#jobsRan) return
    this.#out.byte(PAUSE | AFTER_JOBS << MARK_SHIFT)
    this.#out.number(this.#advance())
  }

  #bytes(kind: number, object: number, bytes: Uint8Array): void {
    this.#begin(kind)
    if (this.#ended) return
    this.#out.number(object)
    this.#out.number(bytes.length)
    this.#out.bytes(bytes)
  }

  #begin(kind: number): void {
    if (this.#ended) return
    let mark = INSIDE
    if (this.#depth === 0) {
      mark = this.#jobsRan ? AFTER_JOBS : SAME_JOB
      this.#jobsRan = false
      if (!this.#jobPending) {
        this.#jobPending = true
        void RESOLVED.then(this.#onJob)
      }
    }
    const delta = this.#advance()
    this.#out.byte(kind | mark << MARK_SHIFT)
    this.#out.number(delta)
    this.#wantFlush()
  }

  /** @returns µs since the record before */
  #advance(): number {
    const before = this.#time
    const now = Math.floor(this.#host.now() * 1000)
    if (now <= before) return 0
    this.#time = now
    return now - before
  }

  #call(kind: number, object: number, method: Method, args: readonly unknown[]): void {
    if (this.#ended) return
    this.#out.byte(kind)
    this.#out.number(object)
    this.#out.byte(numberOf(method))
    this.#writeValues(args)
    this.#wantFlush()
  }

  #ends(kind: number, value: unknown): void {
    if (this.#ended) return
    this.#out.byte(kind)
    this.#writeValues([value])
  }

  #writeValues(values: readonly unknown[]): void {
    this.#out.number(values.length)
    for (const value of values) {
      try {
        writeValue(this.#out, value)
      } catch (error) {
        // A getter or proxy that throws, with half of a value written.
        this.#fail(error)
        return
      }
    }
  }

  #wantFlush(): void {
    const { flushAfter = FLUSH_AFTER } = this.#options
    if (this.#alarm !== null || this.#ended || flushAfter === Infinity) return
    this.#alarm = this.#host.setTimer(flushAfter, this.#onAlarm)
  }

  #take(block: Uint8Array): boolean {
    if (this.#ended) return true
    try {
      return this.#options.sink(block) === true
    } catch (error) {
      this.#fail(error)
      return true
    }
  }

  #fail(error: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.#tell(error)
  }

  #tell(error: unknown): void {
    const { failed } = this.#options
    try {
      if (failed !== undefined) failed(error)
      else if (error instanceof NotReplayable) new Logger('testing').warn(error.message)
      else new Logger('testing').warn(`The recording ends here: ${String(error)}`, { error })
    } catch {
      // There is nobody else to tell, and the program goes on.
    }
  }
}

/** @internal */
export function microseconds(ms: number): number {
  return Math.max(0, Math.min(Math.round(ms * 1000), Number.MAX_SAFE_INTEGER))
}

/** @internal */
export function ref(id: number): Ref {
  return new Ref(id)
}
