/**
 * Listener: a listening socket of the simulation, and the queue of connections that it has not handed out.
 *
 * Owns: the queue. Must not know: how addresses are found.
 */

import type { IAddress, ListenHandle, ListenSink } from '../../../interfaces/index.js'
import type { SimEvent, SimHost, World } from '../world.js'
import { Life } from './node.js'
import type { StreamEnd } from './stream-end.js'

/** Connections that wait to be taken, where nothing else is asked for; Node's. */
const BACKLOG = 511

/** @internal */
export class Listener implements ListenHandle, SimEvent {
  readonly #world: World
  readonly #address: IAddress
  readonly #onClose: (listener: Listener) => void
  #sink: ListenSink | null
  readonly #backlog: number
  #queue: StreamEnd[] = []
  #isTold = false
  #isStalled = false

  constructor(
    world: World, address: IAddress, backlog: number | undefined, sink: ListenSink,
    onClose: (listener: Listener) => void) {
    this.#world = world
    this.#address = address
    this.#backlog = backlog ?? BACKLOG
    this.#sink = sink
    this.#onClose = onClose
    world.at(world.now, this)
  }

  get address(): IAddress {
    return this.#address
  }

  /** As Linux counts: one more than asked for. */
  get isFull(): boolean {
    return this.#queue.length > this.#backlog
  }

  /** Whether the program takes no connections, as one does that is too busy. */
  set isStalled(stalled: boolean) {
    this.#isStalled = stalled
    if (!stalled) this.#world.at(this.#world.now, this)
  }

  established(end: StreamEnd): void {
    if (this.#sink === null) {
      end.reset()
      return
    }
    this.#queue.push(end)
    this.#accept()
  }

  fire(): void {
    if (this.#sink === null) return
    if (!this.#isTold) {
      this.#isTold = true
      this.#sink.listening(this.#address)
    }
    this.#accept()
  }

  close(): void {
    if (this.#sink === null) return
    this.#onClose(this)
    this.vanish()
    // Linux resets what nobody has taken.
    for (const end of this.#queue.splice(0)) end.reset()
  }

  /** Its host has crashed. */
  vanish(): void {
    this.#sink = null
  }

  #accept(): void {
    if (!this.#isTold || this.#isStalled) return
    while (this.#queue.length > 0 && !this.#isStalled && this.#sink !== null) {
      this.#sink.accepted(this.#queue.shift() as StreamEnd)
    }
  }
}

/** A socket that could not be bound says so in an event. @internal */
export class FailedListener implements ListenHandle, SimEvent {
  readonly #alive: Life
  #sink: ListenSink | null
  readonly #error: Error

  constructor(world: World, host: SimHost, sink: ListenSink, error: Error) {
    this.#alive = new Life(host)
    this.#sink = sink
    this.#error = error
    world.at(world.now, this)
  }

  close(): void {
    this.#sink = null
  }

  fire(): void {
    if (this.#alive.isNow) this.#sink?.failed(this.#error)
  }
}
