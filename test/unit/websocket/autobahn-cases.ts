/**
 * The cases of the Autobahn test suite, sections 1 to 7, 9 and 10, as data: what a peer sends, and what an echoing end
 * has to make of it.
 *
 * Written after the suite's published descriptions of its cases (crossbar.io, "Autobahn|Testsuite", case list), whose
 * numbers they keep; the code is this project's own. Where the suite takes several behaviours for right, the stricter
 * one is asked for. The sequences of section 6 are those of Markus Kuhn's UTF-8 decoder stress test.
 */
import { BINARY, bytes, CLOSE, closeBody, CONTINUATION, frame, hex, PING, PONG, TEXT } from './support.js'
import type { FrameDetails } from './support.js'

/** How the bytes are cut on their way: all at once, frame by frame, byte by byte, or in pieces of so many bytes. */
export type Chop = 'whole' | 'frames' | 'octets' | number

/** A frame to be sent; masked or not as the side that sends it has to. */
export type Sent = readonly [opcode: number, payload?: Uint8Array | string, details?: FrameDetails]

export interface AutobahnCase {
  readonly id: string
  readonly title: string
  readonly sent: readonly Sent[]
  readonly chop?: Chop
  /** What comes back, but for the last close frame: as `RawPeer.said` has it. */
  readonly said: readonly string[]
  /** The close code that comes back; undefined: the end is still open, and closes in order when it is asked to. */
  readonly close?: number
  /** Bytes of a message that have to be allowed. */
  readonly room?: number
}

const shown = (kind: string, length: number, letter: string): string =>
  length === 0 ? kind : `${kind} ${length > 200 ? `${length} bytes` : letter.repeat(length)}`

function framing(): AutobahnCase[] {
  const lengths = [0, 125, 126, 127, 128, 65_535, 65_536, 65_536]
  return ([['1.1', TEXT, 'text', '*'], ['1.2', BINARY, 'binary', 'b']] as const).flatMap(([id, opcode, kind, letter]) =>
    lengths.map((length, index) => ({
      id: `${id}.${index + 1}`,
      title: `a ${kind} message of ${length} bytes${index === 7 ? ', in pieces of 997 bytes' : ''}`,
      sent: [[opcode, letter.repeat(length)]] as Sent[],
      chop: index === 7 ? 997 : 'whole' as Chop,
      said: [shown(kind, length, letter)],
    })))
}

function pings(): AutobahnCase[] {
  const many = Array.from({ length: 10 }, (_, index): Sent => [PING, `payload-${index}`])
  const answers = many.map(([, payload]) => `pong ${payload as string}`)
  const odd = hex('00fffefdfcfb00ff')
  const asText = new TextDecoder().decode(odd)
  return [
    { id: '2.1', title: 'a ping without payload', sent: [[PING]], said: ['pong'] },
    { id: '2.2', title: 'a ping with text', sent: [[PING, 'Hello, world!']], said: ['pong Hello, world!'] },
    { id: '2.3', title: 'a ping with what is no UTF-8', sent: [[PING, odd]], said: [`pong ${asText}`] },
    { id: '2.4', title: 'a ping of 125 bytes', sent: [[PING, 'p'.repeat(125)]], said: [`pong ${'p'.repeat(125)}`] },
    { id: '2.5', title: 'a ping of 126 bytes', sent: [[PING, 'p'.repeat(126)]], said: [], close: 1002 },
    {
      id: '2.6', title: 'a ping of 125 bytes, byte by byte', sent: [[PING, 'p'.repeat(125)]], chop: 'octets',
      said: [`pong ${'p'.repeat(125)}`],
    },
    { id: '2.7', title: 'a pong nobody asked for', sent: [[PONG]], said: [] },
    { id: '2.8', title: 'a pong nobody asked for, with payload', sent: [[PONG, 'unsolicited']], said: [] },
    {
      id: '2.9', title: 'a pong nobody asked for, and a ping', sent: [[PONG, 'unsolicited'], [PING, 'asked']],
      said: ['pong asked'],
    },
    { id: '2.10', title: 'ten pings', sent: many, said: answers },
    { id: '2.11', title: 'ten pings, byte by byte', sent: many, chop: 'octets', said: answers },
  ]
}

