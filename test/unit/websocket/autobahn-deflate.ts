/**
 * Sections 12 and 13 of the Autobahn list: many compressed messages, of several kinds and sizes, in frames of several
 * sizes (12), and under several agreements (13). Written after the suite's published descriptions, as autobahn-cases.ts.
 */
import { expect } from 'vitest'
import type { CompressionOptions, WebSocketProtocol } from '../../../src/websocket/index.js'
import { compressing, PeerDeflate, until } from './deflate-support.js'
import { accepting, BINARY, clientAndPeer, CONTINUATION, Echo, frame, serverAndPeer, TEXT } from './support.js'
import type { Pair } from './support.js'

export interface DeflateCase {
  readonly id: string
  readonly title: string
  readonly offer: string
  readonly own: CompressionOptions
  readonly kind: keyof typeof DATA
  readonly size: number
  readonly fragment: number
  readonly count: number
}

const KIB = 1024
/** Payload and frame size; Infinity: one frame. */
const SIZES: readonly (readonly [size: number, fragment: number])[] = [
  ...[16, 64, 256, KIB, 4 * KIB, 8 * KIB, 16 * KIB, 32 * KIB, 64 * KIB, 128 * KIB].map((size) => [size, Infinity] as const),
  ...[8, 16, 32, 64, 128].map((size) => [size * KIB, 256] as const),
  [128 * KIB, KIB], [128 * KIB, 4 * KIB], [128 * KIB, 32 * KIB],
]

/** A generator of its own, so that each run has the same bytes (Park and Miller's minimal standard). */
function noise(size: number, seed: number): Uint8Array {
  const data = new Uint8Array(size)
  for (let at = 0, state = seed + 1; at < size; at++) data[at] = (state = state * 48_271 % 0x7fffffff) & 0xff
  return data
}

const repeated = (text: string) => (size: number, number: number): Uint8Array => {
  const encoded = new TextEncoder().encode(text.repeat(Math.ceil(size / text.length) + 1))
  // Whole characters only.
  let end = size
  while (end > 0 && (encoded[end]! & 0xc0) === 0x80) end -= 1
  const data = encoded.slice(0, end)
  if (data.length > 8) data[7] = 0x30 + number % 10
  return data
}

const DATA = {
  json: repeated('[{"id": 17, "name": "wheel", "tags": ["a", "b", "c"], "price": 12.5, "isRound": true}, null], '),
  latin: repeated('In principio erat verbum, et verbum erat apud machinam, et machina legebat verbum. '),
  greek: repeated('1234567 \u03bc\u03ae\u03bd\u03b9\u03bd \u1f04\u03b5\u03b9\u03b4\u03b5 \u03b8\u03b5\u03ac, '),
  noise: (size: number, number: number) => noise(size, number),
  zeros: (size: number) => new Uint8Array(size),
} as const

const KEEPS: CompressionOptions = { serverNoContextTakeover: false, clientNoContextTakeover: false, threshold: 0 }

/** What the client offers, and what a server takes of it. */
const OFFERS: readonly (readonly [title: string, offer: string, agreed: CompressionOptions])[] = [
  ['nothing special', 'permessage-deflate; client_max_window_bits', {}],
  ['no takeover', 'permessage-deflate; client_max_window_bits; server_no_context_takeover', { serverNoContextTakeover: true }],
  ['a window of 9 bits', 'permessage-deflate; client_max_window_bits; server_max_window_bits=9', { serverMaxWindowBits: 9 }],
  ['a window of 15 bits', 'permessage-deflate; client_max_window_bits; server_max_window_bits=15', {}],
  ['no takeover and 9 bits', 'permessage-deflate; client_max_window_bits; server_no_context_takeover; server_max_window_bits=9',
    { serverNoContextTakeover: true, serverMaxWindowBits: 9 }],
  ['no takeover and 15 bits', 'permessage-deflate; client_max_window_bits; server_no_context_takeover; server_max_window_bits=15',
    { serverNoContextTakeover: true }],
  ['three offers', 'permessage-deflate; server_no_context_takeover; server_max_window_bits=9, ' +
    'permessage-deflate; server_no_context_takeover, permessage-deflate', { serverNoContextTakeover: true, serverMaxWindowBits: 9 }],
]

