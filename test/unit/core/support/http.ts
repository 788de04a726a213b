/**
 * Runs chunks through an HTTP parser of the façade and writes its events down, and says a second time what those must
 * be: a reference that looks at one string, a character at a time, written from RFC 9112 alone.
 *
 * Events are strings with one character for each byte. Pieces of a body are joined, since where it is cut says nothing.
 */
import { expect } from 'vitest'
import * as abi from '../../../../assembly/abi/http.js'
import type { Core, HTTPFields, HTTPHead, HTTPLeniences, HTTPLimits } from '../../../../src/core/index.js'
import { HTTPParseError } from '../../../../src/core/index.js'
import { bytes, chars, everyCut, piecesOf } from './bytes.js'
import { BUILDS, coreOf } from './builds.js'
import type { Collected } from './collect.js'

export interface HTTPCase {
  mode: 'request' | 'response'
  limits?: HTTPLimits
  lenient?: HTTPLeniences
  /** The first response has no body, whatever it says. */
  bodiless?: boolean
}

const REASONS = Object.entries(abi).filter(([name]) => name.startsWith('HTTP_BAD_')) as [string, number][]

/** What the ABI calls the reason of an error: `LINE_END`. */
export function reasonOf(error: HTTPParseError): string {
  const found = REASONS.filter(([, value]) => HTTPParseError.because(value, false).message === error.message)
  if (found.length !== 1) throw new Error(`not one reason: ${error.message}`)
  return found[0]![0].slice('HTTP_BAD_'.length)
}

function fieldsOf(fields: HTTPFields): string {
  let text = ''
  for (let i = 0; i < fields.count; i++) {
    text += ` [${fields.rawName(i)}=${fields.value(i)}]`
    if (fields.name(i) !== fields.rawName(i).toLowerCase()) throw new Error(`the name of field ${i} is two`)
  }
  return text
}

export function headOf(head: HTTPHead, isRequest: boolean): string {
  const line = isRequest ? `${head.method} ${head.target}` : `${head.status} (${head.reason})`
  const says = [
    head.isPersistent && 'persistent', head.hasBody && 'body', head.isChunked && 'chunked',
    head.contentLength !== null && `length=${head.contentLength}`, head.isUpgrade && 'upgrade',
    head.expectsContinue && 'continue', head.expectsUnknown && 'unknown',
  ].filter((one) => one !== false).join(',')
  return `head:${line} 1.${head.minorVersion} <${says}>${fieldsOf(head.fields)}`
}

/** The events of a stream of messages. */
export function collectHTTP(core: Core, chunks: Iterable<Uint8Array>, options: HTTPCase): Collected {
  const events: string[] = []
  let end = ''
  const parser = core.httpParser({
    mode: options.mode,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.lenient === undefined ? {} : { lenient: options.lenient }),
    handler: {
      head: (head) => void events.push(headOf(head, options.mode === 'request')),
      body: (data) => {
        if (data.length === 0) throw new Error('an empty piece of a body')
        const last = events.length - 1
        if (events[last]!.startsWith('body:')) events[last] += chars(data)
        else events.push(`body:${chars(data)}`)
      },
      trailers: (fields) => void events.push(`trailers:${fieldsOf(fields)}`),
      messageEnd: () => void events.push('end'),
      bad: (error) => void events.push(`bad:${reasonOf(error)}`),
      end: (how) => { end = how },
    },
  })
  if (options.bodiless === true) parser.expectBodiless()
  for (const chunk of chunks) parser.receive(chunk)
  const told = parser.end()
  if (told !== end) throw new Error(`end() said ${told}, and the handler was told ${end}`)
  parser.free()
  return { events, end }
}

/** The events of a stream: the reference's, which those of all builds must be, however the stream is cut. */
export function eventsOf(stream: string, options: HTTPCase): Collected {
  const expected = referenceHTTP(stream, options)
  const text = JSON.stringify(expected)
  const data = bytes(stream)
  for (const build of BUILDS) {
    const core = coreOf(build)
    const cuts = build === 'simd' ? everyCut(data) : [[data], piecesOf(data, 1), piecesOf(data, 17)]
    for (const chunks of cuts) {
      const found = collectHTTP(core, chunks, options)
      if (JSON.stringify(found) !== text) expect({ build, chunks: chunks.map(chars), ...found }).toEqual(expected)
    }
  }
  return expected
}

/** Thrown where the stream ends too early. */
const UNFINISHED = Symbol('unfinished')

class Bad extends Error {}

const isToken = (c: string): boolean => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/.test(c)
const isValue = (c: string): boolean => c === '\t' || (c >= ' ' && c !== '\x7f')
const isBlank = (c: string): boolean => c === ' ' || c === '\t'

interface Field { name: string; value: string }

/** Reads from a string, and from no more of it than its limit. */
class Reader {
  at = 0
  constructor(readonly text: string, readonly most: number, readonly lenient: HTTPLeniences,
    readonly isRequest: boolean) {}

