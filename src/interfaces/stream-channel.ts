/**
 * The seam between stream transports and hosts.
 *
 * A binding wraps one connected host socket in a StreamChannel and tells what happens to it to the
 * StreamSink that `open` gave it; everything that connections have in common (coalescing, producers, half
 * close, the one `connectionLost`) is above this seam, in `src/transports/`. Neither side throws into the
 * other. The sink brackets its own turns, so a binding calls it straight from the host's callbacks, and never
 * from inside a call of a channel's method (`send` and its like): what happens there is told later.
 *
 *   channel: open → (send | pause | resume)* → finish? → close | reset
 *   sink:    (received | filled)* → receivedEnd? → closed        sent, finished as they happen
 */

import type { IAddress } from './address.js'
import type { TLSSession } from './tls.js'

/** One connected host socket. */
export interface StreamChannel {
  /**
   * Begin to read and to tell `sink`. Called once by each who has the channel: TLS that takes an open one over calls
   * it again, and from then on only the new sink is told.
   */
  open(sink: StreamSink): void
  /**
   * Hands bytes to the host; never called while an earlier one is unanswered.
   * @returns true if the host has taken all of them; false if `sink.sent()` will say so
   */
  send(piece: Uint8Array): boolean
  /** The same for several pieces, as one call into the host if it can. */
  sendList(pieces: Uint8Array[]): boolean
  /** Close the sending side after what was sent; `sink.finished()` follows. */
  finish(): void
  /**
   * Close cleanly: everything sent goes out, then the end of stream, then `sink.closed(null)`. With `linger`
   * the channel goes on discarding what the peer still sends for a short while, because closing a socket with
   * unread input makes kernels throw away output that the peer has not read yet. Without it the socket is
   * closed now, and the sink is told nothing more. May be called before `open`.
   */
  close(linger: boolean): void
  /** Drop everything at once, with a reset if the host can. The sink is told nothing more. May come before `open`. */
  reset(): void
  /** Stop reading, so that the peer feels it. Nothing is received after it, nor the end, until `resume`. */
  pause(): void
  resume(): void
  /** True if nothing looks at bytes any more once they were sent, since the host has copied them; not there: false. */
  readonly copies?: boolean
  /** True if nobody else has what was received, so that it may be changed, too; not there: false. */
  readonly givesChunks?: boolean
  readonly peer: IAddress
  readonly host: IAddress
  setNoDelay(enabled: boolean): void
  /** @param delayMs of silence before the first question to the peer; the host's own if not given */
  setKeepAlive(enabled: boolean, delayMs?: number): void
}

/** Who hears of a channel. */
export interface StreamSink {
  /** True if bytes should be read straight into what `borrow` gives. A host that cannot calls `received`. */
  readonly lendsBuffers: boolean
  /** @param chunk the receiver's to keep */
  received(chunk: Uint8Array): void
  /** An array to read into, or null if nothing more is to be read. Lent until `filled`. */
  borrow(hint: number): Uint8Array | null
  /** @param length bytes that now stand in the borrowed array */
  filled(length: number): void
  /** The peer has closed its sending side. */
  receivedEnd(): void
  /** The host has taken everything that was sent. */
  sent(): void
  /** Our own end of stream has gone out, after `finish`. */
  finished(): void
  /** A channel that speaks TLS has finished its handshake; before anything is received through it. */
  secured?(session: TLSSession): void
  /** The end; nothing follows. @param error what the host said, null after a clean end */
  closed(error: unknown): void
}
