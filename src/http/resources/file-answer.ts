/**
 * The answer with an open file: its fields, conditions, ranges, and its bytes.
 *
 * The entity tag is made of the size and the time of the last change, in microseconds. It is strong, so that ranges
 * can be continued, unless the file was changed in the last two seconds: then it may change again and have the same
 * time, and the tag is weak (RFC 9110, 8.8.1 and 8.8.2.2). The weak tag of a version matches its strong one where a
 * weak comparison is made.
 * Owns: the above. Must not know: where the file is.
 * Source: RFC 9110, 8.8, 13, 14, 15.3.7, 15.4.5, 15.5.17; RFC 2046, 5.1 (multipart).
 */
import { inlineCallbacks } from '../../defer/index.js'
import type { Failure } from '../../defer/index.js'
import { FileReadError } from '../../errors/index.js'
import type { IReactorEntropy } from '../../interfaces/reactor-entropy.js'
import type { FileStatus, IOpenFile } from '../../interfaces/reactor-files.js'
import { formatHTTPDate } from '../dates.js'
import type { Headers } from '../headers.js'
import type { ServerRequest } from '../server/request.js'
import type { ServerResponse } from '../server/response.js'
import { evaluateConditions, mayContinue } from './conditional.js'
import type { Validators } from './conditional.js'
import { errorPage } from './pages.js'
import { parseRanges } from './ranges.js'
import type { ByteRange } from './ranges.js'

/** Bytes that are read at once; a slow reader holds two such pieces in memory. */
const PIECE = 65_536
/** The same for a reader who takes them as fast as they come: each costs a trip to a thread. */
const LONG_PIECE = 131_072
/** A change less than so long ago may be followed by one that cannot be told from it, ms. */
const SETTLED = 2000

/** What a body is made of. */
type Piece = string | ByteRange

/**
 * Answers a GET or HEAD with a file. Fires once everything was written; the file stays open.
 * @param headers what else is known of it: its type and its like
 */
export const answerWithFile = inlineCallbacks(function* (
  file: IOpenFile, headers: Headers, request: ServerRequest, response: ServerResponse,
): Generator<unknown, undefined, any> {
  const now = request.site.wallClock()
  const validators = validatorsOf(file, now)
  for (const [name, value] of headers.raw()) response.headers.set(name, value)
  response.headers.set('Accept-Ranges', 'bytes')
  response.headers.set('ETag', validators.etag!)
  // A date that is still to come would be one that nobody can check (RFC 9110, 8.8.2.1).
  response.headers.set('Last-Modified', formatHTTPDate(Math.min(file.modified, now ?? Infinity)))
  const verdict = evaluateConditions(request.method, request.headers, validators, now ?? undefined)
  if (verdict !== 'proceed') {
    dropContentFields(response.headers)
    if (verdict === 'failed') {
      errorPage(response, 412)
    } else {
      response.status = 304
      response.end()
    }
    return
  }
  const range = request.method === 'GET' ? request.headers.get('range') : null
  const ranges = range !== null && mayContinue(request.headers, validators, now ?? undefined)
    ? parseRanges(range, file.size) : null
  if (ranges !== null && ranges.length === 0) {
    dropContentFields(response.headers)
    response.headers.set('Content-Range', `bytes */${file.size}`)
    errorPage(response, 416)
    return
  }
  const pieces = ranges === null ? all(file.size) : partsOf(ranges, file, request, response)
  const length = pieces.reduce((sum, piece) => sum + lengthOf(piece), 0)
  response.headers.set('Content-Length', String(length))
  if (request.method === 'HEAD' || length === 0) {
    response.end()
    return
  }
  yield sendPieces(file, pieces, response)
})

/** What tells this version of a file from the others. @param now ms since 1970; null where nobody knows */
export function validatorsOf({ size, modified }: FileStatus, now: number | null): Validators {
  const isSettled = now !== null && modified <= now - SETTLED
  const tag = `"${size.toString(16)}-${Math.round(modified * 1000).toString(16)}"`
  return { etag: isSettled ? tag : `W/${tag}`, modified, isSettled }
}

/** Adds a name to Vary. */
export function markVaries(headers: Headers, name: string): void {
  const value = headers.get('vary')
  if (value === null || value.trim() === '') {
    headers.set('Vary', name)
  } else if (value.trim() !== '*' && !value.toLowerCase().split(',').some((one) => one.trim() === name.toLowerCase())) {
    headers.set('Vary', `${value}, ${name}`)
  }
}

/** Arrays of LONG_PIECE to read into that no transfer uses now: making new ones all the time costs more than reading. */
const spare: Uint8Array[] = []
const MOST_SPARE = 32
/** The memory of those that were made here. */
const ours = /* @__PURE__ */ new WeakSet<object>()

