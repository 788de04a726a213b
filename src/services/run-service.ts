/**
 * runService: ties a service to the life of a reactor.
 *
 * Owns: the two triggers. Must not know: what the service is. Source: twisted.application.app.startApplication.
 */
import { Failure } from '../defer/index.js'
import type { IReactorCore } from '../interfaces/index.js'
import type { IService } from './service.js'

/**
 * Runs a reactor with a service: starts it when the reactor has started, and stops it before the reactor shuts down,
 * which waits for what `stopService` returned. A second signal does not wait.
 *
 * @returns settles once the reactor has stopped; rejects with what `startService` threw, which stops the reactor
 * @example await runService(reactor, program)
 */
export function runService(reactor: IReactorCore, service: IService): Promise<void> {
  let failed: Failure | null = null
  const start = reactor.addSystemEventTrigger('after', 'startup', () => {
    try {
      service.startService()
    } catch (error) {
      failed = new Failure(error)
      reactor.stop()
    }
  })
  const stop = reactor.addSystemEventTrigger('before', 'shutdown', () =>
    service.running ? service.stopService() : undefined)
  return reactor.run().finally(() => {
    reactor.removeSystemEventTrigger(start)
    reactor.removeSystemEventTrigger(stop)
  }).then(() => {
    if (failed !== null) throw failed.value
  })
}
