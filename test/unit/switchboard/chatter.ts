/**
 * Someone in a chat without a network: a ChatProtocol on a StringTransport, and all of them on one Clock.
 */
import { ConnectionAborted, ConnectionDone, Failure } from 'whorl'
import type { ITransport } from 'whorl'
import { Clock, StringTransport } from 'whorl/testing'
import { ChatFactory } from '../../../examples/switchboard/chat-protocol.js'
import type { ChatProtocol } from '../../../examples/switchboard/chat-protocol.js'
import { CHAT_LIMITS } from '../../../examples/switchboard/limits.js'
import type { ChatLimits } from '../../../examples/switchboard/limits.js'
import { Room } from '../../../examples/switchboard/room.js'

const encoder = new TextEncoder()

/** A transport whose peer may stop reading: then what is written stays. */
export class Wire extends StringTransport {
  isStuck = false

  override get writableLength(): number {
    return this.isStuck && !this.disconnected ? this.value().length : 0
  }
}

/** One person at the other end. */
export class Chatter {
  readonly protocol: ChatProtocol
  readonly wire: Wire

  constructor(protocol: ChatProtocol, wire: Wire) {
    this.protocol = protocol
    this.wire = wire
    protocol.makeConnection(wire as ITransport)
  }

  types(...lines: string[]): void {
    this.sends(lines.map((line) => `${line}\n`).join(''))
  }

  sends(data: string | Uint8Array): void {
    this.protocol.dataReceived(typeof data === 'string' ? encoder.encode(data) : data)
  }

  /** Lines shown since the last time. */
  sees(): string[] {
    const lines = this.wire.text().split('\r\n')
    this.wire.clear()
    if (lines.pop() !== '') throw new Error('the last line has no end')
    return lines
  }

  /** What a transport does after `loseConnection`, or when the peer closed. */
  isGone(error: Error = this.wire.aborted ? new ConnectionAborted() : new ConnectionDone()): void {
    this.protocol.connectionLost(new Failure(error))
  }
}

/** A room to come into. */
export class Chat {
  readonly clock = new Clock()
  readonly room = new Room()
  readonly #factory: ChatFactory

  constructor(limits: Partial<ChatLimits> = {}) {
    this.#factory = new ChatFactory(this.room, this.clock, { ...CHAT_LIMITS, ...limits })
  }

  connects(): Chatter {
    return new Chatter(this.#factory.buildProtocol(), new Wire())
  }

  /** Someone who has been let in, and has read what is told to those who come in. */
  joins(nick: string): Chatter {
    const chatter = this.connects()
    chatter.types(nick)
    chatter.wire.clear()
    return chatter
  }
}
