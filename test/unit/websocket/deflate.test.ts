/** permessage-deflate: agreeing on it, messages, limits, memory. Negotiation cases beside RFC 7692, 7.1 and its examples. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomBytes } from 'node:crypto'
import { constants, inflateRawSync } from 'node:zlib'
import { NodeCompression } from '../../../bindings/node-api/compression.js'
import { NotSupportedError } from '../../../src/errors/index.js'
import type { Codec, CompressionHost } from '../../../src/interfaces/index.js'
import { WebSocketServerFactory } from '../../../src/websocket/index.js'
import type { CompressionOptions, WebSocketOptions } from '../../../src/websocket/index.js'
import { compressing, PeerDeflate, until } from './deflate-support.js'
import {
  accepting, BINARY, bytes, clientAndPeer, CLOSE, closeBody, connecting, CONTINUATION, Echo, frame, hex, Listener, PING,
  request, serverAndPeer, text, TEXT,
} from './support.js'

const OFFER = 'Sec-WebSocket-Extensions'
const RSV1 = 4
/** Bytes of a message that a thread has to work on. */
const LONGER_THAN_SHORT = 4096

function answerTo(offer: string, compression: CompressionOptions | boolean): string | null {
  const factory = WebSocketServerFactory.forProtocol(Listener, { compression })
  const answer = factory.acceptRequest(request({ [OFFER]: offer }), compressing())
  if (!('protocol' in answer)) throw new Error(`${answer.status}`)
  return new Map(answer.headers).get('Sec-WebSocket-Extensions') ?? null
}

const KEEPS = { serverNoContextTakeover: false, clientNoContextTakeover: false }
const FORGETS = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover'

describe('a server answers', () => {
  it.each<[offer: string, own: CompressionOptions | boolean, answer: string | null]>([
    ['permessage-deflate', false, null],
    ['permessage-deflate', true, FORGETS],
    ['permessage-deflate', KEEPS, 'permessage-deflate'],
    ['x-webkit-deflate-frame', true, null],
    ['permessage-deflate; client_max_window_bits', true, FORGETS],
    ['permessage-deflate; server_no_context_takeover', KEEPS, 'permessage-deflate; server_no_context_takeover'],
    ['permessage-deflate; client_no_context_takeover', KEEPS, 'permessage-deflate; client_no_context_takeover'],
    ['permessage-deflate; server_max_window_bits=10', KEEPS, 'permessage-deflate; server_max_window_bits=10'],
    ['permessage-deflate; server_max_window_bits="10"', KEEPS, 'permessage-deflate; server_max_window_bits=10'],
    ['permessage-deflate; client_max_window_bits=10', KEEPS, 'permessage-deflate; client_max_window_bits=10'],
    ['permessage-deflate; client_max_window_bits', { ...KEEPS, clientMaxWindowBits: 9 }, 'permessage-deflate; client_max_window_bits=9'],
    ['permessage-deflate', { ...KEEPS, clientMaxWindowBits: 9 }, null],
    ['permessage-deflate', { ...KEEPS, serverMaxWindowBits: 9 }, 'permessage-deflate; server_max_window_bits=9'],
    ['permessage-deflate; server_max_window_bits=12', { ...KEEPS, serverMaxWindowBits: 9 }, 'permessage-deflate; server_max_window_bits=9'],
    // zlib has no window of 8 bits to compress with: the next offer, or none.
    ['permessage-deflate; server_max_window_bits=8', true, null],
    ['permessage-deflate; server_max_window_bits=8, permessage-deflate', KEEPS, 'permessage-deflate'],
    // What is wrong in an offer declines it (RFC 7692, 7.1).
    ['permessage-deflate; server_max_window_bits=7', true, null],
    ['permessage-deflate; server_max_window_bits=16', true, null],
    ['permessage-deflate; server_max_window_bits=010', true, null],
    ['permessage-deflate; server_max_window_bits', true, null],
    ['permessage-deflate; server_no_context_takeover=1', true, null],
    ['permessage-deflate; client_max_window_bits=x', true, null],
    ['permessage-deflate; unknown', true, null],
    ['permessage-deflate; client_no_context_takeover; client_no_context_takeover', true, null],
    ['permessage-deflate; unknown, foo; a=b, permessage-deflate; client_max_window_bits=11', KEEPS, 'permessage-deflate; client_max_window_bits=11'],
  ])('%s with %j: %s', (offer, own, answer) => {
    expect(answerTo(offer, own)).toBe(answer)
  })

  it('nothing where the host cannot compress', () => {
    const { ours } = serverAndPeer({ compression: true }, Listener, { [OFFER]: 'permessage-deflate' })
    expect(ours.isCompressed).toBe(false)
  })
})

