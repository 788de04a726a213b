/**
 * A transport as Web Streams, and as what `for await` takes.
 *
 * Owns: how their signals map to a connection's. Must not know: hosts; where the host has no Web Streams the two
 * properties are a NotSupportedError, and `for await` works all the same.
 * Source: the WHATWG Streams Standard.
 *
 *   connection                 readable            writable                stream                  connection
 *   peer's end, ConnectionDone closes              errors, unless closed   writable.close()        loseWriteConnection
 *   any other end              errors              errors                  writable.abort()        abortConnection
 *                                                                          readable.cancel()       loseConnection
 *                                                                          readable.cancel(reason) abortConnection
 */

import type { Failure } from '../defer/index.js'
import { ConnectionAborted, NotSupportedError } from '../errors/index.js'
import {
  cancelTaken, finishTaken, isCleanEnd, pauseTaken, resumeTaken, takeReading, takeWriting, writeTaken,
} from './bridges.js'
import type { Taker, WriteTaker } from './bridges.js'
import { READ_SIZE } from './limits.js'
import type { StreamConnection } from './stream-connection.js'
import { abort } from './stream-ending.js'

/** What is received, as a ReadableStream; made at the first call. */
export function readableOf(c: StreamConnection): ReadableStream<Uint8Array> {
  const taker = c.extras?.reader ?? null
  if (taker instanceof WebReader) return taker.stream
  needWebStreams('ReadableStream')
  const made = new WebReader(c)
  takeReading(c, made)
  return made.stream
}

/** What is to be sent, as a WritableStream; made at the first call. */
export function writableOf(c: StreamConnection): WritableStream<Uint8Array> {
  const taker = c.extras?.writer ?? null
  if (taker instanceof WebWriter) return taker.stream
  needWebStreams('WritableStream')
  const made = new WebWriter(c)
  takeWriting(c, made)
  return made.stream
}

/** What is received, piece by piece; made at the first call. */
export function iteratorOf(c: StreamConnection): AsyncIterableIterator<Uint8Array> {
  const taker = c.extras?.reader ?? null
  if (taker instanceof Pieces) return taker
  const made = new Pieces(c)
  takeReading(c, made)
  return made
}

function needWebStreams(name: 'ReadableStream' | 'WritableStream'): void {
  const isMissing = name === 'ReadableStream'
    ? typeof ReadableStream === 'undefined' : typeof WritableStream === 'undefined'
  if (isMissing) throw new NotSupportedError('this host', name)
}

class WebReader implements Taker {
  readonly stream: ReadableStream<Uint8Array>
  readonly #connection: StreamConnection
  #controller!: ReadableStreamDefaultController<Uint8Array>
  #isOver = false