function reservedBits(): AutobahnCase[] {
  const second = (id: string, opcode: number, payload: string | Uint8Array, rsv: number, chop: Chop): AutobahnCase => ({
    id, title: `a text, then opcode ${opcode} with reserved bits ${rsv}, then a ping`, chop,
    sent: [[TEXT, 'Hello'], [opcode, payload, { rsv }], [PING]], said: ['text Hello'], close: 1002,
  })
  return [
    { id: '3.1', title: 'a text with RSV3', sent: [[TEXT, 'Hello', { rsv: 1 }]], said: [], close: 1002 },
    second('3.2', TEXT, 'Hello', 2, 'whole'),
    second('3.3', TEXT, 'Hello', 3, 'frames'),
    second('3.4', TEXT, 'Hello', 4, 'octets'),
    { id: '3.5', title: 'a binary with RSV1 and 3', sent: [[BINARY, 'Hello', { rsv: 5 }]], said: [], close: 1002 },
    { id: '3.6', title: 'a ping with RSV1 and 2', sent: [[PING, 'Hello', { rsv: 6 }]], said: [], close: 1002 },
    { id: '3.7', title: 'a close with all three', sent: [[CLOSE, '', { rsv: 7 }]], said: [], close: 1002 },
  ]
}

function opcodes(): AutobahnCase[] {
  return [3, 11].flatMap((first, section) => {
    const id = `4.${section + 1}`
    const alone = (index: number, payload: string): AutobahnCase => ({
      id: `${id}.${index + 1}`, title: `opcode ${first + index}${payload === '' ? '' : ' with payload'}`,
      sent: [[first + index, payload]], said: [], close: 1002,
    })
    const second = (index: number, payload: string, chop: Chop): AutobahnCase => ({
      id: `${id}.${index + 1}`, title: `a text, then opcode ${first + index}, then a ping`, chop,
      sent: [[TEXT, 'Hello'], [first + index, payload], [PING]], said: ['text Hello'], close: 1002,
    })
    return [alone(0, ''), alone(1, 'reserved'), second(2, '', 'whole'), second(3, 'reserved', 'frames'),
      second(4, 'reserved', 'octets')]
  })
}

function fragments(): AutobahnCase[] {
  const chops: Chop[] = ['whole', 'frames', 'octets']
  const two: Sent[] = [[TEXT, 'fragment1', { fin: false }], [CONTINUATION, 'fragment2']]
  const withPing: Sent[] = [two[0]!, [PING, 'ping'], two[1]!]
  const inThree = (from: number, title: string, sent: Sent[], said: string[], close?: number): AutobahnCase[] =>
    chops.map((chop, index) => ({
      id: `5.${from + index}`, title: `${title} (${chop})`, sent, chop, said, ...close === undefined ? {} : { close },
    }))
  const five = [1, 2, 3, 4, 5].map((number, index): Sent =>
    [index === 0 ? TEXT : CONTINUATION, `fragment${number}`, { fin: number === 5 }])
  const withPings: Sent[] = [five[0]!, five[1]!, [PING, 'pongme 1!'], five[2]!, five[3]!, [PING, 'pongme 2!'], five[4]!]
  const together = `text ${five.map(([, payload]) => payload as string).join('')}`
  const again: Sent[] = [
    [CONTINUATION, 'fragment1', { fin: false }], [TEXT, 'fragment2', { fin: false }], [CONTINUATION, 'fragment3'],
  ]
  return [
    {
      id: '5.1', title: 'a ping in two fragments', said: [], close: 1002,
      sent: [[PING, 'fragment1', { fin: false }], [CONTINUATION, 'fragment2']],
    },
    {
      id: '5.2', title: 'a pong in two fragments', said: [], close: 1002,
      sent: [[PONG, 'fragment1', { fin: false }], [CONTINUATION, 'fragment2']],
    },
    ...inThree(3, 'a text in two fragments', two, ['text fragment1fragment2']),
    ...inThree(6, 'a text in two fragments, a ping between', withPing, ['pong ping', 'text fragment1fragment2']),
    ...inThree(9, 'a last continuation of nothing', [[CONTINUATION, 'non-continuation'], [TEXT, 'Hello']], [], 1002),
    ...inThree(12, 'a continuation of nothing', [[CONTINUATION, 'non', { fin: false }], [TEXT, 'Hello']], [], 1002),
    {
      id: '5.15', title: 'a text in two fragments, then a continuation of nothing',
      sent: [...two, [CONTINUATION, 'fragment3', { fin: false }], [TEXT, 'fragment4']],
      said: ['text fragment1fragment2'], close: 1002,
    },
    { id: '5.16', title: 'a continuation, before a text in fragments', sent: [...again, ...again], said: [], close: 1002 },
    {
      id: '5.17', title: 'a last continuation, before a text in fragments', said: [], close: 1002,
      sent: [[CONTINUATION, 'fragment1'], ...again.slice(1), [CONTINUATION, 'fragment1'], ...again.slice(1)],
    },
    {
      id: '5.18', title: 'a text in two fragments that both say text', said: [], close: 1002,
      sent: [[TEXT, 'fragment1', { fin: false }], [TEXT, 'fragment2']],
    },
    {
      id: '5.19', title: 'a text in five fragments, pings between', sent: withPings,
      said: ['pong pongme 1!', 'pong pongme 2!', together],
    },
    {
      id: '5.20', title: 'the same, frame by frame', sent: withPings, chop: 'frames',
      said: ['pong pongme 1!', 'pong pongme 2!', together],
    },
  ]
}