describe('a client', () => {
  it.each<[own: CompressionOptions | true, offer: string]>([
    [true, `${FORGETS}; client_max_window_bits`],
    [KEEPS, 'permessage-deflate; client_max_window_bits'],
    [{ ...KEEPS, clientMaxWindowBits: 10, serverMaxWindowBits: 11 },
      'permessage-deflate; server_max_window_bits=11; client_max_window_bits=10'],
  ])('with %j offers %s', (compression, offer) => {
    const { peer } = connecting({ compression, answer: () => null }, Listener, compressing())
    expect(peer.request).toContain(`\r\n${OFFER}: ${offer}\r\n`)
  })

  it.each<[own: CompressionOptions | boolean, answer: string, isTaken: boolean]>([
    [true, FORGETS, true],
    [true, 'permessage-deflate', false],
    [KEEPS, 'permessage-deflate', true],
    [KEEPS, 'permessage-deflate; client_max_window_bits=8', true],
    [KEEPS, 'permessage-deflate; client_max_window_bits', false],
    [KEEPS, 'permessage-deflate; server_max_window_bits=8', true],
    [{ ...KEEPS, serverMaxWindowBits: 10 }, 'permessage-deflate; server_max_window_bits=11', false],
    [{ ...KEEPS, serverMaxWindowBits: 10 }, 'permessage-deflate', false],
    [KEEPS, 'permessage-deflate; unknown=1', false],
    [KEEPS, 'permessage-deflate, permessage-deflate', false],
    [KEEPS, 'foo', false],
    [KEEPS, ';', false],
    [false, 'permessage-deflate', false],
  ])('with %j and the answer %s: %s', (compression, answer, isTaken) => {
    const { result } = connecting({
      compression, answer: (key) => accepting(key, `${OFFER}: ${answer}\r\n`),
    }, Listener, compressing())
    if (isTaken) expect(result).toBeInstanceOf(Listener)
    else expect(result).toMatchObject({ code: 'ERR_WEBSOCKET_HANDSHAKE' })
  })

  it('is told by a reactor without compression that there is none', () => {
    expect(() => connecting({ compression: true })).toThrow(NotSupportedError)
  })
})

const server = (options: WebSocketOptions & { compression: CompressionOptions | true }, kind = Echo as new () => Listener) =>
  serverAndPeer(options, kind, { [OFFER]: 'permessage-deflate; client_max_window_bits' }, compressing())

