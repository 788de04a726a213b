/** Sites without sockets: a request as text in, an answer taken apart out. */
import { Site } from '../../../src/http/index.js'
import type { IRequestHandler, RequestHandler, SiteOptions } from '../../../src/http/index.js'
import type { IProtocol } from '../../../src/interfaces/index.js'
import { MemoryReactor, StringTransport } from '../../../src/testing/index.js'

/** The time of every test: a date that is a whole second. */
export const NOW = Date.UTC(2026, 0, 2, 3, 4, 5)

export interface Answer {
  status: number
  reason: string
  /** By lower-case name; those that came twice are joined by newlines. */
  headers: Record<string, string>
  /** Without the framing of chunks. */
  body: string
  /** Everything as it came, as ISO 8859-1. */
  raw: string
}

export function memoryReactor(): MemoryReactor {
  const reactor = new MemoryReactor()
  ;(reactor as unknown as { wallClock: () => number }).wallClock = () => NOW
  return reactor
}

/** A site, and what it answers. */
export class Lab {
  readonly reactor = memoryReactor()
  readonly site: Site

  constructor(handler: RequestHandler | IRequestHandler, options: SiteOptions = {}) {
    this.site = new Site(handler, { reactor: this.reactor, ...options })
  }

  /** Puts files into the reactor. */
  files(contents: Record<string, string>): this {
    for (const [path, text] of Object.entries(contents)) this.reactor.files.set(path, text)
    return this
  }

  connect(): { protocol: IProtocol, transport: StringTransport } {
    const transport = new StringTransport()
    const protocol = this.site.buildProtocol(transport.getPeer())!
    protocol.makeConnection(transport)
    return { protocol, transport }
  }

  /** One request on a connection of its own. */
  ask(line: string, headers: Record<string, string> = {}, body = ''): Answer {
    const { protocol, transport } = this.connect()
    protocol.dataReceived(latin1(requestText(line, headers, body)))
    return parse(binary(transport.value()), line.split(' ')[0]!)
  }
}

/** @param line method and target */
export function requestText(line: string, headers: Record<string, string> = {}, body = ''): string {
  const all: Record<string, string> = { Host: 'example.test', ...headers }
  if (body !== '' && all['Transfer-Encoding'] === undefined) all['Content-Length'] ??= String(body.length)
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}

export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

export function binary(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

export function parse(raw: string, method = 'GET'): Answer {
  const end = raw.indexOf('\r\n\r\n')
  if (end < 0) throw new Error(`no answer: ${JSON.stringify(raw)}`)
  const [first, ...lines] = raw.slice(0, end).split('\r\n')
  const match = /^HTTP\/1\.1 (\d{3}) (.*)$/.exec(first!)
  if (match === null) throw new Error(`no status line: ${first}`)
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(': ')
    const name = line.slice(0, colon).toLowerCase()
    headers[name] = name in headers ? `${headers[name]}\n${line.slice(colon + 2)}` : line.slice(colon + 2)
  }
  let body = raw.slice(end + 4)
  if (headers['transfer-encoding'] === 'chunked' && method !== 'HEAD') body = dechunk(body)
  return { status: Number(match[1]), reason: match[2]!, headers, body, raw }
}

function dechunk(text: string): string {
  let body = ''
  for (let at = 0; ;) {
    const line = text.indexOf('\r\n', at)
    const size = Number.parseInt(text.slice(at, line), 16)
    if (line < 0 || Number.isNaN(size)) throw new Error(`no chunk at ${at}: ${JSON.stringify(text.slice(at, at + 50))}`)
    if (size === 0) return body
    body += text.slice(line + 2, line + 2 + size)
    at = line + 2 + size + 2
  }
}
