/**
 * PreparedRequest: a request as it goes over the wire, checked and framed, before there is a connection for it.
 *
 * Owns: the request line and the fields that follow from a request (Host, framing, Authorization, Connection, Expect),
 * and the refusal of what would split it. Must not know: connections. Source: RFC 9112, 3 and 6; RFC 9110, 7.2, 8.6,
 * 10.1.1.
 */
import { defaultCore } from '../../core/default.js'
import { hasToken, Headers } from '../headers.js'
import { headBytes, utf8Length } from '../messages.js'
import { isBodySource } from '../outgoing-body.js'
import type { BodySource } from '../outgoing-body.js'
import type { HTTPURL } from '../urls.js'
import { basicCredentials } from './basic.js'
import type { RequestOptions } from './interfaces.js'

/** How the body goes. */
export type RequestFraming = 'none' | 'whole' | 'length' | 'chunked'

const METHOD = /^[!#$%&'*+\-.^_`|~\w]+$/
const TARGET = /^[\x21-\x7e]+$/
/** A second time does what the first did (RFC 9110, 9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])
/** What these ask for begins with a body, if only an empty one. */
const EXPECTS_BODY = new Set(['POST', 'PUT', 'PATCH'])
const DIGITS = /^\d{1,15}$/
const CONTINUE_AFTER = 1000

/** What a route adds to a request. */
export interface RequestRoute {
  /** A proxy wants to know the whole URL. */
  readonly isAbsolute: boolean
  /** What that proxy is shown. */
  readonly proxyAuthorization: string | null
}

/** A request that is ready to go. */
export interface PreparedRequest {
  readonly method: string
  readonly url: HTTPURL
  /** The whole head, its empty line included. */
  readonly head: string | Uint8Array
  readonly body: BodySource | null
  readonly framing: RequestFraming
  /** With the framings `whole` and `length`: bytes of the body. */
  readonly length: number
  readonly trailers: (() => Headers) | null
  /** The connection is to be closed after it. */
  readonly closes: boolean
  /** How long to wait for 100 (Continue), ms; null: not at all. */
  readonly continueAfter: number | null
  /** It asks for another protocol. */
  readonly isUpgrade: boolean
  readonly onInformational: ((status: number, headers: Headers) => void) | null
  /** It may be sent a second time when nobody knows whether the first arrived. */
  readonly mayRepeat: boolean
}

/** Whether a second time does what the first did. */
export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method)
}

/** Whether a body can be sent a second time. */
export function isReplayable(body: BodySource | null | undefined): boolean {
  return body === undefined || body === null || typeof body === 'string' || body instanceof Uint8Array
    || Array.isArray(body)
}

/** The same options, for more than one request: fields that can be iterated only once are kept. */
export function repeatable(options: RequestOptions): RequestOptions {
  const { headers } = options
  const isOnce = typeof (headers as Partial<Iterator<unknown>> | undefined)?.next === 'function'
  return isOnce ? { ...options, headers: [...headers as Iterable<readonly [string, string]>] } : options
}

/**
 * @param closes whether the connection is not to be kept
 * @throws TypeError for a method, target, field or body that cannot be sent
 */
