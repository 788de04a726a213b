/** What the tests of handshakes share: bytes, cuts, and a protocol that writes down what happens to it. */
import type { Failure } from '../../../src/defer/index.js'
import { HandshakeProtocol } from '../../../src/protocols/handover.js'
import type { Handshake, HandoverProtocol, HandshakeOwner } from '../../../src/protocols/handover.js'
import { Protocol } from '../../../src/protocols/protocol.js'
import { Clock } from '../../../src/reactor/clock.js'
import { StringTransport } from '../../../src/testing/string-transport.js'

export const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

export const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

export function join(...pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]))
}

/** A message whole, byte by byte, and in every two pieces. */
export function* cuts(bytes: Uint8Array): Generator<Uint8Array[]> {
  yield [bytes]
  yield Array.from(bytes, (byte) => Uint8Array.of(byte))
  for (let at = 1; at < bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)]
}

/** A message cut at these places. */
export function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((one, two) => one - two)
  return [0, ...sorted].map((from, index) => bytes.slice(from, sorted[index] ?? bytes.length))
}

export class Recorder extends Protocol {
  received = ''
  readonly reasons: Failure[] = []

  override dataReceived(data: Uint8Array): void {
    this.received += text(data)
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    this.reasons.push(reason)
  }
}

/** A handshake under way on a StringTransport, and what has become of it. */
export class Attempt<T> implements HandshakeOwner<T> {
  readonly clock = new Clock()
  readonly timeout: number
  readonly transport = new StringTransport()
  readonly protocol: HandshakeProtocol<T>
  result: T | undefined
  error: unknown
  rest = ''
  outcomes = 0
  /** What it handed its connection to; null to do so by hand. */
  next: Protocol | null = null

  constructor(handshake: Handshake<T>, timeout = 1_000) {
    this.timeout = timeout
    this.protocol = new HandshakeProtocol(handshake, this)
  }

  begin(): this {
    this.protocol.makeConnection(this.transport)
    return this
  }

  receive(...pieces: (Uint8Array | string)[]): this {
    for (const piece of pieces) this.protocol.dataReceived(typeof piece === 'string' ? latin1(piece) : piece)
    return this
  }

  /** What was said since the last time. */
  said(): Uint8Array {
    const said = this.transport.value()
    this.transport.clear()
    return said
  }

  handshakeDone(_protocol: HandoverProtocol, result: T, rest: Uint8Array): void {
    this.outcomes += 1
    this.result = result
    this.rest = text(rest)
    if (this.next !== null) this.protocol.handOver(this.next, { rest })
  }

  handshakeFailed(error: unknown): void {
    this.outcomes += 1
    this.error = error
  }
}