const KOSME = 'cebae1bdb9cf83cebcceb5'
const SMALL = 'Hello-\u00b5@\u00df\u00f6\u00e4\u00fc\u00e0\u00e1-UTF-8!!'

const utf8 = (id: string, title: string, digits: string, isValid: boolean, chop: Chop = 'whole'): AutobahnCase => {
  const payload = hex(digits)
  const said = isValid ? [`text ${new TextDecoder('utf-8', { ignoreBOM: true }).decode(payload)}`.trimEnd()] : []
  return { id, title, sent: [[TEXT, payload]], chop, said, ...isValid ? {} : { close: 1007 } }
}

/** Each byte a fragment of its own. */
function octets(payload: Uint8Array): Sent[] {
  return Array.from(payload, (byte, index): Sent =>
    [index === 0 ? TEXT : CONTINUATION, Uint8Array.of(byte), { fin: index === payload.length - 1 }])
}

/** Section 6.5 on: one message each, whole. */
const SEQUENCES: readonly (readonly [section: string, title: string, isValid: boolean, sequences: readonly string[]])[] = [
  ['6.7', 'the first sequence of a length', true, ['00', 'c280', 'e0a080', 'f0908080']],
  ['6.8', 'the first sequence of five and six bytes', false, ['f888808080', 'fc8480808080']],
  ['6.9', 'the last sequence of a length', true, ['7f', 'dfbf', 'efbfbf', 'f48fbfbf']],
  ['6.10', 'the last sequence of four, five and six bytes', false, ['f7bfbfbf', 'fbbfbfbfbf', 'fdbfbfbfbfbf']],
  ['6.11', 'a border', true, ['ed9fbf', 'ee8080', 'efbfbd', 'f48fbfbf']],
  ['6.11b', 'a border, crossed', false, ['f4908080']],
  ['6.12', 'continuation bytes alone', false, [
    '80', 'bf', '80bf', '80bf80', '80bf80bf', '80bf80bf80', '80bf80bf80bf',
    Array.from({ length: 63 }, (_, index) => (0x80 + index).toString(16)).join(''),
  ]],
  ['6.13', 'first bytes alone', false, [
    Array.from({ length: 32 }, (_, index) => `${(0xc0 + index).toString(16)}20`).join(''),
    Array.from({ length: 16 }, (_, index) => `${(0xe0 + index).toString(16)}20`).join(''),
    'f020f120f220f320f420f520f620f720', 'f820f920fa20fb20', 'fc20fd20',
  ]],
  ['6.14', 'the last byte is missing', false, [
    'c0', 'e080', 'f08080', 'f8808080', 'fc80808080', 'df', 'efbf', 'f7bfbf', 'fbbfbfbf', 'fdbfbfbfbf',
  ]],
  ['6.15', 'all of those, one behind the other', false, [
    'c0e080f08080f8808080fc80808080dfefbff7bfbffbbfbfbffdbfbfbfbf',
  ]],
  ['6.16', 'impossible bytes', false, ['fe', 'ff', 'fefeffff']],
  ['6.17', 'a slash that is too long', false, ['c0af', 'e080af', 'f08080af', 'f8808080af', 'fc80808080af']],
  ['6.18', 'the last that is too long', false, ['c1bf', 'e09fbf', 'f08fbfbf', 'f887bfbfbf', 'fc83bfbfbfbf']],
  ['6.19', 'a NUL that is too long', false, ['c080', 'e08080', 'f0808080', 'f880808080', 'fc8080808080']],
  ['6.20', 'one surrogate', false, ['eda080', 'edadbf', 'edae80', 'edafbf', 'edb080', 'edbe80', 'edbfbf']],
  ['6.21', 'two surrogates', false, [
    'eda080edb080', 'eda080edbfbf', 'edadbfedb080', 'edadbfedbfbf', 'edae80edb080', 'edae80edbfbf', 'edafbfedb080',
    'edafbfedbfbf',
  ]],
  ['6.22', 'no characters, but code points', true, ['efbfbe', 'efbfbf', ...Array.from({ length: 16 }, (_, index) => {
    const plane = index + 1
    return [0xfffe, 0xffff].map((low) => Array.from(bytes(String.fromCodePoint(plane * 0x10000 + low)),
      (byte) => byte.toString(16)).join(''))
  }).flat()]],
  ['6.23', 'specials', true, ['efbfb9', 'efbfba', 'efbfbb', 'efbfbc', 'efbfbd', 'efbfbe', 'efbfbf']],
]

