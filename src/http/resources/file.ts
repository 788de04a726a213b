/**
 * File: a directory of files, or one file, as a resource.
 *
 *   segments ─names only─▶ path ─open─▶ where it really is ─inside?─▶ file ─▶ sendFile
 *                                                                 └▶ directory ─▶ slash, index, listing
 *
 * A file is opened before anything is asked about it, and all that is asked is asked of the open file: links and
 * renames between two looks change nothing. What may not be seen is answered as what is not there.
 * Owns: which file a request means. Must not know: how a file is answered with (file-answer.ts).
 * Source: twisted.web.static.File.
 */
import { inlineCallbacks } from '../../defer/index.js'
import { FileReadError } from '../../errors/index.js'
import type { DirectoryEntry, IOpenFile, IReactorFiles } from '../../interfaces/reactor-files.js'
import { Headers } from '../headers.js'
import type { ServerRequest } from '../server/request.js'
import type { ServerResponse } from '../server/response.js'
import { chooseCoding } from './accept.js'
import { answerWithFile, markVaries } from './file-answer.js'
import { listingPage } from './listing.js'
import { errorPage, HTML, redirectPage } from './pages.js'
import { isWithin, joinPath } from './paths.js'
import { Resource } from './resource.js'

/** What of a directory is served, and how. */
export interface FileOptions {
  /** Names that stand for a directory, the first that is there; `index.html` if not given. */
  index?: readonly string[]
  /** Whether a directory without one of these is listed; false if not given: 403. */
  listing?: boolean
  /**
   * Links: `inside` follows those that lead to something inside of the directory, `never` none, `follow` all of them,
   * to whatever the program may read. `inside` if not given.
   */
  symlinks?: 'inside' | 'never' | 'follow'
  /** Whether names that begin with a dot are served; false if not given. */
  dotfiles?: boolean
  /**
   * Codings for which a file that was compressed beforehand is looked for beside the one that is asked for, with `.br`
   * or `.gz` behind its name; it must not be older. True for both; none if not given.
   */
  precompressed?: boolean | readonly ('br' | 'gzip')[]
  /** Media types by the end of a name, in lower case and without the dot, before those of the host. */
  types?: Readonly<Record<string, string>>
  /** The media type of what has none; `application/octet-stream` if not given. */
  defaultType?: string
  /** Added to `text/…` types; `utf-8` if not given, null for nothing. */
  charset?: string | null
  /** The field Cache-Control of files; none if not given. */
  cacheControl?: string
}

const ENDINGS = { br: '.br', gzip: '.gz' } as const
type Precompressed = keyof typeof ENDINGS

const SYMLINKS: readonly unknown[] = ['inside', 'never', 'follow']

/**
 * Serves what is below a path.
 *
 * @example
 * serve(reactor, 'tcp:8080', new File('/srv/www', { listing: true }))
 */
