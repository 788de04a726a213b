/**
 * Reactors that can read files: whole, for what endpoint strings name certificates and keys by; and piece by piece, for
 * what servers hand out.
 *
 * Owns: the shapes only. Nothing is ever written, and everything has a bounded length.
 */

import type { Deferred } from '../defer/index.js'

/** Options of `readFile`. */
export interface ReadFileOptions {
  /** A longer file is refused, bytes; 1 MiB if not given. */
  limit?: number
  /** Cancels the Deferred. */
  signal?: AbortSignal
}

/** What stands at a path. */
export type FileKind = 'file' | 'directory' | 'other'

/** What is known of an open file. */
export interface FileStatus {
  /** Of what was opened: a link is what it leads to. Everything that is neither of the two is never read. */
  readonly kind: FileKind
  /** Bytes, when it was opened. */
  readonly size: number
  /** When it was last changed, ms since 1970, with fractions where the host has them. */
  readonly modified: number
  /** Where it really is: absolute, without links, of the very file that is open. */
  readonly realPath: string
  /** Tells it from every other file there is and was, as far as the host can; '' if it cannot. */
  readonly identity: string
}

/** An open file. */
export interface IOpenFile extends FileStatus {
  /**
   * Fires with up to so many bytes, with none at the end of the file; fails with FileReadError.
   * @param position in bytes from its beginning
   * @param into an array to read into, of which a part is what it fires with: nobody else's until then. A restricted
   * reactor takes none
   */
  read(position: number, length: number, into?: Uint8Array): Deferred<Uint8Array>
  /** What is in it, in no order, if it is a directory: of the very one that is open. Fails with FileReadError. */
  list(options?: ListDirectoryOptions): Deferred<DirectoryEntry[]>
  /** Lets go of it; what is being read still comes. May be called twice. */
  close(): void
}

/** One name in a directory. */
export interface DirectoryEntry {
  readonly name: string
  /** Of the entry itself: a link is a link, whatever it leads to. */
  readonly kind: FileKind | 'link'
}

/** Options of `openFile` and `listDirectory`. */
export interface OpenFileOptions {
  /** Cancels the Deferred. */
  signal?: AbortSignal
}

/** Options of `listDirectory`. */
export interface ListDirectoryOptions extends OpenFileOptions {
  /** A directory with more names is refused; 10,000 if not given. */
  limit?: number
}

/** Files. */
export interface IReactorFiles {
  /** Fires with what is in the file, fails with FileReadError. */
  readFile(path: string, options?: ReadFileOptions): Deferred<Uint8Array>
  /** Opens a file, or a directory, to look at it; whoever opens it closes it. Fails with FileReadError. */
  openFile(path: string, options?: OpenFileOptions): Deferred<IOpenFile>
  /** What is in a directory, in no order. Fails with FileReadError. */
  listDirectory(path: string, options?: ListDirectoryOptions): Deferred<DirectoryEntry[]>
  /** The media type that files of such a name have, without parameters; null for one that nobody knows. */
  mediaType(name: string): Deferred<string | null>
}

/** An open file of a host. */
export interface FileHandle extends FileStatus {
  /** @param done told once; no bytes at the end of the file @param into an array that is as long, or longer */
  read(
    position: number, length: number, done: (error: unknown, bytes: Uint8Array | null) => void, into?: Uint8Array): void
  /** @param limit one name more than this is an error @param done told once */
  list(limit: number, done: (error: unknown, entries: DirectoryEntry[] | null) => void): void
  /** After what is being read. Once only. */
  close(): void
}

/** What a binding offers. */
export interface FileHost {
  /**
   * @param limit one byte more than this is an error
   * @param done told once, unless it was cancelled
   * @returns gives up
   */
  read(path: string, limit: number, done: (error: unknown, bytes: Uint8Array | null) => void): () => void
  /** Must not wait for whoever is at the other end of a pipe. @param done told once, and always */
  open(path: string, done: (error: unknown, file: FileHandle | null) => void): void
  /** @param limit one name more than this is an error @param done told once */
  list(path: string, limit: number, done: (error: unknown, entries: DirectoryEntry[] | null) => void): void
  /** Missing where types are not known; told once. */
  mediaType?(name: string, done: (type: string | null) => void): void
}
