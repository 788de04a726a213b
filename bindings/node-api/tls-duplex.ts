/**
 * ChannelDuplex: any StreamChannel as one of Node's streams, for Node's TLS to run over.
 *
 * Owns: the translation, both ways with backpressure. Must not know: what runs over it. Sockets have a shorter way.
 */

import { Duplex } from 'node:stream'
import { setTimeout } from 'node:timers'
import type { StreamChannel, StreamSink } from '../../src/interfaces/index.js'

type Done = (error?: Error | null) => void

/** A channel that nobody else uses any more. */
export class ChannelDuplex extends Duplex {
  readonly #channel: StreamChannel
  #isPaused = false
  #isHeld = false
  #hasEnd = false
  readonly #endsAfter: number
  #isOver = false
  #onTaken: (() => void) | null = null
  #onSent: Done | null = null
  #onFinished: Done | null = null

  /** @param endsAfter how long the end is kept back, ms: for TLS that would see it before the last of what it was given */
  constructor(channel: StreamChannel, endsAfter = 0) {
    super({ allowHalfOpen: true })
    this.#channel = channel
    this.#endsAfter = endsAfter
  }

  /** Takes the channel over, opened before or not. */
  begin(): void {
    this.#channel.open(this.#sink)
    // Whoever had it before has stopped its reading.
    this.#channel.resume()
  }

  /** Reads no more until `release`, whatever a host's TLS reads on. */
  hold(): void {
    if (this.#isHeld || this.#isOver) return
    this.#isHeld = true
    this.#channel.pause()
  }

  release(): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    if (!this.#isPaused && !this.#isOver) this.#channel.resume()
  }

  /** Calls `fn` when the channel has taken everything; one at a time. */
  whenTaken(fn: () => void): void {
    if (this.writableLength === 0 || this.#isOver) fn()
    else this.#onTaken = fn
  }

  /** Drops everything, with a reset where there is one. */
  reset(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#channel.reset()
    this.destroy()
  }

  // --- what Node asks for

  override _read(): void {
    if (!this.#isPaused || this.#isOver) return
    this.#isPaused = false
    if (!this.#isHeld) this.#channel.resume()
  }

  override _write(chunk: Uint8Array, _encoding: string, done: Done): void {
    if (this.#isOver || this.#channel.send(chunk)) done()
    else this.#onSent = done
  }

  override _writev(chunks: { chunk: Uint8Array }[], done: Done): void {
    if (this.#isOver || this.#channel.sendList(chunks.map(({ chunk }) => chunk))) done()
    else this.#onSent = done
  }

  override _final(done: Done): void {
    if (this.#isOver) {
      done()
      return
    }
    this.#onFinished = done
    this.#channel.finish()
  }

  override _destroy(error: Error | null, done: Done): void {
    if (!this.#isOver) {
      this.#isOver = true
      if (error === null && this.writableFinished) this.#channel.close(true)
      else this.#channel.close(false)
    }
    done(error)
  }

  /** What the channel tells; an object of its own, because Node's streams have some of these names themselves. */
  readonly #sink: StreamSink = {
    lendsBuffers: false,
    received: (chunk) => {
      if (!this.#isOver && !this.push(chunk) && !this.#isPaused) this.#pause()
    },
    borrow: () => null,
    filled: () => undefined,
    receivedEnd: () => {
      if (!this.#isOver) this.#pushEnd()
    },
    sent: () => {
      const done = this.#onSent
      this.#onSent = null
      done?.()
      const taken = this.#onTaken
      if (taken === null || this.writableLength > 0) return
      this.#onTaken = null
      taken()
    },
    finished: () => {
      const done = this.#onFinished
      this.#onFinished = null
      done?.()
    },
    closed: (error) => this.#channelClosed(error),
  }

  #pause(): void {
    this.#isPaused = true
    this.#channel.pause()
  }

  #channelClosed(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    if (error !== null && error !== undefined) {
      this.destroy(error instanceof Error ? error : new Error(String(error)))
    } else if (this.readableEnded) {
      this.destroy()
    } else {
      // What came before the end is read first.
      this.#pushEnd()
      this.once('end', () => this.destroy())
    }
  }

  #pushEnd(): void {
    if (this.#hasEnd) return
    this.#hasEnd = true
    if (this.#endsAfter === 0) this.push(null)
    else setTimeout(() => this.push(null), this.#endsAfter).unref()
  }
}
