/**
 * The messages between an embedded program and the gateway that serves it, as bytes.
 *
 * Owns: the kinds of messages, their fields, and both directions of the codec. Must not know: who sends them, how they
 * travel, or whether an id means anything. Source: the project's own; docs/guide/plug-ins.md has the table.
 *
 *   batch    = message*                          whole messages only
 *   message  = length u32, kind u8, id u32, fields      length: bytes after these four; all little-endian
 *   n        = u32      t = length u16, UTF-8      b = all bytes that are left
 *
 * A decoder believes nothing: a message that is cut, too long, has an unknown kind or bytes left over is an error.
 */
import { portableText } from '../core/text.js'
import { EmbeddingViolation } from '../errors/embedding.js'

/** What a message says. Those from 32 on come from outside, those below 32 from inside; some of them both ways. */
export const Kind = {
  CONNECT: 1, LISTEN: 2, BIND: 3, RESOLVE: 4, DATA: 5, END: 6, CLOSE: 7, RESET: 8, CREDIT: 9, OPTION: 10,
  DATAGRAM: 11, PEER: 12,
  OPENED: 32, LISTENING: 33, ACCEPTED: 34, FAILED: 35, RESOLVED: 36, FINISHED: 37, CLOSED: 38, REFUSED: 39,
} as const

export type Kind = typeof Kind[keyof typeof Kind]

/** Of each kind, its fields. */
const FIELDS: Readonly<Partial<Record<number, string>>> = {
  [Kind.CONNECT]: 'ntntn', // window, host, port, local host, local port
  [Kind.LISTEN]: 'ntnnn', // window of each connection, host, port, backlog (0: the host's), ListenFlag
  [Kind.BIND]: 'ntnn', // window, host, port, 1 if shared
  [Kind.RESOLVE]: 'tn', // name, family or 0
  [Kind.DATA]: 'b',
  [Kind.END]: '', // nothing more will be sent
  [Kind.CLOSE]: '', // of a stream: after what was sent; of everything else: now
  [Kind.RESET]: '',
  [Kind.CREDIT]: 'n', // so many bytes more may be sent
  [Kind.OPTION]: 'nn', // Option, value
  [Kind.DATAGRAM]: 'tnb', // host ('' to the peer), port, bytes
  [Kind.PEER]: 'tn', // host, port
  [Kind.OPENED]: 'ntntn', // window, own host and port, the peer's
  [Kind.LISTENING]: 'ntn', // window (of datagrams), host, port
  [Kind.ACCEPTED]: 'nntntn', // id of the connection, window, own host and port, the peer's
  [Kind.FAILED]: 'tt', // code, message
  [Kind.RESOLVED]: 't', // addresses with a space between each two
  [Kind.FINISHED]: '', // END has gone out
  [Kind.CLOSED]: 'tt', // code and message; both empty after a clean end
  [Kind.REFUSED]: '',
}

/** Bits of LISTEN's last field. */
export const ListenFlag = { REUSE_PORT: 1, IPV6_ONLY: 2 } as const

/** What OPTION sets: no delay (0 or 1); keep alive (0: off, 1: on, from 2 on: so many ms of silence, and 2). */
export const Option = { NO_DELAY: 1, KEEP_ALIVE: 2 } as const

export type Field = number | string | Uint8Array

/** Bytes of one message at most that carry data; what is longer is cut into several. */
export const MOST_DATA = 32_768
/** Bytes of a text at most. */
export const MOST_TEXT = 2_048
/** Bytes of one message at most, its own length not counted; a datagram is the longest. */
export const MOST_MESSAGE = 65_536 + MOST_TEXT

const HEAD = 5
const { encode, utf8 } = portableText()

/** Bytes of a batch that grows; `take` empties it. */
export class MessageWriter {
  #bytes = new Uint8Array(256)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  /** Bytes that wait to be taken. */
  get length(): number {
    return this.#length
  }

  /** Adds a message. @throws RangeError for fields that are not those of the kind */
  add(kind: Kind, id: number, ...fields: readonly Field[]): void {
    const types = FIELDS[kind] ?? ''
    if (types.length !== fields.length) throw new RangeError(`message ${kind} has ${types.length} fields`)
    const start = this.#length
    this.#room(4 + HEAD)
    this.#view.setUint8(start + 4, kind)
    this.#view.setUint32(start + 5, id, true)
    this.#length = start + 4 + HEAD
    for (const field of fields) this.#field(field)
    this.#view.setUint32(start, this.#length - start - 4, true)
  }

