/**
 * handlers: the exported object of a worker, made of factories and sites.
 *
 * Owns: one reactor for each event, and its end. Must not know: what is spoken, or what is asked.
 */
import { Site } from '../../src/http/index.js'
import type { IRequestHandler } from '../../src/http/index.js'
import type { IProtocolFactory } from '../../src/interfaces/index.js'
import type { Reactor } from '../../src/reactor/index.js'
import type { EventContext, WorkerdSocket } from './api.js'
import { answer } from './fetch.js'
import { Acceptor, endsOf, passOn } from './inbound.js'
import type { Incoming, SocketTarget } from './inbound.js'
import { createReactor } from './reactor.js'
import type { WorkerdReactorOptions } from './reactor.js'

/** A request, as whoever chooses an answer sees it. */
export interface Asked<Env = unknown> {
  /** Of this event, or of the Durable Object. */
  readonly reactor: Reactor
  readonly env: Env
  readonly request: Request
  /** Keeps the event alive for what goes on behind the answer. */
  waitUntil(promise: PromiseLike<unknown>): void
}

/** What becomes of a request: a Site or a resource answers it, or a Durable Object, or it is answered already. */
export type Answer = Site | IRequestHandler | SocketTarget | Response

/** What a worker does. */
export interface HandlersOptions<Env = unknown> {
  /**
   * Who speaks with those who connect: a factory, or what chooses one, or the Durable Object that gets the socket;
   * null closes it.
   */
  readonly connect?: IProtocolFactory |
    ((incoming: Incoming<Env>) => IProtocolFactory | SocketTarget | null | Promise<IProtocolFactory | null>)
  /** Who answers requests. A Site belongs to one event: make it in the function. */
  readonly fetch?: IRequestHandler | ((asked: Asked<Env>) => Answer | Promise<Answer>)
  /** For the reactor of each event. */
  readonly reactor?: WorkerdReactorOptions
}

/** What a worker exports. */
export interface WorkerHandlers<Env = unknown> {
  connect(socket: WorkerdSocket, env: Env, context: EventContext): Promise<void>
  fetch(request: Request, env: Env, context: EventContext): Promise<Response>
}

/** What is done with the events of one reactor. @internal */
export class Events<Env> {
  readonly #reactor: Reactor
  readonly acceptor: Acceptor
  readonly #env: Env
  readonly #options: HandlersOptions<Env>

  constructor(reactor: Reactor, env: Env, options: HandlersOptions<Env>) {
    this.#reactor = reactor
    this.acceptor = new Acceptor(reactor)
    this.#env = env
    this.#options = options
  }

  /** @returns when the connection has ended */
  async connect(socket: WorkerdSocket): Promise<void> {
    const { connect = null } = this.#options
    const info = await socket.opened
    const ends = endsOf(info)
    if (await this.acceptor.deliver(socket, ends)) return
    const incoming = { reactor: this.#reactor, env: this.#env, ...ends }
    const chosen = typeof connect === 'function' ? await connect(incoming) : connect
    if (chosen === null) await socket.close()
    else if (isFactory(chosen)) await this.acceptor.accept(socket, ends, chosen)
    else await passOn(socket, info, chosen)
  }

  async fetch(request: Request, context: EventContext): Promise<Response> {
    const { fetch } = this.#options
    const reactor = this.#reactor
    const waitUntil = (promise: PromiseLike<unknown>): void =>
      context.waitUntil(Promise.resolve(promise).catch(() => undefined))
    const chosen = typeof fetch === 'function' ? await fetch({ reactor, env: this.#env, request, waitUntil }) : fetch
    if (chosen === undefined) return new Response('There is nothing here.\n', { status: 404 })
    if (chosen instanceof Response) return chosen
    if (isHandler(chosen)) {
      const site = chosen instanceof Site ? chosen : new Site(chosen, { reactor })
      return await answer(reactor, site, request, waitUntil)
    }
    return await chosen.fetch(request)
  }
}

function isFactory(one: IProtocolFactory | SocketTarget): one is IProtocolFactory {
  return !isStub(one)
}

function isHandler(one: Site | IRequestHandler | SocketTarget): one is Site | IRequestHandler {
  return !isStub(one)
}

/** Stubs have every method that one asks for; factories and sites have neither of these. */
function isStub(one: object): one is SocketTarget {
  const { connect, fetch } = one as Partial<SocketTarget>
  return typeof connect === 'function' && typeof fetch === 'function'
}

/**
 * The exported object of a worker. Each event has a reactor of its own, since what one event opens no other may touch:
 * what is to share connections belongs in a {@link ReactorObject}.
 *
 * @example
 * export default handlers({ connect: Factory.forProtocol(Echo), fetch: new Hello() })
 */
export function handlers<Env = unknown>(options: HandlersOptions<Env>): WorkerHandlers<Env> {
  return {
    async connect(socket, env) {
      const reactor = createReactor(options.reactor)
      await new Events(reactor, env, options).connect(socket)
      reactor.free()
    },
    async fetch(request, env, context) {
      return await new Events(createReactor(options.reactor), env, options).fetch(request, context)
    },
  }
}
