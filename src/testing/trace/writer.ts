/**
 * TraceWriter: everything that happens in a simulation, as records in blocks of bytes.
 *
 * Owns: the block that is being filled, the digest over all of them, and which are kept. Must not know: what a record
 * stands for, or who reads it (reader.ts). The format is drawn in docs/trace.md.
 *
 * A record is written once, into bytes that are there already: nothing is allocated for it. The digest takes blocks
 * when they are full, and covers every record, kept or not; where blocks begin does not depend on what is kept.
 */

import {
  ACCEPTED, CLOCK, CONNECT, CONNECTED, CRASH, DATAGRAM_DELIVERED, DATAGRAM_LOST, DATAGRAM_SENT, DELIVERED, ENDED,
  FAULT, FIN, GAP, HOST, LOG, LOST, MARKED, NOTE, REFUSED, RESENT, RST, SAME_TIME, SENT, TIMER, UNHANDLED, UP,
} from './format.js'
import { writeHead } from './head.js'
import { Kept } from './kept.js'
import { asBytes, putBytes, putNumber } from './varint.js'

/** What the writer needs of the core's `Digest`. */
export interface TraceDigest {
  update(bytes: Uint8Array): void
  /** Of everything so far; more may follow. */
  hex(): string
}

export interface TraceWriterOptions {
  /** Of the newest records, so many bytes stay readable, as whole blocks; 0: only the digest is made. */
  keepBytes: number
  /** Written into the head of the file. */
  seed?: number | string
  /** What the wall clock says at time 0, ms since 1970; written into the head. Default: 2000-01-01. */
  epoch?: number
}

/** 2000-01-01T00:00:00Z. */
const EPOCH = 946_684_800_000
/** Bytes of a block, unless one record needs more. */
const BLOCK = 65_536
/** Longer than that, µs, is not written as a difference. */
const LONG = 0x4000_0000
/** Most bytes of a record without texts and payloads. */
const FIXED = 64

/** Writes a trace. Times are those of the last `begin`; ids are whole numbers of the caller's. */
export class TraceWriter {
  readonly #digest: TraceDigest
  readonly #seed: string
  readonly #epoch: number
  readonly #kept: Kept | null
  #block: Uint8Array = new Uint8Array(BLOCK)
  #at = 0
  /** Up to here, the digest has the block. */
  #digested = 0
  /** µs; a double, so touched once an event only. */
  #now = 0
  /** µs since the last record; a small integer. */
  #elapsed = 0
  #records = 0

  constructor(digest: TraceDigest, options: TraceWriterOptions) {
    this.#digest = digest
    this.#seed = String(options.seed ?? '')
    this.#epoch = options.epoch ?? EPOCH
    this.#kept = options.keepBytes > 0 ? new Kept(options.keepBytes) : null
    this.#clock()
  }

  /** How many records were written, kept or not. */
  get records(): number {
    return this.#records
  }

  /** Says what time it is, once an event. @param time ms since the simulation began, a multiple of 0.001 */
  begin(time: number): void {
    const now = Math.round(time * 1000)
    const elapsed = now - this.#now + this.#elapsed
    if (elapsed === 0) return
    this.#now = now
    if (elapsed > 0 && elapsed < LONG) this.#elapsed = elapsed | 0
    else this.#clock()
  }

  /** There is a host. */
  host(id: number, name: string, ipv4: string, ipv6: string): void {
    this.#kept?.note(this.#now, HOST, id, (writer) => writer.host(id, name, ipv4, ipv6))
    const texts = [asBytes(name), asBytes(ipv4), asBytes(ipv6)]
    let at = this.#head(HOST, roomFor(texts))
    at = putNumber(this.#block, at, id)
    for (const text of texts) at = putBytes(this.#block, at, text)
    this.#at = at
  }

  /** A host begins one of its lives. @param incarnation 1 for the first */
  up(id: number, incarnation: number): void {
    this.#kept?.note(this.#now, UP, id, (writer) => writer.up(id, incarnation))
    this.#two(UP, id, incarnation)
  }

  /** A host loses everything but what is durable. */
  crash(id: number): void {
    this.#kept?.note(this.#now, CRASH, id, (writer) => writer.crash(id))
    this.#one(CRASH, id)
  }

  /** A host begins to connect: its first SYN. @param conn a number of its own */
  connect(
    conn: number, fromHost: number, toHost: number, fromAddress: string, fromPort: number, toAddress: string,
    toPort: number, transport: 'tcp' | 'unix',
  ): void {
    this.#kept?.note(this.#now, CONNECT, conn, (writer) => {
      writer.connect(conn, fromHost, toHost, fromAddress, fromPort, toAddress, toPort, transport)
    })
    const from = asBytes(fromAddress)
    const to = asBytes(toAddress)
    let at = this.#head(transport === 'unix' ? CONNECT | MARKED : CONNECT, FIXED + from.length + to.length)
    const block = this.#block
    at = putNumber(block, at, conn)
    at = putNumber(block, at, fromHost)
    at = putNumber(block, at, toHost)
    at = putBytes(block, at, from)
    at = putNumber(block, at, fromPort)
    at = putBytes(block, at, to)
    this.#at = putNumber(block, at, toPort)
  }

