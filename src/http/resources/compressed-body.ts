/**
 * CompressedBody: a body that goes through a compressor of the host on its way out.
 *
 *   write ─▶ queue ─one at a time─▶ codec ─output─▶ body with its framing ─▶ transport
 *            room ◀── taken ◀──────── paused while the transport is full
 *
 * Owns: the queue, and that a slow peer holds the writer back through the codec. Must not know: whether it is worth it.
 */
import { defaultCore } from '../../core/default.js'
import { Deferred } from '../../defer/index.js'
import type { Failure } from '../../defer/index.js'
import { MessageEndedError } from '../../errors/http.js'
import type { Codec, CodecSink } from '../../interfaces/compression-host.js'
import type { Headers } from '../headers.js'
import { pipeInto } from '../outgoing-body.js'
import type { BodySource, BodyWriter } from '../outgoing-body.js'

/** See the head of the file. */
export class CompressedBody implements BodyWriter {
  onEnd: ((isBroken: boolean) => void) | null = null
  readonly #body: BodyWriter
  readonly #codec: Codec
  readonly #flushes: boolean
  readonly #queue: Uint8Array[] = []
  #room: Deferred<void>[] = []
  #isBusy = false
  #isFull = false
  #wantsEnd = false
  #isOver = false
  #trailers: Headers | undefined = undefined

  /**
   * @param body what is written to
   * @param open makes the codec
   * @param flushes whether what was written comes out at once, when nothing more is waiting
   */
  constructor(body: BodyWriter, open: (sink: CodecSink) => Codec, flushes: boolean) {
    this.#body = body
    this.#flushes = flushes
    this.#codec = open({
      output: (bytes) => this.#output(bytes),
      taken: () => {
        this.#isBusy = false
        this.#goOn()
      },
      ended: () => this.#ended(),
      failed: (error) => this.#failed(error),
    })
  }

  get bytesWritten(): number {
    return this.#body.bytesWritten
  }

  get isEnded(): boolean {
    return this.#body.isEnded
  }

  write(chunk: Uint8Array | string): Deferred<void> {
    this.#put(chunk)
    const room = new Deferred<void>(() => undefined)
    this.#room.push(room)
    this.#goOn()
    return room
  }

  end(chunk?: Uint8Array | string, trailers?: Headers): void {
    if (chunk !== undefined) this.#put(chunk)
    else if (this.#wantsEnd) throw new MessageEndedError()
    this.#wantsEnd = true
    this.#trailers = trailers
    this.#goOn()
  }

  abort(): void {
    this.close()
    this.#body.abort()
  }

  pipe(source: BodySource, trace?: (chunk: Uint8Array | string) => void): Deferred<void> {
    return pipeInto(this, source, trace)
  }

  /** Nobody takes any more of it. */
  close(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#queue.length = 0
    this.#codec.close()
    this.#tellRoom(null)
  }

  #put(chunk: Uint8Array | string): void {
    if (this.#wantsEnd) throw new MessageEndedError()
    const bytes = typeof chunk === 'string' ? defaultCore().text.encode(chunk) : chunk
    if (!(bytes instanceof Uint8Array)) throw new TypeError('a body is made of Uint8Arrays and strings')
    if (bytes.length > 0 && !this.#isOver) this.#queue.push(bytes)
  }

  #goOn(): void {
    if (this.#isOver) {
      this.#tellRoom(null)
      return
    }
    if (this.#isBusy) return
    const next = this.#queue.shift()
    if (next !== undefined) {
      this.#isBusy = true
      const isLast = this.#queue.length === 0 && !this.#wantsEnd
      this.#codec.write(next, isLast && this.#flushes ? 'sync' : 'none')
    } else if (this.#wantsEnd) {
      this.#isBusy = true
      this.#codec.end()
    } else if (!this.#isFull) {
      this.#tellRoom(null)
    }
  }

  #output(bytes: Uint8Array): void {
    if (this.#isOver) return
    let room: Deferred<void>
    try {
      room = this.#body.write(bytes)
    } catch (error) {
      this.#failed(error)
      return
    }
    if (room.called) {
      room.addErrback(() => this.close())
      return
    }
    this.#isFull = true
    this.#codec.pause()
    room.addCallbacks(() => {
      this.#isFull = false
      if (this.#isOver) return
      this.#codec.resume()
      this.#goOn()
    }, (reason: Failure) => {
      this.#tellRoom(reason)
      this.close()
    })
  }

  #ended(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#tellRoom(null)
    this.#codec.close()
    let isBroken = false
    try {
      this.#body.end(undefined, this.#trailers)
    } catch {
      isBroken = true
    }
    const { onEnd } = this
    this.onEnd = null
    onEnd?.(isBroken)
  }

  #failed(_error: unknown): void {
    if (this.#isOver) return
    this.abort()
    const { onEnd } = this
    this.onEnd = null
    onEnd?.(true)
  }

  #tellRoom(reason: Failure | null): void {
    const waiting = this.#room
    if (waiting.length === 0) return
    this.#room = []
    for (const one of waiting) {
      if (one.called) continue
      if (reason === null) one.callback(undefined)
      else one.errback(reason)
    }
  }
}
