/**
 * A host of plug-ins: an echo server for lines, a client of its own that must not notice anything, and three plug-ins.
 *
 *   node main.js                       in worker threads
 *   node main.js --isolate FOLDER      in isolates; FOLDER is that of isolated-vm
 *
 * Writes one line of JSON at the end: what each plug-in said and how it ended, and the client's slowest answer, ms.
 */
import { createRequire } from 'node:module'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { ClientFactory, LineReceiver, ServerFactory } from 'whorl'
import type { PlugIn, PlugInOptions } from './plug-in.js'
import { createReactor } from 'whorl/node'
import { startInIsolate } from './in-isolate.js'
import type { IsolatedVM } from './in-isolate.js'
import { startInWorker } from './in-worker.js'
import { greeter, looper, prowler } from './plug-ins.js'

const PATIENCE = 1000

class Echo extends LineReceiver {
  override lineReceived(line: string): void {
    this.sendLine(line)
  }
}

/** Asks again as soon as it was answered, and keeps the longest that it waited. */
class Watcher extends LineReceiver {
  answers = 0
  slowest = 0
  lost = false
  #asked = 0

  override connectionMade(): void {
    this.#ask()
  }

  override lineReceived(): void {
    this.answers += 1
    this.slowest = Math.max(this.slowest, reactor.now() - this.#asked)
    reactor.callLater(5, () => this.#ask())
  }

  override connectionLost(): void {
    this.lost = true
  }

  #ask(): void {
    if (this.lost) return
    this.#asked = reactor.now()
    this.sendLine('are you there?')
  }
}

const reactor = createReactor()

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { isolate: { type: 'string' } } })
  const ivm = values.isolate === undefined ? null : createRequire(import.meta.url)(values.isolate) as IsolatedVM
  const start = (options: PlugInOptions): PlugIn =>
    ivm === null ? startInWorker(options) : startInIsolate(ivm, options)

  const port = reactor.listenTCP(0, ServerFactory.forProtocol(Echo), { interface: '127.0.0.1' })
  const other = reactor.listenTCP(0, ServerFactory.forProtocol(Echo), { interface: '127.0.0.1' })
  await Promise.all([port.ready, other.ready])
  const granted = port.getHost().port
  const watcher = new Watcher()
  const factory = new ClientFactory()
  factory.buildProtocol = () => watcher
  reactor.connectTCP('127.0.0.1', granted, factory)

  const run = async (source: string, last: string): Promise<{ said: string[], ended: string }> => {
    const said: string[] = []
    const plugIn = start({
      source, patience: PATIENCE, reactor: reactor.restrict({ connect: [`tcp:127.0.0.1:${granted}`] }),
      said(text) {
        said.push(text)
        if (text.startsWith(last)) plugIn.stop('it was done')
      },
    })
    return { said, ended: await plugIn.ended }
  }
  const [greeted, prowled, looped] = await Promise.all([
    run(greeter(granted), 'lost'), run(prowler(other.getHost().port), 'done'), run(looper, 'never'),
  ])
  const { answers, slowest, lost } = watcher
  const noticed = { answers, slowest: Math.round(slowest), lost }
  process.stdout.write(`${JSON.stringify({ greeted, prowled, looped, noticed })}\n`, () => process.exit(0))
}

main().catch((error: unknown) => {
  process.stderr.write(`${String((error as Error).stack)}\n`)
  process.exit(1)
})
