/**
 * ReplayTape: the recording that is being replayed, and what the program does against it.
 *
 * Owns: the place in the recording, virtual time, and finding the record of each thing that the program does. Must not
 * know: what the records mean; the replayed parts (replay-*.ts) ask for theirs.
 *
 * Until something differs each thing that the program does is the next record. Once it differs and the replay goes on,
 * the record of it may be any before the next thing that the host told; what is not found there has never happened in
 * the recording, and gets what a host would say that has nothing to say.
 */
import { NotReplayable, RecordingError, ReplayDivergence } from '../../errors/index.js'
import {
  ASKED, CALL, DONE, END, ENTROPY, INSIDE, JOBS_ASKED, NOTE, NOW, NOW_SAME, RETURN, SEND, SOON_ASKED, THROW,
  TIMER_ASKED, WALL,
} from './format.js'
import type { Method } from './format.js'
import { callText, isOutput, joined, timerText } from './recording.js'
import type { RecordedItem, Recording } from './recording.js'
import { bytesText, Ref, valueText } from './values.js'

/** @internal */
export class ReplayTape {
  readonly divergences: ReplayDivergence[] = []
  /** Nothing goes in or out any more: something differs, and the replay is not to go on. */
  isStopped = false
  /** Why the replay has stopped, where it is not for what the program did now. */
  obstacle: NotReplayable | RecordingError | null = null
  /** When the recording was ended, µs; null if its end is missing, or is not in sight yet. */
  ended: number | null = null
  /** µs */
  time: number
  /** Delivers what comes from inside of a call. */
  deliver: (item: RecordedItem) => void = () => undefined
  readonly #items: Iterator<RecordedItem, undefined>
  readonly #ahead: RecordedItem[] = []
  readonly #goesOn: boolean
  #isAtEnd = false
  #wall = 0
  #wallAt = 0
  #number = 0

  constructor(recording: Recording, goesOn: boolean) {
    this.#items = recording.items()
    this.time = Math.round(recording.start * 1000)
    this.#wall = Math.round((recording.features.wall ?? 0) * 1000)
    this.#wallAt = this.time
    this.#goesOn = goesOn
  }

  /** The next record, null at the end. */
  peek(at = 0): RecordedItem | null {
    while (this.#ahead.length <= at && !this.#isAtEnd) {
      const next = this.#next()
      if (next.done === true) this.#isAtEnd = true
      else if (next.value.kind === END) this.ended = next.value.time
      else this.#ahead.push(next.value)
    }
    return this.#ahead[at] ?? null
  }

