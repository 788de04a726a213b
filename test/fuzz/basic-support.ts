/**
 * What the property tests of the framing protocols share: programs, and the trace that two players must agree on.
 *
 * A program is a list of steps that are done from outside (bytes that come, calls of the program's owner) and a script:
 * what the callback of the n-th event does. Owns: the vocabulary and its arbitraries. Must not know: any receiver.
 */
import fc from 'fast-check'

/** One thing that is done to a receiver, from outside or from inside a callback. */
export type Action =
  | { do: 'receive'; data: Uint8Array }
  | { do: 'pause' } | { do: 'resume' } | { do: 'raw' } | { do: 'clear' } | { do: 'lose' } | { do: 'abort' }
  | { do: 'throw' } | { do: 'others' }
  | { do: 'lines'; extra: Uint8Array }
  | { do: 'delimiter'; to: string | Uint8Array }
  | { do: 'limit'; to: number }

export interface Program {
  /** What is done from outside, one after the other. */
  steps: Action[]
  /** What the callback of the n-th event does, in order; nothing when it is empty. */
  script: Action[][]
  /** Whether an error of the other end leaves the connection open. */
  forgiving: boolean
}

/** Whoever plays a program: the real receiver, or the model of it. */
export interface Player {
  act(action: Action): void
  /** What can be seen from outside: what the transport was told. */
  state(): string
}

/** Thrown by scripts. */
export class ScriptError extends Error {}

/** Hex for what is not plain, so that a difference can be read. */
export function show(data: Uint8Array): string {
  const text = Array.from(data, (byte) => (byte > 0x20 && byte < 0x7f && byte !== 0x5c
    ? String.fromCharCode(byte) : `\\${byte.toString(16).padStart(2, '0')}`)).join('')
  return text.length > 300 ? `${text.slice(0, 120)}…${text.slice(-120)} (${data.length} bytes, sum ${sum(data)})` : text
}

function sum(data: Uint8Array): number {
  let total = 0
  for (const byte of data) total = (total * 31 + byte) | 0
  return total
}

/** The callbacks of one run: notes each event, then does what the script says. */
export class Trace {
  readonly notes: string[] = []
  readonly #script: Action[][]
  #events = 0
  player!: Player

  constructor(program: Program) {
    this.#script = program.script
  }

  note(text: string): void {
    this.notes.push(text)
  }

  /** An event came: its note, and what its callback does. */
  event(text: string): void {
    this.note(text)
    const actions = this.#script[this.#events++] ?? []
    for (const action of actions) {
      if (action.do === 'throw') throw new ScriptError()
      this.player.act(action)
    }
  }
}

/** Plays a program to its end, and tells all that could be seen of it. */
export function play(program: Program, make: (trace: Trace, forgiving: boolean) => Player): string[] {
  const trace = new Trace(program)
  const player = make(trace, program.forgiving)
  trace.player = player
  for (const step of program.steps) {
    try {
      player.act(step)
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error
      trace.note('threw')
    }
    trace.note(`after ${step.do}: ${player.state()}`)
  }
  return trace.notes
}

/** How many cases: `few` in `npm test`, many more in `npm run fuzz`. */
export function runs(few: number): { numRuns: number } {
  const { numRuns } = fc.readConfigureGlobal()
  return { numRuns: numRuns === undefined ? few : numRuns * 4 }
}

/** Pieces of a stream that say little by themselves; `common` come often. */
export function streamOf(common: fc.Arbitrary<Uint8Array>, maxPieces: number): fc.Arbitrary<Uint8Array> {
  const piece = fc.oneof(
    { weight: 12, arbitrary: common },
    { weight: 1, arbitrary: filler },
  )
  return fc.array(piece, { maxLength: maxPieces, size: 'max' }).map(joined)
}

/** Runs of one byte around the sizes where something changes inside: blocks, windows, the stage. */
const filler = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 10, max: 70 }) },
  { weight: 4, arbitrary: fc.integer({ min: 500, max: 525 }) },
  { weight: 2, arbitrary: fc.integer({ min: 1000, max: 2060 }) },
  { weight: 1, arbitrary: fc.integer({ min: 65530, max: 65542 }) },
).map((length) => new Uint8Array(length).fill(0x78))

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts))
}

/** A stream, cut anywhere or where frames may end, with other steps between the pieces. */
export function stepsOf(stream: fc.Arbitrary<Uint8Array>, between: fc.Arbitrary<Action>): fc.Arbitrary<Action[]> {
  const cuts = fc.array(fc.nat(), { maxLength: 12, size: 'max' })
  const asides = fc.array(fc.tuple(fc.nat(), between), { maxLength: 5, size: 'max' })
  const how = fc.constantFrom('anywhere', 'anywhere', 'bytes', 'ends')
  return fc.tuple(stream, cuts, asides, how).map(([data, at, others, how]) => {
    let places = [0, ...at.map((n) => n % (data.length + 1)).sort((a, b) => a - b)]
    if (how === 'bytes' && data.length < 300) places = Array.from(data, (_, i) => i)
    // Behind each LF and comma: many chunks are one frame then.
    if (how === 'ends') {
      const ends = Array.from(data, (byte, i) => (byte === 0x0a || byte === 0x2c ? i + 1 : 0))
      places = [0, ...ends.filter((place) => place > 0)]
    }
    const steps = places.map((from, i): Action => ({ do: 'receive', data: data.slice(from, places[i + 1]) }))
    for (const [n, action] of others) steps.splice(n % (steps.length + 1), 0, action)
    // Whatever a pause holds back at the end is let out.
    return [...steps, { do: 'resume' }, { do: 'resume' }, { do: 'resume' }]
  })
}

/** Scripts in which most events do nothing. */
export function scriptOf(action: fc.Arbitrary<Action>): fc.Arbitrary<Action[][]> {
  const turn = fc.oneof(
    { weight: 3, arbitrary: fc.constant<Action[]>([]) },
    { weight: 2, arbitrary: fc.array(action, { minLength: 1, maxLength: 3, size: 'max' }) },
  )
  return fc.array(turn, { maxLength: 14, size: 'max' })
}
