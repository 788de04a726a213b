/**
 * NoneChannel: one connection as seen from inside a border.
 *
 * Owns: the two windows as seen from here: bytes wait until there is credit for them, and credit is given back for what
 * the reactor has taken. Must not know: transports, and how messages travel.
 */
import { failureOf, Kind, MOST_DATA, Option } from '../../src/embedding/index.js'
import type { Field } from '../../src/embedding/index.js'
import type { IAddress, StreamChannel, StreamSink } from '../../src/interfaces/index.js'
import { tcpAddress } from '../../src/transports/address.js'
import { WINDOW } from './border.js'
import type { Border, Insider } from './border.js'

/** Stands among what was received for the end of the stream. */
const END = null

/** A connection of an embedded reactor. */
export class NoneChannel implements StreamChannel, Insider {
  readonly host: IAddress
  readonly peer: IAddress
  readonly copies = true
  readonly givesChunks = true
  readonly #border: Border
  readonly #soon: (fn: () => void) => void
  readonly #id: number
  #sink: StreamSink | null = null
  /** Bytes that may be sent; pieces for which there was no credit. */
  #credit: number
  #unsent: Uint8Array[] = []
  #finishing = false
  #closing = false
  /** Received while nobody wanted it. */
  #held: (Uint8Array | typeof END)[] = []
  #last: { error: Error | null } | null = null
  #paused = false
  #releasing = false
  #owed = 0

  constructor(border: Border, soon: (fn: () => void) => void, id: number,
    [credit, host, port, peerHost, peerPort]: [number, string, number, string, number]) {
    this.#border = border
    this.#soon = soon
    this.#id = id
    this.#credit = credit
    this.host = tcpAddress(host, port)
    this.peer = tcpAddress(peerHost, peerPort)
  }

  // --- from the transport

  open(sink: StreamSink): void {
    this.#sink = sink
    // What came with the connection itself is told in a later turn: whoever waits for the connection has it by then.
    this.#releaseSoon()
  }

  send(piece: Uint8Array): boolean {
    return this.sendList([piece])
  }

  sendList(pieces: Uint8Array[]): boolean {
    for (const piece of pieces) if (piece.length > 0) this.#unsent.push(piece)
    return this.#sendOn()
  }

  finish(): void {
    this.#finishing = true
    this.#sendOn()
  }

  close(linger: boolean): void {
    if (this.#closing) return
    this.#closing = true
    this.#held = []
    if (!linger) this.#sink = null
    this.#sendOn()
    this.#releaseLater()
  }

  reset(): void {
    this.#closing = true
    this.#forget()
    this.#border.tell(Kind.RESET, this.#id)
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#releaseLater()
  }

  setNoDelay(enabled: boolean): void {
    this.#border.tell(Kind.OPTION, this.#id, Option.NO_DELAY, enabled ? 1 : 0)
  }

  setKeepAlive(enabled: boolean, delayMs?: number): void {
    const value = !enabled ? 0 : delayMs === undefined ? 1 : Math.min(Math.ceil(delayMs) + 2, 2 ** 31)
    this.#border.tell(Kind.OPTION, this.#id, Option.KEEP_ALIVE, value)
  }

  /** As much as there is credit for, then the end if it is to come. @returns whether no bytes are left */
  #sendOn(): boolean {
    while (this.#unsent.length > 0 && this.#credit > 0) {
      const piece = this.#unsent[0]!
      const part = piece.subarray(0, Math.min(piece.length, this.#credit, MOST_DATA))
      this.#credit -= part.length
      this.#border.tell(Kind.DATA, this.#id, part)
      if (part.length === piece.length) this.#unsent.shift()
      else this.#unsent[0] = piece.subarray(part.length)
    }
    if (this.#unsent.length > 0) return false
    if (this.#closing) {
      this.#border.tell(Kind.CLOSE, this.#id)
      if (this.#sink === null) this.#forget()
    } else if (this.#finishing) {
      this.#finishing = false
      this.#border.tell(Kind.END, this.#id)
    }
    return true
  }

  #forget(): void {
    this.#border.leave(this.#id)
    this.#sink = null
    this.#held = []
    this.#unsent = []
  }

  // --- from the gateway

  message(kind: number, fields: readonly Field[]): void {
    if (kind === Kind.DATA) this.#arrived(fields[0] as Uint8Array)
    else if (kind === Kind.CREDIT) this.#credited(fields[0] as number)
    else if (kind === Kind.END) this.#arrived(END)
    else if (kind === Kind.FINISHED) this.#sink?.finished()
    else if (kind === Kind.CLOSED) {
      const [code, message] = fields as [string, string]
      this.#last = { error: code === '' ? null : failureOf(code, message) }
      // What broke is told at once, whatever is left to be read.
      if (code !== '') {
        this.#held = []
        this.#paused = false
      }
      if (!this.#releasing) this.#release()
    }
  }

  #credited(bytes: number): void {
    this.#credit += bytes
    if (this.#unsent.length === 0) return
    // After a close nobody waits for it.
    if (this.#sendOn() && !this.#closing) this.#sink?.sent()
  }

  #arrived(item: Uint8Array | typeof END): void {
    if (this.#closing) return
    this.#held.push(item)
    if (!this.#releasing) this.#release()
  }

  #releaseLater(): void {
    if (!this.#releasing && (this.#held.length > 0 || this.#last !== null)) this.#releaseSoon()
  }

  #releaseSoon(): void {
    this.#releasing = true
    this.#soon(() => {
      this.#releasing = false
      this.#release()
    })
  }

  #release(): void {
    while (this.#held.length > 0 && this.#sink !== null && !this.#paused) this.#deliver(this.#held.shift()!)
    if (this.#last === null || this.#held.length > 0 || this.#sink === null || (this.#paused && !this.#closing)) return
    const sink = this.#sink
    this.#forget()
    sink.closed(this.#last.error)
  }

  #deliver(item: Uint8Array | typeof END): void {
    const sink = this.#sink!
    if (item === END) {
      sink.receivedEnd()
      return
    }
    if ((this.#owed += item.length) * 2 >= WINDOW) {
      this.#border.tell(Kind.CREDIT, this.#id, this.#owed)
      this.#owed = 0
    }
    if (!sink.lendsBuffers) {
      sink.received(item)
      return
    }
    for (let rest = item; rest.length > 0;) {
      const room = sink.borrow(rest.length)
      if (room === null) return
      const piece = rest.subarray(0, room.length)
      room.set(piece)
      rest = rest.subarray(piece.length)
      sink.filled(piece.length)
    }
  }
}
