/**
 * The contract suites on the Node that runs this, over the quickest of its ways; `npm run test:hosts` runs all of them
 * inside every host. And that the run itself tells what goes wrong.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../arch/files.js'
import type { ContractHost, ContractSuite } from '../../contract/contract.js'
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
