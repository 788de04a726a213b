/**
 * Requests and answers, one JSON text a line, in both directions over any stream.
 *
 *   → {"id":1,"call":"add","with":[1,2]}        ← {"id":1,"gives":3}        or  ← {"id":1,"fails":"why"}
 *
 * Owns: which answer is whose, and what becomes of requests that get none. Must not know: what carries the bytes, what
 * host it is, what can be called. Answers may come in any order. Nothing here is written for one host: time comes from
 * the clock that it is given.
 */
import { ConnectionLost, Deferred, LineReceiver, maybeDeferred, WhorlError } from 'whorl'
import type { Failure, IReactorTime } from 'whorl'

/** What can be called, by name: gives a value, a Deferred or a Promise of one. Values are what JSON can say. */
export type Callable = Readonly<Record<string, (...args: never[]) => unknown>>

/** The other end answered that it failed. */
export class RemoteError extends WhorlError {
  static override readonly code: string = 'ERR_EVERYWHERE_REMOTE'
}

interface Message {
  readonly id: number
  readonly call?: string
  readonly with?: unknown[]
  readonly gives?: unknown
  readonly fails?: string
}

/** One end of a connection. */
export class Calls extends LineReceiver {
  override maxLength = 1_048_576
  readonly #clock: IReactorTime
  readonly #callable: Callable
  readonly #waiting = new Map<number, Deferred<unknown>>()
  #lastId = 0

  constructor(clock: IReactorTime, callable: Callable = {}) {
    super()
    this.#clock = clock
    this.#callable = callable
  }

  /**
   * Asks the other end.
   *
   * @param timeout ms until it fails with TimeoutError; an answer that comes later is ignored
   * @returns fires with the answer; fails with RemoteError, TimeoutError, or the reason why the connection ended
   */
  call(timeout: number, name: string, ...args: unknown[]): Deferred<unknown> {
    const id = ++this.#lastId
    const answer = new Deferred<unknown>(() => void this.#waiting.delete(id))
    if (!this.connected) {
      answer.errback(new ConnectionLost('There is no connection to ask over.'))
      return answer
    }
    this.#waiting.set(id, answer)
    this.#send({ id, call: name, with: args })
    return answer.addTimeout(timeout, this.#clock)
  }

  override lineReceived(line: string): void {
    const message = parse(line)
    if (message === null) this.transport.abortConnection()
    else if (message.call !== undefined) this.#answer(message.id, message.call, message.with ?? [])
    else this.#answered(message)
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const one of waiting) one.errback(reason)
  }

  #answer(id: number, name: string, args: unknown[]): void {
    const callable = Object.hasOwn(this.#callable, name) ? this.#callable[name] : undefined
    const result = callable === undefined ? maybeDeferred(() => {
      throw new TypeError(`there is no '${name}' to call`)
    }) : maybeDeferred(callable as (...args: unknown[]) => unknown, ...args)
    result.addCallbacks(
      (value: unknown) => this.#send({ id, gives: value ?? null }),
      (failure: Failure) => this.#send({ id, fails: failure.getErrorMessage() }))
  }

  #answered({ id, gives, fails }: Message): void {
    const waiting = this.#waiting.get(id)
    // Nobody waits any more: it took too long, or was cancelled.
    if (waiting === undefined) return
    this.#waiting.delete(id)
    if (fails === undefined) waiting.callback(gives)
    else waiting.errback(new RemoteError(fails))
  }

  #send(message: Message): void {
    this.sendLine(JSON.stringify(message))
  }
}

/** @returns null for what is no message */
function parse(line: string): Message | null {
  try {
    const message = JSON.parse(line) as Partial<Message> | null
    if (typeof message !== 'object' || message === null || typeof message.id !== 'number') return null
    const { call, with: args, fails } = message
    const fits = (call === undefined || typeof call === 'string') && (args === undefined || Array.isArray(args))
      && (fails === undefined || typeof fails === 'string')
    return fits ? message as Message : null
  } catch {
    return null
  }
}
