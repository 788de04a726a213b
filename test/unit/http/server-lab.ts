/**
 * A server in memory for tests: one connection to a Site, bytes in, responses out, time by hand.
 */
import { onTestFinished } from 'vitest'
import { logPublisher } from '../../../src/logger/index.js'
import type { LogEvent } from '../../../src/logger/index.js'
import { Failure } from '../../../src/defer/index.js'
import { ConnectionDone } from '../../../src/errors/index.js'
import type { HTTPChannel, RequestHandler, SiteOptions } from '../../../src/http/index.js'
import { Site } from '../../../src/http/index.js'
import { MemoryReactor, StringTransport } from '../../../src/testing/index.js'

/** One response as it was written. */
export interface Seen {
  status: number
  reason: string
  headers: Map<string, string>
  body: string
  trailers: string
}

/** What most tests want: answers what it was sent, once it is whole. */
export const echo: RequestHandler = async (request, response) => {
  const text = await request.text()
  response.end(`${request.method} ${request.target} ${text}`)
}

/** A site with one connection. */
export class Lab {
  readonly reactor: MemoryReactor
  readonly site: Site
  readonly transport: StringTransport
  readonly channel: HTTPChannel

  constructor(handler: RequestHandler = echo, options: SiteOptions = {}, transport = new StringTransport()) {
    this.reactor = new MemoryReactor()
    this.site = new Site(handler, { reactor: this.reactor, ...options })
    this.transport = transport
    this.channel = this.site.buildProtocol(transport.getPeer()) as HTTPChannel
    this.channel.makeConnection(transport)
  }

  /** Bytes from the peer; a character each. */
  send(...texts: string[]): this {
    for (const text of texts) this.channel.dataReceived(Uint8Array.from(text, (one) => one.charCodeAt(0)))
    return this
  }

  get text(): string {
    return this.transport.text()
  }

  /** True once the server has closed, or asked to. */
  get closed(): boolean {
    return this.transport.disconnecting
  }

  /** The connection ends. */
  lose(error: Error = new ConnectionDone()): void {
    this.channel.connectionLost(new Failure(error))
  }

  /** What was answered so far; `heads`: which of them answer HEAD. */
  responses(heads: readonly number[] = []): Seen[] {
    return readResponses(this.text, heads)
  }
}

/** What is logged until the test ends; a line each. Nothing of it is printed. */
export function collectLog(): () => string[] {
  const lines: string[] = []
  const observe = (event: LogEvent): void => {
    const { value } = (event.failure ?? {}) as { value?: Error & { code?: string } }
    lines.push(`${event.level} ${event.message} ${value?.name ?? ''} ${value?.code ?? ''} ${value?.message ?? ''}`)
  }
  logPublisher.addObserver(observe)
  onTestFinished(() => logPublisher.removeObserver(observe))
  return () => lines
}

/** Promise jobs that are due, and those that they leave. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

/** Reads responses by the plain rules of RFC 9112, 6, and complains about what no response may hold. */
export function readResponses(text: string, heads: readonly number[] = []): Seen[] {
  const found: Seen[] = []
  let rest = text
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) throw new Error(`no whole head: ${JSON.stringify(rest)}`)
    const [line, ...fields] = rest.slice(0, end).split('\r\n') as [string, ...string[]]
    const match = /^HTTP\/1\.1 (\d{3}) (.*)$/.exec(line)
    if (match === null) throw new Error(`no status line: ${line}`)
    const headers = new Map<string, string>()
    for (const field of fields) {
      const [, name, value] = /^([\w-]+): (.*)$/.exec(field) ?? []
      if (name === undefined) throw new Error(`no field: ${field}`)
      const lower = name.toLowerCase()
      const before = headers.get(lower)
      headers.set(lower, before === undefined ? value! : `${before}, ${value}`)
    }
    rest = rest.slice(end + 4)
    const status = Number(match[1])
    const seen: Seen = { status, reason: match[2]!, headers, body: '', trailers: '' }
    const isHead = heads.includes(found.filter((one) => one.status >= 200).length)
    found.push(seen)
    if (status < 200 || status === 204 || status === 304 || isHead) continue
    const length = headers.get('content-length')
    if (headers.get('transfer-encoding') === 'chunked') {
      if (length !== undefined) throw new Error('two lengths')
      for (;;) {
        const [, size] = /^([\da-f]+)\r\n/.exec(rest) ?? []
        if (size === undefined) throw new Error(`no chunk: ${JSON.stringify(rest)}`)
        const from = size.length + 2
        const bytes = Number.parseInt(size, 16)
        rest = rest.slice(from)
        if (bytes === 0) break
        seen.body += rest.slice(0, bytes)
        if (rest.slice(bytes, bytes + 2) !== '\r\n') throw new Error('a chunk has no end')
        rest = rest.slice(bytes + 2)
      }
      const stop = rest.startsWith('\r\n') ? 0 : rest.indexOf('\r\n\r\n') + 2
      seen.trailers = rest.slice(0, stop)
      rest = rest.slice(stop + 2)
    } else if (length !== undefined) {
      seen.body = rest.slice(0, Number(length))
      rest = rest.slice(Number(length))
    } else {
      seen.body = rest
      rest = ''
    }
  }
  return found
}
