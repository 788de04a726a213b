/**
 * Heads of messages as text.
 *
 * Owns: status lines, request lines, reason phrases. Must not know: connections; framing is the caller's, whose fields
 * say it. What comes out is ISO 8859-1, one character a byte: see `headBytes`. Source: RFC 9112, 3 and 4; RFC 9110, 15.
 */
import type { Headers } from './headers.js'

/** What is said beside a status when nothing else is given. Source: the IANA registry of HTTP status codes. */
export const REASON_PHRASES: Readonly<Record<number, string>> = Object.freeze({
  100: 'Continue',
  101: 'Switching Protocols',
  102: 'Processing',
  103: 'Early Hints',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  203: 'Non-Authoritative Information',
  204: 'No Content',
  205: 'Reset Content',
  206: 'Partial Content',
  207: 'Multi-Status',
  208: 'Already Reported',
  226: 'IM Used',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  305: 'Use Proxy',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  423: 'Locked',
  424: 'Failed Dependency',
  425: 'Too Early',
  426: 'Upgrade Required',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  451: 'Unavailable For Legal Reasons',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  506: 'Variant Also Negotiates',
  507: 'Insufficient Storage',
  508: 'Loop Detected',
  511: 'Network Authentication Required',
})

const REASON = /^[\t\x20-\x7e\x80-\xff]*$/
const METHOD = /^[!#$%&'*+\-.^_`|~\w]+$/
/** What may stand between the two blanks of a request line. */
const TARGET = /^[\x21-\x7e\x80-\xff]+$/

/** Status lines that were made, by status: those without a reason of their own. */
const lines: (string | undefined)[] = []

/** `HTTP/1.1 200 OK` and its end. @throws RangeError for a status that is none, TypeError for a reason that is none */
export function statusLine(status: number, reason?: string): string {
  // Before any that was made is looked up: text of the same digits would find it, and is compared with no number.
  if (!(Number.isInteger(status) && status >= 100 && status <= 999)) {
    throw new RangeError(`a status is a number from 100 to 999, not ${shown(status)}`)
  }
  if (reason === undefined) {
    const made = lines[status]
    if (made !== undefined) return made
  }
  if (reason === undefined) return lines[status] = `HTTP/1.1 ${status} ${REASON_PHRASES[status] ?? ''}\r\n`
  if (!REASON.test(reason)) throw new TypeError(`${JSON.stringify(reason)} cannot be a reason phrase`)
  return `HTTP/1.1 ${status} ${reason}\r\n`
}

/** A value for an error: text in quotes, so that it does not look like the number that was asked for. @internal */
export function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}

/**
 * The whole head of a response, its empty line included. The version is always 1.1: it says what the sender can do, not
 * what the request was (RFC 9110, 2.5).
 *
 * @throws RangeError, TypeError
 */
export function responseHead(status: number, reason: string | undefined, headers: Headers): string {
  return `${statusLine(status, reason)}${headers.toLines()}\r\n`
}

/** The whole head of a request, its empty line included. @throws TypeError for a method or target that is none */
export function requestHead(method: string, target: string, headers: Headers): string {
  if (!METHOD.test(method)) throw new TypeError(`${JSON.stringify(method)} cannot be a method`)
  if (!TARGET.test(target)) throw new TypeError(`${JSON.stringify(target)} cannot be the target of a request`)
  return `${method} ${target} HTTP/1.1\r\n${headers.toLines()}\r\n`
}

const BEYOND_ASCII = /[^\x00-\x7f]/

/** Whether text is the same in UTF-8 and ISO 8859-1. */
export function isASCII(text: string): boolean {
  return !BEYOND_ASCII.test(text)
}

/** A head as a transport takes it: text where that is the same as UTF-8, bytes otherwise. */
export function headBytes(head: string): string | Uint8Array {
  if (isASCII(head)) return head
  const bytes = new Uint8Array(head.length)
  for (let at = 0; at < head.length; at++) bytes[at] = head.charCodeAt(at)
  return bytes
}

/** How many bytes text has as UTF-8; a lone surrogate has three. */
export function utf8Length(text: string): number {
  let length = text.length
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit < 0x80) continue
    if (unit < 0x800) {
      length += 1
    } else if (unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00) {
      // Two units, four bytes.
      length += 2
      at += 1
    } else {
      length += 2
    }
  }
  return length
}
