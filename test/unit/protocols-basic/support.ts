/**
 * What the tests of the framing protocols share: receivers that note what they get, and the ways to cut bytes.
 */
import { defaultCore } from '../../../src/core/index.js'
import { Failure } from '../../../src/defer/index.js'
import { ConnectionLost } from '../../../src/errors/index.js'
import type { NetstringParseError } from '../../../src/errors/index.js'
import {
  Int16StringReceiver, Int32StringReceiver, Int8StringReceiver, LineOnlyReceiver, LineReceiver, NetstringReceiver,
} from '../../../src/protocols/index.js'
import type { FramedProtocol } from '../../../src/protocols/index.js'
import { StringTransport } from '../../../src/testing/string-transport.js'

export const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))
export const text = (data: Uint8Array): string => Buffer.from(data).toString('latin1')

/** What a receiver noted, and what is to happen at its n-th event (from 0). */
export interface Notes {
  got: string[]
  at: Record<number, () => void>
}

function note(notes: Notes, what: string): void {
  notes.got.push(what)
  notes.at[notes.got.length - 1]?.()
}

export class Lines extends LineReceiver implements Notes {
  got: string[] = []
  at: Record<number, () => void> = {}
  override lineReceived(line: string): void { note(this, line) }
  override rawDataReceived(data: Uint8Array): void { note(this, `raw ${text(data)}`) }
  override lineLengthExceeded(line: string): void {
    note(this, `too long ${line}`)
    super.lineLengthExceeded(line)
  }
}

export class OnlyLines extends LineOnlyReceiver implements Notes {
  got: string[] = []
  at: Record<number, () => void> = {}
  override lineReceived(line: string): void { note(this, line) }
  override lineLengthExceeded(line: string): void {
    note(this, `too long ${line}`)
    super.lineLengthExceeded(line)
  }
}

export class Netstrings extends NetstringReceiver implements Notes {
  got: string[] = []
  at: Record<number, () => void> = {}
  errors: NetstringParseError[] = []
  override stringReceived(data: Uint8Array): void { note(this, text(data)) }
  override handleParseError(error: NetstringParseError): void {
    this.errors.push(error)
    super.handleParseError(error)
  }
}

/* One class for each width: a mixin would hide what is tested. */
export class Int8Strings extends Int8StringReceiver implements Notes {
  got: string[] = []
  at: Record<number, () => void> = {}
  over: number[] = []
  override stringReceived(data: Uint8Array): void { note(this, text(data)) }
  override lengthLimitExceeded(length: number): void {
    this.over.push(length)
    super.lengthLimitExceeded(length)
  }
}

export class Int16Strings extends Int16StringReceiver implements Notes {
  got: string[] = []
  at: Record<number, () => void> = {}
  over: number[] = []
  override stringReceived(data: Uint8Array): void { note(this, text(data)) }
  override lengthLimitExceeded(length: number): void {
    this.over.push(length)
    super.lengthLimitExceeded(length)
  }
}

export class Int32Strings extends Int32StringReceiver implements Notes {
  got: string[] = []
  at: Record<number, () => void> = {}
  over: number[] = []
  override stringReceived(data: Uint8Array): void { note(this, text(data)) }
  override lengthLimitExceeded(length: number): void {
    this.over.push(length)
    super.lengthLimitExceeded(length)
  }
}

/** A receiver with a transport of its own. */
export function connect<P extends FramedProtocol>(protocol: P): { protocol: P; transport: StringTransport } {
  const transport = new StringTransport()
  protocol.makeConnection(transport)
  return { protocol, transport }
}

/** Ends a connection the hard way. */
export function drop(protocol: FramedProtocol): void {
  protocol.connectionLost(new Failure(new ConnectionLost()))
}

/** A string in the format of each receiver. */
export const frame = {
  lines: (payload: string): string => `${payload}\r\n`,
  netstrings: (payload: string): string => `${payload.length}:${payload},`,
  int8: (payload: string): string => String.fromCharCode(payload.length) + payload,
  int16: (payload: string): string => prefix(2, payload.length) + payload,
  int32: (payload: string): string => prefix(4, payload.length) + payload,
}

export function prefix(width: number, length: number): string {
  const all = Buffer.alloc(4)
  all.writeUInt32BE(length)
  return text(all.subarray(4 - width))
}

/** Every receiver, and how a payload is framed for it. */
export const KINDS = [
  { name: 'LineReceiver', make: () => new Lines(), frame: frame.lines },
  { name: 'LineOnlyReceiver', make: () => new OnlyLines(), frame: frame.lines },
  { name: 'NetstringReceiver', make: () => new Netstrings(), frame: frame.netstrings },
  { name: 'Int8StringReceiver', make: () => new Int8Strings(), frame: frame.int8 },
  { name: 'Int16StringReceiver', make: () => new Int16Strings(), frame: frame.int16 },
  { name: 'Int32StringReceiver', make: () => new Int32Strings(), frame: frame.int32 },
] as const

/** Ways to cut bytes: whole, byte by byte, in pieces of 2 to 17, and every two-way cut. */
export function* cuts(data: Uint8Array): Generator<Uint8Array[]> {
  yield [data]
  for (let size = 1; size <= 17; size++) {
    const parts: Uint8Array[] = []
    for (let at = 0; at < data.length; at += size) parts.push(data.slice(at, at + size))
    yield parts
  }
  for (let at = 0; at <= data.length; at++) yield [data.slice(0, at), data.slice(at)]
}

/** What the shared core holds now. */
export const memory = (): { used: number; parsers: number } => {
  const { used, parsers } = defaultCore().memoryUsage()
  return { used, parsers }
}
