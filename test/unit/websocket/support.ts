/**
 * Both ends of a WebSocket without sockets: one is ours, the other a raw peer that sends what it is told, right or wrong,
 * and keeps what it gets. Its frames are written and read here, apart from the code under test.
 */
import { Deferred } from '../../../src/defer/index.js'
import type { Failure } from '../../../src/defer/index.js'
import { Headers } from '../../../src/http/index.js'
import type { IProtocol } from '../../../src/interfaces/index.js'
import { Protocol } from '../../../src/protocols/index.js'
import { connectInMemory, MemoryReactor } from '../../../src/testing/index.js'
import type { Pump } from '../../../src/testing/index.js'
import { acceptKey } from '../../../src/websocket/accept.js'
import { connectWebSocket, WebSocketProtocol, WebSocketServerFactory } from '../../../src/websocket/index.js'
import type { WebSocketClientOptions, WebSocketRequest, WebSocketServerOptions } from '../../../src/websocket/index.js'

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
export const text = (data: Uint8Array): string => new TextDecoder().decode(data)
export const hex = (digits: string): Uint8Array =>
  Uint8Array.from(digits.replace(/\s/g, '').match(/../g) ?? [], (pair) => parseInt(pair, 16))

export const TEXT = 1
export const BINARY = 2
export const CONTINUATION = 0
export const CLOSE = 8
export const PING = 9
export const PONG = 10

/** One frame as it goes over the wire. */
export interface RawFrame {
  fin: boolean
  /** The three reserved bits, 0 to 7; 4 is RSV1. */
  rsv: number
  opcode: number
  payload: Uint8Array
}

export interface FrameDetails {
  fin?: boolean
  rsv?: number
  mask?: boolean
  /** The length that the header claims, where it is not that of the payload. */
  claim?: number
}

const KEY = [0x37, 0xfa, 0x21, 0x3d]

export function frame(opcode: number, payload: Uint8Array | string = '', details: FrameDetails = {}): Uint8Array {
  const { fin = true, rsv = 0, mask = false, claim } = details
  const body = typeof payload === 'string' ? bytes(payload) : payload
  const length = claim ?? body.length
  const head = [(fin ? 0x80 : 0) | rsv << 4 | opcode]
  const bit = mask ? 0x80 : 0
  if (length < 126) head.push(bit | length)
  else if (length < 65_536) head.push(bit | 126, length >> 8, length & 0xff)
  else head.push(bit | 127, 0, 0, 0, 0, length >>> 24, length >>> 16 & 0xff, length >>> 8 & 0xff, length & 0xff)
  if (mask) head.push(...KEY)
  const whole = new Uint8Array(head.length + body.length)
  whole.set(head)
  for (let at = 0; at < body.length; at++) whole[head.length + at] = body[at]! ^ (mask ? KEY[at & 3]! : 0)
  return whole
}

export function closeBody(code: number, reason: string | Uint8Array = ''): Uint8Array {
  const said = typeof reason === 'string' ? bytes(reason) : reason
  return Uint8Array.from([code >> 8, code & 0xff, ...said])
}

