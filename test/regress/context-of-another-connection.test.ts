/**
 * What is put off to a later turn ran in the AsyncLocalStorage context of whoever happened to ask for that turn, on
 * connections whose port was made before the program first used a storage: one request's context in another's callbacks.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { afterEach, expect, it } from 'vitest'
import type { Failure } from '../../src/defer/index.js'
import { checkNothingLeft } from '../hosts/node/left-behind.js'
import { later, pair, reactors, Recorder } from '../hosts/node/helpers.js'

checkNothingLeft()
const newReactor = reactors(afterEach)

it('connections that were made before the first use of a storage have no context, whoever causes their turn', async () => {
  const reactor = newReactor()
  const store = new AsyncLocalStorage<string>()
  const seen: [string, string | undefined][] = []
  const note = (what: string): void => void seen.push([what, store.getStore()])
  class Noting extends Recorder {
    override dataReceived(data: Uint8Array): void {
      note('data')
      super.dataReceived(data)
    }

    override connectionLost(reason: Failure): void {
      note('lost')
      super.connectionLost(reason)
    }
  }
  const { client, server } = await pair(reactor, () => new Noting(), () => new Noting())
  const called = later()
  reactor.callLater(20, () => {
    note('call')
    called.resolve()
  })
  const resumed = later()
  server.transport.write(new Uint8Array(1 << 20))
  ;(server.transport as unknown as { registerProducer(producer: object, streaming: boolean): void }).registerProducer({
    pauseProducing: () => undefined,
    resumeProducing: () => {
      note('resume')
      resumed.resolve()
    },
    stopProducing: () => undefined,
  }, true)
  // The first use; every turn from here on is asked for by it.
  store.run('a request', () => {
    reactor.callLater(0, () => undefined)
    server.transport.write('x')
    client.transport.write('y')
  })
  await resumed.promise
  await called.promise
  await server.until('y')
  store.run('another', () => client.transport.loseConnection())
  await Promise.all([client.lost, server.lost])
  expect(new Set(seen.map(([what]) => what))).toEqual(new Set(['data', 'call', 'resume', 'lost']))
  expect(seen.filter(([, context]) => context !== undefined)).toEqual([])
})