  /** The next character; throws where there is none. */
  peek(): string {
    if (this.at >= this.text.length) throw UNFINISHED
    if (this.at >= this.most) throw new Bad('HEADER_LIMIT')
    return this.text[this.at]!
  }

  while(is: (c: string) => boolean): string {
    const from = this.at
    while (is(this.peek())) this.at++
    return this.text.slice(from, this.at)
  }

  lineEnd(): void {
    const c = this.peek()
    if (c === '\n' && this.lenient.bareLineFeeds === true) {
      this.at++
      return
    }
    if (c !== '\r') throw new Bad('LINE_END')
    this.at++
    if (this.peek() !== '\n') throw new Bad('LINE_END')
    this.at++
  }

  /** Fields and the empty line. */
  fields(most: number, look: (name: string, value: string) => void): Field[] {
    const { lenient } = this
    const all: Field[] = []
    for (;;) {
      const first = this.peek()
      if (first === '\r' || first === '\n') {
        this.lineEnd()
        return all
      }
      if (isBlank(first)) throw new Bad('FOLD')
      const name = this.while(isToken)
      if (name === '') throw new Bad('NAME')
      if (lenient.blankBeforeColon === true && !this.isRequest) this.while(isBlank)
      if (this.peek() !== ':') throw new Bad('NAME')
      this.at++
      let value = ''
      for (;;) {
        value += this.while(isValue)
        const c = this.peek()
        if (c !== '\r' && c !== '\n') throw new Bad('VALUE')
        this.lineEnd()
        if (lenient.foldedFields !== true || !isBlank(this.peek())) break
        if (this.isRequest) throw new Bad('FOLD')
        value = `${value.replace(/[ \t]+$/, '')} `
        this.while(isBlank)
      }
      value = value.replace(/^[ \t]+|[ \t]+$/g, '')
      if (all.length === most) throw new Bad('COUNT_LIMIT')
      look(name.toLowerCase(), value)
      all.push({ name, value })
    }
  }
}

const show = (fields: readonly Field[]): string => fields.map(({ name, value }) => ` [${name}=${value}]`).join('')

