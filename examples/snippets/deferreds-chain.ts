/** The two chains of a Deferred, as the guide shows them. */
import { Deferred } from 'whorl'
import type { Failure } from 'whorl'

export function readPort(setting: Deferred<string>, log: string[]): Deferred<number> {
  return setting
    .addCallback((text) => Number(text))
    .addCallback((port) => {
      if (!(port > 0 && port < 65_536)) throw new RangeError(`no port: ${port}`)
      return port
    })
    .addErrback((failure: Failure) => {
      failure.trap(RangeError)
      log.push(failure.getErrorMessage())
      return 8007
    })
    .addCallback((port) => {
      log.push(`port ${port}`)
      return port
    })
}

export function readAtOnce(log: string[]): void {
  const setting = new Deferred<string>()
  readPort(setting, log)
  log.push('before')
  setting.callback('80')
  log.push('after')
}