function texts(): AutobahnCase[] {
  const part = (from: number, to: number): Uint8Array => bytes(SMALL).subarray(from, to)
  const all = bytes(SMALL)
  const twice = `text ${SMALL}${SMALL}`
  const kosme = hex(KOSME)
  const invalid = `${KOSME}eda080656469746564`
  const [before, wrong, behind] = [hex(KOSME), hex('f4908080'), hex('656469746564')]
  const inPieces = (...pieces: Uint8Array[]): Sent[] => pieces.map((piece, index): Sent =>
    [index === 0 ? TEXT : CONTINUATION, piece, { fin: index === pieces.length - 1 }])
  return [
    { id: '6.1.1', title: 'an empty text', sent: [[TEXT]], said: ['text'] },
    { id: '6.1.2', title: 'three empty fragments', sent: inPieces(bytes(''), bytes(''), bytes('')), said: ['text'] },
    { id: '6.1.3', title: 'two empty fragments around one', sent: inPieces(bytes(''), all, bytes('')), said: [`text ${SMALL}`] },
    { id: '6.2.1', title: 'a text in one frame', sent: [[TEXT, SMALL]], said: [`text ${SMALL}`] },
    { id: '6.2.2', title: 'in two frames, between characters', sent: inPieces(all, all), said: [twice] },
    { id: '6.2.3', title: 'each byte a frame', sent: octets(all), said: [`text ${SMALL}`] },
    { id: '6.2.4', title: 'each byte a frame, greek', sent: octets(kosme), said: ['text \u03ba\u1f79\u03c3\u03bc\u03b5'] },
    utf8('6.3.1', 'a surrogate in a text', invalid, false),
    { id: '6.3.2', title: 'the same, each byte a frame', sent: octets(hex(invalid)), said: [], close: 1007 },
    // The second piece is wrong: nothing has to come behind it.
    { id: '6.4.1', title: 'wrong in the second of three', sent: inPieces(before, wrong, behind).slice(0, 2), said: [], close: 1007 },
    {
      id: '6.4.2', title: 'wrong with the last byte of the second of three', said: [], close: 1007,
      sent: inPieces(Uint8Array.from([...before, 0xf4]), hex('90'), behind).slice(0, 2),
    },
    {
      id: '6.4.3', title: 'wrong in the middle of a frame that never ends', chop: 'whole', said: [], close: 1007,
      sent: [[TEXT, Uint8Array.from([...before, ...wrong]), { claim: before.length + wrong.length + behind.length }]],
    },
    {
      id: '6.4.4', title: 'the same, byte by byte', chop: 'octets', said: [], close: 1007,
      sent: [[TEXT, Uint8Array.from([...before, 0xf4, 0x90]), { claim: before.length + wrong.length + behind.length }]],
    },
    ...['', 'octets'].map((chop, index) => utf8(`6.5.${index + 1}`, `greek ${chop}`, KOSME, true, chop === '' ? 'whole' : 'octets')),
    // All prefixes of the greek word: valid between characters only.
    ...Array.from({ length: 11 }, (_, index) => {
      const length = index + 1
      return utf8(`6.6.${length}`, `its first ${length} bytes`, KOSME.slice(0, length * 2), [2, 5, 7, 9, 11].includes(length))
    }),
    ...SEQUENCES.flatMap(([section, title, isValid, sequences]) => sequences.map((digits, index) =>
      utf8(`${section}.${index + 1}`, `${title}: ${digits.length > 24 ? `${digits.slice(0, 24)}…` : digits}`, digits, isValid))),
    { id: '6.24', title: 'half of a text, and nothing more', sent: [[TEXT, part(0, 7), { fin: false }]], said: [] },
  ]
}