describe('messages', () => {
  it.each([
    // RFC 7692, 7.2.3.1 to 7.2.3.6.
    ['one block', ['f248cdc9c90700']],
    ['no compression', ['000500faff48656c6c6f00']],
    ['a block with BFINAL', ['f348cdc9c9070000']],
    ['two blocks', ['f24805000000ffff cac9c90700']],
  ])('the RFC\'s own: %s', async (_name, payloads) => {
    const { ours, peer, pump } = server({ compression: true })
    for (const digits of [...payloads, ...payloads]) peer.send(frame(TEXT, hex(digits), { mask: true, rsv: RSV1 }))
    await until(pump, () => ours.heard.length === 3)
    expect(ours.heard).toEqual(['open', 'text Hello', 'text Hello'])
  })

  it('the RFC\'s own, with the window of the message before', async () => {
    const { ours, peer, pump } = server({ compression: KEEPS })
    peer.send(frame(TEXT, hex('f248cdc9c90700'), { mask: true, rsv: RSV1 }))
    peer.send(frame(TEXT, hex('f200110000'), { mask: true, rsv: RSV1 }))
    await until(pump, () => ours.heard.length === 3)
    expect(ours.heard).toEqual(['open', 'text Hello', 'text Hello'])
  })

  it.each(['server', 'client'] as const)('of all sizes keep their order and kind, at our %s', async (side) => {
    for (const keeps of [false, true]) {
      const compression = { serverNoContextTakeover: !keeps, clientNoContextTakeover: !keeps, threshold: 64 }
      const { ours, peer, pump } = side === 'server' ? server({ compression })
        : clientAndPeer({
          compression, answer: (key) => accepting(key, `${OFFER}: ${keeps ? 'permessage-deflate' : FORGETS}\r\n`),
        }, Echo, compressing())
      const [theirs, back] = [new PeerDeflate(keeps), new PeerDeflate(keeps)]
      const mask = side === 'server'
      const sizes = [0, 1, 63, 64, 65, 1000, 70_000, 10, 200_000, 3]
      const messages = sizes.map((size, index) => index % 3 === 2 ? randomBytes(size) : bytes('abcdefghij'.repeat(size / 10 + 1).slice(0, size)))
      for (const [index, message] of messages.entries()) {
        const kind = index % 3 === 2 ? BINARY : TEXT
        if (index % 2 === 0) peer.send(frame(kind, theirs.compress(message), { mask, rsv: RSV1 }))
        else peer.send(frame(kind, message, { mask }))
      }
      await until(pump, () => peer.frames.length === messages.length)
      for (const [index, { opcode, rsv, payload }] of peer.frames.entries()) {
        expect(opcode).toBe(index % 3 === 2 ? BINARY : TEXT)
        // What is short is sent as it is; what does not get shorter too, unless the peer's window has to see it.
        if (sizes[index]! < 64) expect(rsv).toBe(0)
        const plain = rsv === RSV1 ? back.decompress(payload) : payload
        expect(Buffer.compare(plain, messages[index]!)).toBe(0)
      }
      expect(peer.frames.some(({ rsv }) => rsv === RSV1)).toBe(true)
      expect(ours.lost).toBeNull()
    }
  })

  it('may be fragmented, with control frames between', async () => {
    const { ours, peer, pump } = server({ compression: true })
    const packed = new PeerDeflate(false).compress(bytes('x'.repeat(5000)))
    peer.send(frame(TEXT, packed.subarray(0, 5), { mask: true, rsv: RSV1, fin: false }), frame(PING, 'p', { mask: true }),
      frame(CONTINUATION, packed.subarray(5), { mask: true }))
    await until(pump, () => peer.frames.length === 2)
    expect(ours.heard).toEqual(['open', 'text 5000 characters'])
    expect(peer.said[0]).toBe('pong p')
  })

  it('come out as they went in, however they are cut', async () => {
    await fc.assert(fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 3000 }), { minLength: 1, maxLength: 5 }), fc.boolean(), fc.integer({ min: 1, max: 600 }),
      async (messages, keeps, cut) => {
        const compression = { serverNoContextTakeover: !keeps, clientNoContextTakeover: !keeps, threshold: 0 }
        const { ours, peer, pump } = server({ compression })
        const [theirs, back] = [new PeerDeflate(keeps), new PeerDeflate(keeps)]
        const all = Buffer.concat(messages.map((message) => frame(BINARY, theirs.compress(message), { mask: true, rsv: RSV1 })))
        for (let at = 0; at < all.length; at += cut) {
          peer.transport.write(Uint8Array.from(all.subarray(at, at + cut)))
          pump.flush()
        }
        await until(pump, () => peer.frames.length === messages.length)
        expect(ours.binaries.map((data) => Array.from(data))).toEqual(messages.map((data) => Array.from(data)))
        const echoed = peer.frames.map(({ rsv, payload }) => rsv === 0 ? payload : back.decompress(payload))
        expect(echoed.map((data) => Array.from(data))).toEqual(messages.map((data) => Array.from(data)))
      }), { numRuns: 15 })
  })
})

