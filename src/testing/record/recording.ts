/**
 * Recording: the records of a file, one after the other.
 *
 * Owns: reading the format, and saying each record in words. Must not know: replays. A file whose end is missing, since
 * its program was killed, ends with the last whole record; one that was altered, or cut elsewhere than between two
 * blocks, ends with an error after the last record that is as it was written.
 */
import { RecordingError } from '../../errors/index.js'
import { ByteReader, CutShort } from './byte-reader.js'
import { readFrames } from './frames.js'
import {
  ASKED, BORROW, CALL, DONE, END, ENTROPY, EVENT, FILLED, FIRST_EVENT, FLAG_OUTPUT, HASH_START, hashOf, JOBS,
  JOBS_ASKED, KIND_MASK, MAGIC, MARK_SHIFT, METHODS, NOTE, NOW, NOW_SAME, PAUSE, RECEIVED, RETURN, SEND, SENT, SOON,
  SOON_ASKED, THROW, TIMER, TIMER_ASKED, VERSION, WALL,
} from './format.js'
import type { Method } from './format.js'
import type { HostFeatures } from './recorder.js'
import { bytesText, readValue, Ref, valueText } from './values.js'

const NO_VALUES: readonly unknown[] = []

/** One record. Which fields mean something depends on its kind: see format.ts. @internal */
export class RecordedItem {
  /** From 1. */
  readonly number: number
  readonly kind: number
  readonly mark: number
  /** µs of the recorded reactor's clock. */
  time = 0
  object = 0
  method: Method = 'open'
  values: readonly unknown[] = NO_VALUES
  bytes: Uint8Array | null = null
  /** Of bytes, a delay in µs, a hint, the number of a timer. */
  amount = 0
  hash = 0
  text = ''

  constructor(number: number, kind: number, mark: number) {
    this.number = number
    this.kind = kind
    this.mark = mark
  }

  /** Whether the host tells the program something, and not the other way round. */
  get isEvent(): boolean {
    return this.kind >= FIRST_EVENT
  }

  /** Whether the program looks at the clock: no two runs need do that equally often. */
  get isRead(): boolean {
    return this.kind <= WALL
  }

  /** In words. */
  toString(): string {
    return describe(this)
  }
}

/** A recording, from its bytes. */
export class Recording {
  /** What the host has that it was made on. @internal */
  readonly features: HostFeatures
  /** Whether it has the bytes that were sent. */
  readonly hasOutput: boolean
  /** When it began: ms of the recorded reactor's clock. */
  readonly start: number
  readonly #bytes: Uint8Array
  readonly #flaw: RecordingError | null
  readonly #first: number

  /**
   * @param file whole, or in the blocks that the sink was given
   * @throws RecordingError for what is none, of another version, or damaged where it begins
   */
  constructor(file: Uint8Array | readonly Uint8Array[]) {
    const whole = file instanceof Uint8Array ? file : joined(file)
    const wrong = MAGIC.findIndex((byte, at) => whole[at] !== byte)
    if (wrong >= 0) throw new RecordingError('This is no recording.', { position: wrong })
    const version = whole[MAGIC.length]
    if (version !== undefined && version !== VERSION) {
      throw new RecordingError(
        `The recording is of version ${version}, this reads ${VERSION}.`, { position: MAGIC.length })
    }
    const { bytes, flaw } = readFrames(whole, MAGIC.length + 1)
    this.#bytes = bytes
    this.#flaw = flaw
    const from = new ByteReader(bytes)
    try {
      this.hasOutput = (from.number() & FLAG_OUTPUT) !== 0
      this.start = from.number() / 1000
      this.features = checkFeatures(readValue(from) as Partial<HostFeatures> | undefined)
    } catch (error) {
      if (!(error instanceof CutShort)) throw error
      throw flaw ?? new RecordingError(
        `The recording is cut short: it ends at byte ${whole.length}, and has not begun.`, { position: whole.length })
    }
    this.#first = from.at
  }

  /** The name of the host that it was made on. */
  get host(): string {
    return this.features.name
  }

  /**
   * A line for each record: its number, the time in ms, and what it says.
   *
   * @throws RecordingError after the last that is as it was written, if the file was altered or cut
   */
  * lines(): IterableIterator<string> {
    for (const item of this.items()) {
      yield `${item.number}\t${(item.time / 1000).toFixed(3)}\t${item.isEvent ? '→' : '←'} ${describe(item)}`
    }
  }

