/**
 * Files that are read piece by piece, and directories, through the host: as Deferreds.
 *
 * Owns: the arguments, the errors, that everything fires in a turn of the reactor, and that a file nobody waits for any
 * more is closed. Must not know: hosts, and what a file is for.
 */
import { cancelOnAbort, Deferred } from '../defer/index.js'
import type {
  DirectoryEntry, FileHandle, FileHost, IOpenFile, ListDirectoryOptions, OpenFileOptions,
} from '../interfaces/reactor-files.js'
import { checkPath, fileReadError } from './read-file.js'

/** The longest directory if not said otherwise, names. */
export const MOST_NAMES = 10_000
/** The longest piece, bytes. */
const MOST_PIECE = 1 << 24

type Post = (fn: () => void) => void

/**
 * @internal Behind `reactor.openFile`.
 * @param post calls in a turn of the reactor
 * @param lends whether files may be read into the caller's arrays
 */
export function openFile(
  files: FileHost, post: Post, path: string, options: OpenFileOptions, lends: boolean): Deferred<IOpenFile> {
  checkPath(path)
  const opened = new Deferred<IOpenFile>(() => undefined)
  files.open(path, (cause, file) => post(() => {
    if (opened.called) file?.close()
    else if (file === null) opened.errback(fileReadError(path, cause))
    else opened.callback(opening(file, post, path, lends) as never)
  }))
  return cancelOnAbort(options.signal, opened)
}

/** @internal Behind `reactor.listDirectory`. */
export function listDirectory(
  files: FileHost, post: Post, path: string, options: ListDirectoryOptions): Deferred<DirectoryEntry[]> {
  checkPath(path)
  return listing((limit, done) => files.list(path, limit, done), post, path, options)
}

type List = (limit: number, done: (error: unknown, entries: DirectoryEntry[] | null) => void) => void

function listing(list: List, post: Post, path: string, options: ListDirectoryOptions): Deferred<DirectoryEntry[]> {
  const { limit = MOST_NAMES, signal } = options
  if (!Number.isSafeInteger(limit) || limit < 0) {
    throw new RangeError(`a limit is a number of names, not ${String(limit)}`)
  }
  const listed = new Deferred<DirectoryEntry[]>(() => undefined)
  list(limit, (cause, entries) => post(() => {
    if (listed.called) return
    if (entries === null) listed.errback(fileReadError(path, cause))
    else listed.callback(entries as never)
  }))
  return cancelOnAbort(signal, listed)
}

/** @internal Behind `reactor.mediaType`. */
export function mediaType(files: FileHost, post: Post, name: string): Deferred<string | null> {
  if (typeof name !== 'string') throw new TypeError('a name is text')
  const found = new Deferred<string | null>(() => undefined)
  const tell = (type: string | null): void => post(() => {
    if (!found.called) found.callback(type)
  })
  if (files.mediaType === undefined) tell(null)
  else files.mediaType(name, tell)
  return found
}

/** Nothing of the host's is in reach of who has it. */
function opening(file: FileHandle, post: Post, path: string, lends: boolean): IOpenFile {
  const { kind, size, modified, realPath, identity } = file
  let isOpen = true
  return Object.freeze<IOpenFile>({
    kind, size, modified, realPath, identity,
    read(position: number, length: number, into?: Uint8Array): Deferred<Uint8Array> {
      if (!Number.isSafeInteger(position) || position < 0) throw new RangeError('a position is a number of bytes')
      if (!Number.isSafeInteger(length) || length < 1 || length > MOST_PIECE) {
        throw new RangeError(`a piece has 1 to ${MOST_PIECE} bytes, not ${String(length)}`)
      }
      if (into !== undefined && !(into instanceof Uint8Array && into.length >= length)) {
        throw new RangeError('an array to read into is as long as the piece')
      }
      const read = new Deferred<Uint8Array>(() => undefined)
      const done = (cause: unknown, bytes: Uint8Array | null): void => post(() => {
        if (read.called) return
        if (bytes === null) read.errback(fileReadError(path, cause))
        else read.callback(bytes)
      })
      if (isOpen) file.read(position, length, done, lends ? into : undefined)
      else done(new Error('it was closed'), null)
      return read
    },
    list(options: ListDirectoryOptions = {}): Deferred<DirectoryEntry[]> {
      return listing((limit, done) => {
        if (isOpen) file.list(limit, done)
        else done(new Error('it was closed'), null)
      }, post, path, options)
    },
    close() {
      if (!isOpen) return
      isOpen = false
      file.close()
    },
  })
}
