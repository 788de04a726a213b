/**
 * docs/guide/testing.md: its programs are those of examples/snippets/, or stand in this file, and do what the page
 * says.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { ConnectionLost, Deferred, fail, succeed } from 'whorl'
import { Recording, ReplayDivergence, whorlMatchers } from 'whorl/testing'
import type { WhorlMatchers } from 'whorl/testing'
import { isHeldBack, send } from '../../../examples/snippets/testing-faults.js'
import { tryBeacon } from '../../../examples/snippets/testing-memory.js'
import { liveThroughAgain, serveRecorded, Till } from '../../../examples/snippets/testing-record.js'
import { tryTimeout } from '../../../examples/snippets/testing-results.js'
import { portOf, stopped } from './helpers.js'

const folder = new URL('../../../', import.meta.url)
const textOf = (path: string): string => readFileSync(new URL(path, folder), 'utf8')
const page = textOf('docs/guide/testing.md')
const scratch = mkdtempSync(join(tmpdir(), 'whorl-testing-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

declare module 'vitest' {
  interface Matchers<T = any> extends WhorlMatchers {}
}

expect.extend(whorlMatchers)

/** What the page shows of a Till that was mended. */
class MendedTill extends Till {
  override lineReceived(line: string): void {
    if (line !== 'total' && Number.isNaN(Number(line))) this.sendLine('what?')
    else super.lineReceived(line)
  }
}

describe('the guide to testing', () => {
  it('shows programs of examples/snippets, and of this file', () => {
    const sources = readdirSync(new URL('examples/snippets', folder)).filter((name) => name.startsWith('testing-'))
      .map((name) => textOf(`examples/snippets/${name}`))
    const all = [...sources, textOf('test/hosts/node/testing-guide.test.ts')]
    const shown = [...page.matchAll(/```ts\n([^]*?)```/g)].map((match) => match[1])
    expect(shown.length).toBeGreaterThanOrEqual(sources.length)
    for (const program of shown) expect(all.filter((source) => source.includes(program))).toHaveLength(1)
    for (const source of sources) expect(shown.filter((program) => source.includes(program))).not.toEqual([])
  })

  it('a reactor without a host', () => {
    expect(tryBeacon()).toBe('beacons.example:7777 here\r\nhere\r\nhere\r\n')
  })

  it('bad connections keep what streams promise', () => {
    const lines = Array.from({ length: 30 }, (_, i) => `line ${i}`)
    let whole = 0
    for (let seed = 0; seed < 50; seed++) {
      const got = send(lines, seed)
      expect(got).toEqual(lines.slice(0, got.length))
      expect(send(lines, seed)).toEqual(got)
      if (got.length === lines.length) whole += 1
    }
    expect(whole).toBeGreaterThan(0)
    expect(isHeldBack()).toBe(true)
  })

  it('results, by functions', () => {
    expect(tryTimeout).not.toThrow()
  })

  it('results, by matchers', () => {
    const answer = new Deferred<string>()
    expect(answer).toHaveNoResult()
    answer.callback('hello')
    expect(answer).toHaveSucceeded()
    expect(succeed({ a: [1] })).toHaveSucceededWith({ a: [1] })
    expect(fail(new ConnectionLost())).toHaveFailedWith(ConnectionLost)
  })

  it('a recording, its replay, and a mended program', async () => {
    const file = join(scratch, 'till.wrec')
    const { reactor, recording, port } = serveRecorded(file)
    await port.ready
    const socket = connect(portOf(port), '127.0.0.1')
    let answers = ''
    socket.on('data', (data) => (answers += String(data)))
    for (const [line, answer] of [['2\r\n3\r\ntotal', '5\r\n'], ['1,50\r\n4\r\ntotal', '5\r\nNaN\r\n']]) {
      socket.write(`${line}\r\n`)
      while (answers !== answer) await new Promise((resolve) => setImmediate(resolve))
    }
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.end()
    await closed
    recording.stop()
    void reactor.run()
    await stopped(reactor)

    const lines = [...new Recording(new Uint8Array(readFileSync(file))).lines()]
    expect(lines.filter((line) => line.includes('receives'))).toHaveLength(2)
    expect(lines.find((line) => line.includes('1,50')))
      .toMatch(/^\d+\t[\d.]+\t→ #\d+ receives 16 bytes "1,50\\r\\n4\\r\\ntotal/)
    expect((await liveThroughAgain(file)).divergences).toEqual([])
    const reason = await liveThroughAgain(file, MendedTill).catch((error: unknown) => error)
    expect(reason).toBeInstanceOf(ReplayDivergence)
    expect((reason as Error).message)
      .toMatch(/^Record \d+, at [\d.]+ ms: expected #2 sends 5 bytes, got #2 sends 10 bytes "what\?\\r\\n9\\r\\n"\.$/)
    const { divergences } = await liveThroughAgain(file, MendedTill, true)
    expect(divergences.map(({ got }) => got)).toEqual(['#2 sends 10 bytes "what?\\r\\n9\\r\\n"'])
    for (const shown of ['receives 16 bytes "1,50\\r\\n4\\r\\ntotal', 'got #2 sends 10 bytes "what?\\r\\n9\\r\\n".']) {
      expect(page).toContain(shown)
    }
  })

  it('nothing is left behind, by hooks as node:test has them', async () => {
    const hooks: { before?: () => void, after?: () => Promise<void>, test?: () => void } = {}
    vi.doMock('node:test', () => ({
      beforeEach: (fn: () => void) => void (hooks.before = fn),
      afterEach: (fn: () => Promise<void>) => void (hooks.after = fn),
      it: (_name: string, fn: () => void) => void (hooks.test = fn),
    }))
    const { tests } = await import('../../../examples/snippets/testing-leftovers.js')
    vi.doUnmock('node:test')
    tests()
    hooks.before!()
    hooks.test!()
    await expect(hooks.after!()).resolves.toBe(undefined)
  })
})
