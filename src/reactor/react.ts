/**
 * react: runs a program: its main, with a reactor around it, and the status it ends with.
 *
 * Owns: what becomes of main's result, and of main when the reactor is stopped first. Must not know: processes; the
 * status goes to the host port, if the host has a use for it. Source: twisted.internet.task.react.
 */

import { Deferred, Failure, maybeDeferred } from '../defer/index.js'
import { CancelledError, ReactorNotRunning, SystemExit } from '../errors/index.js'
import type { HostPort } from '../interfaces/host.js'
import type { IReactorCore } from '../interfaces/reactor-core.js'
import { Logger } from '../logger/index.js'

const log = new Logger('whorl.react')

/** What a program whose main failed ends with. */
const FAILED = 1

/** A reactor that can say how the program ends. */
export interface ReactReactor extends IReactorCore {
  /** @internal */
  readonly host?: Pick<HostPort, 'exit'>
}

/**
 * Calls `main`, runs the reactor until what it returned has fired, and ends the program.
 *
 * The status is 0, that of a {@link SystemExit} that main threw, or 1 after any other failure, which is logged. If the
 * reactor is stopped first, main's Deferred is cancelled, and the status is 0 unless main fails with something else
 * before the reactor has stopped.
 *
 * @param main gets the reactor and `argv`; a Deferred or a promise is waited for
 * @param argv further arguments for main
 * @param reactor not running yet
 * @returns the status, once the reactor has stopped; on hosts that can end a program, it has ended then
 * @throws TypeError without a reactor
 */
export function react<R extends ReactReactor>(
  main: (reactor: R, ...argv: string[]) => unknown, argv: readonly string[], reactor: R): Promise<number> {
  if (typeof main !== 'function') throw new TypeError('react() takes a function')
  if (typeof reactor !== 'object' || reactor === null) throw new TypeError('react() needs its `reactor` given')
  let status = 0
  let isStopping = false
  let isCancellable = false
  const finished: Deferred<unknown> = maybeDeferred(() => {
    const result = main(reactor, ...argv)
    isCancellable = result instanceof Deferred
    return result
  })
  const trigger = reactor.addSystemEventTrigger('before', 'shutdown', () => {
    isStopping = true
    // A promise goes on anyway; to cancel its Deferred would only hide how it ends.
    if (isCancellable) finished.cancel()
  })
  finished.addBoth((result) => {
    if (result instanceof Failure) status = statusOf(result, isStopping)
    if (!isStopping) reactor.callWhenRunning(stop, reactor)
  })
  return reactor.run().then(() => {
    reactor.removeSystemEventTrigger(trigger)
    reactor.host?.exit?.(status)
    return status
  })
}

function stop(reactor: IReactorCore): void {
  try {
    reactor.stop()
  } catch (error) {
    if (!(error instanceof ReactorNotRunning)) throw error
  }
}

function statusOf(failure: Failure, isStopping: boolean): number {
  const { value } = failure
  if (value instanceof SystemExit) return value.status
  if (isStopping && value instanceof CancelledError) return 0
  log.failure('The main function of the program failed.', failure)
  return FAILED
}
