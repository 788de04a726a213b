/**
 * One WebSocket of a relay: a request, then a tunnel, or a refusal.
 *
 * Owns: what may come when, deadlines, and that each end is told once. Must not know: how WebSockets are opened, the
 * list, tokens.
 *
 *   waiting ──OPEN──▶ deciding ──connected──▶ open ──▶ over        over: at any time, by either side
 */
import type { Deferred, Failure } from '../defer/index.js'
import { ConnectionClosed, ConnectionDone, TimeoutError, TunnelRefusedError } from '../errors/index.js'
import type { IAddress, IDelayedCall, IProtocol } from '../interfaces/index.js'
import { portableText } from '../core/index.js'
import { Factory } from '../protocols/factory.js'
import { StreamTransport } from '../transports/index.js'
import type { StreamReactor } from '../transports/index.js'
import type { Client } from './clients.js'
import { abort } from './dial.js'
import type { DialReactor } from './dial.js'
import { Side } from './joined.js'
import type { JoinedOwner } from './joined.js'
import type { SettledLimits } from './limits.js'
import { TunnelLink } from './link.js'
import { codeOf, REFUSAL } from './refusals.js'
import type { TunnelSocket } from './socket.js'
import { FrameError, openedFrame, readFrame, refusedFrame } from './wire.js'
import type { Frame } from './wire.js'

/** A reactor that relays. */
export type RelayReactor = DialReactor & StreamReactor

/** What is known of a tunnel, or of a request for one. */
export interface TunnelInfo {
  /** Who asks. */
  readonly peer: IAddress
  /** Whose page asks, as the browser says; null if it is none. */
  readonly origin: string | null
  /** What is asked for; '' and 0 while that is not known. */
  readonly host: string
  readonly port: number
  /** Bytes that the client, and the host, have sent; once the tunnel has ended. */
  readonly sent: number
  readonly received: number
}

/** The relay, as a session sees it. */
export interface SessionOwner {
  readonly limits: SettledLimits
  /** Fires with the connection, fails with why there is none. */
  decide(info: TunnelInfo, token: string, factory: Factory): Deferred<IProtocol>
  opened(info: TunnelInfo): void
  refused(info: TunnelInfo, reason: Error): void
  ended(info: TunnelInfo, reason: Error): void
  /** The last that is heard of a session. */
  over(session: Session): void
}

const UNSUPPORTED = 1003
const BROKEN = 1002

/** One of them. */
export class Session implements JoinedOwner {
  readonly client: Client
  readonly info: { peer: IAddress, origin: string | null, host: string, port: number, sent: number, received: number }
  readonly #owner: SessionOwner
  readonly #reactor: RelayReactor
  readonly #socket: TunnelSocket
  #state: 'waiting' | 'deciding' | 'open' | 'over' = 'waiting'
  #deadline: IDelayedCall | null
  readonly #pauses = new Set<IDelayedCall>()
  #deciding: Deferred<unknown> | null = null
  #window = 0
  #link: TunnelLink | null = null
  #page: Side | null = null
  #target: Side | null = null
  #lastByte = 0
  /** Why it ended; where the two sides differ, that of the one which was cut off. */
  #reason: Error | null = null

