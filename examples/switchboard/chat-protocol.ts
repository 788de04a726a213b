/**
 * The chat port: lines of a TCP connection for a conversation. Owns: what a line is for `nc` and `telnet`. Must not
 * know: what is said; that is the conversation's.
 */
import { ConnectionDone, Factory, LineReceiver } from 'whorl'
import type { Failure, IReactorTime } from 'whorl'
import { Conversation } from './conversation.js'
import type { Line } from './conversation.js'
import { CHAT_LIMITS } from './limits.js'
import type { ChatLimits } from './limits.js'
import type { Room } from './room.js'
import { TelnetFilter } from './telnet.js'

/** One connection to the chat port. */
export class ChatProtocol extends LineReceiver<string> {
  /** What the page shows of it. */
  readonly label = 'chat'
  // A line feed alone, so that `nc` (LF) and `telnet` (CR LF) are both understood; cleaning takes the CR away.
  override delimiter = '\n'
  readonly #conversation: Conversation
  readonly #telnet = new TelnetFilter((answer) => this.#answer(answer))

  constructor(room: Room, clock: IReactorTime, limits: Readonly<ChatLimits>) {
    super()
    this.#conversation = new Conversation(new TextLine(this), room, clock, limits)
    this.maxLength = limits.line
  }

  override connectionMade(): void {
    this.#conversation.begin()
  }

  override dataReceived(data: Uint8Array): void {
    super.dataReceived(this.#telnet.filter(data))
  }

  override lineReceived(line: string): void {
    this.#conversation.heard(line)
  }

  override lineLengthExceeded(): void {
    this.#conversation.heardTooMuch()
  }

  override connectionLost(reason: Failure): void {
    this.#conversation.ended(reason.check(ConnectionDone) !== null)
    super.connectionLost(reason)
  }

  /** Answers of telnet are no lines, but have to be read as well. */
  #answer(bytes: Uint8Array): void {
    if (this.transport.disconnecting) return
    this.transport.write(bytes)
    this.#conversation.checkReader()
  }
}

/** What the conversation asks of the connection. */
class TextLine implements Line {
  readonly #protocol: ChatProtocol

  constructor(protocol: ChatProtocol) {
    this.#protocol = protocol
  }

  get isClosing(): boolean {
    return this.#protocol.transport.disconnecting
  }

  get waiting(): number {
    return this.#protocol.transport.writableLength
  }

  send(text: string): void {
    this.#protocol.transport.write(`${text}\r\n`)
  }

  pause(): void {
    this.#protocol.pauseProducing()
  }

  resume(): void {
    this.#protocol.resumeProducing()
  }

  hangUp(): void {
    this.#protocol.transport.loseConnection()
  }

  cut(): void {
    this.#protocol.transport.abortConnection()
  }
}

/** Makes the chat protocols of one room. */
export class ChatFactory extends Factory {
  readonly #room: Room
  readonly #clock: IReactorTime
  readonly #limits: Readonly<ChatLimits>

  constructor(room: Room, clock: IReactorTime, limits: Readonly<ChatLimits> = CHAT_LIMITS) {
    super()
    this.#room = room
    this.#clock = clock
    this.#limits = limits
  }

  override buildProtocol(): ChatProtocol {
    return new ChatProtocol(this.#room, this.#clock, this.#limits)
  }
}
