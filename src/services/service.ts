/**
 * Service: a part of a program that is started and stopped; MultiService: one that is made of others.
 *
 * Owns: who belongs to whom, and the order of starting and stopping. Must not know: what services do, or reactors.
 * Source: twisted.application.service.Service, MultiService.
 */
import { DeferredList, Failure, maybeDeferred } from '../defer/index.js'
import type { Deferred } from '../defer/index.js'
import { Logger } from '../logger/index.js'

/** What a {@link MultiService} takes. */
export interface IService {
  /** By which `getServiceNamed` finds it; null for none. */
  readonly name: string | null
  readonly running: boolean
  /** What it returned is waited for by nobody; a service that takes time to start says so by other means. */
  startService(): unknown
  /** @returns fires once it has stopped; undefined when it has already */
  stopService(): Deferred<unknown> | PromiseLike<unknown> | void
}

/** A group of services, as its members see it. */
export interface IServiceParent {
  addService(service: IService): void
  removeService(service: IService): Deferred<unknown> | void
}

/** A part of a program. Derived classes start and stop something, and call these methods too. */
export class Service implements IService {
  /** By which `getServiceNamed` finds it; may change only while it has no parent. */
  name: string | null = null
  /** The group that it belongs to. */
  parent: IServiceParent | null = null
  /** True from `startService` to `stopService`. */
  running = false

  /** Begins. */
  startService(): unknown {
    this.running = true
    return undefined
  }

  /** Ends. @returns fires once it has; undefined when there is nothing to wait for */
  stopService(): Deferred<unknown> | void {
    this.running = false
  }

  /** @throws Error while it has a parent, which knows it by its name */
  setName(name: string | null): void {
    if (this.parent !== null) throw new Error('a service that has a parent cannot change its name')
    this.name = name
  }

  /** Joins a group, leaving the one before; started by a group that runs. */
  setServiceParent(parent: IServiceParent): void {
    if (this.parent !== null) this.disownServiceParent()
    this.parent = parent
    try {
      parent.addService(this)
    } catch (error) {
      this.parent = null
      throw error
    }
  }

  /** Leaves its group. @returns fires once a group that runs has stopped it @throws Error without a parent */
  disownServiceParent(): Deferred<unknown> | void {
    const { parent } = this
    if (parent === null) throw new Error('a service without a parent cannot leave it')
    this.parent = null
    return parent.removeService(this)
  }
}

/**
 * Services that are started and stopped together: started in order, stopped in reverse.
 *
 * @example
 * const program = new MultiService()
 * new StreamServerEndpointService(serverFromString(reactor, 'tcp:8007'), factory).setServiceParent(program)
 * await runService(reactor, program)
 */
export class MultiService extends Service implements IServiceParent, Iterable<IService> {
  /** In the order they were added. */
  readonly services: IService[] = []
  readonly #named = new Map<string, IService>()
  readonly #log = new Logger('whorl.services');

  [Symbol.iterator](): Iterator<IService> {
    return this.services[Symbol.iterator]()
  }

  /** Starts the services, each in turn; one that throws keeps the later ones from being started. */
  override startService(): void {
    super.startService()
    for (const service of [...this.services]) service.startService()
  }

  /**
   * Stops the services, the last first, without waiting in between; one that fails is told of in the log.
   * @returns fires when all have stopped
   */
  override stopService(): Deferred<unknown> {
    super.stopService()
    return new DeferredList([...this.services].reverse().map((service) =>
      maybeDeferred(() => service.stopService()).addErrback((failure: Failure) => {
        this.#log.failure(`The service ${service.name ?? service.constructor.name} failed to stop`, failure)
      })))
  }

  /** Adds a service, and starts it if this one runs. @throws Error for a name that is taken, or one that is here */
  addService(service: IService): void {
    const { name } = service
    if (this.services.includes(service)) throw new Error('this service has been added already')
    if (name !== null) {
      if (this.#named.has(name)) throw new Error(`there is a service named "${name}" already`)
      this.#named.set(name, service)
    }
    this.services.push(service)
    if (this.running) service.startService()
  }

  /** Takes a service out. @returns fires once it has stopped, if this one runs @throws Error for a stranger */
  removeService(service: IService): Deferred<unknown> | void {
    const at = this.services.indexOf(service)
    if (at < 0) throw new Error('this service is not one of these')
    this.services.splice(at, 1)
    for (const [name, named] of this.#named) if (named === service) this.#named.delete(name)
    if (service instanceof Service && service.parent === this) service.parent = null
    return this.running ? maybeDeferred(() => service.stopService()) : undefined
  }

  /** @throws Error when there is none */
  getServiceNamed(name: string): IService {
    const service = this.#named.get(name)
    if (service === undefined) throw new Error(`there is no service named "${name}"`)
    return service
  }
}
