/**
 * The chat in a browser: messages of a WebSocket for a conversation. Owns: what a line is there, one text message. Must
 * not know: what is said, and that others come by TCP.
 */
import { ConnectionDone } from 'whorl'
import type { Failure, IReactorTime } from 'whorl'
import { WebSocketProtocol } from 'whorl/websocket'
import { Conversation } from './conversation.js'
import type { Line } from './conversation.js'
import type { ChatLimits } from './limits.js'
import type { Room } from './room.js'

/** Close codes of RFC 6455, 7.4.1, and of the registry it founded. */
const NORMAL = 1000
const UNSUPPORTED = 1003
const TRY_LATER = 1013

const encoder = new TextEncoder()

/** One WebSocket of the chat. */
export class WebChat extends WebSocketProtocol {
  /** What the page shows of it. */
  readonly label = 'chat in a browser'
  readonly #line = new MessageLine(this)
  readonly #conversation: Conversation
  readonly #longest: number

  constructor(room: Room, clock: IReactorTime, limits: Readonly<ChatLimits>) {
    super()
    this.#conversation = new Conversation(this.#line, room, clock, limits)
    this.#longest = limits.line
  }

  override connectionMade(): void {
    this.#conversation.begin()
  }

  override textReceived(text: string): void {
    if (encoder.encode(text).length > this.#longest) this.#conversation.heardTooMuch()
    // One message is one line, whatever is in it.
    else this.#conversation.heard(text.replace(/[\r\n]+/g, ' '))
  }

  override binaryReceived(): void {
    this.#line.isClosing = true
    this.close(UNSUPPORTED, 'The chat is text.')
  }

  override closeReceived(): void {
    this.#line.isClosing = true
  }

  override connectionLost(reason: Failure): void {
    this.#conversation.ended(reason.check(ConnectionDone) !== null)
    super.connectionLost(reason)
  }
}

/** What the conversation asks of the WebSocket. */
class MessageLine implements Line {
  isClosing = false
  readonly #protocol: WebChat

  constructor(protocol: WebChat) {
    this.#protocol = protocol
  }

  get waiting(): number {
    return this.#protocol.writableLength
  }

  send(text: string): void {
    this.#protocol.sendText(text)
  }

  pause(): void {
    this.#protocol.pauseProducing()
  }

  resume(): void {
    this.#protocol.resumeProducing()
  }

  hangUp(): void {
    this.isClosing = true
    this.#protocol.close(NORMAL)
  }

  cut(): void {
    this.isClosing = true
    this.#protocol.transport.abortConnection()
  }
}

/** Says why not, and hangs up. */
export class WebRefusal extends WebSocketProtocol {
  readonly label = 'refused'
  readonly #words: string

  constructor(words: string) {
    super()
    this.#words = words
  }

  override connectionMade(): void {
    this.sendText(this.#words)
    this.close(TRY_LATER)
  }
}
