/**
 * Subject: lines of 43 bytes (CR LF included) as strings, in chunks of 64 KiB, of 1,460 bytes (a TCP segment) and of
 * one line each.
 */
import { lineStream, once } from '../data.js'
import type { FramingSide } from '../framing.js'
import { framingSide, twistedFraming } from '../framing.js'
import type { Case, Subject, Target } from '../model.js'
import { coreLines, LINE_RECEIVER, lineReceiver } from '../ours/framing.js'
import { JsChunkLines, JsLines } from '../rivals/js-lines.js'

const SIZE = 43
const PER_STREAM = 16_384
const TWISTED = 'Twisted LineReceiver'
const BY_HAND = 'indexOf(10) + latin1Slice'
const stream = once(() => lineStream(PER_STREAM, SIZE))

const byHand: FramingSide<string> = { name: BY_HAND, role: 'rival', make: (take) => new JsLines(take) }
const byChunk: FramingSide<string> = {
  name: 'one string a chunk, indexOf', role: 'rival', make: (take) => new JsChunkLines(take),
}

function caseOf(name: string, chunk: number, byHandTarget: number, repeat: number, quickRepeat: number): Case {
  const side = (each: FramingSide<string>): ReturnType<typeof framingSide> =>
    framingSide(each, stream, chunk, PER_STREAM, true)
  const target = (rival: string, value: number): Target =>
    ({ ours: LINE_RECEIVER, rival, kind: 'at-least', value, metric: 'wall' })
  return {
    name, operation: 'line', n: PER_STREAM * repeat, quickN: PER_STREAM * quickRepeat, metrics: ['wall'],
    budget: 8000,
    sides: [
      side(lineReceiver), side(coreLines), side(byHand), side(byChunk),
      twistedFraming('lines', TWISTED, stream, chunk, PER_STREAM),
    ],
    targets: [target(BY_HAND, byHandTarget), target(TWISTED, 10)],
  }
}

export const lines: Subject = {
  name: 'lines',
  title: 'Lines of 43 bytes as strings',
  description: 'Time per line from chunks of bytes to strings in a handler.',
  cases: [
    caseOf('chunks of 64 KiB', 65_536, 2, 32, 4),
    caseOf('chunks of 1,460 B', 1460, 2, 32, 4),
    caseOf('one line a chunk', SIZE, 0.9, 16, 2),
  ],
}
