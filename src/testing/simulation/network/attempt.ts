/**
 * Attempt: the making of a simulated connection, in three packets, each sent again when it is lost.
 *
 * Owns: the handshake and its times. Must not know: addresses; who listens is asked when the first packet arrives.
 * Source: RFC 9293 section 3.5; Linux's times (`tcp_syn_retries` 6).
 *
 *   SYN ──▶ (nobody: RST ──▶ refused) ──▶ SYN-ACK ──▶ connected ──▶ ACK ──▶ accepted
 */

import type { ConnectHandle, ConnectSink } from '../../../interfaces/index.js'
import { hostError } from './host-error.js'
import { ENDED, LOST, Packet } from './link.js'
import type { Link } from './link.js'
import type { Listener } from './listener.js'
import { DEAD, EMBRYO, UNIX } from './stream-bits.js'
import { StreamEnd } from './stream-end.js'
import type { Wires } from './wires.js'

/** ms until the first packet is sent again; then twice as long each time. */
const FIRST_WAIT = 1_000
const TRIES = 7

const SYN = 0
const SYN_ACK = 1
const ACK = 2
const RST = 3
const OVER = 4

/** Whom a first packet finds. @internal */
export type Found = Listener | 'refused' | 'lost'

/** What an attempt is made with. @internal */
export interface AttemptOptions {
  wires: Wires
  link: Link
  local: { name: string, port: number }
  remote: { name: string, port: number }
  isUnix: boolean
  /** Asked when the first packet arrives. */
  find: () => Found
  sink: ConnectSink
}

/** @internal */
export class Attempt extends Packet implements ConnectHandle {
  readonly #options: AttemptOptions
  readonly #back: Link
  readonly #client: StreamEnd
  /** The life of its host in which it was begun. */
  readonly #incarnation: number
  #server: StreamEnd | null = null
  #listener: Listener | null = null
  #stage = SYN
  #tries = 0
  #handle = 0
  #isWaiting = false

  constructor(options: AttemptOptions) {
    super(options.link)
    const { wires, link, local, remote } = options
    const id = wires.nextConnection()
    this.#options = options
    this.#incarnation = link.from.incarnation
    this.#back = wires.link(link.to, link.from)
    this.#client = new StreamEnd(wires, id, 0, link, local.name, local.port, options.isUnix ? UNIX : 0)
    wires.world.trace.connect(id, link.from.id, link.to.id, local.name, local.port, remote.name, remote.port,
      options.isUnix ? 'unix' : 'tcp')
    this.#client.rareOf().remote = remote
    wires.begun(this.#client)
    this.#send(SYN)
  }

  cancel(): void {
    if (this.#stage === OVER || this.#stage === ACK) return
    this.#forget()
    this.#client.vanish(ENDED.aborted)
    this.#server?.vanish(ENDED.aborted)
  }

  override fire(): void {
    if (this.#stage !== ACK && (this.#client.bits & DEAD) !== 0) {
      // Its host has crashed.
      this.#stage = OVER
      this.#server?.vanish()
      return
    }
    if (!this.#isWaiting) {
      super.fire()
      return
    }
    this.#isWaiting = false
    const { from } = this.#options.link
    if (from.isUp && from.incarnation !== this.#incarnation) this.#forgotten()
    else if (this.#tries >= TRIES) this.#giveUp()
    // Nobody sends for a host that is down.
    else if (!from.isUp) this.#waitAndSend()
    else this.#send(this.#stage === RST ? SYN : this.#stage)
  }

  override arrive(): void {
    switch (this.#stage) {
      case SYN: return this.#synArrived()
      case SYN_ACK: return this.#connected()
      case ACK: return this.establish()
      case RST: return this.#failed('ECONNREFUSED')
    }
  }

  override lost(why: number): void {
    const { id, wires } = this.#client
    wires.world.trace.lost(id, this.#stage === SYN || this.#stage === ACK ? 0 : 1, 0, 0, why)
    this.#waitAndSend()
  }

  /** The listening side hears that the connection is there: by ACK, or by the first data. @internal */
  establish(): void {
    const server = this.#server
    if (this.#stage !== ACK || server === null) return
    this.#forget()
    // Nothing else of what is rare can have happened to it yet.
    server.rare = null
    if ((server.bits & DEAD) !== 0) {
      if (server.on.isUp) server.asked()
      return
    }
    if ((server.bits & EMBRYO) === 0) return
    server.bits &= ~EMBRYO
    server.wires.world.trace.accepted(server.id)
    ;(this.#listener as Listener).established(server)
  }

  #send(stage: number): void {
    const { link: there, wires } = this.#options
    this.#stage = stage
    this.link = stage === SYN || stage === ACK ? there : this.#back
    const time = this.link.arrival(0)
    if (time < 0) this.lost(this.link.why)
    else this.#handle = wires.world.at(time, this)
  }

  #waitAndSend(): void {
    const { world } = this.#options.wires
    this.#isWaiting = true
    this.#handle = world.at(world.now + FIRST_WAIT * 2 ** this.#tries, this)
    this.#tries += 1
  }

  #synArrived(): void {
    const found = this.link.to.isUp ? this.#options.find() : 'lost'
    if (found === 'lost') {
      this.lost(this.link.to.isUp ? LOST.blackHole : LOST.hostDown)
    } else if (found === 'refused') {
      this.#send(RST)
    } else if (found.isFull) {
      // As Linux does: it will be sent again, and there may be room then.
      this.lost(LOST.full)
    } else {
      this.#listener = found
      this.#makeServer()
      this.#tries = 0
      this.#send(SYN_ACK)
    }
  }

  #makeServer(): void {
    const { wires, remote, isUnix } = this.#options
    const client = this.#client
    const bits = isUnix ? UNIX | EMBRYO : EMBRYO
    const server = new StreamEnd(wires, client.id, 1, this.#back, remote.name, remote.port, bits)
    server.other = client
    client.other = server
    // It has nothing else that is rare yet.
    client.rare = null
    server.rareOf().embryo = this
    this.#server = server
  }

  #connected(): void {
    this.#tries = 0
    this.#options.wires.world.trace.connected(this.#client.id)
    this.#send(ACK)
    this.#options.sink.connected(this.#client)
  }

  #failed(code: string): void {
    const { wires, remote, sink } = this.#options
    const { trace } = wires.world
    trace.refused(this.#client.id, code === 'ECONNREFUSED' ? LOST.nobody : LOST.blackHole)
    this.cancel()
    sink.failed(hostError(code, 'connect', `${remote.name}:${remote.port}`))
  }

  /** The client's host is back, and knows nothing of it: what the server's sends now is answered with a reset. */
  #forgotten(): void {
    this.#forget()
    this.#server?.vanish(ENDED.reset)
  }

  #giveUp(): void {
    if (this.#stage !== ACK) {
      this.#failed('ETIMEDOUT')
      return
    }
    // The client has a connection; the server never heard of it.
    this.#forget()
    this.#server?.vanish()
  }

  #forget(): void {
    this.#options.wires.world.cancel(this.#handle)
    this.link.forget(this)
    this.#stage = OVER
  }
}