  /** The side that connects has its connection: SYN-ACK has come. May be left out. */
  connected(conn: number): void {
    this.#one(CONNECTED, conn)
  }

  /** The listening side has its connection: the handshake is over. */
  accepted(conn: number): void {
    this.#kept?.note(this.#now, ACCEPTED, conn, (writer) => writer.accepted(conn))
    this.#one(ACCEPTED, conn)
  }

  /** No connection came about. @param why a number of LOSSES */
  refused(conn: number, why: number): void {
    this.#kept?.note(this.#now, REFUSED, conn, nothing)
    this.#two(REFUSED, conn, why)
  }

  /**
   * A program wrote bytes; they are copied.
   *
   * @param direction 0: from the side that connected
   * @param offset of the first byte in all that was sent in this direction
   */
  sent(conn: number, direction: 0 | 1, offset: number, data: Uint8Array): void {
    let at = this.#head(SENT | direction << 5, FIXED + data.length)
    const block = this.#block
    at = putNumber(block, at, conn)
    at = putNumber(block, at, offset)
    this.#at = putBytes(block, at, data)
  }

  /** A piece that was lost goes out again. May be left out. */
  resent(conn: number, direction: 0 | 1, offset: number, length: number): void {
    this.#piece(RESENT, conn, direction, offset, length)
  }

  /** A program got bytes. */
  delivered(conn: number, direction: 0 | 1, offset: number, length: number): void {
    this.#piece(DELIVERED, conn, direction, offset, length)
  }

  /** A piece of a stream will not arrive unless it is sent again; without a length, a packet of the handshake. */
  lost(conn: number, direction: 0 | 1, offset: number, length: number, why: number): void {
    this.#piece(LOST, conn, direction, offset, length)
    this.#at = putNumber(this.#block, this.#at, why)
  }

  /** The end of a direction, when it is sent and (`delivered`) when it has arrived. */
  fin(conn: number, direction: 0 | 1, delivered: boolean): void {
    this.#one(FIN | direction << 5 | (delivered ? MARKED : 0), conn)
  }

  /** A reset, when it is sent and (`delivered`) when it has arrived. @param direction in which it travels */
  rst(conn: number, direction: 0 | 1, delivered: boolean): void {
    this.#one(RST | direction << 5 | (delivered ? MARKED : 0), conn)
  }

  /** One side has done with the connection. @param side 0: that which connected @param why a number of ENDINGS */
  ended(conn: number, side: 0 | 1, why: number): void {
    this.#kept?.note(this.#now, ENDED, conn, nothing)
    this.#two(ENDED | side << 5, conn, why)
  }

  /** A datagram goes out; its bytes are copied. @param id a number of its own */
  datagramSent(
    id: number, fromHost: number, fromPort: number, toAddress: string, toPort: number, data: Uint8Array,
  ): void {
    const to = asBytes(toAddress)
    let at = this.#head(DATAGRAM_SENT, FIXED + to.length + data.length)
    const block = this.#block
    at = putNumber(block, at, id)
    at = putNumber(block, at, fromHost)
    at = putNumber(block, at, fromPort)
    at = putBytes(block, at, to)
    at = putNumber(block, at, toPort)
    this.#at = putBytes(block, at, data)
  }

  /** A host got a datagram; several may get the same, or one host the same twice. */
  datagramDelivered(id: number, toHost: number): void {
    this.#two(DATAGRAM_DELIVERED, id, toHost)
  }

  /** A datagram, or one copy of it, is lost. */
  datagramLost(id: number, why: number): void {
    this.#two(DATAGRAM_LOST, id, why)
  }

  /** A timer of a host's reactor ran. */
  timer(host: number): void {
    this.#one(TIMER, host)
  }

