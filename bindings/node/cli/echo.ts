/**
 * `whorl echo LISTEN`: sends everything back.
 *
 * Owns: what is printed. Must not know: connections; the protocol is three lines.
 */

import { serverFromString } from '../../../src/endpoints/index.js'
import { Factory, Protocol } from '../../../src/protocols/index.js'
import { reactor } from '../index.js'
import type { Command } from './command.js'
import { OK, readArguments, say, spell } from './command.js'

const USAGE = `Sends back whatever it receives.

  whorl echo LISTEN

  LISTEN   where connections come in, as tcp:7007 or unix:/tmp/echo.sock
`

/** A peer that does not read what it gets back is not read either. */
class Echo extends Protocol {
  override connectionMade(): void {
    this.transport.registerProducer(this.transport, true)
  }

  override dataReceived(data: Uint8Array): void {
    this.transport.write(data)
  }

  readConnectionLost(): void {
    this.transport.unregisterProducer()
    this.transport.loseConnection()
  }

  writeConnectionLost(): void {}
}

/** How long connections may take to end after Ctrl-C; ms. */
const DRAIN = 1_000

export const echo: Command = {
  summary: 'send back whatever is received',
  usage: USAGE,
  async run(args) {
    const { positionals: [where] } = readArguments(args, ['LISTEN'])
    const port = await serverFromString(reactor, where!).listen(Factory.forProtocol(Echo))
    // Before it runs, nobody takes a Ctrl-C.
    reactor.callWhenRunning(say, `echoing at ${spell(port.getHost())}; Ctrl-C ends it`)
    reactor.addSystemEventTrigger('before', 'shutdown', () => port.drain(DRAIN))
    await reactor.run()
    return OK
  },
}
