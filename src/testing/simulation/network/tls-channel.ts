/**
 * SimTLSChannel: the TLS stand-in as a channel over another one.
 *
 * Owns: records, the handshake's time, the end of TLS: `close_notify`, and truncation where that is missing. Must not
 * know: what the two sides check; `TLSSide` does. Nothing is encrypted.
 *
 *   open → handshake → secured → data → receivedEnd (close_notify)      below ends without one: TLSTruncated
 */

import { TLSError, TLSTruncated } from '../../../errors/index.js'
import type { IAddress, SecureChannel, StreamChannel, StreamSink, TLSSession } from '../../../interfaces/index.js'
import type { SimEvent, SimHost, World } from '../world.js'
import { Life } from './node.js'
import { lend } from './stream-receiving.js'
import { alertError, alertFor, decodeMessage, encodeMessage, handshakeError, NOTIFY } from './tls-handshake.js'
import type { Message } from './tls-handshake.js'
import { ALERT, DATA, HANDSHAKE, RecordReader, records } from './tls-records.js'

/** Which side of TLS a channel is, and all that differs. @internal */
export interface TLSSide {
  readonly handshakeTimeout: number
  /** What is said first; null for who waits. */
  begin(): Message | null
  /**
   * What is said to a message, and the session if that is the end of the handshake.
   * @throws TLSError if this side does not go on
   */
  hear(message: Message): { say: Message | null, session: TLSSession | null }
}

const WARNING = 1
const FATAL = 2

/** @internal */
export class SimTLSChannel implements SecureChannel, StreamSink, SimEvent {
  readonly #world: World
  readonly #life: Life
  readonly #below: StreamChannel
  readonly #side: TLSSide
  readonly #reader = new RecordReader()
  #sink: StreamSink | null = null
  #session: TLSSession | null = null
  #timeout: Timeout | null = null
  #isBegun = false
  #isPaused = false
  #isOver = false
  #isReading = false
  #hasNotified = false
  #isNotified = false

  constructor(world: World, host: SimHost, below: StreamChannel, side: TLSSide) {
    this.#world = world
    this.#life = new Life(host)
    this.#below = below
    this.#side = side
  }

  get session(): TLSSession | null {
    return this.#session
  }

  get peer(): IAddress {
    return this.#below.peer
  }

  get host(): IAddress {
    return this.#below.host
  }

  get copies(): boolean {
    return true
  }

  get givesChunks(): boolean {
    return true
  }

  // --- as a channel