export function prepareRequest(
  method: string, url: HTTPURL, options: RequestOptions, route: RequestRoute, closes: boolean): PreparedRequest {
  if (typeof method !== 'string' || !METHOD.test(method)) {
    throw new TypeError(`${JSON.stringify(method)} cannot be the method of a request`)
  }
  const target = options.target === undefined ? targetOf(method, url, route) : checkTarget(options.target)
  const headers = options.headers === undefined ? null : new Headers(options.headers)
  const body = options.body ?? null
  if (body !== null && !isBodySource(body)) {
    throw new TypeError('the body of a request is text, bytes, or something that gives them one after the other')
  }
  let head = `${method} ${target} HTTP/1.1\r\n`
  let framing: RequestFraming = 'none'
  let length = 0
  let continueAfter: number | null = null
  let saysClose = false
  if (headers === null) {
    head += `Host: ${hostOf(method, url)}\r\n`
  } else {
    const host = headers.getAll('host')
    if (host.length > 1) throw new TypeError('a request has one Host')
    head += `Host: ${host[0] ?? hostOf(method, url)}\r\n${headers.toLines('host')}`
    if (headers.has('transfer-encoding')) throw new TypeError('Transfer-Encoding follows from the body')
    if (hasToken(headers.get('connection'), 'close')) closes = saysClose = true
    if (hasToken(headers.get('expect'), '100-continue')) continueAfter = CONTINUE_AFTER
  }
  const given = headers === null ? null : contentLength(headers)
  if (body === null) {
    if (given !== null && given !== 0) throw new TypeError(`Content-Length says ${given}, and there is no body`)
    if (given === null && EXPECTS_BODY.has(method)) head += 'Content-Length: 0\r\n'
    continueAfter = null
  } else {
    if (typeof body === 'string' || body instanceof Uint8Array) {
      framing = 'whole'
      length = typeof body === 'string' ? utf8Length(body) : body.length
      if (given === null) head += `Content-Length: ${length}\r\n`
      else if (given !== length) throw new TypeError(`Content-Length says ${given}, and the body has ${length} bytes`)
    } else if (given !== null) {
      framing = 'length'
      length = given
    } else {
      framing = 'chunked'
      head += 'Transfer-Encoding: chunked\r\n'
    }
    const { expectContinue = false } = options
    if (typeof expectContinue !== 'boolean' && !(typeof expectContinue === 'number' && expectContinue >= 0)) {
      throw new RangeError(`expectContinue is a number of milliseconds, or true, not ${String(expectContinue)}`)
    }
    if (continueAfter === null && expectContinue !== false) {
      continueAfter = expectContinue === true ? CONTINUE_AFTER : expectContinue
      head += 'Expect: 100-continue\r\n'
    }
  }
  const isUpgrade = options.upgrade !== undefined || (headers?.has('upgrade') ?? false)
  if (options.upgrade !== undefined) {
    head += `Connection: Upgrade\r\nUpgrade: ${checkUpgrade(options.upgrade)}\r\n`
  } else if (closes && !saysClose && !isUpgrade) {
    head += 'Connection: close\r\n'
  }
  if (url.credentials !== null && headers?.has('authorization') !== true) {
    head += `Authorization: ${basicCredentials(url.credentials)}\r\n`
  }
  if (route.proxyAuthorization !== null && headers?.has('proxy-authorization') !== true) {
    head += `Proxy-Authorization: ${route.proxyAuthorization}\r\n`
  }
  const { trailers } = options
  return {
    method,
    url,
    head: headBytes(`${head}\r\n`),
    body,
    framing,
    length,
    trailers: trailers === undefined ? null : () => new Headers(trailers()),
    closes,
    continueAfter,
    isUpgrade,
    onInformational: options.onInformational ?? null,
    mayRepeat: IDEMPOTENT.has(method) && isReplayable(body),
  }
}

/** Origin form; absolute form to a proxy; authority form for CONNECT (RFC 9112, 3.2). */
function targetOf(method: string, url: HTTPURL, route: RequestRoute): string {
  if (method === 'CONNECT') return hostAndPort(url)
  return route.isAbsolute ? url.href : url.target
}

function hostOf(method: string, url: HTTPURL): string {
  return method === 'CONNECT' ? hostAndPort(url) : url.authority
}

function hostAndPort({ host, port }: HTTPURL): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function checkTarget(target: string): string {
  if (typeof target === 'string' && TARGET.test(target)) return target
  throw new TypeError(`${JSON.stringify(target)} cannot be the target of a request`)
}

function checkUpgrade(upgrade: string): string {
  if (typeof upgrade === 'string' && /^[!#$%&'*+\-.^_`|~\w]+(?:\/[!#$%&'*+\-.^_`|~\w]+)?$/.test(upgrade)) return upgrade
  throw new TypeError(`${JSON.stringify(upgrade)} cannot be the name of a protocol`)
}

function contentLength(headers: Headers): number | null {
  const given = headers.getAll('content-length')
  if (given.length === 0) return null
  if (given.length > 1 || !DIGITS.test(given[0]!)) throw new TypeError('Content-Length is one number')
  return Number(given[0])
}

/** Bytes of a whole body, a piece at a time, so that it shows when the peer takes nothing more. */
export function* piecesOf(body: string | Uint8Array, size = 65_536): Generator<Uint8Array> {
  const bytes = typeof body === 'string' ? defaultCore().text.encode(body) : body
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
