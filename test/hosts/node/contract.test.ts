/**
 * The contract suites on the Node that runs this, over the quickest of its ways; `npm run test:hosts` runs all of them
 * inside every host. And that the run itself tells what goes wrong.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../arch/files.js'
import { Failure } from '../../../src/defer/index.js'
import { ConnectionLost } from '../../../src/errors/index.js'
import type { IProtocol } from '../../../src/interfaces/index.js'
import type { ContractHost, ContractSuite, StreamWay } from '../../contract/contract.js'
import { suites } from '../../contract/index.js'
import { runSuites } from '../../contract/run.js'
import { startLab } from '../runner/lab.js'
import type { RunningLab } from '../runner/lab.js'
import { nodeHost } from './in-host/host.js'

let folder = ''
let lab: RunningLab
let host: ContractHost

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whorl-contract-'))
  lab = await startLab(root, false)
  host = nodeHost(lab.lab, folder)
})

afterAll(async () => {
  await lab.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Need another program, or take longer than all others; over TLS and UNIX sockets test:hosts runs them. */
const ELSEWHERE = ['everywhere', 'digest']
const SLOW = ['stream-transport', 'producers', 'closing', 'listener']

describe('the contract on this Node', () => {
  it.for(suites.filter(({ name }) => !ELSEWHERE.includes(name)))('$name', async (suite) => {
    const ways = SLOW.includes(suite.name) ? host.ways.slice(0, 1) : host.ways.filter(({ name }) => name !== 'tls')
    const { results } = await runSuites({ ...host, ways }, [suite])
    expect(results.filter(({ outcome }) => outcome === 'failed')).toEqual([])
    expect(results.filter(({ outcome }) => outcome === 'passed').length).toBeGreaterThan(0)
  })
})

/** A way on which every protocol is given a fault of transports. */
function spoilt(way: StreamWay, spoil: (protocol: IProtocol) => void): StreamWay {
  return {
    ...way,
    client: (reactor, peer) => ({
      connect: (factory) => way.client(reactor, peer).connect({
        buildProtocol(address) {
          const protocol = factory.buildProtocol(address)
          if (protocol !== null) spoil(protocol)
          return protocol
        },
        doStart: () => factory.doStart(),
        doStop: () => factory.doStop(),
      }),
    }),
  }
}

describe('a transport with a fault', () => {
  it.each<[string, string, string, (protocol: IProtocol) => void]>([
    ['changes a byte', 'stream-transport', 'receives 1 MiB that the far end sends at once, then its end', (protocol) => {
      const { dataReceived } = protocol
      protocol.dataReceived = (data) => dataReceived.call(protocol, data.map((byte, i) => i === 900 ? byte ^ 1 : byte))
    }],
    ['swaps two chunks', 'stream-transport', 'receives bytes that come one by one', (protocol) => {
      const { dataReceived } = protocol
      let held: Uint8Array | null = null
      protocol.dataReceived = (data) => {
        if (held === null) {
          held = data
        } else {
          dataReceived.call(protocol, data)
          dataReceived.call(protocol, held)
          held = null
        }
      }
    }],
    ['uses its chunks again', 'stream-transport', 'gives each chunk to its receiver for good', (protocol) => {
      const { dataReceived } = protocol
      protocol.dataReceived = (data) => {
        dataReceived.call(protocol, data)
        data.fill(7)
      }
    }],
    ['tells the end twice', 'closing', 'N02 the far end closes: ConnectionDone', (protocol) => {
      const { connectionLost } = protocol
      protocol.connectionLost = (reason) => {
        connectionLost.call(protocol, reason)
        connectionLost.call(protocol, reason)
      }
    }],
    ['calls every end a loss', 'closing', 'N02 the far end closes: ConnectionDone', (protocol) => {
      const { connectionLost } = protocol
      protocol.connectionLost = () => connectionLost.call(protocol, new Failure(new ConnectionLost()))
    }],
    ['delivers in spite of a pause', 'producers', 'no dataReceived while paused, all of it after resuming', (protocol) => {
      const { makeConnection } = protocol
      protocol.makeConnection = (transport) => makeConnection.call(protocol, new Proxy(transport, {
        get: (target, name) => {
          const value = Reflect.get(target, name, target) as unknown
          if (name === 'pauseProducing') return () => undefined
          return typeof value === 'function' ? value.bind(target) as unknown : value
        },
      }))
    }],
  ])('that %s fails the case of it', async (_what, suiteName, name, spoil) => {
    const suite = suites.find((one) => one.name === suiteName)!
    const cases = suite.cases.filter((one) => one.name === name)
    const way = host.ways[0]!
    const good = await runSuites({ ...host, ways: [way] }, [{ ...suite, cases }])
    expect(good.results).toMatchObject([{ outcome: 'passed' }])
    const bad = await runSuites({ ...host, ways: [spoilt(way, spoil)] }, [{ ...suite, cases }], undefined, 3000)
    expect(bad.results).toMatchObject([{ outcome: 'failed' }])
  })
})

describe('a run of suites', () => {
  const suite: ContractSuite = {
    name: 'planted',
    perWay: true,
    cases: [
      { name: 'passes', run: () => undefined },
      {
        name: 'throws',
        run() {
          throw new TypeError('planted')
        },
      },
      { name: 'rejects', run: () => Promise.reject(new Error('planted, later')) },
      { name: 'throws what is no error', run: () => Promise.reject(7 as unknown as Error) },
      { name: 'fails in cleaning up', run: ({ cleanup }) => cleanup(() => Promise.reject(new Error('still open'))) },
      { name: 'cannot', needs: ['threads'], run: () => Promise.reject(new Error('it was run')) },
      { name: 'lacks', traits: ['reset'], run: () => Promise.reject(new Error('it was run')) },
      { name: 'does not listen', listens: true, run: () => Promise.reject(new Error('it was run')) },
    ],
  }

  it('tells each case, and goes on after each', async () => {
    const way = { ...host.ways[0]!, traits: { ...host.ways[0]!.traits, reset: 'it has none' } }
    Reflect.deleteProperty(way, 'server')
    const { results } = await runSuites({
      ...host, ways: [way], capabilities: { ...host.capabilities, threads: 'there is but one' },
    }, [suite])
    expect(results.map(({ name, outcome, detail }) => [name, outcome, detail?.split('\n')[0]])).toEqual([
      ['passes', 'passed', undefined],
      ['throws', 'failed', 'TypeError: planted'],
      ['rejects', 'failed', 'Error: planted, later'],
      ['throws what is no error', 'failed', '7'],
      ['fails in cleaning up', 'failed', 'while cleaning up: Error: still open'],
      ['cannot', 'declared', 'threads: there is but one'],
      ['lacks', 'declared', 'reset: it has none'],
      ['does not listen', 'declared', 'listen: this way only connects'],
    ])
  })

  it('a host without a way of streams declares the cases of all', async () => {
    const { results } = await runSuites({ ...host, ways: [] }, [suite])
    expect(results).toHaveLength(suite.cases.length)
    expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(['declared']))
  })

  it('a case that hangs is given up on', { timeout: 90_000 }, async () => {
    const { results } = await runSuites({ ...host, ways: [] }, [
      { name: 'hangs', cases: [{ name: 'for ever', run: () => new Promise(() => undefined) }] },
    ], undefined, 50)
    expect(results).toMatchObject([{ outcome: 'failed', detail: expect.stringContaining('not over after 50 ms') }])
  })
})