export function join(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Keeps what it gets. */
export class RawPeer extends Protocol {
  /** Whether the frames that it gets have to be masked: it plays a server. */
  isServer = false
  lost: Failure | null = null
  #received: Uint8Array[] = []

  override dataReceived(data: Uint8Array): void {
    this.#received.push(data.slice())
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    this.lost = reason
  }

  send(...frames: Uint8Array[]): void {
    this.transport.write(join(frames))
  }

  /** All bytes so far. */
  get bytes(): Uint8Array {
    const all = join(this.#received)
    this.#received = [all]
    return all
  }

  take(length: number): Uint8Array {
    const all = this.bytes
    this.#received = [all.subarray(length)]
    return all.subarray(0, length)
  }

  /** All frames so far, which have to be whole, and masked as they should. */
  get frames(): RawFrame[] {
    const all = this.bytes
    const found: RawFrame[] = []
    for (let at = 0; at < all.length;) {
      const [first, second] = [all[at]!, all[at + 1]!]
      const view = new DataView(all.buffer, all.byteOffset)
      let length = second & 0x7f
      at += 2
      if (length === 126) {
        length = view.getUint16(at)
        at += 2
      } else if (length === 127) {
        length = view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4)
        at += 8
      }
      const isMasked = (second & 0x80) !== 0
      if (isMasked !== this.isServer) throw new Error(`a frame is ${isMasked ? '' : 'not '}masked`)
      const key = isMasked ? all.subarray(at, at + 4) : null
      if (isMasked) at += 4
      if (at + length > all.length) throw new Error('a frame is cut short')
      const payload = all.slice(at, at + length)
      if (key !== null) for (let i = 0; i < length; i++) payload[i]! ^= key[i & 3]!
      at += length
      found.push({ fin: first >= 0x80, rsv: first >> 4 & 7, opcode: first & 15, payload })
    }
    return found
  }

  /** What it was told, in words: `text hello`, `close 1000 bye`. */
  get said(): string[] {
    return this.frames.map(({ fin, rsv, opcode, payload }) => {
      const flags = `${fin ? '' : ' (more)'}${rsv === 0 ? '' : ` rsv ${rsv}`}`
      if (opcode === CLOSE) {
        if (payload.length === 0) return 'close'
        return `close ${payload[0]! << 8 | payload[1]!}${payload.length > 2 ? ` ${text(payload.subarray(2))}` : ''}`
      }
      const name = { 0: 'continuation', 1: 'text', 2: 'binary', 9: 'ping', 10: 'pong' }[opcode] ?? `opcode ${opcode}`
      const shown = payload.length > 200 ? `${payload.length} bytes` : text(payload)
      return `${name}${flags}${shown === '' ? '' : ` ${shown}`}`
    })
  }

  /** The code of the close frame that it got last; null without one, 1005 for one without a code. */
  get closeCode(): number | null {
    const last = this.frames.filter(({ opcode }) => opcode === CLOSE).at(-1)
    if (last === undefined) return null
    return last.payload.length === 0 ? 1005 : last.payload[0]! << 8 | last.payload[1]!
  }
}

/** Keeps what it hears. */
export class Listener extends WebSocketProtocol {
  heard: string[] = []
  binaries: Uint8Array[] = []
  lost: Failure | null = null
  /** Sends back what comes in. */
  echoes = false

  override connectionMade(): void {
    this.heard.push('open')
  }

  override textReceived(message: string): void {
    this.heard.push(`text ${message.length > 200 ? `${message.length} characters` : message}`)
    if (this.echoes) this.sendText(message)
  }

  override binaryReceived(data: Uint8Array): void {
    this.heard.push(`binary ${data.length}`)
    this.binaries.push(data)
    if (this.echoes) this.sendBinary(data)
  }

  override pongReceived(data: Uint8Array): void {
    this.heard.push(`pong ${text(data)}`)
  }

  override closeReceived(code: number, reason: string): void {
    this.heard.push(`close ${code}${reason === '' ? '' : ` ${reason}`}`)
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    this.lost = reason
    this.heard.push(`lost ${reason.value.name}`)
  }
}

export class Echo extends Listener {
  override echoes = true
}

export interface Pair<P> {
  readonly ours: P
  readonly peer: RawPeer
  readonly pump: Pump
  /** The time of ours. */
  readonly reactor: MemoryReactor
}

const SAMPLE_KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

/** A request that opens a WebSocket, with other fields put in, or taken out where they are null. */
export function request(fields: Record<string, string | string[] | null> = {}, rest: Partial<WebSocketRequest> = {}):
  WebSocketRequest {
  const headers = new Headers({
    'Host': 'example.com', 'Upgrade': 'websocket', 'Connection': 'keep-alive, Upgrade',
    'Sec-WebSocket-Key': SAMPLE_KEY, 'Sec-WebSocket-Version': '13',
  })
  for (const [name, value] of Object.entries(fields)) {
    headers.delete(name)
    for (const one of value === null ? [] : [value].flat()) headers.append(name, one)
  }
  return {
    method: 'GET', target: '/chat', path: '/chat', query: new URLSearchParams(), version: '1.1', headers,
    host: headers.get('host'), isSecure: false, peer: { family: 'memory', type: 'memory', name: 'peer' }, ...rest,
  }
}

/** Our server and a raw client, whose WebSocket is open. */
export function serverAndPeer<P extends WebSocketProtocol = Listener>(
  options: WebSocketServerOptions = {}, kind: new () => P = Listener as never,
  fields: Record<string, string> = {}, reactor = new MemoryReactor()): Pair<P> {
  const factory = WebSocketServerFactory.forProtocol(kind, options)
  const answer = factory.acceptRequest(request(fields), reactor)
  if (!('protocol' in answer)) throw new Error(`refused with ${answer.status}`)
  const peer = new RawPeer()
  const { pump } = connectInMemory({ buildProtocol: () => answer.protocol }, { buildProtocol: () => peer })
  const [ours] = factory.connections
  return { ours: ours as P, peer, pump, reactor }
}

/** Reads the request of our client and answers it, unless `answer` gives null. */
export class RawServer extends RawPeer {
  override isServer = true
  request = ''
  answer: (key: string, request: string) => string | null = (key) => accepting(key)

  override dataReceived(data: Uint8Array): void {
    super.dataReceived(data)
    if (this.request !== '') return
    const end = text(this.bytes).indexOf('\r\n\r\n')
    if (end < 0) return
    this.request = text(this.take(end + 4))
    const answer = this.answer(/^Sec-WebSocket-Key: (.*)\r$/m.exec(this.request)![1]!, this.request)
    // One character a byte.
    if (answer !== null) this.transport.write(Uint8Array.from(answer, (character) => character.charCodeAt(0)))
  }
}

export function accepting(key: string, more = ''): string {
  return 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Accept: ${acceptKey(key)}\r\n${more}\r\n`
}

export interface Connecting<P> {
  readonly peer: RawServer
  readonly pump: Pump
  readonly reactor: MemoryReactor
  /** What came of it, so far. */
  readonly result: P | Error | null
}

/** Our client and a raw server, with the handshake as far as it gets. */
export function connecting<P extends WebSocketProtocol = Listener>(
  options: WebSocketClientOptions & { answer?: RawServer['answer'], url?: string } = {},
  kind: new () => P = Listener as never, reactor = new MemoryReactor()): Connecting<P> {
  const { answer, url = 'ws://example.com/chat', ...rest } = options
  const peer = new RawServer()
  if (answer !== undefined) peer.answer = answer
  let made: { pump: Pump } | null = null
  const state: { result: P | Error | null } = { result: null }
  const deferred = connectWebSocket(reactor, url, kind, {
    ...rest,
    endpoint: {
      connect(factory) {
        made = connectInMemory({ buildProtocol: () => peer },
          { buildProtocol: (address) => factory.buildProtocol(address) as IProtocol })
        return new Deferred<IProtocol>()
      },
    },
  })
  deferred.addCallbacks((protocol) => {
    state.result = protocol
  }, (failure: Failure) => {
    state.result = failure.value
  })
  const { pump } = made as unknown as { pump: Pump }
  pump.flush()
  return { peer, pump, reactor, get result() { return state.result } }
}

/** Our client and a raw server, whose WebSocket is open. */
export function clientAndPeer<P extends WebSocketProtocol = Listener>(
  options: WebSocketClientOptions & { answer?: RawServer['answer'], url?: string } = {},
  kind: new () => P = Listener as never, reactor = new MemoryReactor()): Pair<P> {
  const { peer, pump, result } = connecting(options, kind, reactor)
  if (!(result instanceof WebSocketProtocol)) throw result ?? new Error('the handshake is not over')
  return { ours: result as P, peer, pump, reactor }
}