/** The events of a stream, and how it ends. */
export function referenceHTTP(stream: string, options: HTTPCase): Collected {
  const { lenient = {}, limits = {} } = options
  const isRequest = options.mode === 'request'
  const { requestLine = 8000, headerBytes = 16384, headerCount = 100, chunkExtensionBytes = 4096 } = limits
  const events: string[] = []
  let bodiless = options.bodiless === true
  let at = 0
  let end = 'inside-frame'

  function head(): { length: number; left: number } {
    const reader = new Reader(stream.slice(at), headerBytes, lenient, isRequest)
    const lineLimit = (): void => { if (reader.at > requestLine) throw new Bad('LINE_LIMIT') }
    /** As `while`, but for the limit of the line, which is seen by the first character beyond it. */
    const inLine = (is: (c: string) => boolean): string => {
      const from = reader.at
      while (is(reader.peek())) {
        reader.at++
        lineLimit()
      }
      return reader.text.slice(from, reader.at)
    }
    const version = (size: number): number => {
      // Looked at when all of it is there.
      const from = reader.at
      for (let i = 0; i < size; i++) {
        reader.at = from + i
        reader.peek()
      }
      const text = reader.text.slice(from, from + 8)
      if (!/^HTTP\/\d\.\d$/.test(text)) throw new Bad('VERSION')
      if (text[5] !== '1') throw new Bad('MAJOR')
      reader.at = from + 8
      return Number(text[7])
    }
    let line = ''
    let status = 0
    let minor = 0
    if (isRequest) {
      const method = inLine(isToken)
      if (method === '' || reader.peek() !== ' ') throw new Bad('METHOD')
      reader.at++
      lineLimit()
      const target = inLine((c) => c > ' ' && c < '\x7f')
      if (target === '' || reader.peek() !== ' ') throw new Bad('TARGET')
      reader.at++
      minor = version(9)
      reader.lineEnd()
      line = `${method} ${target}`
    } else {
      minor = version(13)
      if (reader.text[8] !== ' ') throw new Bad('VERSION')
      if (!/^[1-9]\d\d$/.test(reader.text.slice(9, 12))) throw new Bad('STATUS')
      status = Number(reader.text.slice(9, 12))
      reader.at = 12
      if (reader.peek() === ' ') reader.at++
      else if (lenient.missingReason !== true || !/[\r\n]/.test(reader.peek())) throw new Bad('STATUS')
      lineLimit()
      const reason = inLine(isValue)
      if (!/[\r\n]/.test(reader.peek())) throw new Bad('REASON')
      reader.lineEnd()
      line = `${status} (${reason})`
    }
    let hosts = 0
    let length: number | null = null
    let isChunked = false
    let isUpgrade = false
    let expects = ''
    const connection = new Set<string>()
    const fields = reader.fields(headerCount, (name, value) => {
      if (name === 'host') hosts++
      if (name === 'content-length') {
        const said = lenient.repeatedLength === true ? value.split(/[ \t]*,[ \t]*/) : [value]
        const first = /^\d{1,15}$/.test(said[0]!) && said.every((one) =>
          /^\d{1,15}$/.test(one) && Number(one) === Number(said[0]))
          ? Number(said[0]) : null
        if (length !== null && (lenient.repeatedLength !== true || first !== length)) throw new Bad('LENGTHS')
        if (first === null) throw new Bad('LENGTH')
        length = first
      }
      if (name === 'transfer-encoding') {
        if (isChunked) throw new Bad('CODING')
        if (value.toLowerCase() !== 'chunked') throw new Bad('CODING_UNKNOWN')
        isChunked = true
      }
      if (name === 'connection') for (const one of value.split(',')) connection.add(one.trim().toLowerCase())
      if (name === 'upgrade') isUpgrade = true
      if (name === 'expect') expects += value.toLowerCase() === '100-continue' ? 'c' : 'u'
    })
    if (isRequest && (hosts > 1 || (minor > 0 && hosts === 0))) throw new Bad('HOST')
    if (isChunked && length !== null) throw new Bad('LENGTHS')
    if (isChunked && minor === 0) throw new Bad('CODING')
    const hasBody = isRequest
      ? isChunked || length !== null : !(bodiless || status < 200 || status === 204 || status === 304)
    const untilClose = !isRequest && hasBody && !isChunked && length === null
    const isPersistent = !untilClose && !connection.has('close') && (minor > 0 || connection.has('keep-alive'))
    const says = [
      isPersistent && 'persistent', hasBody && 'body', isChunked && 'chunked', length !== null && `length=${length}`,
      isUpgrade && connection.has('upgrade') && 'upgrade', expects.includes('c') && 'continue',
      expects.includes('u') && 'unknown',
    ].filter((one) => one !== false).join(',')
    events.push(`head:${line} 1.${minor > 0 ? 1 : 0} <${says}>${show(fields)}`)
    if (status >= 200) bodiless = false
    return { length: reader.at, left: untilClose ? Infinity : !hasBody ? 0 : isChunked ? -1 : length! }
  }

  function body(size: number): void {
    if (size === 0) return
    const data = stream.slice(at, at + size)
    at += data.length
    if (data !== '') {
      const last = events.length - 1
      if (events[last]!.startsWith('body:')) events[last] += data
      else events.push(`body:${data}`)
    }
    if (data.length < size && size !== Infinity) throw UNFINISHED
  }

  const next = (): string => {
    if (at >= stream.length) throw UNFINISHED
    return stream[at]!
  }

  function chunks(): void {
    let extensions = 0
    for (;;) {
      let digits = ''
      while (/[0-9a-fA-F]/.test(next())) {
        digits += stream[at++]
        if (digits.length > 13) throw new Bad('CHUNK_SIZE')
      }
      if (digits === '' || !/[\r; \t]/.test(next())) throw new Bad('CHUNK_SIZE')
      // The longest beginning that could be extensions, and whether it is whole.
      const quoted = '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*"'
      const tchar = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]"
      const whole = new RegExp(`^(?:[ \\t]*;[ \\t]*${tchar}+(?:[ \\t]*=[ \\t]*(?:${tchar}+|${quoted}))?)*$`)
      const from = at
      for (;;) {
        const c = next()
        if (c === '\r' && whole.test(stream.slice(from, at))) break
        if (++extensions > chunkExtensionBytes) throw new Bad('EXTENSION_LIMIT')
        const text = stream.slice(from, at + 1)
        // What could still become extensions becomes them by one of these.
        if (!['', 'a', '"', 'a"', ';a', '=a', '""'].some((more) =>
          whole.test(text + more))) throw new Bad('CHUNK_EXTENSION')
        at++
      }
      at++
      if (next() !== '\n') throw new Bad('LINE_END')
      at++
      const size = parseInt(digits, 16)
      if (size === 0) break
      body(size)
      if (next() !== '\r') throw new Bad('CHUNK_END')
      at++
      if (next() !== '\n') throw new Bad('CHUNK_END')
      at++
    }
    const reader = new Reader(stream.slice(at), headerBytes, lenient, isRequest)
    const trailers = reader.fields(headerCount, () => {})
    at += reader.at
    if (trailers.length > 0) events.push(`trailers:${show(trailers)}`)
  }

  try {
    for (;;) {
      for (let free = lenient.emptyLines === true ? Infinity : isRequest ? 1 : 0; free > 0; free--) {
        if (stream[at] === '\r') {
          if (at + 1 < stream.length && stream[at + 1] !== '\n') throw new Bad('LINE_END')
          at += 2
        } else if (stream[at] === '\n' && lenient.bareLineFeeds === true) {
          at++
        } else {
          break
        }
      }
      if (at >= stream.length) {
        end = 'clean'
        break
      }
      const { length, left } = head()
      at += length
      if (left < 0) chunks()
      else body(left)
      events.push('end')
      if (left === Infinity) {
        end = 'clean'
        break
      }
    }
  } catch (error) {
    if (error instanceof Bad) {
      events.push(`bad:${error.message}`)
      end = 'failed'
    } else if (error !== UNFINISHED) {
      throw error
    }
  }
  return { events, end }
}
