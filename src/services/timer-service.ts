/**
 * TimerService: calls a function at regular times while it runs.
 *
 * Owns: one LoopingCall per run. Must not know: what is called. Source: twisted.application.internet.TimerService.
 */
import type { Deferred, Failure } from '../defer/index.js'
import type { IReactorTime } from '../interfaces/index.js'
import { Logger } from '../logger/index.js'
import { LoopingCall } from '../reactor/looping-call.js'
import { Service } from './service.js'

/**
 * Calls a function when it is started, and then every `ms`.
 *
 * A call that fails is told of in the log, and ends the calls until the service is started again.
 *
 * @example
 * const sweep = new TimerService(60_000, () => cache.sweep())
 * sweep.clock = reactor
 */
export class TimerService extends Service {
  /** Whose time; must be set before the start. */
  clock: IReactorTime | null = null
  /** Between calls, ms. */
  readonly step: number
  readonly #fn: () => unknown
  readonly #log = new Logger('whorl.services')
  #loop: LoopingCall | null = null
  #finished: Deferred<unknown> | null = null

  constructor(ms: number, fn: (...args: never[]) => unknown, ...args: unknown[]) {
    super()
    if (typeof fn !== 'function') throw new TypeError('a TimerService needs a function to call')
    this.step = ms
    this.#fn = () => fn(...(args as never[]))
  }

  /** The first call is made at once. @throws TypeError when no `clock` is set */
  override startService(): void {
    if (this.running) return
    if (this.clock === null) throw new TypeError('a TimerService needs its `clock` set to a reactor or Clock')
    const loop = new LoopingCall(this.#fn)
    loop.clock = this.clock
    super.startService()
    this.#loop = loop
    try {
      this.#finished = loop.start(this.step).addErrback((failure: Failure) => {
        this.#log.failure(`The function of the service ${this.name ?? 'TimerService'} failed`, failure)
      })
    } catch (error) {
      this.running = false
      this.#loop = null
      throw error
    }
  }

  /** @returns fires once a call that runs has ended, its Deferred included */
  override stopService(): Deferred<unknown> | void {
    if (!this.running) return undefined
    super.stopService()
    const finished = this.#finished
    if (this.#loop?.running === true) this.#loop.stop()
    this.#loop = null
    this.#finished = null
    return finished ?? undefined
  }
}
