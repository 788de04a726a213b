/**
 * ProducerSlot: the one producer that is registered with a transport.
 *
 * Owns: whether it is paused, and what to tell it when. Must not know: buffers; the transport says when they
 * are full or empty. Source: twisted.internet.abstract.FileDescriptor; a push producer here is paused once,
 * not at every write.
 */

import type { IPullProducer, IPushProducer } from '../interfaces/producer.js'

const PULL = ['resumeProducing', 'stopProducing']
const PUSH = ['pauseProducing', ...PULL]

/** @throws TypeError for what could not be paused, resumed or stopped when the time comes. @internal */
export function checkProducer(producer: unknown, streaming: boolean): void {
  const methods = streaming ? PUSH : PULL
  for (const method of methods) {
    if (typeof (producer as Record<string, unknown> | null | undefined)?.[method] !== 'function') {
      throw new TypeError(`a ${streaming ? 'push' : 'pull'} producer needs the method ${method}()`)
    }
  }
}

/** A registered producer. @internal */
export class ProducerSlot {
  readonly producer: IPushProducer | IPullProducer
  readonly streaming: boolean
  #paused = false
  #resumePosted = false

  constructor(producer: IPushProducer | IPullProducer, streaming: boolean) {
    this.producer = producer
    this.streaming = streaming
  }

  /** Too much is waiting. */
  full(): void {
    if (!this.streaming || this.#paused) return
    this.#paused = true
    ;(this.producer as IPushProducer).pauseProducing()
  }

  /** True if the producer is to be told, in a later turn, that there is room; true only once until then. */
  takeResume(): boolean {
    if (this.#resumePosted || (this.streaming && !this.#paused)) return false
    this.#resumePosted = true
    return true
  }

  /**
   * The later turn has come.
   * @param room whether there still is room
   */
  resume(room: boolean): void {
    this.#resumePosted = false
    if (!room) return
    this.#paused = false
    this.producer.resumeProducing()
  }
}
