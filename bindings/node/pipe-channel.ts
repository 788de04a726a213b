/**
 * PipeChannel: a stream to read and a stream to write, or only one of them, as a StreamChannel: the pipes of child
 * processes, and standard input and output.
 *
 * Owns: both streams, and when they are over. Must not know: protocols, and what the streams belong to.
 *
 * There is no lingering here: what closes a pipe unread does not make the kernel throw away what was written to another.
 */

import process from 'node:process'
import type { Readable, Writable } from 'node:stream'
import type { IAddress, StreamChannel, StreamSink } from '../../src/interfaces/index.js'

/** One or two streams. */
export class PipeChannel implements StreamChannel {
  readonly peer: IAddress
  readonly host: IAddress
  protected readonly input: Readable | null
  protected readonly output: Writable | null
  #sink: StreamSink | null = null
  #isRead = false
  #isPaused = false
  #unwritten = 0
  #isWaiting = false
  #end: 'open' | 'ending' | 'ended' = 'open'
  /** Who wants to know that our end has gone out. */
  #enders: (() => void)[] = []
  #isClosing = false
  #isOver = false
  #reason: unknown = null
  readonly #onWritten = (error?: Error | null): void => {
    // What failed stays unwritten, and Node answers what was cut off by its close as if it had gone well.
    if (error || this.output?.destroyed === true) return
    this.#unwritten -= 1
    if (this.#unwritten > 0 || !this.#isWaiting) return
    this.#isWaiting = false
    this.#sink?.sent()
  }

  /** @param input what is read @param output what is written; not the same stream */
  constructor(input: Readable | null, output: Writable | null, peer: IAddress, host: IAddress) {
    this.input = input
    this.output = output
    this.peer = peer
    this.host = host
    // Errors are heard from the start: an unheard one ends the program.
    input?.on('error', (error) => this.#over(error))
    output?.on('error', (error) => this.#over(error))
    // Something else closed it: Node does so with the input of a child that has ended.
    output?.on('close', () => this.#cutOff())
  }

  open(sink: StreamSink): void {
    this.#sink = sink
    if (this.#isOver) {
      if (!this.#isClosing) process.nextTick(() => this.#tellOver())
      return
    }
    const { input } = this
    // Opened again by TLS, which takes the place of whoever heard of it before.
    if (input === null || this.#isRead) return
    this.#isRead = true
    input.on('end', () => this.#sink?.receivedEnd())
    input.on('close', () => {
      if (!input.readableEnded) this.#over(null)
    })
    // Node resumes all streams of a child that has ended; those who paused them want to stay paused.
    input.on('resume', () => {
      if (this.#isPaused) input.pause()
    })
    input.on('data', (data: Uint8Array) => {
      if (!this.#isClosing) this.#sink?.received(data)
    })
    if (this.#isPaused) input.pause()
  }

  send(piece: Uint8Array): boolean {
    const { output } = this
    if (output === null) return true
    this.#unwritten += 1
    output.write(piece, this.#onWritten)
    return this.#isTaken(output)
  }

  sendList(pieces: Uint8Array[]): boolean {
    const { output } = this
    if (output === null) return true
    output.cork()
    for (const piece of pieces) {
      this.#unwritten += 1
      output.write(piece, this.#onWritten)
    }
    output.uncork()
    return this.#isTaken(output)
  }

  finish(): void {
    this.#endOutput(() => this.#sink?.finished())
  }

  close(linger: boolean): void {
    if (this.#isOver) {
      if (!linger) this.#sink = null
      return
    }
    this.#isClosing = true
    this.dropInput()
    if (!linger) {
      this.#isOver = true
      this.#sink = null
      this.dropOutput()
      return
    }
    if (this.output === null) process.nextTick(() => this.#over(null))
    else this.#endOutput(() => this.#over(null))
  }

  reset(): void {
    this.close(false)
  }

  pause(): void {
    this.#isPaused = true
    this.input?.pause()
  }

  resume(): void {
    this.#isPaused = false
    if (!this.#isClosing) this.input?.resume()
  }

  setNoDelay(): void {}

  setKeepAlive(): void {}

  /** Everything that was written goes out, then the reader sees the end; calls `done` if that went well. */
  protected endOutput(done: (error?: Error | null) => void): void {
    this.output?.end(done)
  }

  /** Nothing more is to be read. */
  protected dropInput(): void {
    this.input?.destroy()
  }

  /** Nothing more is to be written, and what was is lost. */
  protected dropOutput(): void {
    this.output?.destroy()
  }

  /** What failed at once is no longer counted by Node, but has not been taken. */
  #isTaken(output: Writable): boolean {
    if (output.writableLength === 0 && output.errored === null && !output.destroyed) return true
    this.#isWaiting = true
    return false
  }

  #endOutput(done: () => void): void {
    if (this.#end === 'ended') {
      process.nextTick(done)
      return
    }
    this.#enders.push(done)
    if (this.#end === 'ending') return
    this.#end = 'ending'
    this.endOutput((error) => {
      // What is closed already cannot be ended, which Node says here and nowhere else.
      if (error) {
        this.#cutOff()
        return
      }
      this.#end = 'ended'
      const enders = this.#enders
      this.#enders = []
      for (const tell of enders) tell()
    })
  }

  /** The output is closed; what was on its way there is lost. */
  #cutOff(): void {
    if (this.#end === 'ended') return
    const { output } = this
    this.#over(output?.errored ?? (this.#unwritten > 0 ? new Error('nobody reads this pipe any more') : null))
  }

  #over(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#reason = error
    this.dropInput()
    this.dropOutput()
    this.#tellOver()
  }

  #tellOver(): void {
    const sink = this.#sink
    this.#sink = null
    sink?.closed(this.#reason)
  }
}