function closings(): AutobahnCase[] {
  const normal: Sent = [CLOSE, closeBody(1000)]
  const withBody = (id: string, title: string, body: Uint8Array, close: number): AutobahnCase =>
    ({ id, title, sent: [[CLOSE, body]], said: [], close })
  const codes = (section: string, title: string, list: number[], answer: (code: number) => number): AutobahnCase[] =>
    list.map((code, index) => withBody(`${section}.${index + 1}`, `${title} ${code}`, closeBody(code), answer(code)))
  return [
    { id: '7.1.1', title: 'a text, then a close', sent: [[TEXT, 'Hello World!'], normal], said: ['text Hello World!'], close: 1000 },
    { id: '7.1.2', title: 'two close frames', sent: [normal, normal], said: [], close: 1000 },
    { id: '7.1.3', title: 'a ping behind a close', sent: [normal, [PING]], said: [], close: 1000 },
    { id: '7.1.4', title: 'a text behind a close', sent: [normal, [TEXT, 'Hello']], said: [], close: 1000 },
    {
      id: '7.1.5', title: 'a close inside of a message', said: [], close: 1000,
      sent: [[TEXT, 'fragment1', { fin: false }], normal, [CONTINUATION, 'fragment2']],
    },
    {
      id: '7.1.6', title: '256 KiB, a text, a close, a ping', close: 1000,
      sent: [[TEXT, 'BAsd7&jh23'.repeat(26_214)], [TEXT, 'Hello'], normal, [PING]],
      said: ['text 262140 bytes', 'text Hello'],
    },
    withBody('7.3.1', 'a close without payload', bytes(''), 1005),
    withBody('7.3.2', 'a close with one byte', bytes('a'), 1002),
    withBody('7.3.3', 'a close with a code', closeBody(1000), 1000),
    withBody('7.3.4', 'a close with a reason', closeBody(1000, 'Hello World!'), 1000),
    withBody('7.3.5', 'a close with the longest reason', closeBody(1000, '*'.repeat(123)), 1000),
    withBody('7.3.6', 'a close with a longer one', closeBody(1000, '*'.repeat(124)), 1002),
    withBody('7.5.1', 'a reason that is no UTF-8', closeBody(1000, hex(`${KOSME}eda080656469746564`)), 1007),
    ...codes('7.7', 'a close with', [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999], (code) => code),
    ...codes('7.9', 'a close with the wrong code', [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999], () => 1002),
    ...codes('7.13', 'a close with the undefined code', [5000, 65_535], () => 1002),
  ]
}

