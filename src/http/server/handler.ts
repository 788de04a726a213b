/**
 * What a server asks of the program: handlers, what they may give back, and factories for what a request upgrades to.
 *
 * Owns: the shapes only. Must not know: connections.
 */
import type { Deferred } from '../../defer/index.js'
import type { IProtocolFactory } from '../../interfaces/factory.js'
import type { IProtocol } from '../../interfaces/protocol.js'
import type { HeadersInit } from '../headers.js'
import type { BodySource } from '../outgoing-body.js'
import type { ServerRequest } from './request.js'
import type { ServerResponse } from './response.js'

/** An answer as a value, instead of calls on the response. */
export interface HandlerAnswer {
  /** 200 if not given. */
  status?: number
  /** The words beside it; those of the status if not given. */
  reason?: string
  /** Set on the response's headers, in the place of those of the same name. */
  headers?: HeadersInit
  /** Sent, with its length if it has one; none if not given. */
  body?: BodySource
}

/** What a handler gives back at once. Nothing: the response stays open until its `end` is called. */
export type HandlerValue = void | undefined | null | BodySource | HandlerAnswer

/** What a handler gives back, now or later. What it throws or fails with becomes a 500, or an HTTPError's status. */
export type HandlerResult = HandlerValue | Deferred<any> | PromiseLike<HandlerValue>

/**
 * Answers requests.
 *
 * @example
 * serve(reactor, 'tcp:8080', (request, response) => {
 *   response.headers.set('Content-Type', 'text/plain')
 *   response.end(`You asked for ${request.path}\n`)
 * })
 * @example
 * serve(reactor, 'tcp:8080', async (request) => ({ status: 201, body: await request.read() }))
 */
export type RequestHandler = (request: ServerRequest, response: ServerResponse) => HandlerResult

/** Something that answers requests: the root of a tree of resources, for one. */
export interface IRequestHandler {
  handleRequest(request: ServerRequest, response: ServerResponse): HandlerResult
}

/** What becomes of a request to upgrade. */
export type UpgradeAnswer =
  | { protocol: IProtocol, headers?: HeadersInit }
  | { status: number, headers?: HeadersInit, body?: string }

/** Makes protocols for connections that begin as a request. */
export interface IUpgradeFactory {
  /** What `Upgrade` may name; in lower case. */
  readonly upgrades: readonly string[]
  acceptUpgrade(request: ServerRequest): UpgradeAnswer | Deferred<UpgradeAnswer> | Promise<UpgradeAnswer>
}

/** A factory of any kind as one for upgrades. @param token what `Upgrade` has to name */
export function upgradeTo(token: string, factory: IProtocolFactory): IUpgradeFactory {
  return {
    upgrades: [token.toLowerCase()],
    acceptUpgrade: (request) => {
      const protocol = factory.buildProtocol(request.peer)
      return protocol === null ? { status: 503 } : { protocol }
    },
  }
}
