/**
 * Recordings on Node: into a file.
 *
 * Owns: the file. Must not know: what is in it. Blocks are written at once, and the last when the process exits, in
 * whatever way it does that lets anything run: what killed it may be what the recording is wanted for.
 */
import { Buffer } from 'node:buffer'
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import process from 'node:process'
import { setImmediate } from 'node:timers'
import { ReactorRecording, Replay as AnyReplay } from '../../src/testing/record/index.js'
import type { RecordOptions, ReplayOptions } from '../../src/testing/record/index.js'

/** A recording that goes to a file. */
class FileRecording extends ReactorRecording {
  readonly #close: () => void

  constructor(path: string | URL, options: Omit<RecordOptions, 'sink'>) {
    // A recording is nobody else's to read.
    let fd: number | null = openSync(path, 'w', 0o600)
    super({
      ...options,
      sink: (block) => {
        for (let at = 0; fd !== null && at < block.length;) at += writeSync(fd, block, at)
        return true
      },
    })
    const end = (): void => this.stop()
    process.once('exit', end)
    this.#close = () => {
      process.off('exit', end)
      if (fd !== null) closeSync(fd)
      fd = null
    }
  }

  override stop(): void {
    super.stop()
    this.#close()
  }
}

/**
 * For `createReactor({ record: recordTo('server.wrec') })`: everything that the reactor is told, and when, goes to a
 * file, which a `Replay` reads. The file has all that was received in it, also what came over TLS: passwords, too.
 *
 * @param to a file, which is made anew; or a function that gets the blocks of one
 * @throws what opening the file throws
 */
export function recordTo(
  to: string | URL | RecordOptions['sink'], options: Omit<RecordOptions, 'sink'> = {}): ReactorRecording {
  return typeof to === 'function' ? new ReactorRecording({ ...options, sink: to }) : new FileRecording(to, options)
}

/** See the other Replay; from a file if it is given a path, and waiting for promise jobs as only Node can. */
export class Replay extends AnyReplay {
  constructor(
    recording: string | URL | ConstructorParameters<typeof AnyReplay>[0], options: ReplayOptions = {}) {
    const isPath = typeof recording === 'string' || recording instanceof URL
    super(isPath ? ownBytes(readFileSync(recording)) : recording, {
      settle: () => new Promise((resolve) => void setImmediate(resolve)), ...options,
    })
  }
}

function ownBytes(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}
