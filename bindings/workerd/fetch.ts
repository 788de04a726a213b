/**
 * Requests that workerd has read, answered by a Site: bodies in both directions go piece by piece, and whoever is slow
 * is waited for.
 *
 * Owns: the way there and back between workerd's Request and Response and HTTP, over a connection inside the program;
 * WebSockets are in websocket.ts. Must not know: HTTP; the Site and the client of src/ do.
 */
import { FactoryClientEndpoint } from '../../src/endpoints/factory-client.js'
import { Agent, fetchVia } from '../../src/http/index.js'
import type { Site } from '../../src/http/index.js'
import type { IAddress } from '../../src/interfaces/index.js'
import type { Reactor } from '../../src/reactor/index.js'
import { addressOf } from './tcp.js'
import { answerUpgrade } from './websocket.js'

/** Fields that are about one connection, and not about the message (RFC 9110, 7.6.1). */
const OF_CONNECTION = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade']

let encoded: typeof Response | null = null

/** Response, whose bytes are sent as they are although a field says how they are encoded. */
function encodedResponse(): typeof Response {
  return encoded ??= class extends Response {
    constructor(body?: BodyInit | null, init: ResponseInit = {}) {
      const headers = withoutConnection(new Headers(init.headers))
      super(body, { ...init, headers, encodeBody: 'manual' } as ResponseInit)
    }
  }
}

/** Fields as they are to be sent on. */
export function withoutConnection(headers: Headers): Headers {
  const left = new Headers(headers)
  const named = (headers.get('connection') ?? '').split(',').map((name) => name.trim())
  for (const name of [...OF_CONNECTION, ...named]) if (/^[\w-]+$/.test(name)) left.delete(name)
  return left
}

/** Who asks, as far as workerd tells. */
function peerOf(request: Request): IAddress | undefined {
  const { clientIp } = (request as { cf?: { clientIp?: string } }).cf ?? {}
  return addressOf(clientIp) ?? undefined
}

/**
 * Has a site answer a request, which may be one for a WebSocket.
 * @param waitUntil keeps the event alive until the site's side has ended, too
 * @returns what a `fetch` handler returns; rejects when the site broke the connection off
 */
export async function answer(
  reactor: Reactor, site: Site, request: Request, waitUntil: (promise: Promise<void>) => void): Promise<Response> {
  site.useReactor(reactor)
  let ended: () => void = () => undefined
  waitUntil(new Promise((resolve) => {
    ended = resolve
  }))
  try {
    return await asked(reactor, site, request, ended)
  } catch (error) {
    // It may never have been connected.
    ended()
    throw error
  }
}

async function asked(reactor: Reactor, site: Site, request: Request, ended: () => void): Promise<Response> {
  const from = peerOf(request)
  const endpoint = new FactoryClientEndpoint(reactor, site, { ended, ...from === undefined ? {} : { from } })
  const url = new URL(request.url)
  const isUpgrade = request.headers.get('upgrade')?.toLowerCase() === 'websocket'
  url.protocol = isUpgrade ? 'ws:' : 'http:'
  if (isUpgrade) return await answerUpgrade(reactor, endpoint, url, withoutConnection(request.headers))
  const ask = fetchVia(new Agent(reactor, { endpointFor: () => endpoint }),
    { Response: encodedResponse(), ReadableStream })
  return await ask(url, {
    method: request.method, headers: withoutConnection(request.headers), body: request.body, redirect: 'manual',
    signal: request.signal,
  })
}
