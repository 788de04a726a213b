/** What the tests of endpoints share. */
import { Deferred, Failure, succeed } from '../../../src/defer/index.js'
import type { ConnectProcessOptions, IProtocolFactory } from '../../../src/interfaces/index.js'
import { Clock } from '../../../src/reactor/clock.js'

/** A reactor that only writes down what is asked of it, without factories and protocols. */
export class Calls extends Clock {
  readonly calls: unknown[][] = []

  listenTCP(port: number, _factory: IProtocolFactory, options: object): unknown {
    return this.#port('listenTCP', port, { ...options })
  }

  listenSSL(port: number, _factory: IProtocolFactory, tls: object, options: object): unknown {
    return this.#port('listenSSL', port, tls, { ...options })
  }

  listenUNIX(path: string, _factory: IProtocolFactory, options: object): unknown {
    return this.#port('listenUNIX', path, { ...options })
  }

  adoptStreamPort(fd: number, family: string): unknown {
    return this.#port('adoptStreamPort', fd, family)
  }

  connectTCP(host: string, port: number, _factory: IProtocolFactory, options: object): unknown {
    return this.#connector('connectTCP', host, port, { ...options })
  }

  connectUNIX(path: string, _factory: IProtocolFactory, options: object): unknown {
    return this.#connector('connectUNIX', path, { ...options })
  }

  connectProcess(
    executable: string, args: readonly string[], _factory: unknown, { errorReceived, ...options }: ConnectProcessOptions,
  ): unknown {
    return this.#connector('connectProcess', executable, args, { ...options, logs: errorReceived !== undefined })
  }

  adoptStreamConnection(fd: number): unknown {
    this.calls.push(['adoptStreamConnection', fd])
    return {}
  }

  readFile(path: string): Deferred<string> {
    this.calls.push(['readFile', path])
    return succeed(`what is in ${path}`) as Deferred<string>
  }

  #port(...call: unknown[]): unknown {
    this.calls.push(call)
    return { ready: new Deferred(), stopListening: () => undefined }
  }

  #connector(...call: unknown[]): unknown {
    this.calls.push(call)
    return { disconnect: () => undefined }
  }
}

/** What a Deferred has come to: its value, or its Failure; the Deferred is considered handled. */
export function outcome(deferred: Deferred<unknown>): unknown {
  let result: unknown = 'nothing yet'
  deferred.addBoth((value) => { result = value })
  return result
}

/** What a Deferred has failed with. */
export function failureOf(deferred: Deferred<unknown>): Error {
  const result = outcome(deferred)
  if (!(result instanceof Failure)) throw new Error(`it did not fail, but came to ${String(result)}`)
  return result.value
}
