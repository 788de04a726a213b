/**
 * MessageLink: a stream's messages on something that passes values on: a MessagePort, a BroadcastChannel with two ends.
 *
 *   both, at once or in answer   ['whorl', 1, window, id]       version, room for bytes, and which of several is meant
 *   then                         ['data', bytes] ['credit', count] ['end'] ['reset']
 *
 * Owns: how these are written and checked. Must not know: who makes ports, and how two of them meet.
 * Source: the project's own; MessagePort and BroadcastChannel of the HTML Standard.
 */
import type { IAddress } from '../interfaces/address.js'
import type { IProtocol } from '../interfaces/protocol.js'
import { unowned } from './bridges.js'
import { CreditChannel } from './credit-channel.js'
import type { CreditLink, CreditOptions } from './credit-channel.js'
import { CREDIT_PIECE } from './limits.js'
import type { StreamReactor } from './stream-reactor.js'
import { StreamTransport } from './stream-transport.js'
import { Unclaimed } from './unclaimed.js'

/** What is used of a MessagePort, or of a BroadcastChannel. */
export interface MessagePortLike {
  postMessage(message: unknown): void
  addEventListener(type: 'message' | 'messageerror' | 'close', listener: (event: any) => void): void
  start?(): void
  close(): void
}

/** Named in the first message. */
const MAGIC = 'whorl'
const VERSION = 1

/** What a link hears, besides what its channel is told. */
export interface LinkOptions extends CreditOptions {
  /** What this end is called by the other; '' where there is only one. */
  id?: string
  /** A first message has come: whether it is for this end. If not, this one waits on. */
  met?: (id: string) => boolean
  /** Others have met here. */
  others?: () => void
  /** It is over before the other end has said anything; `isRefused` where that was said. */
  missed?: (isRefused: boolean) => void
  peer?: IAddress
  /** Others than the two may hear and speak here, before they have met: what makes no sense is theirs. */
  isShared?: boolean
}

/** One end. */
export class MessageLink implements CreditLink {
  readonly peer: IAddress
  readonly host: IAddress
  readonly channel: CreditChannel
  readonly #port: MessagePortLike
  readonly #options: LinkOptions
  #isMet = false
  #isOver = false

  constructor(port: MessagePortLike, reactor: Pick<StreamReactor, 'queue' | 'callLater'>, options: LinkOptions = {}) {
    this.peer = options.peer ?? { family: 'memory', type: 'memory', name: 'message-port' }
    this.host = this.peer
    this.#port = port
    this.#options = options
    this.channel = new CreditChannel(this, reactor, options)
    port.addEventListener('message', ({ data }: { data: unknown }) => this.#arrived(data))
    port.addEventListener('messageerror', () => this.#spoilt('what cannot be read'))
    // Not every host says it.
    port.addEventListener('close', () => this.#gone())
    port.start?.()
  }

  /** The first message. @param id what the other end is called */
  greet(id = ''): void {
    this.#port.postMessage([MAGIC, VERSION, this.channel.window, id])
  }

  /** Says no, and ends. */
  refuse(): void {
    this.reset()
  }

  data(bytes: Uint8Array): void {
    // The array may be a small part of a large buffer, all of which would be copied.
    this.#port.postMessage(['data', bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice()])
  }

  credit(bytes: number): void {
    this.#port.postMessage(['credit', bytes])
  }

  end(): void {
    this.#port.postMessage(['end'])
  }

  reset(): void {
    if (this.#isOver) return
    this.#port.postMessage(['reset'])
    this.close()
  }

  close(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#port.close()
  }

  #arrived(data: unknown): void {
    if (this.#isOver) return
    const [kind, first] = Array.isArray(data) ? data as unknown[] : []
    if (!this.#isMet) {
      if (kind === 'reset') this.#missed(true)
      else if (this.#options.isShared === true && kind !== MAGIC) this.#options.others?.()
      else this.#meet(data as unknown[])
      return
    }
    const { channel } = this
    if (kind === 'data' && isBytes(first) && first.length <= CREDIT_PIECE) channel.dataArrived(first)
    else if (kind === 'credit' && typeof first === 'number') channel.creditArrived(first)
    else if (kind === 'end') channel.endArrived()
    else if (kind === 'reset') channel.resetArrived()
    // Several greet where several listen; one was first.
    else if (kind !== MAGIC || this.#options.isShared !== true) this.#spoilt('something that is no message')
  }

  #meet(data: unknown[]): void {
    const [magic, version, window, id] = Array.isArray(data) ? data : []
    if (magic !== MAGIC || version !== VERSION || typeof window !== 'number' || typeof id !== 'string') {
      if (this.#options.isShared !== true) this.#spoilt('something that is no greeting')
      return
    }
    if (this.#options.met?.(id) === false) return
    this.#isMet = true
    this.channel.creditArrived(window)
  }

  #spoilt(what: string): void {
    if (this.#isMet || this.#options.missed === undefined) {
      this.channel.violated(`it sent ${what}`)
    } else {
      this.#port.postMessage(['reset'])
      this.#missed(false)
    }
  }

  #gone(): void {
    if (this.#isOver) return
    if (this.#isMet || this.#options.missed === undefined) this.channel.linkLost(null)
    else this.#missed(false)
  }

  #missed(isRefused: boolean): void {
    if (this.#options.missed === undefined) {
      this.channel.resetArrived()
      return
    }
    this.close()
    this.#options.missed(isRefused)
  }
}

/** Of any realm. */
function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]'
}

/** Options of `fromMessagePort`. */
export interface FromMessagePortOptions {
  /** Whose turns the connection's callbacks run in. */
  reactor: StreamReactor
  /** Who gets the bytes; without one they wait until taken: by `switchProtocol`, `readable`, `for await`. */
  protocol?: IProtocol
  /** Bytes that may be under way to this side; 262,144 if not given. */
  window?: number
}

/**
 * A transport over a MessagePort, whose other end is one as well. The port is the transport's from then on.
 *
 * @throws TypeError for what is no MessagePort, or without a reactor
 * @example
 * const { port1, port2 } = new MessageChannel()
 * worker.postMessage('speak with me', [port2])
 * fromMessagePort(port1, { reactor, protocol: new Chat() })
 */
export function fromMessagePort(port: MessagePortLike, options: FromMessagePortOptions): StreamTransport {
  const { reactor, protocol = new Unclaimed(), window } = options ?? {}
  if (typeof reactor?.flushLater !== 'function') throw new TypeError('fromMessagePort() needs the option reactor')
  for (const method of ['postMessage', 'close', 'addEventListener'] as const) {
    if (typeof port?.[method] !== 'function') throw new TypeError(`a MessagePort has the method ${method}()`)
  }
  const link = new MessageLink(port, reactor, window === undefined ? {} : { window })
  link.greet()
  const transport = new StreamTransport(reactor, link.channel, unowned())
  transport.start(protocol)
  return transport
}
