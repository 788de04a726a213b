/**
 * What agents are asked, and with what.
 *
 * Owns: the shapes only. Must not know: how a request is made. Source: twisted.web.iweb.IAgent.
 */
import type { Deferred } from '../../defer/index.js'
import type { Headers, HeadersInit } from '../headers.js'
import type { BodySource } from '../outgoing-body.js'
import type { ClientResponse } from './response.js'

/** Options of a request. */
export interface RequestOptions {
  /** Fields to send. Host, Content-Length and Transfer-Encoding follow from the request, and need not be given. */
  headers?: HeadersInit
  /**
   * What to send. Text (as UTF-8) and bytes have a Content-Length; what comes piece by piece is sent in chunks, unless
   * `headers` has a Content-Length that says how much it will be.
   */
  body?: BodySource | null
  /** Fields to send behind a body that goes in chunks, asked for when it has ended. */
  trailers?: () => HeadersInit
  /** Gives the request up, at any stage, and the response's body too. */
  signal?: AbortSignal
  /** For all of it, from the call to the end of the response's body; ms. None if not given. */
  timeout?: number
  /**
   * Sends the head with `Expect: 100-continue`, and the body only once the server has said so, or so many ms later;
   * true for 1,000.
   */
  expectContinue?: boolean | number
  /** Told of 100 (Continue), 103 (Early Hints) and their like. */
  onInformational?: (status: number, headers: Headers) => void
  /** Asks for another protocol, as `websocket`; a response with status 101 then has `switchProtocol`. */
  upgrade?: string
  /** What the request line says in the place of the URL's path and query: `*`, say. */
  target?: string
}

/** Makes requests. */
export interface IAgent {
  /**
   * @param method a token, `GET`; sent as it is
   * @param url of http or https; its fragment is not sent, its credentials become Authorization
   * @returns fires with the response as soon as its head is there. Cancelling it gives the request up, at any stage
   */
  request(method: string, url: string | URL, options?: RequestOptions): Deferred<ClientResponse>
}

/** How long the parts of a request may take, ms; Infinity for ever. */
export interface ClientTimeouts {
  /** To find the host's addresses and to connect with one; 30,000. */
  connect?: number
  /** For the TLS handshake; 30,000. */
  tls?: number
  /** For the peer to take something more of the request; 60,000. */
  send?: number
  /** For the head of the response, once the request is sent; 300,000. */
  response?: number
  /** For the next piece of the response's body, while it is wanted; 300,000. */
  body?: number
  /** For all of it; Infinity. */
  total?: number
}

export const DEFAULT_CLIENT_TIMEOUTS: Readonly<Required<ClientTimeouts>> = Object.freeze({
  connect: 30_000,
  tls: 30_000,
  send: 60_000,
  // Undici's for both: whoever asks for a slow answer is not surprised.
  response: 300_000,
  body: 300_000,
  total: Infinity,
})

/** What is taken of a response; see `MessageLimits`. */
export const CLIENT_BODY_LIMIT = 64 * 1024 * 1024
