/**
 * A client endpoint that runs a program: its standard input is what the protocol writes, its standard output what the
 * protocol receives.
 *
 * Owns: what becomes of the program's error output. Must not know: how a child is made a connection; the reactor's
 * `connectProcess` does that. Source: twisted.internet.endpoints.ProcessEndpoint.
 */
import { TextInPieces } from '../core/text.js'
import type { Deferred } from '../defer/index.js'
import type { IProtocol, IProtocolFactory, IReactorProcess, IStreamClientEndpoint } from '../interfaces/index.js'
import { Logger } from '../logger/index.js'
import { keepClock } from './clock.js'
import { connecting } from './connecting.js'

/** Options of {@link ProcessEndpoint}. */
export interface ProcessEndpointOptions {
  /** The child's whole environment; the reactor's own with null, empty if not given. */
  env?: Record<string, string> | null
  /** Working directory. */
  cwd?: string
  /** What becomes of what the child writes to its standard error; `log` if not given. */
  errors?: 'log' | 'drop'
}

/**
 * Runs a program and speaks with it, over a connection as any other: half-close, write limits and TLS work.
 *
 * @example
 * new ProcessEndpoint(reactor, '/usr/bin/ssh', ['host', 'my-server'], { env: null }).connect(factory)
 */
export class ProcessEndpoint implements IStreamClientEndpoint {
  readonly #reactor: Pick<IReactorProcess, 'connectProcess'>
  readonly #executable: string
  readonly #args: readonly string[]
  readonly #options: ProcessEndpointOptions

  /** @param args without the name of the program itself */
  constructor(reactor: Pick<IReactorProcess, 'connectProcess'>, executable: string, args: readonly string[] = [],
    options: ProcessEndpointOptions = {}) {
    keepClock(this, reactor)
    this.#reactor = reactor
    this.#executable = executable
    this.#args = [...args]
    this.#options = { ...options }
  }

  /** Fires with the protocol once the program runs, fails with a ConnectError; cancelling kills it. */
  connect(factory: IProtocolFactory): Deferred<IProtocol> {
    const { errors = 'log', ...options } = this.#options
    return connecting(factory, (client) => this.#reactor.connectProcess(this.#executable, this.#args, client, {
      ...options, ...errors === 'drop' ? {} : { errorReceived: errorLog(this.#executable) },
    }))
  }
}

/** Logs what a program says to its standard error, in the pieces that it comes in. */
function errorLog(executable: string): (data: Uint8Array) => void {
  const log = new Logger('whorl.process')
  const decoder = new TextInPieces()
  return (data) => {
    const text = decoder.write(data)
    if (text !== '') log.warn(`${executable} says: ${text.trimEnd()}`, { executable, text })
  }
}
