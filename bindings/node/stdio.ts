/**
 * Standard input and output of this program as one channel.
 *
 * Owns: what becomes of the descriptors 0 and 1 at the end. Must not know: protocols.
 *
 * Reading and writing is left to `process.stdin` and `process.stdout`, which know terminals, files and pipes. But Node
 * never closes those two descriptors, and the other end of a pipe would wait for its end for as long as this program
 * runs. So pipes and sockets are closed here, and their numbers given to the null device at once: anything else that
 * got them would be written to by the next `console.log`. A terminal or a file is left as it is.
 */

import { closeSync, fstatSync, openSync } from 'node:fs'
import process from 'node:process'
import { isMainThread } from 'node:worker_threads'
import type { ProcessAddress } from '../../src/interfaces/index.js'
import { StandardIOTaken } from '../../src/errors/index.js'
import { PipeChannel } from './pipe-channel.js'

const NULL_DEVICE = '/dev/null'
const UNKNOWN: ProcessAddress = Object.freeze({ family: 'process', type: 'process', pid: null })

let taken = false

/** @throws StandardIOTaken the second time */
export function standardIO(): PipeChannel {
  if (taken) throw new StandardIOTaken()
  taken = true
  return new StandardChannel()
}

class StandardChannel extends PipeChannel {
  #closedInput = false
  #closedOutput = false

  constructor() {
    super(process.stdin, process.stdout, UNKNOWN, { ...UNKNOWN, pid: process.pid })
    // Whatever comes after the end: a console.log into a pipe that nobody reads must not end the program.
    process.stdout.on('error', () => undefined)
  }

  protected override endOutput(done: (error?: Error | null) => void): void {
    if (!isPipe(1)) {
      // The program may still want to say something on it.
      process.stdout.write('', done)
      return
    }
    process.stdout.end(() => {
      this.#closeOutput()
      done()
    })
  }

  protected override dropInput(): void {
    if (this.#closedInput) return
    this.#closedInput = true
    const wasPipe = isPipe(0)
    process.stdin.destroy()
    if (wasPipe) replace(0)
  }

  protected override dropOutput(): void {
    if (isPipe(1)) this.#closeOutput()
  }

  #closeOutput(): void {
    if (this.#closedOutput) return
    this.#closedOutput = true
    const { _handle: handle } = process.stdout as unknown as { _handle?: { close?: () => void } | null }
    // The loop must not watch a number that means something else by then.
    if (typeof handle?.close !== 'function') return
    handle.close()
    replace(1)
  }
}

/** Whether somebody at the other end of it waits for an end. */
function isPipe(fd: 0 | 1): boolean {
  if (!isMainThread) return false
  try {
    const status = fstatSync(fd)
    return status.isFIFO() || status.isSocket()
  } catch {
    return false
  }
}

function replace(fd: 0 | 1): void {
  try {
    closeSync(fd)
    const now = openSync(NULL_DEVICE, fd === 0 ? 'r' : 'w')
    if (now !== fd) closeSync(now)
  } catch {
    // There is no such device; the number stays free.
  }
}
