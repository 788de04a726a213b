/**
 * The files of a MemoryReactor: a map of paths, in which what ends a path before a slash is a directory.
 *
 * Owns: what is found at a path. Must not know: hosts; there are no links.
 */
import { encodeText } from '../core/text.js'
import { fail, succeed } from '../defer/index.js'
import type { Deferred } from '../defer/index.js'
import { FileReadError } from '../errors/index.js'
import type { DirectoryEntry, IOpenFile } from '../interfaces/index.js'

/** Contents by path. */
export type MemoryFiles = ReadonlyMap<string, Uint8Array | string>

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css', html: 'text/html', js: 'text/javascript', json: 'application/json', png: 'image/png',
  txt: 'text/plain',
}

/** What is at a path, whole. */
export function readMemoryFile(files: MemoryFiles, path: string): Deferred<Uint8Array> {
  const found = files.get(path)
  return found === undefined ? missing(path) : fired(bytesOf(found))
}

/** Opens what is at a path; it was last changed at 0. */
export function openMemoryFile(files: MemoryFiles, path: string): Deferred<IOpenFile> {
  const realPath = path.length > 1 ? path.replace(/\/+$/, '') : path
  const found = files.get(path)
  if (found === undefined && namesIn(files, path).length === 0) return missing(path)
  const bytes = found === undefined ? new Uint8Array() : bytesOf(found)
  return fired<IOpenFile>({
    kind: found === undefined ? 'directory' : 'file', size: bytes.length, modified: 0, realPath, identity: realPath,
    read: (position, length) => fired(bytes.slice(position, position + length)),
    list: () => listMemoryFiles(files, realPath),
    close: () => undefined,
  })
}

/** The names in what is a directory. */
export function listMemoryFiles(files: MemoryFiles, path: string): Deferred<DirectoryEntry[]> {
  const names = namesIn(files, path)
  return names.length === 0 ? missing(path) : fired(names)
}

/** Of a few endings. */
export function memoryMediaType(name: string): Deferred<string | null> {
  return fired(TYPES[/[^.]*$/.exec(name)![0].toLowerCase()] ?? null)
}

function namesIn(files: MemoryFiles, path: string): DirectoryEntry[] {
  const prefix = path.endsWith('/') ? path : `${path}/`
  const found = new Map<string, DirectoryEntry>()
  for (const one of files.keys()) {
    if (!one.startsWith(prefix)) continue
    const [name, ...rest] = one.slice(prefix.length).split('/')
    found.set(name, { name, kind: rest.length > 0 ? 'directory' : 'file' })
  }
  return [...found.values()]
}

function bytesOf(content: Uint8Array | string): Uint8Array {
  return typeof content === 'string' ? encodeText(content) : Uint8Array.from(content)
}

function fired<T>(value: T): Deferred<T> {
  return succeed<unknown>(value) as unknown as Deferred<T>
}

function missing<T>(path: string): Deferred<T> {
  const error = new FileReadError(`${path} cannot be read.`, { trouble: 'missing' })
  return fail(error) as Deferred<never> as Deferred<T>
}
