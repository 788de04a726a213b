/**
 * The class of examples/everywhere/, written once: asks the Node server of that folder from inside each host.
 */
import { CancelledError, ConnectError, ConnectionClosed, TimeoutError } from 'whorl'
import { EverywhereClient } from '../../examples/everywhere/client.js'
import type { EverywhereClientOptions } from '../../examples/everywhere/client.js'
import { RemoteError } from '../../examples/everywhere/calls.js'
import { equal, isA, ok, rejects } from './checks.js'
import type { CaseContext, ContractSuite } from './contract.js'

function started(context: CaseContext, options: EverywhereClientOptions = {}): EverywhereClient {
  const { host, reactor } = context
  const client = new EverywhereClient(host.reach!(reactor, host.lab.everywherePort), reactor,
    { timeout: 15_000, retryPolicy: () => 1, ...options })
  client.start()
  context.cleanup(() => client.stop())
  return client
}

export const everywhere: ContractSuite = {
  name: 'everywhere',
  cases: [
    {
      name: 'asks, and is answered',
      reaches: true,
      async run(context) {
        const client = started(context)
        equal(await client.call('add', 1, 2), 3)
        equal(await client.call('reverse', 'grüße 😀'), '😀 eßürg')
        equal(await client.call('echo', { a: [1, null, 'x'], b: { c: true } }), { a: [1, null, 'x'], b: { c: true } })
      },
    },
    {
      name: 'each of 200 requests gets its own answer, in whatever order they come',
      reaches: true,
      async run(context) {
        const client = started(context)
        const order: number[] = []
        const asked = Array.from({ length: 200 }, (_, i) => client.call('later', (i * 37) % 50, i)
          .addCallback((value) => {
            order.push(i)
            return value
          }))
        equal(await Promise.all(asked), Array.from({ length: 200 }, (_, i) => i))
        ok(order.some((n, i) => n !== i), 'they came in another order')
      },
    },
    {
      name: 'an answer of 500,000 characters',
      reaches: true,
      async run(context) {
        const text = 'ab1ü'.repeat(100_000)
        ok(await started(context).call('echo', text) === text, 'the text')
      },
    },
    {
      name: 'what fails there fails here, with what it said',
      reaches: true,
      async run(context) {
        const client = started(context)
        equal((await rejects(client.call('fail', 'because'), RemoteError)).message, 'because')
        ok((await rejects(client.call('toString'), RemoteError)).message.includes('toString'), 'it names the call')
        equal(await client.call('add', 2, 2), 4)
      },
    },
    {
      name: 'a request that takes too long: TimeoutError, and the connection goes on',
      reaches: true,
      async run(context) {
        const client = started(context)
        const connection = await client.call('connection')
        await rejects(client.callWithin(30, 'later', 300, 'late'), TimeoutError)
        equal(await client.call('later', 400, 'after the late one'), 'after the late one')
        equal(await client.call('connection'), connection)
      },
    },
    {
      name: 'a request can be cancelled',
      reaches: true,
      async run(context) {
        const client = started(context)
        await client.call('echo', 1)
        const asked = client.call('later', 10_000)
        asked.cancel()
        await rejects(asked, CancelledError)
        equal(await client.call('echo', 2), 2)
      },
    },
    {
      name: 'the connection is lost: what was asked fails, the next is asked over another one',
      reaches: true,
      async run(context) {
        const client = started(context)
        const first = await client.call('connection')
        const waiting = client.call('later', 10_000)
        waiting.addErrback((failure) => failure.value)
        await rejects(client.call('drop'), ConnectionClosed)
        isA(await waiting, ConnectionClosed)
        const second = await client.call('connection')
        ok(typeof second === 'number' && second !== first, `${String(second)} after ${String(first)}`)
      },
    },
    {
      name: 'stopped: what was asked fails, and nothing stays open',
      reaches: true,
      async run(context) {
        const client = started(context)
        await client.call('echo', 1)
        const asked = client.call('later', 10_000)
        asked.addErrback((failure) => failure.value)
        await client.stop()
        isA(await asked, ConnectionClosed)
        equal(context.reactor.openTransports().length, 0, 'open transports')
      },
    },
    {
      name: 'nobody there: each request fails after its own time',
      reaches: true,
      async run(context) {
        const { host, reactor } = context
        const client = new EverywhereClient(host.reach!(reactor, host.lab.refused), reactor, { retryPolicy: () => 5 })
        client.start()
        context.cleanup(() => client.stop())
        const error = await rejects(client.callWithin(60, 'echo', 1), Error)
        ok(error instanceof TimeoutError || error instanceof ConnectError, error.name)
      },
    },
  ],
}