  constructor(connection: StreamConnection) {
    this.#connection = connection
    this.stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller
      },
      pull: () => resumeTaken(connection),
      cancel: (reason) => {
        this.#isOver = true
        cancelTaken(connection, reason)
      },
    }, { highWaterMark: READ_SIZE, size: (chunk) => chunk.length })
  }

  chunk(data: Uint8Array): void {
    if (this.#isOver) return
    this.#controller.enqueue(data)
    if ((this.#controller.desiredSize ?? 0) <= 0) pauseTaken(this.#connection)
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#controller.close()
  }

  lost(reason: Failure): void {
    if (isCleanEnd(reason)) {
      this.end()
    } else if (!this.#isOver) {
      this.#isOver = true
      this.#controller.error(reason.value)
    }
  }
}

/** A promise and its ends. */
interface Pending {
  resolve: () => void
  reject: (error: Error) => void
}

class WebWriter implements WriteTaker {
  readonly stream: WritableStream<Uint8Array>
  waiting = false
  #controller!: WritableStreamDefaultController
  #pending: Pending | null = null
  #isOver = false
  #reason: Failure | null = null

  constructor(connection: StreamConnection) {
    this.stream = new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller
        // At once: `abort` below is only called when the write under way is done, and a peer may never read it.
        controller.signal.addEventListener('abort', () => {
          abort(connection, new ConnectionAborted(undefined, { cause: controller.signal.reason }))
        })
      },
      write: (chunk) => {
        if (!(chunk instanceof Uint8Array)) throw new TypeError('a transport takes Uint8Arrays')
        if (!writeTaken(connection, [chunk])) throw this.#refusal()
        return this.#wait()
      },
      close: () => {
        this.#isOver = true
        if (finishTaken(connection)) return this.#wait()
        // Closed by others, or by both ends: nothing is missing.
        return undefined
      },
      abort: (reason) => {
        this.#isOver = true
        abort(connection, new ConnectionAborted(undefined, { cause: reason }))
      },
    })
  }

  taken(): void {
    this.#settle((pending) => pending.resolve())
  }

  finished(): void {
    this.#isOver = true
    this.#settle((pending) => pending.resolve())
  }

  lost(reason: Failure): void {
    this.#reason = reason
    const wasWriting = this.#pending !== null && !this.#isOver
    this.#settle((pending) => {
      if (isCleanEnd(reason) && !wasWriting) pending.resolve()
      else pending.reject(reason.value)
    })
    if (this.#isOver) return
    this.#isOver = true
    this.#controller.error(reason.value)
  }

  #refusal(): Error {
    return this.#reason?.value ?? new ConnectionAborted('The connection is being closed: nothing more can be sent.')
  }

  #wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject }
    })
  }

  #settle(how: (pending: Pending) => void): void {
    const pending = this.#pending
    this.#pending = null
    if (pending !== null) how(pending)
  }
}

/** Leaving the loop early closes the connection in order, as cancelling a stream without a reason does. */
/** @internal */
export class Pieces implements Taker, AsyncIterableIterator<Uint8Array> {
  readonly #connection: StreamConnection
  #kept: Uint8Array[] = []
  #size = 0
  #waiting: { resolve: (result: IteratorResult<Uint8Array>) => void, reject: (error: Error) => void }[] = []
  #isOver = false
  #error: Error | null = null
  #isRead = false
  #whenRead: (() => void) | null = null

  constructor(connection: StreamConnection) {
    this.#connection = connection
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    const piece = this.#kept.shift()
    if (piece !== undefined) {
      this.#size -= piece.length
      if (this.#size < READ_SIZE) resumeTaken(this.#connection)
      return Promise.resolve({ done: false, value: piece })
    }
    if (this.#error !== null) {
      const error = this.#error
      this.#error = null
      return Promise.reject(error)
    }
    if (this.#isOver) {
      this.#read()
      return Promise.resolve({ done: true, value: undefined })
    }
    resumeTaken(this.#connection)
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.#kept = []
    this.#error = null
    this.end()
    cancelTaken(this.#connection, undefined)
    return Promise.resolve({ done: true, value: undefined })
  }

  chunk(data: Uint8Array): void {
    if (this.#isOver) return
    const first = this.#waiting.shift()
    if (first !== undefined) {
      first.resolve({ done: false, value: data })
      return
    }
    this.#kept.push(data)
    this.#size += data.length
    if (this.#size >= READ_SIZE) pauseTaken(this.#connection)
  }

  end(): void {
    this.#isOver = true
    const waiting = this.#waiting.splice(0)
    for (const { resolve } of waiting) resolve({ done: true, value: undefined })
    this.#isRead ||= waiting.length > 0
  }

  whenRead(fn: () => void): void {
    if (this.#isRead) fn()
    else this.#whenRead = fn
  }

  /** Somebody has been told of the end, and so dealt with all that came before. */
  #read(): void {
    this.#isRead = true
    const fn = this.#whenRead
    this.#whenRead = null
    fn?.()
  }

  lost(reason: Failure): void {
    if (this.#isOver) return
    if (!isCleanEnd(reason)) {
      const first = this.#waiting.shift()
      if (first !== undefined) first.reject(reason.value)
      else this.#error = reason.value
    }
    this.end()
  }
}
