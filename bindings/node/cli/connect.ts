/**
 * `whorl connect ENDPOINT`: a connection with standard input and output at this end of it.
 *
 * Owns: the order of the two ends, and what the exit status says. Must not know: how two connections are joined.
 */

import process from 'node:process'
import type { Failure } from '../../../src/defer/index.js'
import { clientFromString, connectProtocol, StandardIOEndpoint } from '../../../src/endpoints/index.js'
import { ConnectionDone } from '../../../src/errors/index.js'
import type { IStreamClientEndpoint } from '../../../src/interfaces/index.js'
import { Factory } from '../../../src/protocols/index.js'
import { Relay } from '../../../src/protocols/portforward.js'
import { reactor } from '../index.js'
import type { Command } from './command.js'
import { describe, FAILED, OK, readArguments, say, spell } from './command.js'
import { Progress } from './progress.js'

const USAGE = `Connects, sends standard input, and prints what comes back.

  whorl connect [--verbose] ENDPOINT

  ENDPOINT    where to, as tcp:example.com:80, tls:example.com:443, unix:/run/app.sock,
              socks5:example.com:80:proxy=tcp\\:127.0.0.1\\:1080
  --verbose   tell when the connection is made, and of its end

The end of standard input closes the sending side only; the command ends when the other side has closed, too.
`

/** One of the two ends: what becomes of the first that ends is what becomes of the command. */
class End extends Relay {
  readonly #ended: (reason: Failure) => void

  constructor(ended: (reason: Failure) => void) {
    super()
    this.#ended = ended
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    this.#ended(reason)
  }
}

export const connect: Command = {
  summary: 'connect standard input and output to an endpoint',
  usage: USAGE,
  async run(args) {
    const { values, positionals: [to] } =
      readArguments(args, ['ENDPOINT'], { verbose: { type: 'boolean', default: false } })
    const session = new Session(clientFromString(reactor, to!), values.verbose === true)
    reactor.callWhenRunning(() => void session.open())
    await reactor.run()
    if (session.error !== null) throw session.error
    return session.status
  },
}

/** The two ends, and their end. */
class Session {
  status = OK
  /** Why there was no connection. */
  error: unknown = null
  readonly #endpoint: IStreamClientEndpoint
  readonly #isVerbose: boolean
  readonly #near = new End((reason) => this.#ended(reason))
  readonly #far = new End((reason) => this.#ended(reason))
  readonly #progress = new Progress(reactor, () => ({ sent: this.#near.bytes, received: this.#far.bytes }))
  #open = 0
  #isStopping = false

  constructor(endpoint: IStreamClientEndpoint, isVerbose: boolean) {
    this.#endpoint = endpoint
    this.#isVerbose = isVerbose
    reactor.addSystemEventTrigger('before', 'shutdown', () => { this.#isStopping = true })
  }

  async open(): Promise<void> {
    try {
      await connectProtocol(this.#endpoint, this.#far)
      this.#open = 1
      if (this.#isVerbose) say(`connected to ${spell(this.#far.transport.getPeer())}`)
      this.#far.transport.pauseProducing()
      const factory = new Factory()
      factory.buildProtocol = () => this.#near
      await new StandardIOEndpoint(reactor).listen(factory)
      this.#open = 2
      Relay.join(this.#near, this.#far)
      this.#far.transport.resumeProducing()
      // Where a person types, or reads, the line would be in the way.
      if (!process.stdin.isTTY && !process.stdout.isTTY) this.#progress.start()
    } catch (error) {
      this.error = error
      this.#stop()
    }
  }

  /** What one end received may still be on its way out of the other, which then ends by itself. */
  #ended(reason: Failure): void {
    this.#open -= 1
    if (this.status === OK && reason.check(ConnectionDone) === null) {
      this.status = FAILED
      if (reactor.running) say(`whorl: ${describe(reason.value)}`)
    }
    if (this.#open > 0) return
    this.#progress.stop()
    if (this.#isVerbose) say('closed')
    this.#stop()
  }

  /** After Ctrl-C it stops already, and that is what ended the connection, or the attempt. */
  #stop(): void {
    if (!this.#isStopping) reactor.stop()
  }
}
