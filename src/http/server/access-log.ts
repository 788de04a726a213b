/**
 * The access log: a line for each request.
 *
 * Owns: the formats, and that no request can forge a line of its own. Must not know: where lines go.
 * Source: the Common Log Format of NCSA httpd, and Apache's combined one; mod_log_config escapes as is done here.
 */
import type { HTTPParseError } from '../../core/http-errors.js'
import { Failure } from '../../defer/index.js'
import type { IAddress } from '../../interfaces/address.js'
import { Logger } from '../../logger/index.js'
import type { ServerRequest } from './request.js'
import type { ServerResponse } from './response.js'

/** What is known of a request once it is over. */
export interface AccessEntry {
  /** When it was over; ms since 1970, 0 where nobody knows. */
  readonly time: number
  /** Who sent it: an address without its port, or `-`. */
  readonly peer: string
  readonly method: string
  readonly target: string
  readonly version: string
  readonly host: string | null
  /** 0 when the connection was lost before there was one. */
  readonly status: number
  /** Of the response's body. */
  readonly bytes: number
  /** From the end of the request's head to the end of the response, ms. */
  readonly duration: number
  readonly referer: string | null
  readonly userAgent: string | null
  /** What was wrong with a request that could not be read. */
  readonly error?: string
}

/** A form of lines: Common Log Format, the same with referer and user agent, JSON, or one's own. */
export type AccessLogFormat = 'common' | 'combined' | 'json' | ((entry: AccessEntry) => string)

/** Where lines go; each ends in a line feed. */
export type AccessLogSink = ((line: string) => void) | { write(line: string): unknown }

export interface AccessLogOptions {
  /** `common` if not given. */
  format?: AccessLogFormat
  to: AccessLogSink
}

/** What an access log needs to know of time. */
interface Times {
  now(): number
  wallClock(): number | null
}

const log = /* @__PURE__ */ new Logger('whorl.http')
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Writes lines. */
export class AccessLog {
  readonly #format: (entry: AccessEntry) => string
  readonly #write: (line: string) => unknown
  readonly #times: Times

  /** @throws TypeError */
  constructor(options: AccessLogOptions | AccessLogSink, times: Times) {
    const { format = 'common', to } = 'to' in options ? options : { to: options }
    const known = typeof format === 'function' ? format : FORMATS[format]
    if (known === undefined) throw new TypeError(`there is no access log format "${String(format)}"`)
    if (typeof to !== 'function' && typeof (to as Partial<{ write: unknown }> | null)?.write !== 'function') {
      throw new TypeError('an access log is written to a function, or to something with a write method')
    }
    this.#format = known
    this.#write = typeof to === 'function' ? to : (line) => to.write(line)
    this.#times = times
  }

  /** A request that was answered, or lost. */
  add(request: ServerRequest, response: ServerResponse): void {
    const { fields } = request.head
    this.#put({
      time: this.#times.wallClock() ?? 0,
      peer: hostOf(request.peer),
      method: request.method,
      target: request.target,
      version: request.version,
      host: request.host,
      status: response.isLost && !response.headersSent ? 0 : response.status,
      bytes: response.bytesWritten,
      duration: Math.round((this.#times.now() - request.began) * 1000) / 1000,
      referer: fields.get('referer'),
      userAgent: fields.get('user-agent'),
    })
  }

  /** What could not be read as a request. */
  refused(peer: IAddress, error: HTTPParseError): void {
    this.#put({
      time: this.#times.wallClock() ?? 0, peer: hostOf(peer), method: '', target: '', version: '', host: null,
      status: error.status, bytes: 0, duration: 0, referer: null, userAgent: null, error: error.message,
    })
  }

  #put(entry: AccessEntry): void {
    try {
      this.#write(`${this.#format(entry)}\n`)
    } catch (error) {
      // No connection is to be lost, or kept for ever, because of its line.
      log.failure('A line of the access log could not be written', new Failure(error))
    }
  }
}

const FORMATS: Readonly<Record<string, (entry: AccessEntry) => string>> = {
  common: (entry) => common(entry),
  combined: (entry) => `${common(entry)} "${escape(entry.referer ?? '-')}" "${escape(entry.userAgent ?? '-')}"`,
  json: (entry) => JSON.stringify({ ...entry, time: new Date(entry.time).toISOString() })
    .replace(/[\x7f-\x9f]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`),
}

function common({ peer, time, method, target, version, status, bytes }: AccessEntry): string {
  const line = method === '' ? '-' : `${escape(method)} ${escape(target)} HTTP/${version}`
  return `${escape(peer)} - - [${date(time)}] "${line}" ${status === 0 ? '-' : status} ${bytes === 0 ? '-' : bytes}`
}

/** `10/Oct/2000:13:55:36 +0000` */
function date(time: number): string {
  const text = new Date(time).toISOString()
  const month = MONTHS[Number(text.slice(5, 7)) - 1]
  return `${text.slice(8, 10)}/${month}/${text.slice(0, 4)}:${text.slice(11, 19)} +0000`
}

/** Nothing that ends a quoted part, and nothing that a terminal would obey. */
function escape(text: string): string {
  return text.replace(/["\\]/g, '\\$&')
    .replace(/[\x00-\x1f\x7f-\x9f]/g, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

function hostOf(address: IAddress): string {
  if ('host' in address) return address.host
  if ('path' in address) return address.path ?? '-'
  return 'name' in address ? address.name : '-'
}