/** @param most bytes of a message; larger ones are left out @param count messages of a case, by their size */
export function deflateCases(most: number, count: (size: number) => number): DeflateCase[] {
  const kinds = Object.keys(DATA) as (keyof typeof DATA)[]
  const of = (section: string, title: string, kind: keyof typeof DATA, offer: string, own: CompressionOptions): DeflateCase[] =>
    SIZES.flatMap(([size, fragment], index) => size > most ? [] : [{
      id: `${section}.${index + 1}`, offer, own, kind, size, fragment, count: count(size),
      title: `${title}: ${count(size)} messages of ${size} bytes${fragment === Infinity ? '' : ` in frames of ${fragment}`}`,
    }])
  return [
    ...kinds.flatMap((kind, index) => of(`12.${index + 1}`, kind, kind, OFFERS[0]![1], {})),
    ...OFFERS.flatMap(([title, offer, agreed], index) => of(`13.${index + 1}`, title, 'json', offer, agreed)),
  ]
}

export async function runDeflateCase(one: DeflateCase, side: 'server' | 'client'): Promise<void> {
  const { offer, own, kind, size, fragment, count } = one
  const limits = { limits: { message: 1_048_576 } }
  const reactor = compressing()
  const serverForgets = own.serverNoContextTakeover === true
  const bits = own.serverMaxWindowBits ?? 15
  const pair: Pair<WebSocketProtocol> = side === 'server'
    ? serverAndPeer({ ...limits, compression: KEEPS }, Echo, { 'Sec-WebSocket-Extensions': offer }, reactor)
    : clientAndPeer({
      ...limits, compression: { ...KEEPS, ...own },
      answer: (key) => accepting(key, `Sec-WebSocket-Extensions: permessage-deflate${serverForgets ? '; server_no_context_takeover' : ''}` +
        `${bits < 15 ? `; server_max_window_bits=${bits}` : ''}\r\n`),
    }, Echo, reactor)
  const { peer, pump, ours } = pair
  const server = () => new PeerDeflate(!serverForgets, bits)
  const client = () => new PeerDeflate(true)
  const [theirs, back] = side === 'server' ? [client(), server()] : [server(), client()]
  const mask = side === 'server'
  const opcode = kind === 'noise' || kind === 'zeros' ? BINARY : TEXT
  for (let number = 0; number < count; number++) {
    const data = DATA[kind](size, number)
    const packed = theirs.compress(data)
    for (let at = 0; at === 0 || at < packed.length; at += fragment) {
      const isLast = at + fragment >= packed.length
      peer.send(frame(at === 0 ? opcode : CONTINUATION, packed.subarray(at, at + fragment),
        { mask, rsv: at === 0 ? 4 : 0, fin: isLast }))
      if (fragment === Infinity) break
    }
    await until(pump, () => peer.bytes.length > 0 && isWhole(peer.bytes))
    const [echoed, ...more] = peer.frames
    expect(more).toEqual([])
    expect(echoed!.opcode).toBe(opcode)
    const plain = echoed!.rsv === 4 ? back.decompress(echoed!.payload) : echoed!.payload
    expect(Buffer.compare(plain, data)).toBe(0)
    peer.take(peer.bytes.length)
  }
  expect(ours.closeCode).toBeNull()
}

/** Whether these bytes are a frame, with all of its payload. */
function isWhole(data: Uint8Array): boolean {
  if (data.length < 14) {
    if (data.length < 2) return false
    const short = data[1]! & 0x7f
    if (short >= 126) return false
    return data.length >= 2 + (data[1]! >= 0x80 ? 4 : 0) + short
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const code = data[1]! & 0x7f
  const extra = code < 126 ? 0 : code === 126 ? 2 : 8
  const length = code < 126 ? code : code === 126 ? view.getUint16(2) : view.getUint32(6)
  return data.length >= 2 + extra + (data[1]! >= 0x80 ? 4 : 0) + length
}