export class File extends Resource {
  readonly #path: string
  readonly #options: Required<Omit<FileOptions, 'cacheControl' | 'precompressed'>> & {
    readonly cacheControl: string | undefined
    readonly precompressed: readonly Precompressed[]
  }
  /** Where the path really is; null until it was looked at. */
  #root: string | null = null

  /** @param path of a directory or a file @throws TypeError for options that are none */
  constructor(path: string, options: FileOptions = {}) {
    super()
    if (typeof path !== 'string' || path === '' || path.includes('\0')) throw new TypeError('a file has a path')
    const {
      index = ['index.html'], listing = false, symlinks = 'inside', dotfiles = false, precompressed = false,
      types = {}, defaultType = 'application/octet-stream', charset = 'utf-8', cacheControl,
    } = options
    if (!SYMLINKS.includes(symlinks)) throw new TypeError(`symlinks is one of ${SYMLINKS.join(', ')}`)
    const codings = precompressed === true ? Object.keys(ENDINGS) : precompressed === false ? [] : [...precompressed]
    if (!codings.every((coding) => Object.hasOwn(ENDINGS, coding))) throw new TypeError('precompressed is br or gzip')
    this.#path = path.length > 1 ? path.replace(/\/+$/, '') || '/' : path
    this.#options = {
      index, listing, symlinks, dotfiles, precompressed: codings as Precompressed[], types, defaultType, charset,
      cacheControl,
    }
  }

  /** Children of `putChild` go before files; the first segment that is none of them, and all behind it, is a file's. */
  override getChild(segment: string): Resource {
    return new FileBelow(this, segment)
  }

  render_GET(request: ServerRequest, response: ServerResponse): unknown {
    return this.serve(request.postpath, request, response)
  }

  * #serve(
    files: IReactorFiles, segments: readonly string[], request: ServerRequest, response: ServerResponse,
    opened: IOpenFile[]): Generator<unknown, unknown, any> {
    const isDirectory = segments[segments.length - 1] === ''
    const names = isDirectory ? segments.slice(0, -1) : segments
    this.#root ??= yield this.#findRoot(files)
    const path = joinPath(this.#path, names, !this.#options.dotfiles)
    // Names that the host reads in another way than it says.
    if (path === null || joinPath(this.#root!, names, false) === null) return errorPage(response, 404)
    const found = yield* this.#open(files, path, names, opened)
    if (found === null || found.kind === 'other') return errorPage(response, 404)
    if (found.kind === 'file') {
      if (isDirectory) return errorPage(response, 404)
      return yield* this.#answer(files, path, names, found, request, response, opened)
    }
    if (!isDirectory) {
      // Relative to the request's own address, of which something in front of this may have taken away the beginning.
      const last = request.rawPath.slice(request.rawPath.lastIndexOf('/') + 1)
      return redirectPage(response, 301, `./${last}/${queryOf(request.target)}`)
    }
    for (const name of this.#options.index) {
      const inside = joinPath(path, [name], false)
      const index = inside === null ? null : yield* this.#openIfThere(files, inside, [...names, name], opened)
      if (index?.kind === 'file') {
        return yield* this.#answer(files, inside!, [...names, name], index, request, response, opened)
      }
    }
    if (!this.#options.listing) return errorPage(response, 403, undefined, 'This directory is not listed.')
    const entries = yield* namesIn(found)
    if (entries === null) return errorPage(response, 403, undefined, 'This directory has too many names to be listed.')
    const shown = entries.filter(({ name, kind }) => (this.#options.dotfiles || !name.startsWith('.')) &&
      kind !== 'other' && (kind !== 'link' || this.#options.symlinks !== 'never'))
    response.headers.set('Content-Type', HTML)
    const shownPath = [...request.prepath, ...request.postpath].filter((segment) => segment !== '').join('/')
    response.end(listingPage(shownPath === '' ? '/' : `/${shownPath}/`, shown, names.length === 0))
    return undefined
  }

  * #answer(
    files: IReactorFiles, path: string, names: readonly string[], file: IOpenFile, request: ServerRequest,
    response: ServerResponse, opened: IOpenFile[]): Generator<unknown, unknown, any> {
    const { precompressed, cacheControl } = this.#options
    // Of the name that was asked for, not of what a link leads to.
    const type = yield* this.#typeOf(files, path.slice(path.lastIndexOf('/') + 1))
    const headers = new Headers([['Content-Type', type]])
    if (cacheControl !== undefined) headers.set('Cache-Control', cacheControl)
    let chosen = file
    if (precompressed.length > 0) {
      markVaries(headers, 'Accept-Encoding')
      const left = [...precompressed]
      for (;;) {
        const coding = chooseCoding(request.headers.get('accept-encoding'), left)?.coding ?? null
        if (coding === null) break
        left.splice(left.indexOf(coding), 1)
        const ending = ENDINGS[coding]
        const beside = [...names.slice(0, -1), `${names[names.length - 1] ?? ''}${ending}`]
        const sibling = yield* this.#openIfThere(files, path + ending, beside, opened, file.realPath + ending)
        if (sibling?.kind !== 'file' || sibling.modified < file.modified) continue
        chosen = sibling
        headers.set('Content-Encoding', coding)
        break
      }
    }
    return yield answerWithFile(chosen, headers, request, response)
  }

  * #typeOf(files: IReactorFiles, name: string): Generator<unknown, string, any> {
    const { types, defaultType, charset } = this.#options
    const ending = /\.([^.]*)$/.exec(name)?.[1]!.toLowerCase()
    const type = ending !== undefined && Object.hasOwn(types, ending) ? types[ending]!
      : (yield files.mediaType(name)) as string | null ?? defaultType
    return charset !== null && /^text\/[^;]*$/i.test(type) ? `${type}; charset=${charset}` : type
  }

  * #openIfThere(
    files: IReactorFiles, path: string, names: readonly string[], opened: IOpenFile[], orReally?: string,
  ): Generator<unknown, IOpenFile | null, any> {
    try {
      return yield* this.#open(files, path, names, opened, orReally)
    } catch (error) {
      if (error instanceof FileReadError && error.trouble !== 'busy') return null
      throw error
    }
  }

  /** @param orReally where it may be, too @returns null for what is not to be seen */
  * #open(
    files: IReactorFiles, path: string, names: readonly string[], opened: IOpenFile[], orReally?: string,
  ): Generator<unknown, IOpenFile | null, any> {
    const file = (yield files.openFile(path)) as IOpenFile
    opened.push(file)
    if (file.realPath === orReally || this.#mayBeAt(file.realPath, names)) return file
    // Perhaps it was the directory itself that was a link, and now leads elsewhere.
    this.#root = yield this.#findRoot(files)
    return this.#mayBeAt(file.realPath, names) ? file : null
  }

  #mayBeAt(realPath: string, names: readonly string[]): boolean {
    const { symlinks } = this.#options
    const root = this.#root as string
    if (symlinks === 'follow') return true
    if (symlinks === 'inside') return isWithin(root, realPath)
    return realPath.replaceAll('\\', '/') === joinPath(root, names, false)?.replaceAll('\\', '/')
  }

  #findRoot(files: IReactorFiles) {
    return files.openFile(this.#path).addCallback((file: IOpenFile) => {
      file.close()
      return file.realPath
    })
  }

  /** Answers with what is at these segments. */
  readonly serve = inlineCallbacks(function* (
    this: File, segments: readonly string[], request: ServerRequest, response: ServerResponse,
  ): Generator<unknown, unknown, any> {
    const files = request.reactor as unknown as IReactorFiles
    const opened: IOpenFile[] = []
    try {
      return yield* this.#serve(files, segments, request, response, opened)
    } catch (error) {
      if (response.headersSent || !(error instanceof FileReadError)) throw error
      return refuse(response, error)
    } finally {
      for (const file of opened) file.close()
    }
  })
}

/** What is below a directory, from one of its names on. */
class FileBelow extends Resource {
  override isLeaf = true
  readonly #above: File
  readonly #segment: string

  constructor(above: File, segment: string) {
    super()
    this.#above = above
    this.#segment = segment
  }

  render_GET(request: ServerRequest, response: ServerResponse): unknown {
    return this.#above.serve([this.#segment, ...request.postpath], request, response)
  }
}

/** Null for too many. */
function* namesIn(directory: IOpenFile): Generator<unknown, DirectoryEntry[] | null, any> {
  try {
    return yield directory.list()
  } catch (error) {
    if (error instanceof FileReadError && error.cause instanceof RangeError) return null
    throw error
  }
}

function refuse(response: ServerResponse, { trouble }: FileReadError): void {
  switch (trouble) {
    case 'missing': return errorPage(response, 404)
    case 'denied': return errorPage(response, 403)
    case 'busy': return errorPage(response, 503)
    default: return errorPage(response, 500)
  }
}

/** With its question mark. */
function queryOf(target: string): string {
  const at = target.indexOf('?')
  return at < 0 ? '' : target.slice(at)
}
