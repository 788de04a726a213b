/**
 * Subjects: netstrings and Int32 strings of 60 bytes, handed out as byte arrays, in chunks of 64 KiB and of 1,460
 * bytes.
 */
import { int32Stream, netstringStream, once } from '../data.js'
import type { FramingSide } from '../framing.js'
import { framingSide, twistedFraming } from '../framing.js'
import type { Case, Side, Subject } from '../model.js'
import { coreInt32, coreNetstrings, int32Receiver, netstringReceiver } from '../ours/framing.js'
import { JsInt32Strings } from '../rivals/js-int32.js'
import { JsNetstrings } from '../rivals/js-netstring.js'

const SIZE = 60
const PER_STREAM = 8192
const REPEAT = 48
const QUICK_REPEAT = 6

type Bytes = FramingSide<Uint8Array>

interface Format {
  readonly kind: string
  readonly receiver: Bytes
  readonly parser: Bytes
  readonly byHand: Bytes
  readonly twisted: string
  readonly target: number
  readonly stream: () => Buffer
}

function caseOf(format: Format, name: string, chunk: number): Case {
  const side = (each: Bytes): Side => framingSide(each, format.stream, chunk, PER_STREAM, false)
  return {
    name, operation: 'string', n: PER_STREAM * REPEAT, quickN: PER_STREAM * QUICK_REPEAT, metrics: ['wall'],
    budget: 8000,
    sides: [
      side(format.receiver), side(format.parser), side(format.byHand),
      twistedFraming(format.kind, format.twisted, format.stream, chunk, PER_STREAM),
    ],
    targets: [{
      ours: format.receiver.name, rival: format.byHand.name, kind: 'at-least', value: format.target, metric: 'wall',
    }],
  }
}

function casesOf(format: Format): Case[] {
  return [caseOf(format, 'chunks of 64 KiB', 65_536), caseOf(format, 'chunks of 1,460 B', 1460)]
}

export const netstrings: Subject = {
  name: 'netstrings',
  title: 'Netstrings of 60 bytes',
  description: 'Time per netstring from chunks of bytes to a byte array in a handler.',
  cases: casesOf({
    kind: 'netstrings', receiver: netstringReceiver, parser: coreNetstrings, twisted: 'Twisted NetstringReceiver',
    byHand: { name: 'JavaScript by hand', role: 'rival', make: (take) => new JsNetstrings(take) },
    target: 1.5, stream: once(() => netstringStream(PER_STREAM, SIZE)),
  }),
}

export const int32: Subject = {
  name: 'int32',
  title: 'Int32 strings of 60 bytes',
  description: 'Time per length-prefixed string from chunks of bytes to a byte array in a handler.',
  cases: casesOf({
    kind: 'int32', receiver: int32Receiver, parser: coreInt32, twisted: 'Twisted Int32StringReceiver',
    byHand: { name: 'JavaScript by hand', role: 'rival', make: (take) => new JsInt32Strings(take) },
    target: 1, stream: once(() => int32Stream(PER_STREAM, SIZE)),
  }),
}
