/**
 * Bridges from transports to other kinds of streams: who takes a connection's bytes in place of its protocol.
 *
 * Owns: the two sides of a connection that can be taken, each once, and what the protocol still hears of: the end.
 * Must not know: which streams; Web Streams are in bridges-web.ts, Node's in its binding. A connection that nobody
 * takes has nothing to do with any of this.
 */

import type { Failure } from '../defer/index.js'
import { ConnectionAborted, ConnectionDone } from '../errors/index.js'
import type { IHalfCloseableProtocol, IProtocol } from '../interfaces/protocol.js'
import { captureContext } from './carrier.js'
import type { ConnectionOwner, StreamConnection } from './stream-connection.js'
import { abort, lose, loseWrite } from './stream-ending.js'
import { pause, resume } from './stream-reading.js'
import { GONE, LOST, READ_ENDED, WAITERS } from './stream-state.js'
import { isDeaf, write } from './stream-writing.js'
import { Unclaimed } from './unclaimed.js'

/** Takes what is received. @internal */
export interface Taker {
  chunk(data: Uint8Array): void
  /** The peer has closed its side; `lost` follows sooner or later. */
  end(): void
  /** Calls `fn` once everything up to the end has been taken; without this method that is not known. */
  whenRead?(fn: () => void): void
  lost(reason: Failure): void
}

/** Wants to know what becomes of what it writes. @internal */
export interface WriteTaker {
  /** True while it is to be told when the host has everything. */
  waiting: boolean
  /** The host has everything; in a later turn. */
  taken(): void
  /** Our own end of stream has gone out. */
  finished(): void
  lost(reason: Failure): void
}

/** Whose connection it is when nobody listened or connected: it carries the context of now. @internal */
export function unowned(): ConnectionOwner {
  return { carry: captureContext(), connectionEnded: () => undefined }
}

/** Stands in the protocol's place once its bytes are taken. */
class Diversion implements IProtocol, IHalfCloseableProtocol {
  readonly former: IProtocol
  readonly #connection: StreamConnection
  readonly #taker: Taker

  constructor(connection: StreamConnection, former: IProtocol, taker: Taker) {
    this.#connection = connection
    this.former = former
    this.#taker = taker
  }

  makeConnection(): void {}
  connectionMade(): void {}

  dataReceived(data: Uint8Array): void {
    this.#taker.chunk(data)
  }

  readConnectionLost(): void {
    const former = this.former as Partial<IHalfCloseableProtocol>
    this.#taker.end()
    if (typeof former.readConnectionLost === 'function') former.readConnectionLost()
    // Whoever has taken the writing side as well decides when that is over.
    else if (this.#connection.extras?.writer === null) this.#closeWhenRead()
  }

  /** What has come is answered first, where it is known when that is. */
  #closeWhenRead(): void {
    const c = this.#connection
    if (this.#taker.whenRead === undefined) lose(c)
    // In a later turn: what stands behind a loop may still say goodbye.
    else this.#taker.whenRead(() => c.later(() => lose(c)))
  }

  writeConnectionLost(): void {
    (this.former as Partial<IHalfCloseableProtocol>).writeConnectionLost?.()
  }

  handshakeCompleted(): void {
    (this.former as { handshakeCompleted?: () => void }).handshakeCompleted?.()
  }

  connectionLost(reason: Failure): void {
    try {
      this.#taker.lost(reason)
    } finally {
      this.former.connectionLost(reason)
    }
  }
}

/** The protocol that connected with this transport, also when its bytes are taken. @internal */
export function protocolOf(c: StreamConnection): IProtocol | null {
  return c.protocol instanceof Diversion ? c.protocol.former : c.protocol
}

/** From now on `taker` gets what is received. @throws TypeError when somebody has taken it before @internal */
export function takeReading(c: StreamConnection, taker: Taker): void {
  const extras = c.rare()
  if (extras.reader !== null) throw new TypeError('the bytes of this transport are taken already')
  const former = c.protocol
  extras.reader = taker
  if (former === null || (c.state & LOST) !== 0) {
    if (c.reason !== null) taker.lost(c.reason)
    return
  }
  c.adopt(new Diversion(c, former, taker))
  if ((c.state & READ_ENDED) !== 0) taker.end()
  else if (former instanceof Unclaimed) resume(c)
}

/** From now on `taker` hears what becomes of what is written. @throws TypeError when somebody has taken it @internal */
export function takeWriting(c: StreamConnection, taker: WriteTaker): void {
  const extras = c.rare()
  if (extras.writer !== null) throw new TypeError('the writing side of this transport is taken already')
  extras.writer = taker
  if ((c.state & LOST) !== 0 && c.reason !== null) taker.lost(c.reason)
}

/**
 * Writes for whoever has taken the writing side.
 * @returns false if nothing can be written any more; otherwise `taken` follows
 * @internal
 */
export function writeTaken(c: StreamConnection, pieces: readonly Uint8Array[]): boolean {
  if (isDeaf(c)) return false
  const writer = c.extras?.writer ?? null
  for (const piece of pieces) write(c, piece)
  if (writer !== null) {
    writer.waiting = true
    c.state |= WAITERS
    if (c.buffered === 0) {
      // Nothing but empty pieces: no flush is going to say so.
      writer.waiting = false
      c.state &= ~WAITERS
      c.later(() => writer.taken())
    }
  }
  return true
}

/** Ends the writing side. @returns false if it, or the connection, has ended already; otherwise `finished` follows */
export function finishTaken(c: StreamConnection): boolean {
  if (isDeaf(c)) return false
  loseWrite(c)
  return true
}

/** The end of whoever took a side, before the connection's own: in order without a reason, else at once. @internal */
export function cancelTaken(c: StreamConnection, reason: unknown): void {
  if ((c.state & GONE) !== 0) return
  if (reason === undefined || reason === null) lose(c)
  else abort(c, new ConnectionAborted(undefined, { cause: reason }))
}

/** Whether a connection that ended so ended well. @internal */
export function isCleanEnd(reason: Failure): boolean {
  return reason.value instanceof ConnectionDone
}

export { pause as pauseTaken, resume as resumeTaken, Unclaimed }
