import { MessageChannel } from 'node:worker_threads'
import { deferToThread, reactor, transfer } from 'whorl'
import type { Deferred } from 'whorl'

// The compiled module: threads run JavaScript.
const module = new URL('./transports-threads-task.js', import.meta.url)

export function countPrimes(limit: number, tell: (sofar: number) => void): Deferred<number> {
  const { port1, port2 } = new MessageChannel()
  port1.on('message', (sofar: number) => reactor.callFromThread(tell, sofar))
  return deferToThread<number>({ module, export: 'countPrimes' }, limit, transfer(port2))
    .addTimeout(60_000, reactor)
    .addBoth((outcome) => {
      port1.close()
      return outcome
    }) as Deferred<number>
}

export function invert(bytes: Uint8Array): Deferred<Uint8Array> {
  return deferToThread<Uint8Array>({ module, export: 'invert' }, transfer(bytes))
}