  constructor(
    owner: SessionOwner, client: Client, socket: TunnelSocket, reactor: RelayReactor,
    { peer, origin }: Pick<TunnelInfo, 'peer' | 'origin'>) {
    this.client = client
    this.info = { peer, origin, host: '', port: 0, sent: 0, received: 0 }
    this.#owner = owner
    this.#reactor = reactor
    this.#socket = socket
    this.#deadline = this.#after(owner.limits.open, () =>
      this.refuse(REFUSAL.timeout, new TimeoutError('No request came.')))
  }

  // --- from the WebSocket

  message(data: Uint8Array | null): void {
    if (this.#state === 'over') return
    let frame: Frame
    try {
      if (data === null) throw new FrameError('a message of text')
      frame = readFrame(data)
    } catch (error) {
      this.#spoilt((error as Error).message, data === null ? UNSUPPORTED : BROKEN)
      return
    }
    if (this.#state === 'open') this.#link!.arrived(frame)
    else if (frame.kind === 'reset') this.#end()
    else if (this.#state === 'waiting' && frame.kind === 'open') this.#asked(frame)
    else this.#spoilt(`${frame.kind} before there is a tunnel`, BROKEN)
  }

  /** @param error null after a close in order */
  closed(error: Error | null): void {
    if (this.#state === 'open') this.#link!.channel.linkLost(error)
    else this.#end()
  }

  /** Says no, and ends. @param error told to the relay's owner */
  refuse(code: number, error: Error): void {
    if (this.#state !== 'waiting' && this.#state !== 'deciding') return
    this.#socket.send(refusedFrame(code, this.#reactor.host.encode(error.message)))
    this.#socket.close()
    this.#owner.refused(this.info, error)
    this.#end()
  }

  /** The relay closes: what is open is reset. */
  abort(): void {
    if (this.#state === 'open') {
      this.#abortBoth()
    } else if (this.#state !== 'over') {
      this.#socket.close()
      this.#end()
    }
  }

  // --- from the two sides

  moved(bytes: number): number {
    this.#lastByte = this.#reactor.now()
    return this.client.spend(bytes, this.#reactor)
  }

  later(ms: number, fn: () => void): void {
    const call = this.#reactor.callLater(ms, () => {
      this.#pauses.delete(call)
      fn()
    })
    this.#pauses.add(call)
  }

  /** It is over once both are: what one has left is still on its way to the other. */
  ended(side: Side, { value }: Failure): void {
    if (side === this.#target) {
      this.#target = null
      this.info.received = side.bytes
    } else {
      this.#page = null
      this.info.sent = side.bytes
    }
    if (this.#reason === null || this.#reason instanceof ConnectionDone) this.#reason = value as Error
    if (this.#page !== null || this.#target !== null || this.#state !== 'open') return
    this.#owner.ended(this.info, this.#reason)
    this.#end()
  }

  // --- inside

  #asked({ host, port, window, token }: Frame & { kind: 'open' }): void {
    this.#state = 'deciding'
    this.info.host = text(host)
    this.info.port = port
    this.#window = window
    this.#deadline?.cancel()
    this.#deadline = this.#after(this.#owner.limits.connect, () => {
      this.refuse(REFUSAL.timeout, new TimeoutError(`${this.info.host} did not answer in time.`))
    })
    const deciding = this.#owner.decide(this.info, text(token), Factory.forProtocol(Side))
    this.#deciding = deciding
    deciding.addCallbacks(
      (target: unknown) => this.#connected(target as Side), (reason: Failure) => this.#failed(reason))
  }

  #failed({ value }: Failure): void {
    this.#deciding = null
    const error = value as Error
    const own = error instanceof TunnelRefusedError ? REFUSALS[error.refusal] : undefined
    this.refuse(own ?? codeOf(error), error)
  }

  #connected(target: Side): void {
    this.#deciding = null
    if (this.#state !== 'deciding' || !target.connected) {
      abort(target)
      // It was lost in between.
      if (this.#state === 'deciding') this.refuse(REFUSAL.failed, new ConnectionClosed('The host closed at once.'))
      return
    }
    const { limits } = this.#owner
    this.#state = 'open'
    this.#deadline?.cancel()
    this.#lastByte = this.#reactor.now()
    this.#deadline = this.#after(limits.idle, () => this.#idle())
    const peer = target.transport.getPeer()
    const [address, port] = 'host' in peer ? [peer.host, peer.port] : ['', 0]
    this.#socket.send(openedFrame(limits.window, port, this.#reactor.host.encode(address)))
    const link = new TunnelLink(this.#socket, this.info.peer, this.#reactor, limits.window, this.#window)
    const page = new Side()
    this.#link = link
    this.#page = page
    this.#target = target
    new StreamTransport(this.#reactor, link.channel, null).start(page)
    Side.join(page, target, this)
    this.#owner.opened(this.info)
  }

  #idle(): void {
    const left = this.#lastByte + this.#owner.limits.idle - this.#reactor.now()
    if (left > 0) this.#deadline = this.#after(left, () => this.#idle())
    else this.#abortBoth()
  }

  #abortBoth(): void {
    const target = this.#target
    this.#page?.transport.abortConnection()
    target?.transport.abortConnection()
  }

  /** What came is no message, or not one that may come now. */
  #spoilt(what: string, code: number): void {
    if (this.#state === 'open') {
      this.#link!.channel.violated(`it sent ${what}`)
      return
    }
    const error = new TunnelRefusedError(`This is no request for a tunnel: ${what}.`, { refusal: 'malformed' })
    this.#socket.send(refusedFrame(REFUSAL.malformed, this.#reactor.host.encode(error.message)))
    this.#socket.close(code)
    this.#owner.refused(this.info, error)
    this.#end()
  }

  #end(): void {
    if (this.#state === 'over') return
    this.#state = 'over'
    for (const call of [this.#deadline, ...this.#pauses]) if (call !== null && call.active()) call.cancel()
    this.#deciding?.cancel()
    this.#owner.over(this)
  }

  #after(ms: number, fn: () => void): IDelayedCall | null {
    return ms === Infinity ? null : this.#reactor.callLater(ms, fn)
  }
}

const REFUSALS: Readonly<Record<string, number>> = {
  'not-allowed': REFUSAL.notAllowed, unauthenticated: REFUSAL.unauthenticated, busy: REFUSAL.busy,
  malformed: REFUSAL.malformed,
}

function text(bytes: Uint8Array): string {
  return portableText().utf8(bytes, 0, bytes.length)
}
