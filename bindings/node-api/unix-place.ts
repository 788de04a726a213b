/**
 * UNIXPlace: where in the file system a UNIX socket listens.
 *
 * Owns: its lock, its mode, and what becomes of the file. Must not know: servers; whoever makes one does so in `bind`.
 *
 * The mode is never wider than what was asked, not for a moment: the file is made under a umask that takes away what is
 * not wanted (and nothing else, since the umask is the whole program's), then what the program's own umask took away is
 * added. A worker thread cannot set the umask: there the mode is set right after.
 */

import { Buffer } from 'node:buffer'
import { chmodSync, linkSync, lstatSync, renameSync } from 'node:fs'
import process from 'node:process'
import type { UNIXListenRequest } from '../../src/interfaces/index.js'
import { kindOf, removeDeadSocket, takeLock } from './unix-lock.js'

/** Bytes of a path that an address has room for; a host would cut a longer one short without a word. */
const MOST_BYTES = process.platform === 'linux' ? 107 : 103

/** @throws with the code ENAMETOOLONG */
export function checkLength(path: string): void {
  const length = Buffer.byteLength(path)
  if (length <= MOST_BYTES) return
  const error = new Error(`the path of a UNIX socket has at most ${MOST_BYTES} bytes here, not ${length}`)
  throw Object.assign(error, { code: 'ENAMETOOLONG' })
}

/** A path that is listened at, or an abstract name, which has no file. */
export class UNIXPlace {
  readonly #path: string
  readonly #mode: number
  readonly #wantsLock: boolean
  readonly #isAbstract: boolean
  #unlock: (() => void) | null = null
  #inode: bigint | null = null

  constructor({ path, mode = 0o666, lock }: UNIXListenRequest) {
    this.#path = path
    this.#mode = mode
    this.#isAbstract = path.startsWith('\0')
    this.#wantsLock = lock && !this.#isAbstract
  }

  /** Makes it ours, if there is to be a lock. @param done may be told at once: make the socket @throws why not */
  claim(done: () => void): void {
    checkLength(this.#path)
    if (!this.#wantsLock) {
      done()
      return
    }
    this.#unlock = takeLock(this.#path)
    removeDeadSocket(this.#path, done)
  }

  /** @param listen makes the socket, and says whether it is there when it returns @throws what `listen` throws */
  bind(listen: () => boolean): void {
    const former = this.#isAbstract ? null : narrowUmask(this.#mode)
    let isThere = false
    try {
      isThere = listen()
    } finally {
      if (former !== null) process.umask(former)
    }
    if (this.#isAbstract || !isThere) return
    const file = lstatSync(this.#path, { bigint: true })
    this.#inode = file.ino
    if ((Number(file.mode) & 0o777) !== this.#mode) chmodSync(this.#path, this.#mode)
  }

  /** Why it could not be made: of what is in the way, whether it is a socket. */
  explain(error: unknown): unknown {
    const inTheWay = (error as NodeJS.ErrnoException).code === 'EADDRINUSE' && !this.#isAbstract && this.#isOther()
    return inTheWay ? new Error('there is a file in the way that is no socket', { cause: error }) : error
  }

  /**
   * Gives it back.
   * @param stop ends the server, which removes whatever is at its path; a socket that somebody else has put there
   * meanwhile stays
   */
  leave(stop: () => void): void {
    const kept = `${this.#path}.${process.pid}.kept`
    let isKept = false
    try {
      if (this.#inode !== null && lstatSync(this.#path, { bigint: true }).ino !== this.#inode) {
        linkSync(this.#path, kept)
        isKept = true
      }
    } catch {
      // There is nothing, or nothing that we could keep.
    }
    stop()
    if (isKept) renameSync(kept, this.#path)
    this.#unlock?.()
  }

  #isOther(): boolean {
    try {
      return kindOf(this.#path) === 'other'
    } catch {
      return false
    }
  }
}

/** @returns the umask of before; null where it cannot be set */
function narrowUmask(mode: number): number | null {
  try {
    const former = process.umask(0o777)
    process.umask(former | (~mode & 0o777))
    return former
  } catch {
    return null
  }
}
