/**
 * ReactorObject: a Durable Object with one reactor, in which connections can reach each other.
 *
 * Owns: the reactor, and that all that comes in comes to it. Must not know: what is spoken.
 */
import { DurableObject } from 'cloudflare:workers'
import type { IStreamServerEndpoint } from '../../src/interfaces/index.js'
import type { Reactor } from '../../src/reactor/index.js'
import { checkPort } from '../../src/transports/address.js'
import type { DurableObjectState, WorkerdSocket } from './api.js'
import { Events } from './handlers.js'
import type { HandlersOptions } from './handlers.js'
import { createReactor } from './reactor.js'

/**
 * A Durable Object whose sockets, requests and timers are all of one reactor: protocols write to one another here, as
 * they do in a server that is one program.
 *
 * @example
 * export class Room extends ReactorObject {
 *   readonly #room = new ChatFactory()
 *   override handlers() { return { connect: this.#room } }
 * }
 * export default handlers({ connect: ({ env }) => env.ROOM.getByName('lobby') })
 */
export class ReactorObject<Env = unknown> extends DurableObject<Env> {
  /** The object's own, as long as it lives. */
  readonly reactor: Reactor
  #events: Events<Env> | null = null

  constructor(context: DurableObjectState, env: Env) {
    super(context, env)
    this.reactor = createReactor()
  }

  /** What the object does with what comes in; asked once. Where an endpoint listens, that goes first. */
  handlers(): HandlersOptions<Env> {
    return {}
  }

  /**
   * What comes in at a port of the configuration, as an endpoint: for `serve`, `listenWebSocket`, services. Nothing is
   * bound by listening: where the configuration has no such socket, nothing comes.
   * @param reactor whose connections they are; the object's own if not given, otherwise one that was made in the object
   */
  endpoint(port: number, reactor: Reactor = this.reactor): IStreamServerEndpoint {
    checkPort(port)
    return this.#all().acceptor.endpoint(port, reactor)
  }

  /** A socket that a worker has passed on. */
  async connect(socket: WorkerdSocket): Promise<void> {
    await this.#all().connect(socket)
  }

  /** A request that a worker has passed on. */
  async fetch(request: Request): Promise<Response> {
    return await this.#all().fetch(request, this.ctx)
  }

  #all(): Events<Env> {
    return this.#events ??= new Events(this.reactor, this.env, this.handlers())
  }
}