describe('what is wrong', () => {
  const closesWith = async (code: number, options: WebSocketOptions, ...frames: Uint8Array[]): Promise<string[]> => {
    const { ours, peer, pump } = server({ compression: true, ...options } as never, Listener)
    peer.send(...frames)
    await until(pump, () => ours.lost !== null)
    expect(peer.closeCode).toBe(code)
    expect(ours.lost!.value).toMatchObject({ code: 'ERR_WEBSOCKET_LOST', closeCode: code })
    return ours.heard
  }

  it('damaged data is 1007', async () => {
    await closesWith(1007, {}, frame(TEXT, hex('ffffffff'), { mask: true, rsv: RSV1 }))
  })

  it('what is no UTF-8 once it is decompressed is 1007', async () => {
    const packed = new PeerDeflate(false).compress(hex('c0af'))
    expect(await closesWith(1007, {}, frame(TEXT, packed, { mask: true, rsv: RSV1 }))).toEqual(['open', 'lost WebSocketLost'])
  })

  it('a bomb is 1009, before more than the limit has come out', async () => {
    let most = 0
    const real = new NodeCompression()
    const counting: CompressionHost = {
      codings: real.codings,
      compressor: (...args) => real.compressor(...args),
      decompressor: (coding, options, sink): Codec => {
        let length = 0
        return real.decompressor(coding, options, {
          output: (data) => {
            most = Math.max(most, length += data.length)
            sink.output(data)
          },
          taken: () => sink.taken(), ended: () => sink.ended(), failed: (error) => sink.failed(error),
        })
      },
    }
    const reactor = compressing()
    reactor.codecs = counting
    const { ours, peer, pump } = serverAndPeer({ compression: true, limits: { message: 100_000 } }, Listener,
      { [OFFER]: 'permessage-deflate' }, reactor)
    const bomb = new PeerDeflate(false).compress(new Uint8Array(50_000_000))
    expect(bomb.length).toBeLessThan(100_000)
    peer.send(frame(BINARY, bomb, { mask: true, rsv: RSV1 }))
    await until(pump, () => ours.lost !== null)
    expect(peer.closeCode).toBe(1009)
    // A piece more at most.
    expect(most).toBeLessThan(200_000)
    expect(ours.heard).toEqual(['open', 'lost WebSocketLost'])
  })

  it('RSV1 in a continuation or a control frame is 1002', async () => {
    await closesWith(1002, {}, frame(TEXT, 'a', { mask: true, fin: false }), frame(CONTINUATION, 'b', { mask: true, rsv: RSV1 }))
    await closesWith(1002, {}, frame(PING, 'a', { mask: true, rsv: RSV1 }))
  })

  it('RSV1 where nothing was agreed on is 1002', () => {
    const { peer, pump } = serverAndPeer()
    peer.send(frame(TEXT, hex('f248cdc9c90700'), { mask: true, rsv: RSV1 }))
    pump.flush()
    expect(peer.closeCode).toBe(1002)
  })
})