  /** @internal */
  * items(): Generator<RecordedItem, undefined> {
    const from = new ByteReader(this.#bytes, this.#first)
    const past = { time: this.start * 1000, wall: 0, timers: 0, hasOutput: this.hasOutput }
    // What was read as a float may be off by a little.
    past.time = Math.round(past.time)
    for (let number = 1, isOver = false; !from.isAtEnd && !isOver; number++) {
      let item: RecordedItem
      try {
        item = readItem(from, number, past)
      } catch (error) {
        if (error instanceof CutShort) break
        throw error
      }
      yield item
      isOver = item.kind === END
    }
    if (this.#flaw !== null) throw this.#flaw
    return
  }
}

/** @throws RecordingError */
function checkFeatures(read: Partial<HostFeatures> | null | undefined): HostFeatures {
  const { name, parts, codings, parallelism, wall } = read ?? {}
  const areTexts = (list: unknown): boolean => Array.isArray(list) && list.every((one) => typeof one === 'string')
  if (typeof name !== 'string' || !areTexts(parts) || !areTexts(codings) || typeof parallelism !== 'number' ||
    (wall !== undefined && !Number.isFinite(wall))) {
    throw new RecordingError('The recording is damaged: it does not say what kind of host it was made on.')
  }
  return read as HostFeatures
}

interface Past {
  time: number
  wall: number
  timers: number
  hasOutput: boolean
}

function readItem(from: ByteReader, number: number, past: Past): RecordedItem {
  const first = from.byte()
  const item = new RecordedItem(number, first & KIND_MASK, first >> MARK_SHIFT)
  const { kind } = item
  if (kind === NOW || item.isEvent) past.time += from.number()
  item.time = past.time
  switch (kind) {
    case NOW: case NOW_SAME: case SOON_ASKED: case JOBS_ASKED: case SOON: case JOBS: case DONE:
    case PAUSE: case END:
      break
    case WALL:
      item.amount = past.wall += from.signed()
      break
    case ENTROPY:
      item.amount = from.number()
      item.bytes = from.bytes(item.amount)
      break
    case TIMER_ASKED:
      item.amount = from.number()
      item.object = past.timers++
      break
    case TIMER:
      item.object = past.timers - from.number()
      break
    case SEND:
      item.object = from.number()
      item.amount = from.number()
      if (past.hasOutput) {
        item.bytes = from.bytes(item.amount)
        item.hash = 0
      } else {
        item.hash = from.word()
      }
      break
    case ASKED: case CALL: case EVENT: {
      item.object = from.number()
      const method = METHODS[from.byte()]
      if (method === undefined) throw new RecordingError(`Record ${number} of the recording is damaged.`)
      item.method = method
      item.values = readValues(from)
      break
    }
    case RETURN: case THROW:
      item.values = readValues(from)
      break
    case RECEIVED: case FILLED:
      item.object = from.number()
      item.amount = from.number()
      item.bytes = from.bytes(item.amount)
      break
    case BORROW:
      item.object = from.number()
      item.amount = from.number()
      break
    case SENT:
      item.object = from.number()
      break
    case NOTE:
      item.text = from.text()
      break
    default:
      throw new RecordingError(`Record ${number} of the recording is of an unknown kind, ${kind}.`)
  }
  return item
}

function readValues(from: ByteReader): unknown[] {
  return Array.from({ length: from.count() }, () => readValue(from))
}

function describe(item: RecordedItem): string {
  const { kind, object, amount, bytes } = item
  switch (kind) {
    case NOW: case NOW_SAME:
      return 'a look at the clock'
    case WALL:
      return `a look at the date, ${(amount / 1000).toFixed(0)}`
    case ENTROPY:
      return `${amount} bytes of entropy`
    case SOON_ASKED:
      return 'a wish for a turn soon'
    case JOBS_ASKED:
      return 'a wish for a turn after the promise jobs'
    case TIMER_ASKED:
      return timerText(amount)
    case SOON:
      return 'the turn that was wished for'
    case JOBS:
      return 'the turn after the promise jobs'
    case TIMER:
      return `timer ${object} goes off`
    case SEND:
      return `#${object} sends ${bytes === null ? `${amount} bytes` : bytesText(bytes)}`
    case ASKED: case CALL:
      return callText(object, item.method, item.values)
    case EVENT:
      return `#${object} is told: ${item.method}(${item.values.map(valueText).join(', ')})`
    case DONE:
      return 'the call gives back'
    case RETURN:
      return `the call gives back ${item.values.map(valueText).join(', ')}`
    case THROW:
      return `the call throws ${item.values.map(valueText).join(', ')}`
    case RECEIVED: case FILLED:
      return `#${object} receives ${bytesText(bytes!)}`
    case BORROW:
      return `#${object} is asked for an array to read into`
    case SENT:
      return `#${object} has sent everything`
    case PAUSE:
      return 'a pause'
    case END:
      return 'the end of the recording'
    default:
      return `something that is not recorded: ${item.text}`
  }
}

/** @internal */
export function callText(object: number, method: string, values: readonly unknown[]): string {
  return `${object === 0 ? '' : `#${object}.`}${method}(${values.filter((one) => !(one instanceof Ref))
    .map(valueText).join(', ')})`
}

/** @internal */
export function timerText(delay: number): string {
  return `a timer of ${(delay / 1000).toFixed(3)} ms`
}

/** Whether a SEND is of these bytes. @internal */
export function isOutput(item: RecordedItem, pieces: readonly Uint8Array[]): boolean {
  if (item.bytes === null) {
    let hash = HASH_START
    let length = 0
    for (const piece of pieces) {
      hash = hashOf(piece, hash)
      length += piece.length
    }
    return length === item.amount && hash === item.hash
  }
  const all = joined(pieces)
  return all.length === item.bytes.length && all.every((byte, at) => byte === item.bytes![at])
}

/** One array of several. @internal */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}