/** Responses whose last pieces may not be sent yet, oldest first. */
const owing: { readonly response: ServerResponse, readonly pieces: Uint8Array[] }[] = []
const MOST_OWING = 16

function takeSpare(): Uint8Array {
  for (let i = owing.length - 1; spare.length === 0 && i >= 0; i--) {
    if (owing[i]!.response.hasLetGo) keepSpare(owing.splice(i, 1)[0]!.pieces)
  }
  const found = spare.pop()
  if (found !== undefined) return found
  const made = new Uint8Array(LONG_PIECE)
  ours.add(made.buffer)
  return made
}

function keepSpare(pieces: Uint8Array[]): void {
  for (const { buffer } of pieces) if (spare.length < MOST_SPARE) spare.push(new Uint8Array(buffer))
}

const sendPieces = inlineCallbacks(function* (
  file: IOpenFile, pieces: readonly Piece[], response: ServerResponse,
): Generator<unknown, void, any> {
  /** Arrays that were written, and may still be looked at. */
  const lent: Uint8Array[] = []
  let waiting: string | Uint8Array | null = null
  const write = function* (): Generator<unknown, void, any> {
    if (waiting === null || response.isEnded) return
    if (lent.length > 0 && response.hasLetGo) keepSpare(lent.splice(0))
    if (typeof waiting !== 'string' && ours.has(waiting.buffer)) lent.push(waiting)
    yield response.write(waiting)
  }
  for (const piece of pieces) {
    if (typeof piece === 'string') {
      yield* write()
      waiting = piece
      continue
    }
    const end = piece.last + 1
    let most = PIECE
    const readAt = (position: number) => {
      const length = Math.min(most, end - position)
      const read = file.read(position, length, length > PIECE / 2 ? takeSpare() : undefined)
      // Nobody looks at what went wrong if the connection ends meanwhile.
      return read.addErrback((failure: Failure) => failure.value)
    }
    let at = piece.first
    let ahead = readAt(at)
    while (at < end) {
      const bytes = (yield ahead) as Uint8Array | Error
      if (!(bytes instanceof Uint8Array)) throw bytes
      if (bytes.length === 0) throw new FileReadError('A file became shorter, or unreadable, while it was sent.')
      at += bytes.length
      most = response.hasLetGo ? LONG_PIECE : PIECE
      if (at < end) ahead = readAt(at)
      if (response.isEnded) return
      yield* write()
      waiting = bytes
    }
  }
  // The last piece and the end in one.
  if (response.isEnded) return
  if (typeof waiting !== 'string' && ours.has(waiting!.buffer)) lent.push(waiting!)
  response.end(waiting!)
  if (owing.push({ response, pieces: lent }) > MOST_OWING) owing.shift()
})

function partsOf(
  ranges: readonly ByteRange[], { size }: FileStatus, request: ServerRequest, response: ServerResponse): Piece[] {
  response.status = 206
  if (ranges.length === 1) {
    response.headers.set('Content-Range', contentRange(ranges[0]!, size))
    return [ranges[0]!]
  }
  const type = response.headers.get('content-type')
  const boundary = boundaryOf(request)
  const pieces: Piece[] = []
  for (const range of ranges) {
    const line = type === null ? '' : `Content-Type: ${type}\r\n`
    const start = pieces.length === 0 ? '' : '\r\n'
    pieces.push(`${start}--${boundary}\r\n${line}Content-Range: ${contentRange(range, size)}\r\n\r\n`, range)
  }
  pieces.push(`\r\n--${boundary}--\r\n`)
  response.headers.set('Content-Type', `multipart/byteranges; boundary=${boundary}`)
  return pieces
}

/** Counted only where nothing is random. */
let parts = 0

/** One that no file holds but by a chance that does not happen. */
function boundaryOf({ reactor }: ServerRequest): string {
  const { entropy } = reactor as Partial<IReactorEntropy>
  let text = ''
  // Where the host has none: nothing depends on it but that the parts can be told apart.
  const bytes = typeof entropy === 'function' ? entropy.call(reactor, 15) : [++parts & 0xff, parts >>> 8 & 0xff, 99, 7]
  for (const byte of bytes) text += byte.toString(36).padStart(2, '0')
  return `part-${text}`
}

function all(size: number): Piece[] {
  return size === 0 ? [] : [{ first: 0, last: size - 1 }]
}

function contentRange({ first, last }: ByteRange, size: number): string {
  return `bytes ${first}-${last}/${size}`
}

/** What is no file is ASCII. */
function lengthOf(piece: Piece): number {
  return typeof piece === 'string' ? piece.length : piece.last - piece.first + 1
}

/** A response without the file says nothing of how the file would be represented. */
function dropContentFields(headers: Headers): void {
  for (const name of ['Content-Type', 'Content-Encoding', 'Content-Range', 'Accept-Ranges']) headers.delete(name)
}
