/**
 * UNIXListener: listening at a path, for hosts that make their sockets in ways of their own.
 *
 * Owns: when the place is claimed, bound and left, and what is told of its failures. Must not know: how a socket is made.
 */
import type { IAddress, ListenHandle, ListenSink, UNIXListenRequest } from '../../src/interfaces/index.js'
import { unixAddress } from '../../src/transports/unix.js'
import { UNIXPlace } from './unix-place.js'

/** A host's own socket that listens. */
export interface PathListener {
  readonly isListening: boolean
  close(): void | Promise<void>
}

/** What a host has of its own. */
export interface PathHost {
  /** Listens, or tells `sink` why not. */
  listen(path: string, addresses: { host: IAddress, peer: IAddress }, sink: ListenSink): PathListener
  /** @throws for what is no path to this host */
  check?(path: string): void
  /** What was thrown, as reactors know it. */
  translate?(error: unknown): unknown
}

/** See above. */
export class UNIXListener implements ListenHandle {
  readonly #sink: ListenSink
  readonly #place: UNIXPlace
  readonly #host: PathHost
  #listener: PathListener | null = null
  #isClosed = false

  constructor(request: UNIXListenRequest, sink: ListenSink, host: PathHost) {
    const { path } = request
    this.#sink = sink
    this.#host = host
    this.#place = new UNIXPlace(request)
    const addresses = { host: unixAddress(path), peer: unixAddress(null) }
    const told: ListenSink = {
      listening: (address) => sink.listening(address),
      failed: (error) => this.#failed(error),
      accepted: (channel) => sink.accepted(channel),
      acceptFailed: (error) => sink.acceptFailed(error),
    }
    this.#try(() => {
      host.check?.(path)
      this.#place.claim(() => this.#try(() => {
        if (this.#isClosed) return
        this.#place.bind(() => (this.#listener = host.listen(path, addresses, told)).isListening)
      }))
    })
  }

  close(): void | Promise<void> {
    if (this.#isClosed) return undefined
    this.#isClosed = true
    let freed: void | Promise<void> = undefined
    this.#place.leave(() => {
      freed = this.#listener?.close()
    })
    return freed
  }

  #try(fn: () => void): void {
    try {
      fn()
    } catch (error) {
      queueMicrotask(() => this.#failed(error))
    }
  }

  #failed(error: unknown): void {
    if (!this.#isClosed) this.#sink.failed(this.#place.explain(this.#host.translate?.(error) ?? error))
  }
}
