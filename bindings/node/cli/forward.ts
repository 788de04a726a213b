/**
 * `whorl forward LISTEN CONNECT`: joins every connection that comes in to one of its own.
 *
 * Owns: what is printed, and the order in which things close. Must not know: how two connections are joined.
 */

import { clientFromString, serverFromString } from '../../../src/endpoints/index.js'
import type { Failure } from '../../../src/defer/index.js'
import { parseDuration } from '../../../src/endpoints/grammar.js'
import type { IStreamClientEndpoint } from '../../../src/interfaces/index.js'
import { PortForwardFactory } from '../../../src/protocols/portforward.js'
import type { Relay } from '../../../src/protocols/portforward.js'
import { reactor } from '../index.js'
import type { Command } from './command.js'
import { describe, OK, readArguments, say, spell, UsageError } from './command.js'
import { Progress } from './progress.js'

const USAGE = `Forwards connections from one endpoint to another.

  whorl forward [--drain TIME] [--verbose] LISTEN CONNECT

  LISTEN         where connections come in, as tcp:8080:interface=127.0.0.1 or unix:/run/app.sock
  CONNECT        where each of them goes, as tcp:example.com:80, tls:example.com:443 or unix:/run/db.sock
  --drain TIME   how long open connections may take to end after Ctrl-C; 5s if not given. A second Ctrl-C ends them.
  --verbose      tell of every connection
`

/** A PortForwardFactory that tells people what it does. */
class TellingForwarder extends PortForwardFactory {
  readonly #isVerbose: boolean

  constructor(endpoint: IStreamClientEndpoint, isVerbose: boolean) {
    super(endpoint)
    this.#isVerbose = isVerbose
  }

  override forwarding(client: Relay, target: Relay): void {
    super.forwarding(client, target)
    if (this.#isVerbose) say(`${spell(client.transport.getPeer())} to ${spell(target.transport.getPeer())}`)
  }

  override forwardingFailed(client: Relay, reason: Failure): void {
    say(`${spell(client.transport.getPeer())} not forwarded: ${describe(reason.value)}`)
  }

  override forwardingEnded(client: Relay, reason: Failure): void {
    super.forwardingEnded(client, reason)
    if (this.#isVerbose) say(`${spell(client.transport.getPeer())} ended: ${describe(reason.value)}`)
  }
}

export const forward: Command = {
  summary: 'forward connections from one endpoint to another',
  usage: USAGE,
  async run(args) {
    const { values, positionals: [from, to] } = readArguments(args, ['LISTEN', 'CONNECT'], {
      drain: { type: 'string', default: '5s' },
      verbose: { type: 'boolean', default: false },
    })
    const drain = parseDuration(String(values.drain))
    if (drain === null) throw new UsageError(`--drain takes a duration such as 5s, not "${values.drain}"`)
    const target = clientFromString(reactor, to!)
    const forwarder = new TellingForwarder(target, values.verbose === true)
    const port = await serverFromString(reactor, from!).listen(forwarder)
    // Before it runs, nobody takes a Ctrl-C.
    reactor.callWhenRunning(say, `forwarding ${spell(port.getHost())} to ${withoutPasswords(to!)}; Ctrl-C ends it`)
    const progress = new Progress(reactor, () => forwarder.forwarded.size === 0 ? null : transferred(forwarder))
    progress.start()
    reactor.addSystemEventTrigger('before', 'shutdown', () => {
      progress.stop()
      return port.drain(drain)
    })
    await reactor.run()
    return OK
  },
}

/** An endpoint string that may be shown to whoever reads this terminal or log; those inside are quoted. */
function withoutPasswords(text: string): string {
  return text.replace(/(password\\*=)(?:\\[^]|[^:\\])+/gi, '$1…')
}

function transferred({ forwarded }: PortForwardFactory): { sent: number, received: number } {
  let [sent, received] = [0, 0]
  for (const client of forwarded) {
    sent += client.bytes
    received += client.other?.bytes ?? 0
  }
  return { sent, received }
}