  #field(field: Field): void {
    if (typeof field === 'number') {
      this.#room(4)
      this.#view.setUint32(this.#length, field, true)
      this.#length += 4
      return
    }
    let bytes = field
    if (typeof bytes === 'string') {
      bytes = encode(bytes)
      if (bytes.length > MOST_TEXT) bytes = bytes.subarray(0, MOST_TEXT)
      this.#room(2)
      this.#view.setUint16(this.#length, bytes.length, true)
      this.#length += 2
    }
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const bytes = new Uint8Array(Math.max(this.#length + more, this.#bytes.length * 2))
    bytes.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer)
  }

  /** What was added, as an array of its own; nothing is left. */
  take(): Uint8Array<ArrayBuffer> {
    const batch = this.#bytes.slice(0, this.#length)
    this.#length = 0
    if (this.#bytes.length > MOST_MESSAGE) {
      this.#bytes = new Uint8Array(256)
      this.#view = new DataView(this.#bytes.buffer)
    }
    return batch
  }
}

/** Reads the messages of a batch one by one. Arrays among the fields are parts of the batch. */
export class MessageReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0
  /** Of the message that `next` came to. */
  kind = 0
  id = 0

  constructor(batch: Uint8Array) {
    this.#bytes = batch
    this.#view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength)
  }

  /** Bytes that are still to be read. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** @returns the fields of the next message, null after the last @throws EmbeddingViolation */
  next(): Field[] | null {
    if (this.left === 0) return null
    if (this.left < 4) throw new EmbeddingViolation('A batch ends in the middle of a length.')
    const length = this.#view.getUint32(this.#at, true)
    if (length < HEAD || length > MOST_MESSAGE) throw new EmbeddingViolation(`No message has ${length} bytes.`)
    if (length > this.left - 4) throw new EmbeddingViolation('A batch ends in the middle of a message.')
    const start = this.#at + 4
    const end = start + length
    this.kind = this.#view.getUint8(start)
    this.id = this.#view.getUint32(start + 1, true)
    this.#at = end
    const types = FIELDS[this.kind]
    if (types === undefined) throw new EmbeddingViolation(`There is no message of kind ${this.kind}.`)
    return this.#fields(types, start + HEAD, end)
  }

  #fields(types: string, start: number, end: number): Field[] {
    const fields: Field[] = []
    let at = start
    for (const type of types) {
      if (type === 'b') {
        fields.push(this.#bytes.subarray(at, end))
        at = end
        continue
      }
      const size = type === 'n' ? 4 : 2
      if (end - at < size) throw this.#cut()
      const number = type === 'n' ? this.#view.getUint32(at, true) : this.#view.getUint16(at, true)
      at += size
      if (type === 'n') {
        fields.push(number)
        continue
      }
      if (number > MOST_TEXT || end - at < number) throw this.#cut()
      fields.push(utf8(this.#bytes, at, at + number))
      at += number
    }
    if (at !== end) throw new EmbeddingViolation(`A message of kind ${this.kind} has ${end - at} bytes too many.`)
    return fields
  }

  #cut(): EmbeddingViolation {
    return new EmbeddingViolation(`A message of kind ${this.kind} has no room for its fields.`)
  }
}

const slotOf = (name: PropertyKey): (this: unknown) => unknown =>
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype) as object, name)!.get!

/**
 * A copy of bytes that may come from another realm, and from somebody who wishes harm: nothing of theirs is called.
 * @param most bytes
 * @throws EmbeddingViolation for what is no Uint8Array, or too long
 */
export function foreignBytes(value: unknown, most: number): Uint8Array<ArrayBuffer> {
  if (slotOf(Symbol.toStringTag).call(value) !== 'Uint8Array') throw new EmbeddingViolation('This is no Uint8Array.')
  const length = slotOf('length').call(value) as number
  if (length > most) throw new EmbeddingViolation(`${length} bytes are more than the ${most} that may wait.`)
  return new Uint8Array(value as Uint8Array)
}