  /** A fault began or ended. */
  fault(text: string): void {
    this.#text(FAULT, -1, '', text)
  }

  /** Something was logged. @param host 0: by none */
  log(host: number, level: string, text: string): void {
    this.#text(LOG, host, level, text)
  }

  /** A Deferred failed, and nobody handled it. */
  unhandled(host: number, text: string): void {
    this.#text(UNHANDLED, host, null, text)
  }

  /** A remark of the scenario. */
  note(text: string): void {
    this.#text(NOTE, -1, null, text)
  }

  /** The file so far: its head, hosts and connections that were made before the first record kept, and the records. */
  bytes(): Uint8Array {
    const kept = this.#kept
    const parts = kept === null ? [] : [...kept.blocks(), this.#block.subarray(0, this.#at)]
    const dropped = kept === null ? this.#records : kept.dropped
    if (kept !== null && dropped > 0) parts.unshift(pastOf(kept))
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    const head = writeHead({
      seed: this.#seed, epoch: this.#epoch, digest: this.digest(), records: this.#records, dropped, length,
    })
    return concat([head, ...parts])
  }

  /** Over every record so far, kept or not; not over the head. */
  digest(): string {
    this.#feed()
    return this.#digest.hex()
  }

  #one(kind: number, a: number): void {
    const at = this.#head(kind, FIXED)
    this.#at = putNumber(this.#block, at, a)
  }

  #two(kind: number, a: number, b: number): void {
    const at = this.#head(kind, FIXED)
    const block = this.#block
    this.#at = putNumber(block, putNumber(block, at, a), b)
  }

  #piece(kind: number, conn: number, direction: number, offset: number, length: number): void {
    let at = this.#head(kind | direction << 5, FIXED)
    const block = this.#block
    at = putNumber(block, at, conn)
    at = putNumber(block, at, offset)
    this.#at = putNumber(block, at, length)
  }

  /** @param host −1: the record has none @param level null: the record has none */
  #text(kind: number, host: number, level: string | null, text: string): void {
    const levelBytes = kind === LOG ? asBytes(level ?? '') : null
    const textBytes = asBytes(text)
    let at = this.#head(kind, FIXED + (levelBytes?.length ?? 0) + textBytes.length)
    const block = this.#block
    if (host >= 0) at = putNumber(block, at, host)
    if (levelBytes !== null) at = putBytes(block, at, levelBytes)
    this.#at = putBytes(block, at, textBytes)
  }

  /** Kind and time. @param room most bytes that the record may need @returns where its fields go */
  #head(kind: number, room: number): number {
    if (this.#at + room > this.#block.length) this.#turn(room)
    const at = this.#at
    const block = this.#block
    this.#records += 1
    const elapsed = this.#elapsed
    if (elapsed === 0) {
      block[at] = kind | SAME_TIME
      return at + 1
    }
    this.#elapsed = 0
    block[at] = kind
    return putNumber(block, at + 1, elapsed)
  }

  #turn(room: number): void {
    this.#feed()
    const size = Math.max(BLOCK, room + FIXED)
    const free = this.#kept === null ? this.#block : this.#kept.keep(this.#block, this.#at, this.#records)
    this.#block = free !== null && free.length === size ? free : new Uint8Array(size)
    this.#at = 0
    this.#digested = 0
    this.#clock()
  }

  /** What time it is: a block begins so, and can be read without those before it. */
  #clock(): void {
    if (this.#at + FIXED > this.#block.length) {
      this.#turn(FIXED)
      return
    }
    this.#elapsed = 0
    this.#block[this.#at] = CLOCK | SAME_TIME
    this.#at = putNumber(this.#block, this.#at + 1, this.#now)
  }

  #feed(): void {
    if (this.#at > this.#digested) this.#digest.update(this.#block.subarray(this.#digested, this.#at))
    this.#digested = this.#at
  }
}

function nothing(): void {
  // A connection that is over is not written once more.
}

/** Hosts and connections before the first record that is kept, and where that begins. */
function pastOf(kept: Kept): Uint8Array {
  const parts: Uint8Array[] = []
  const gap = new Uint8Array([GAP | SAME_TIME])
  const writer = new TraceWriter({ update: (bytes) => void parts.push(bytes.slice()), hex: () => '' }, { keepBytes: 0 })
  kept.writePast(writer)
  writer.digest()
  return concat([...parts, gap])
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

function roomFor(texts: readonly Uint8Array[]): number {
  return texts.reduce((sum, text) => sum + text.length, FIXED)
}