  /** The program may be what has asked for it: what is wrong with the recording is none of its errors. */
  #next(): IteratorResult<RecordedItem, undefined> {
    try {
      return this.#items.next()
    } catch (error) {
      this.obstacle = error instanceof RecordingError ? error
        : new RecordingError('The recording is damaged.', { cause: error })
      this.isStopped = true
      return { done: true, value: undefined }
    }
  }

  /** Takes a record off. */
  shift(at = 0): RecordedItem {
    const [item] = this.#ahead.splice(at, 1)
    this.#number = item.number
    if (item.time > this.time) this.time = item.time
    return item
  }

  /** Takes the looks at the clock off that stand first; the program has made fewer. */
  skipReads(): void {
    while (this.peek()?.isRead === true) this.#read()
  }

  // --- what the program reads

  now(): number {
    const kind = this.#ahead[0]?.kind ?? this.peek()?.kind
    if (!this.isStopped && (kind === NOW || kind === NOW_SAME)) this.shift()
    return this.time / 1000
  }

  wallClock(): number {
    // Looks at the clock and looks at the date: whichever came first, this is a look at the date.
    for (let at = 0; !this.isStopped; at++) {
      const item = this.peek(at)
      if (item === null || !item.isRead) break
      if (item.kind !== WALL) continue
      for (; at >= 0; at--) this.#read()
      return this.#wall / 1000
    }
    return (this.#wall + this.time - this.#wallAt) / 1000
  }

  entropy(bytes: Uint8Array): void {
    const item = this.#find((one) => one.kind === ENTROPY, () => `${bytes.length} bytes of entropy`)
    if (item !== null && item.amount !== bytes.length) this.#differs(item, `${bytes.length} bytes of entropy`)
    if (item?.bytes !== null && item?.bytes !== undefined) bytes.set(item.bytes.subarray(0, bytes.length))
  }

  // --- what the program asks for

  /** @returns whether it is in the recording */
  soon(): boolean {
    return this.#find((one) => one.kind === SOON_ASKED, () => 'a wish for a turn soon') !== null
  }

  /** @returns whether it is in the recording */
  jobs(): boolean {
    return this.#find((one) => one.kind === JOBS_ASKED, () => 'a wish for a turn after the promise jobs') !== null
  }

  /** @param delay µs @returns its number, −1 if it is not in the recording */
  timer(delay: number): number {
    const item = this.#find((one) => one.kind === TIMER_ASKED, () => timerText(delay))
    if (item === null) return -1
    if (item.amount !== delay) this.#differs(item, timerText(delay))
    return item.object
  }

  /** @returns whether the host takes all of it at once */
  send(object: number, pieces: readonly Uint8Array[]): boolean {
    const said = (): string => `#${object} sends ${bytesText(joined(pieces))}`
    const item = this.#find((one) => one.kind === SEND && one.object === object, said)
    if (item === null) return true
    if (!isOutput(item, pieces)) this.#differs(item, outputText(item, pieces, said()))
    return item.mark !== 0
  }

  /** A call that has no answer. */
  asked(object: number, method: Method, ...args: unknown[]): void {
    this.#call(ASKED, object, method, args)
  }

  /**
   * Any other call, with all that comes from inside of it.
   * @param begin told the number of what the call makes, −1 if it is not in the recording, before anything comes from
   *   inside of it
   * @returns what it gave back
   * @throws what it threw
   */
  call(object: number, method: Method, args: readonly unknown[], begin?: (made: number) => void): unknown {
    const item = this.#call(CALL, object, method, args)
    if (begin !== undefined) begin(item?.values[0] instanceof Ref ? item.values[0].id : -1)
    return item === null ? undefined : this.#answer()
  }

  /** The program does what is in no recording. */
  unrecorded(what: string): void {
    this.skipReads()
    this.#differs(this.peek(), what)
    this.isStopped = true
  }

  /** The program has not done what is next in the recording. */
  missing(item: RecordedItem, got: string): void {
    this.#differs(item, got)
  }

  // --- what happens inside of a call, and its end

  #call(kind: number, object: number, method: Method, args: readonly unknown[]): RecordedItem | null {
    const said = (): string => callText(object, method, args)
    const item = this.#find((one) => one.kind === kind && one.object === object && one.method === method, said)
    if (item === null) return null
    const text = said()
    if (callText(item.object, item.method, item.values) !== text) this.#differs(item, text)
    return item
  }

  #answer(): unknown {
    while (!this.isStopped) {
      this.skipReads()
      const item = this.peek()
      if (item === null || (item.isEvent && item.mark !== INSIDE)) return undefined
      this.shift()
      if (item.isEvent) this.deliver(item)
      else if (item.kind === DONE || item.kind === RETURN) return item.values[0]
      else if (item.kind === THROW) throw item.values[0]
      // What the program did in the recording from inside of this call.
      else this.#differs(item, 'nothing')
    }
    return undefined
  }

  #find(is: (item: RecordedItem) => boolean, said: () => string): RecordedItem | null {
    if (this.isStopped) return null
    this.skipReads()
    const next = this.peek()
    // A recording ends anywhere, in the middle of what its program did at last.
    if (next === null) return null
    if (is(next)) return this.shift()
    this.#differs(next, said())
    if (this.isStopped) return null
    for (let at = 1; ; at++) {
      const item = this.peek(at)
      if (item === null || item.isEvent) return null
      if (is(item)) return this.shift(at)
    }
  }

  #read(): void {
    const item = this.shift()
    if (item.kind !== WALL) return
    this.#wall = item.amount
    this.#wallAt = this.time
  }

  #differs(item: RecordedItem | null, got: string): void {
    if (item?.kind === NOTE) {
      this.obstacle = new NotReplayable(item.text, { time: item.time / 1000 })
      this.isStopped = true
      return
    }
    let expected = item === null ? 'the end of the recording' : String(item)
    if (item?.isEvent === true) expected = `nothing before ${expected}`
    this.divergences.push(new ReplayDivergence({
      record: item?.number ?? this.#number + 1, time: (item?.time ?? this.time) / 1000, expected, got,
    }))
    if (!this.#goesOn) this.isStopped = true
  }
}

function outputText(item: RecordedItem, pieces: readonly Uint8Array[], said: string): string {
  if (item.bytes === null) {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
    return length === item.amount ? `${said}: as many, but others` : said
  }
  const all = joined(pieces)
  let at = 0
  while (at < all.length && all[at] === item.bytes[at]) at++
  return `${said}: byte ${at} is the first to differ, ${valueText(all.subarray(at, at + 20))} instead of ` +
    valueText(item.bytes.subarray(at, at + 20))
}