const KIB = 1024
const MIB = 1024 * 1024

/** Sections 9 and 10. @param scale by how much messages are smaller than in the suite, and fewer */
export function limits(scale: number): AutobahnCase[] {
  const kinds = [[TEXT, 'text', '*'], [BINARY, 'binary', 'b']] as const
  const sized = (length: number): string => length % MIB === 0 ? `${length / MIB} MiB` : `${length / KIB} KiB`
  const whole = kinds.flatMap(([opcode, kind, letter], index) =>
    [64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB].map((full, number): AutobahnCase => {
      const length = full / scale
      return {
        id: `9.${index + 1}.${number + 1}`, title: `a ${kind} message of ${sized(length)}`, room: 16 * MIB,
        sent: [[opcode, letter.repeat(length)]], said: [shown(kind, length, letter)],
      }
    }))
  const inFragments = kinds.flatMap(([opcode, kind, letter], index) =>
    [64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB].map((size, number): AutobahnCase => {
      const length = 4 * MIB / scale
      const piece = letter.repeat(Math.min(size, length))
      const count = length / piece.length
      return {
        id: `9.${index + 3}.${number + 1}`, title: `${kind}, ${sized(length)} in frames of ${piece.length} bytes`,
        room: 16 * MIB, said: [shown(kind, length, letter)],
        sent: Array.from({ length: count }, (_, at): Sent =>
          [at === 0 ? opcode : CONTINUATION, piece, { fin: at === count - 1 }]),
      }
    }))
  const chopped = kinds.flatMap(([opcode, kind, letter], index) =>
    [64, 128, 256, 512, KIB, 2 * KIB].map((chop, number): AutobahnCase => {
      const length = MIB / scale
      return {
        id: `9.${index + 5}.${number + 1}`, title: `${kind}, ${sized(length)} in pieces of ${chop} bytes`, chop,
        room: 16 * MIB, sent: [[opcode, letter.repeat(length)]], said: [shown(kind, length, letter)],
      }
    }))
  const many = kinds.flatMap(([opcode, kind, letter], index) =>
    [0, 16, 64, 256, KIB, 4 * KIB].map((length, number): AutobahnCase => {
      const count = Math.ceil(1000 / scale)
      return {
        id: `9.${index + 7}.${number + 1}`, title: `${count} ${kind} messages of ${length} bytes`,
        sent: Array.from({ length: count }, (): Sent => [opcode, letter.repeat(length)]), chop: 'frames',
        said: Array.from({ length: count }, () => shown(kind, length, letter)),
      }
    }))
  const auto = 64 * KIB
  const pieces = Math.ceil(auto / 1300)
  return [...whole, ...inFragments, ...chopped, ...many, {
    id: '10.1.1', title: 'a text of 64 KiB in frames of 1,300 bytes', said: [shown('text', auto, '*')],
    sent: Array.from({ length: pieces }, (_, at): Sent =>
      [at === 0 ? TEXT : CONTINUATION, '*'.repeat(Math.min(1300, auto - at * 1300)), { fin: at === pieces - 1 }]),
  }]
}

/** Sections 1 to 7. */
export const basics = (): AutobahnCase[] =>
  [...framing(), ...pings(), ...reservedBits(), ...opcodes(), ...fragments(), ...texts(), ...closings()]

/** The pieces in which the bytes of a case arrive. @param mask whether it is a client that sends them */
export function * piecesOf({ sent, chop = 'whole' }: AutobahnCase, mask: boolean): Generator<Uint8Array> {
  const frames = sent.map(([opcode, payload, details]) => frame(opcode, payload, { ...details, mask }))
  if (chop === 'frames') {
    yield * frames
    return
  }
  const all = new Uint8Array(frames.reduce((length, one) => length + one.length, 0))
  let at = 0
  for (const one of frames) {
    all.set(one, at)
    at += one.length
  }
  const step = chop === 'whole' ? all.length : chop === 'octets' ? 1 : chop
  for (let from = 0; from < all.length; from += step) yield all.slice(from, from + step)
}
