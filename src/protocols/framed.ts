/**
 * What all framing protocols share: bytes in by `dataReceived`, frames out to a method of the subclass.
 *
 * Owns: the frame stream (made when the first bytes come, so that an idle connection costs none), pausing, and two
 * promises: nothing is delivered once the connection is being closed, and nothing that came in plain text is delivered
 * once TLS has begun. Must not know: any wire format.
 * Source: twisted.protocols.basic, its _PauseableMixin; cases B08, B09, B11 to B14, N21.
 */
import { defaultCore } from '../core/default.js'
import type { Core } from '../core/core.js'
import type { FrameParser } from '../core/frame-parser.js'
import { FrameStream } from '../core/frame-stream.js'
import type { FrameHandler } from '../core/frame-stream.js'
import type { Failure } from '../defer/index.js'
import type { ITransport } from '../interfaces/transport.js'
import { Protocol } from './protocol.js'
import { abortAsSpoilt, securityOf } from './spoilt.js'

/** A protocol whose bytes are cut into frames by the core. */
export abstract class FramedProtocol extends Protocol implements FrameHandler {
  #stream: FrameStream | null = null
  /** What the bytes that are kept here came through, see `securityOf`; may be out of date while there are none. */
  #security: unknown = undefined

  /** Makes the parser of this protocol's wire format. */
  protected abstract makeFrames(core: Core): FrameParser

  /** @internal Hands the event that the parser stands at to the protocol's own method. */
  abstract frameEvent(parser: FrameParser): void

  /** @internal */
  rawEvent(_data: Uint8Array): void {}

  /** The stream, made at first use. */
  protected get frames(): FrameStream {
    return (this.#stream ??= new FrameStream(this.makeFrames(defaultCore()), this))
  }

  /** True when there is no stream yet: nothing was received, nothing was asked of it. */
  protected get isUntouched(): boolean {
    return this.#stream === null
  }

  /** A protocol object that has had a connection begins anew with the next one. */
  override makeConnection(transport: ITransport): void {
    if (this.#stream !== null && this.#stream.isStopped) {
      this.#stream.free()
      this.#stream = null
    }
    this.#security = securityOf(transport)
    super.makeConnection(transport)
  }

  override dataReceived(data: Uint8Array): void {
    if (this.isClosing) return
    const stream = this.#stream
    if (stream !== null) {
      this.follow()
      // A chunk that is one frame leaves no bytes that TLS could spoil: nobody is asked whether it has begun. Where
      // bytes are kept, or may be, the transport has been asked before, here or where they were put.
      if (stream.receiveFrame(data)) return
    }
    if (!this.stopIfClosing()) this.frames.receive(data)
  }

  /** Takes over settings that were changed since the last event; called before anything may be delivered. */
  protected follow(): void {}

  /** True once the connection is being closed: from then on nothing is delivered. */
  protected get isClosing(): boolean {
    const { transport } = this as { transport?: { disconnecting: boolean } }
    return transport !== undefined && transport.disconnecting
  }

  /**
   * Whether the last event may have been the last: it closed the connection, or began TLS. Asked before `stopIfClosing`
   * where every frame comes by, because this much can be compiled into the caller.
   */
  protected get mustStop(): boolean {
    const { transport } = this as { transport?: ITransport }
    return transport !== undefined && (transport.disconnecting || securityOf(transport) !== this.#security)
  }

  /**
   * Stops delivering when the last event closed the connection. When it began TLS and there are bytes behind it, they
   * are forgotten and the connection is aborted.
   */
  protected stopIfClosing(): boolean {
    if (!this.mustStop) return false
    const stream = this.#stream
    if (!this.isClosing) {
      this.#security = securityOf(this.transport)
      if (stream === null || stream.isStopped || stream.takeRest().length === 0) return false
      abortAsSpoilt(this.transport)
    }
    if (stream !== null) stream.stop()
    return true
  }

  /** Delivers nothing more until `resumeProducing`, and stops the transport's reading. */
  pauseProducing(): void {
    this.frames.pause()
    if (!this.isClosing) this.transport.pauseProducing()
  }

  /** Delivers what was kept, then lets the transport read again, unless that paused it anew. */
  resumeProducing(): void {
    if (this.stopIfClosing()) return
    this.follow()
    try {
      this.frames.resume()
    } finally {
      // Also when a callback threw: what is left goes on with the next bytes, so they must be able to come.
      if (!this.frames.isPaused && !this.isClosing) this.transport.resumeProducing()
    }
  }

  /** Delivers nothing more, ever, and closes the connection. */
  stopProducing(): void {
    this.frames.stop()
    this.transport.stopProducing()
  }

  /**
   * Gives the parser back to the core. When a subclass overrides this and forgets `super`, that happens once the
   * protocol is collected: see {@link Core.adopt}.
   */
  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    if (this.#stream !== null) this.#stream.free()
  }
}
