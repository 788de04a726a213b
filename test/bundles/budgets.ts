/**
 * What a program may weigh: minified, compressed by gzip, with any of the bundlers, for either platform.
 */

export interface Budget {
  readonly what: string
  readonly program: string
  /** KiB. */
  readonly limit: number
  /** The module of the core must not be in it. */
  readonly bare?: true
}

export const BUDGETS: readonly Budget[] = [
  {
    what: '`Deferred` of `whorl`', limit: 6, bare: true,
    program: `import { Deferred } from 'whorl'
      const deferred = new Deferred()
      deferred.addCallback((value) => console.log(value))
      deferred.callback('fired')`,
  },
  {
    what: 'a parser of `whorl/core`', limit: 40,
    program: `import { createCore } from 'whorl/core'
      const parser = createCore().lineParser({ handler: { line: (line) => console.log(line) } })
      parser.receive(Uint8Array.of(104, 105, 13, 10))`,
  },
  {
    what: 'a `LineReceiver` of `whorl`', limit: 60,
    program: `import { LineReceiver } from 'whorl'
      class Lines extends LineReceiver { lineReceived(line) { console.log(line) } }
      console.log(new Lines().delimiter.length)`,
  },
  {
    what: '`Agent` of `whorl/http`', limit: 76,
    program: `import { Agent } from 'whorl/http'
      globalThis.kept = Agent
      console.log('kept')`,
  },
  {
    what: '`Site` of `whorl/http`', limit: 64,
    program: `import { Site } from 'whorl/http'
      globalThis.kept = Site
      console.log('kept')`,
  },
  {
    what: '`connectWebSocket` of `whorl/websocket`', limit: 76,
    program: `import { connectWebSocket } from 'whorl/websocket'
      globalThis.kept = connectWebSocket
      console.log('kept')`,
  },
]