describe('order and waiting', () => {
  it('drain waits for what is being compressed, and close goes behind it', async () => {
    const { ours, peer, pump } = server({ compression: true }, Listener)
    const order: string[] = []
    ours.sendText('x'.repeat(5000))
    ours.sendText('short')
    expect(ours.writableLength).toBe(5005)
    ours.drain().addCallback(() => order.push(`drained, ${peer.frames.length} frames with the peer`))
    ours.close(1000)
    expect(order).toEqual([])
    await until(pump, () => peer.closeCode !== null)
    expect(order).toHaveLength(1)
    expect(peer.frames.map(({ opcode, rsv }) => [opcode, rsv])).toEqual([[TEXT, RSV1], [TEXT, 0], [CLOSE, 0]])
    peer.send(frame(CLOSE, closeBody(1000), { mask: true }))
    pump.flush()
    expect(ours.lost!.value.name).toBe('ConnectionDone')
  })

  it('a message that waits for a reader keeps its place', async () => {
    const { ours, peer, pump } = server({ compression: true }, Listener)
    const first = Array.from({ length: 4000 }, (_, i) => (i * 2654435761 >>> 0).toString(36)).join('')
    const packed = new PeerDeflate(false).compress(bytes(first))
    expect(packed.length).toBeGreaterThan(LONGER_THAN_SHORT)
    peer.send(frame(TEXT, packed, { mask: true, rsv: RSV1 }), frame(TEXT, 'second', { mask: true }))
    pump.flush()
    ours.pauseProducing()
    let turns = 0
    await until(pump, () => ++turns > 50)
    expect(ours.heard).toEqual(['open'])
    ours.resumeProducing()
    await until(pump, () => ours.heard.length === 3)
    expect(ours.heard).toEqual(['open', `text ${first.length} characters`, 'text second'])
  })

  it('a short message is there at once, and answered at once, in order with what is not compressed', () => {
    const { ours, peer, pump } = server({ compression: { threshold: 0 } }, Listener)
    const deflate = new PeerDeflate(false)
    peer.send(
      frame(TEXT, deflate.compress(bytes('first')), { mask: true, rsv: RSV1 }), frame(TEXT, 'second', { mask: true }))
    pump.flush()
    expect(ours.heard).toEqual(['open', 'text first', 'text second'])
    ours.sendText('x'.repeat(4096))
    ours.sendText('')
    pump.flush()
    expect(peer.frames.map(({ opcode, rsv }) => [opcode, rsv])).toEqual([[TEXT, RSV1], [TEXT, 0]])
    expect(inflateRawSync(Buffer.concat([peer.frames[0]!.payload, hex('0000ffff')]), { finishFlush: constants.Z_SYNC_FLUSH }).toString())
      .toBe('x'.repeat(4096))
  })

  it('a short message that grows far arrives, and one that grows too far is refused', async () => {
    const { ours, peer, pump } = server({ compression: true, limits: { message: 300_000 } }, Listener)
    const deflate = new PeerDeflate(false)
    for (const length of [65_535, 65_536, 65_537, 300_000]) {
      const packed = deflate.compress(new Uint8Array(length).fill(97))
      expect(packed.length).toBeLessThan(LONGER_THAN_SHORT)
      peer.send(frame(TEXT, packed, { mask: true, rsv: RSV1 }))
    }
    await until(pump, () => ours.heard.length === 5)
    expect(ours.heard.slice(1)).toEqual([65_535, 65_536, 65_537, 300_000].map((length) => `text ${length} characters`))
    peer.send(frame(TEXT, deflate.compress(new Uint8Array(300_001)), { mask: true, rsv: RSV1 }))
    await until(pump, () => peer.closeCode !== null)
    expect(peer.closeCode).toBe(1009)
  })

  it('a short message that is damaged, or no UTF-8, is refused', async () => {
    for (const packed of [new Uint8Array([7, 7, 7]), new PeerDeflate(false).compress(new Uint8Array([0xc3]))]) {
      const { ours, peer, pump } = server({ compression: true }, Listener)
      peer.send(frame(TEXT, packed, { mask: true, rsv: RSV1 }))
      await until(pump, () => peer.closeCode !== null)
      expect(peer.closeCode).toBe(1007)
      expect(ours.heard).toEqual(['open', 'lost WebSocketLost'])
    }
  })

  it('a connection that is lost meanwhile tells nobody of its messages', async () => {
    const { ours, peer, pump } = server({ compression: true }, Listener)
    const waiting: string[] = []
    ours.sendText('x'.repeat(5000))
    ours.drain().addCallbacks(() => waiting.push('drained'), () => waiting.push('failed'))
    peer.send(frame(TEXT, new PeerDeflate(false).compress(bytes('late')), { mask: true, rsv: RSV1 }))
    peer.transport.abortConnection()
    await until(pump, () => ours.lost !== null)
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(waiting).toEqual(['failed'])
    expect(ours.heard.filter((heard) => heard.startsWith('text'))).toEqual([])
  })

  it('many connections share a few codecs', async () => {
    let open = 0
    let most = 0
    const real = new NodeCompression()
    const reactor = compressing()
    const counted = (codec: Codec): Codec => {
      most = Math.max(most, open += 1)
      return {
        write: (...args) => codec.write(...args), end: () => codec.end(), pause: () => codec.pause(),
        resume: () => codec.resume(), reset: () => codec.reset!(),
        close: () => {
          open -= 1
          codec.close()
        },
      }
    }
    reactor.codecs = {
      codings: real.codings,
      compressor: (...args) => counted(real.compressor(...args)),
      decompressor: (...args) => real.decompressor(...args),
    }
    const pairs = Array.from({ length: 50 }, () =>
      serverAndPeer({ compression: true }, Listener, { [OFFER]: 'permessage-deflate' }, reactor))
    for (const { ours } of pairs) ours.sendText('broadcast '.repeat(500))
    for (const { pump, peer } of pairs) await until(pump, () => peer.frames.length === 1)
    expect(most).toBeLessThanOrEqual(8)
    expect(open).toBeLessThanOrEqual(4)
    expect(text(new PeerDeflate(false).decompress(pairs[49]!.peer.frames[0]!.payload))).toBe('broadcast '.repeat(500))
  })
})
