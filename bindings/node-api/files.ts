/**
 * Files, for Node: read whole, opened to be read piece by piece, and listed.
 *
 * Owns: stopping at the limits, so that a path to something without an end does no harm; descriptors, each closed once;
 * and where an open file really is. Must not know: what for.
 */

import { Buffer } from 'node:buffer'
import { close, constants, createReadStream, fstat, open, opendir, read, readlink, realpath, stat } from 'node:fs'
import type { BigIntStats, Dir, Dirent } from 'node:fs'
import process from 'node:process'
import type { DirectoryEntry, FileHandle, FileHost, FileKind } from '../../src/interfaces/index.js'
import { mediaTypeOf } from './media-types.js'

/** Whoever opens a pipe does not wait for its other end, and no terminal becomes the program's. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)

/** Reading files on Node. */
export class NodeFiles implements FileHost {
  read(path: string, limit: number, done: (error: unknown, bytes: Uint8Array | null) => void): () => void {
    const pieces: Buffer[] = []
    let length = 0
    let over = false
    const end = (error: unknown, bytes: Uint8Array | null): void => {
      if (over) return
      over = true
      stream.destroy()
      done(error, bytes)
    }
    // Up to and with the byte that is one too many.
    const stream = createReadStream(path, { end: limit })
    stream.on('data', (piece) => {
      pieces.push(piece as Buffer)
      length += piece.length
      if (length > limit) end(new RangeError(`it is longer than ${limit} bytes`), null)
    })
    stream.on('end', () => end(null, Buffer.concat(pieces)))
    stream.on('error', (error) => end(error, null))
    return () => {
      over = true
      stream.destroy()
    }
  }

  open(path: string, done: (error: unknown, file: FileHandle | null) => void): void {
    open(path, FLAGS, (error, fd) => {
      if (error !== null) {
        done(error, null)
        return
      }
      const fail = (cause: unknown): void => close(fd, () => done(cause, null))
      fstat(fd, { bigint: true }, (failure, status) => {
        if (failure !== null) {
          fail(failure)
          return
        }
        whereabouts(fd, path, status, (reason, realPath, handle) => {
          if (realPath === null) fail(reason)
          else done(null, new OpenFile(fd, status, realPath, handle ?? realPath))
        })
      })
    })
  }

  list(path: string, limit: number, done: Listed): void {
    list(path, limit, done)
  }

  mediaType(name: string, done: (type: string | null) => void): void {
    mediaTypeOf(name, done)
  }
}

class OpenFile implements FileHandle {
  readonly kind: FileKind
  readonly size: number
  readonly modified: number
  readonly realPath: string
  readonly identity: string
  readonly #fd: number
  /** A path that leads to it, whatever is renamed, as long as it is open; where there is none, where it was. */
  readonly #handle: string
  #reading = 0
  #isClosing = false

  constructor(fd: number, status: BigIntStats, realPath: string, handle: string) {
    this.#fd = fd
    this.#handle = handle
    this.kind = status.isFile() ? 'file' : status.isDirectory() ? 'directory' : 'other'
    this.size = Number(status.size)
    // Not mtimeMs, which has no fractions here.
    this.modified = Number(status.mtimeNs / 1000n) / 1000
    this.realPath = realPath
    this.identity = `${status.dev}-${status.ino}`
  }

  read(
    position: number, length: number, done: (error: unknown, bytes: Uint8Array | null) => void,
    into: Uint8Array = Buffer.allocUnsafeSlow(length),
  ): void {
    if (this.kind !== 'file') {
      done(Object.assign(new Error('it is no file'), { code: 'EISDIR' }), null)
      return
    }
    this.#reading += 1
    read(this.#fd, into, 0, length, position, (error, count, bytes) => {
      this.#reading -= 1
      if (this.#isClosing) this.#close()
      if (error !== null) done(error, null)
      else done(null, bytes.subarray(0, count))
    })
  }

  list(limit: number, done: Listed): void {
    this.#reading += 1
    list(this.#handle, limit, (error, entries) => {
      this.#reading -= 1
      if (this.#isClosing) this.#close()
      done(error, entries)
    })
  }

  close(): void {
    this.#isClosing = true
    this.#close()
  }

  #close(): void {
    if (this.#reading === 0) close(this.#fd, () => undefined)
  }
}

type Listed = (error: unknown, entries: DirectoryEntry[] | null) => void
type Told = (error: unknown, realPath: string | null, handle?: string) => void

/** The path of the very file that is open: a link that is changed meanwhile changes nothing about it. */
function whereabouts(fd: number, path: string, status: BigIntStats, done: Told): void {
  if (process.platform !== 'linux') {
    searchFor(path, status, done)
    return
  }
  const handle = `/proc/self/fd/${fd}`
  readlink(handle, (error, found) => {
    if (error === null && found.startsWith('/')) done(null, found, handle)
    else searchFor(path, status, done)
  })
}

/** Where the system does not tell: what the path leads to now, if that is the file which is open. */
function searchFor(path: string, { dev, ino }: BigIntStats, done: Told): void {
  realpath.native(path, (error, found) => {
    if (error !== null) {
      done(error, null)
      return
    }
    stat(found, { bigint: true }, (failure, status) => {
      if (failure !== null) done(failure, null)
      else if (status.dev === dev && status.ino === ino) done(null, found)
      else done(Object.assign(new Error('it was moved while it was opened'), { code: 'ESTALE' }), null)
    })
  })
}

function kindOf(entry: Dirent): DirectoryEntry['kind'] {
  if (entry.isFile()) return 'file'
  return entry.isDirectory() ? 'directory' : entry.isSymbolicLink() ? 'link' : 'other'
}

function list(path: string, limit: number, done: Listed): void {
  opendir(path, (error, directory) => {
    if (error === null) listInto(directory, limit, [], done)
    else done(error, null)
  })
}

function listInto(directory: Dir, limit: number, found: DirectoryEntry[], done: Listed): void {
  const end = (error: unknown, entries: DirectoryEntry[] | null): void =>
    void directory.close(() => done(error, entries))
  directory.read((error, entry) => {
    if (error !== null) {
      end(error, null)
    } else if (entry === null) {
      end(null, found)
    } else if (found.length === limit) {
      end(new RangeError(`it has more than ${limit} names`), null)
    } else {
      found.push({ name: entry.name, kind: kindOf(entry) })
      listInto(directory, limit, found, done)
    }
  })
}