  open(sink: StreamSink): void {
    if (this.#isOver) return
    this.#sink = sink
    if (this.#isBegun) return
    this.#isBegun = true
    this.#below.open(this)
    // Whoever had it before has stopped its reading.
    if (!this.#isPaused) this.#below.resume()
    this.#timeout = new Timeout(this, this.#world, this.#side.handshakeTimeout)
    this.#say(this.#side.begin())
  }

  send(piece: Uint8Array): boolean {
    return this.#isOver || this.#below.send(records(DATA, [piece]))
  }

  sendList(pieces: Uint8Array[]): boolean {
    return this.#isOver || this.#below.send(records(DATA, pieces))
  }

  finish(): void {
    if (this.#isOver) return
    this.#notify()
    this.#below.finish()
  }

  close(linger: boolean): void {
    if (this.#isOver && !this.#isBegun) return
    this.#stopTimeout()
    if (!this.#isOver && this.#session !== null) this.#notify()
    if (!linger) this.#end()
    this.#isOver = true
    this.#below.close(linger)
  }

  reset(): void {
    this.#end()
    this.#below.reset()
  }

  pause(): void {
    this.#isPaused = true
    if (this.#isBegun) this.#below.pause()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    if (!this.#isBegun) return
    this.#below.resume()
    // Whole records may wait here.
    this.#world.at(this.#world.now, this)
  }

  setNoDelay(enabled: boolean): void {
    this.#below.setNoDelay(enabled)
  }

  setKeepAlive(enabled: boolean, delayMs?: number): void {
    this.#below.setKeepAlive(enabled, delayMs)
  }

  // --- as what the channel below tells

  get lendsBuffers(): boolean {
    return false
  }

  borrow(): null {
    return null
  }

  filled(): void {
    // Nothing is lent.
  }

  received(chunk: Uint8Array): void {
    if (this.#isOver) return
    this.#reader.push(chunk)
    this.#read()
  }

  receivedEnd(): void {
    if (this.#isOver || this.#isNotified) return
    this.#fail(this.#session === null ? handshakeError('closed') : new TLSTruncated(), false)
  }

  sent(): void {
    if (this.#session !== null) this.#sink?.sent()
  }

  finished(): void {
    this.#sink?.finished()
  }

  closed(error: unknown): void {
    const sink = this.#sink
    const isSecured = this.#session !== null
    this.#end()
    sink?.closed(isSecured || error === null ? error : handshakeError('closed', error))
  }

  // --- inside

  /** After a pause. */
  fire(): void {
    if (this.#life.isNow) this.#read()
  }

  /** The handshake has taken too long. */
  timedOut(): void {
    if (this.#life.isNow && !this.#isOver && this.#session === null) this.#fail(handshakeError('timeout'), false)
  }

  #read(): void {
    if (this.#isReading) return
    this.#isReading = true
    while (!this.#isOver && !this.#isNotified && !(this.#isPaused && this.#session !== null)) {
      const record = this.#reader.next()
      if (record === null) break
      if (record === 'not-tls') this.#fail(handshakeError('not-tls'), true)
      else this.#heard(record.type, record.body)
    }
    this.#isReading = false
  }

  #heard(type: number, body: Uint8Array): void {
    if (type === DATA && this.#session !== null) {
      const sink = this.#sink
      if (sink === null) return
      if (sink.lendsBuffers) lend(sink, body)
      else sink.received(body)
    } else if (type === HANDSHAKE) {
      this.#heardMessage(decodeMessage(body))
    } else if (type === ALERT && body.length === 2) {
      this.#heardAlert(body[1] as number)
    } else {
      this.#fail(handshakeError('failed'), true)
    }
  }

  #heardMessage(message: Message | null): void {
    if (message === null || this.#session !== null) {
      this.#fail(handshakeError('failed'), true)
      return
    }
    let heard: ReturnType<TLSSide['hear']>
    try {
      heard = this.#side.hear(message)
    } catch (error) {
      this.#fail(error as Error, true)
      return
    }
    this.#say(heard.say)
    if (heard.session === null) return
    this.#session = heard.session
    this.#stopTimeout()
    this.#sink?.secured?.(heard.session)
  }

  #heardAlert(description: number): void {
    if (description !== NOTIFY) {
      this.#fail(alertError(description, this.#session !== null), false)
    } else if (this.#session === null) {
      this.#fail(handshakeError('closed'), false)
    } else {
      this.#isNotified = true
      this.#sink?.receivedEnd()
    }
  }

  #say(message: Message | null): void {
    if (message !== null) this.#below.send(records(HANDSHAKE, [encodeMessage(message)]))
  }

  #notify(): void {
    if (this.#hasNotified || this.#session === null) return
    this.#hasNotified = true
    this.#below.send(records(ALERT, [Uint8Array.of(WARNING, NOTIFY)]))
  }

  #fail(error: Error, tells: boolean): void {
    const sink = this.#sink
    this.#end()
    if (tells) {
      const description = alertFor(error instanceof TLSError ? error : handshakeError('failed'))
      this.#below.send(records(ALERT, [Uint8Array.of(FATAL, description)]))
    }
    this.#below.close(true)
    sink?.closed(error)
  }

  #end(): void {
    this.#isOver = true
    this.#sink = null
    this.#stopTimeout()
  }

  #stopTimeout(): void {
    this.#timeout?.stop()
    this.#timeout = null
  }
}

class Timeout implements SimEvent {
  readonly #channel: SimTLSChannel
  readonly #world: World
  readonly #handle: number

  constructor(channel: SimTLSChannel, world: World, ms: number) {
    this.#channel = channel
    this.#world = world
    this.#handle = world.at(world.now + ms, this)
  }

  stop(): void {
    this.#world.cancel(this.#handle)
  }

  fire(): void {
    this.#channel.timedOut()
  }
}
