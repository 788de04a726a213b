/**
 * Lock files of UNIX sockets: who may listen at a path, and which socket there is a dead process's.
 *
 * Owns: `<path>.lock`, a symbolic link that points to the PID of its owner, which is made in one step with its content;
 * Twisted's are the same. Must not know: servers. Source: twisted.python.lockfile.FilesystemLock.
 *
 * A lock whose process is gone is moved aside before it is removed, so that of two that find it only one has it. The
 * lock alone never condemns a socket: one is removed only after it has refused a connection.
 */

import { linkSync, lstatSync, readlinkSync, renameSync, symlinkSync, unlinkSync } from 'node:fs'
import { connect } from 'node:net'
import process from 'node:process'

/** What this program holds; a lock with our own PID that is not here is one of an earlier process of that number. */
const held = new Set<string>()

/** A server that answered has so long to close, ms. */
const PATIENCE = 1_000

let aside = 0

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? ''
}

/** The process that a lock names, null where there is no lock. @throws where it is something else */
function ownerOf(lock: string): number | null {
  let target: string
  try {
    target = readlinkSync(lock)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    if (codeOf(error) === 'EINVAL') throw new Error(`${lock} is in the way, and is no lock of a socket`)
    throw error
  }
  if (!/^[1-9]\d*$/.test(target)) throw new Error(`${lock} is in the way: it names no process`)
  return Number(target)
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) !== 'ESRCH'
  }
}

/** Whether a live process says that it listens at `path`. */
export function isLocked(path: string): boolean {
  try {
    const owner = ownerOf(`${path}.lock`)
    return owner !== null && lives(owner)
  } catch {
    return false
  }
}

/** Takes the lock of a path. @returns gives it back @throws if a live process has it */
export function takeLock(path: string): () => void {
  const lock = `${path}.lock`
  for (;;) {
    try {
      symlinkSync(String(process.pid), lock)
      break
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
    const owner = ownerOf(lock)
    if (owner === null) continue
    if (owner === process.pid ? held.has(lock) : lives(owner)) {
      throw new Error(`${lock} says that process ${owner} listens there`)
    }
    removeStale(lock, owner)
  }
  held.add(lock)
  return () => {
    if (!held.delete(lock)) return
    try {
      if (readlinkSync(lock) === String(process.pid)) unlinkSync(lock)
    } catch {
      // Somebody has removed it.
    }
  }
}

/** Removes the lock of a dead process, unless somebody has replaced it in the meantime. */
function removeStale(lock: string, owner: number): void {
  const moved = `${lock}.${process.pid}.${aside++}`
  try {
    renameSync(lock, moved)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw error
  }
  // Somebody was faster, and this is theirs: put it back.
  if (ownerOf(moved) !== owner) {
    try {
      linkSync(moved, lock)
    } catch {
      // A third one has it by now.
    }
  }
  unlinkSync(moved)
}

/** What is at a path: nothing, a socket, or something else. */
export function kindOf(path: string): 'nothing' | 'socket' | 'other' {
  try {
    return lstatSync(path).isSocket() ? 'socket' : 'other'
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 'nothing'
    throw error
  }
}

/**
 * Removes the socket at a path if nobody listens on it, then calls `done`; what answers, or is no socket, stays. Only
 * for whoever has the lock.
 */
export function removeDeadSocket(path: string, done: () => void): void {
  if (kindOf(path) !== 'socket') {
    done()
    return
  }
  const socket = connect({ path })
  // Closed in order and read to the end: a reset could be too much for whoever answered.
  socket.resume()
  socket.on('connect', () => {
    socket.unref().setTimeout(PATIENCE, () => socket.destroy())
    socket.end()
    done()
  })
  socket.on('error', (error) => {
    try {
      if (codeOf(error) === 'ECONNREFUSED') unlinkSync(path)
    } catch {
      // It is gone, or may not be removed: what listens next says so.
    }
    done()
  })
}
