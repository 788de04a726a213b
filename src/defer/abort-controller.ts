/**
 * An AbortController on every host: the host's own, or one that is as good where there is none.
 *
 * Owns: the one place that asks for the host's. Must not know: what is aborted.
 * Source: the DOM Standard, 3.1 and 3.2. Without DOMException the reason that nobody gave is an Error of its name.
 */
import { Logger } from '../logger/logger.js'
import { Failure } from './failure.js'

const log = /* @__PURE__ */ new Logger('whorl.defer')

type Listener = EventListenerOrEventListenerObject

/** A signal that nobody but its holder aborts. @internal */
export function newAbortController(): AbortController {
  return typeof AbortController === 'undefined' ? new PortableController() : new AbortController()
}

/** @internal */
export class PortableController implements AbortController {
  readonly signal = new PortableSignal()

  abort(reason?: unknown): void {
    const { signal } = this
    if (signal.aborted) return
    signal.reason = reason === undefined
      ? Object.assign(new Error('This operation was aborted'), { name: 'AbortError' })
      : reason
    signal.aborted = true
    signal.dispatchEvent({ type: 'abort', target: signal, currentTarget: signal } as unknown as Event)
  }
}

/** What is used of an AbortSignal, and of the target of events that it is. */
class PortableSignal implements AbortSignal {
  aborted = false
  reason: any = undefined
  onabort: ((this: AbortSignal, event: Event) => unknown) | null = null
  /** In the order they were added; true for those that are called once. */
  readonly #listeners = new Map<Listener, boolean>()

  addEventListener(type: string, listener: Listener | null, options?: boolean | AddEventListenerOptions): void {
    if (type !== 'abort' || listener === null || this.#listeners.has(listener)) return
    const { once = false, signal } = typeof options === 'object' ? options : {}
    if (signal?.aborted === true) return
    this.#listeners.set(listener, once)
    signal?.addEventListener('abort', () => this.removeEventListener(type, listener), { once: true })
  }

  removeEventListener(type: string, listener: Listener | null): void {
    if (type === 'abort' && listener !== null) this.#listeners.delete(listener)
  }

  dispatchEvent(event: Event): boolean {
    if (event.type !== 'abort') return true
    // Those that are added meanwhile are not called, nor those that are removed.
    const listeners = [...this.#listeners]
    this.#call(this.onabort, event)
    for (const [listener, once] of listeners) {
      if (!this.#listeners.has(listener)) continue
      if (once) this.#listeners.delete(listener)
      this.#call(listener, event)
    }
    return true
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason
  }

  get [Symbol.toStringTag](): string {
    return 'AbortSignal'
  }

  /** An error is logged, as a host reports it: nobody calls who could be told. */
  #call(listener: Listener | PortableSignal['onabort'], event: Event): void {
    try {
      if (typeof listener === 'function') listener.call(this, event)
      else listener?.handleEvent(event)
    } catch (error) {
      log.failure('A listener of an AbortSignal threw an error.', new Failure(error))
    }
  }
}
