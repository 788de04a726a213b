/**
 * MemoryChannel: a host's socket that is no socket, but one end of a pair in memory.
 *
 * Owns: what is on its way to this end, and what its sink is still to be told. Nothing moves until `step()`. Like a
 * socket it answers a `send` only when the other end has read it, so a reader that pauses slows its writer.
 * Must not know: transports, protocols, time.
 *
 *   this.send ──▶ other.#inbox ──(other.step)──▶ other's sink, and `sent` back to this end's sink
 */
import type { IAddress, StreamChannel, StreamSink } from '../interfaces/index.js'

/** Stands in the inbox for the end of the stream. */
const END = null

/** One end of a connection in memory. @internal */
export class MemoryChannel implements StreamChannel {
  readonly host: IAddress
  readonly peer: IAddress
  #other: MemoryChannel = this
  #sink: StreamSink | null = null
  #inbox: (Uint8Array | typeof END)[] = []
  #notices: ((sink: StreamSink) => void)[] = []
  #paused = false
  #closed = false
  #finished = false

  private constructor(host: IAddress, peer: IAddress) {
    this.host = host
    this.peer = peer
  }

  /** Two ends, connected. */
  static pair(first: IAddress, second: IAddress): [MemoryChannel, MemoryChannel] {
    const [one, two] = [new MemoryChannel(first, second), new MemoryChannel(second, first)]
    one.#other = two
    two.#other = one
    return [one, two]
  }

  open(sink: StreamSink): void {
    this.#sink = sink
  }

  send(piece: Uint8Array): boolean {
    return this.sendList([piece])
  }

  sendList(pieces: Uint8Array[]): boolean {
    const chunk = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0))
    let at = 0
    for (const piece of pieces) {
      chunk.set(piece, at)
      at += piece.length
    }
    this.#other.#inbox.push(chunk)
    return false
  }

  finish(): void {
    this.#endStream()
    this.#notices.push((sink) => sink.finished())
  }

  close(linger: boolean): void {
    if (this.#closed) return
    this.#closed = true
    this.#endStream()
    if (linger) this.#notices.push((sink) => this.#over(sink, null))
    else this.#sink = null
  }

  reset(): void {
    if (!this.#closed || this.#sink !== null) this.#other.#wasReset()
    this.#closed = true
    this.#sink = null
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
  }

  /** Each chunk was made for its way to this end. */
  get givesChunks(): boolean {
    return true
  }

  setNoDelay(_enabled: boolean): void {
    // Nothing here is ever delayed.
  }

  setKeepAlive(_enabled: boolean): void {
    // Nothing here ever goes away unseen.
  }

  /**
   * Tells the sink what happened since the last step, and delivers what has arrived.
   * @returns whether there was anything
   */
  step(): boolean {
    const notices = this.#notices
    const arrived = this.#inbox
    const isHeld = this.#paused && !this.#closed
    this.#notices = []
    for (const notice of notices) if (this.#sink !== null) notice(this.#sink)
    if (isHeld || arrived.length === 0) return notices.length > 0
    this.#inbox = []
    while (arrived.length > 0) {
      // A handler may have paused, closed or reset this end in between.
      if (this.#paused && !this.#closed) break
      this.#deliver(arrived.shift() as Uint8Array | typeof END)
    }
    this.#inbox.unshift(...arrived)
    return true
  }

  #deliver(item: Uint8Array | typeof END): void {
    const sink = this.#closed ? null : this.#sink
    if (item === END) {
      sink?.receivedEnd()
      return
    }
    this.#other.#notices.push((sender) => sender.sent())
    if (sink === null) return
    if (sink.lendsBuffers) fill(sink, item)
    else sink.received(item)
  }

  #endStream(): void {
    if (this.#finished) return
    this.#finished = true
    this.#other.#inbox.push(END)
  }

  #wasReset(): void {
    if (this.#closed) return
    this.#closed = true
    this.#inbox = []
    const error = Object.assign(new Error('The connection was reset by the peer.'), { code: 'ECONNRESET' })
    this.#notices = [(sink) => this.#over(sink, error)]
  }

  #over(sink: StreamSink, error: unknown): void {
    this.#sink = null
    sink.closed(error)
  }
}

/** Reads a chunk into what the sink lends. */
function fill(sink: StreamSink, chunk: Uint8Array): void {
  let rest = chunk
  while (rest.length > 0) {
    const room = sink.borrow(rest.length)
    if (room === null) return
    const piece = rest.subarray(0, room.length)
    room.set(piece)
    rest = rest.subarray(piece.length)
    sink.filled(piece.length)
  }
}
