/**
 * The test kit inside of real test runners: files that `node --test` and vitest run as children, against the built
 * package. Each has cases that pass and cases that must fail, and what a failing one says is looked at.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { build } from '../../scripts/build.mjs'
import { root } from '../arch/files.js'

/** What both runners run: `it` and hooks are theirs. */
const CASES = `
function handledIn(deferred) {
  return new Promise((resolve) => deferred.addBoth((result) => resolve(result === undefined)))
}

export function cases({ it, beforeEach, afterEach }, equal) {
  const { watch, takeFailures } = checkNothingLeft({ beforeEach, afterEach })

  it('passes: successResultOf', () => equal(successResultOf(succeed(7)), 7))
  it('passes: failureResultOf', () => {
    equal(failureResultOf(fail(new TimeoutError('late')), TimeoutError).value.message, 'late')
  })
  it('passes: failureResultOf by code', () => {
    equal(failureResultOf(fail(new ConnectionLost()), 'ERR_CONNECTION_LOST').check(ConnectionLost), ConnectionLost)
  })
  it('passes: assertNoResult', () => assertNoResult(new Deferred()))
  it('passes: a failure that was looked at is handled', async () => {
    const failed = fail(new TimeoutError())
    failureResultOf(failed)
    equal(await handledIn(failed), true)
  })
  it('passes: a test that leaves nothing', () => {
    const reactor = watch(new MemoryReactor())
    reactor.callLater(5, () => undefined).cancel()
    fail(new TimeoutError('expected'))
    equal(takeFailures(TimeoutError).length, 1)
  })

  it('fails: successResultOf of none', () => void successResultOf(new Deferred()))
  it('fails: successResultOf of a failure', () => void successResultOf(fail(new TimeoutError('too late for it'))))
  it('fails: failureResultOf of a result', () => void failureResultOf(succeed('a result')))
  it('fails: failureResultOf of another kind', () => void failureResultOf(fail(new RangeError('far')), TimeoutError))
  it('fails: assertNoResult of a result', () => assertNoResult(succeed('early')))
  it('fails: assertNoResult of a promise', () => assertNoResult(Promise.resolve()))
  it('fails: a call put off', function forgetsACall() {
    watch(new MemoryReactor()).callLater(1500, () => undefined)
  })
  it('fails: a port', function forgetsAPort() {
    watch(new MemoryReactor()).listenTCP(80, Factory.forProtocol(Protocol))
  })
  it('fails: an attempt to connect', function forgetsAnAttempt() {
    watch(new MemoryReactor()).connectTCP('example.com', 443, ClientFactory.forProtocol(Protocol))
  })
  it('fails: a failure that nobody handled', function forgetsAFailure() {
    fail(new TimeoutError('nobody looked'))
  })
}
`

const IMPORTS = `
import { ClientFactory, ConnectionLost, Deferred, Factory, fail, Protocol, succeed, TimeoutError } from 'whorl'
import {
  assertNoResult, checkNothingLeft, failureResultOf, MemoryReactor, successResultOf, whorlMatchers,
} from 'whorl/testing'
`

/** What a case that fails has to say. */
const SAID: Record<string, RegExp> = {
  'fails: successResultOf of none': /Expected a result, found none: /,
  'fails: successResultOf of a failure': /Expected a result, found a failure: TimeoutError: too late for it/,
  'fails: failureResultOf of a result': /Expected a failure, found a result: "a result"/,
  'fails: failureResultOf of another kind': /Expected TimeoutError, found RangeError: far/,
  'fails: assertNoResult of a result': /Expected no result yet, found "early"/,
  'fails: assertNoResult of a promise': /a Deferred is needed.*a promise can only be awaited/,
  'fails: a call put off': /Left behind: a call that is due in 1500 ms, made\s+at [^]*forgetsACall/,
  'fails: a port': /Left behind: a port that listens, 0\.0\.0\.0:80, made\s+at [^]*forgetsAPort/,
  'fails: an attempt to connect':
    /Left behind: an attempt to connect to example\.com:443, made\s+at [^]*forgetsAnAttempt/,
  'fails: a failure that nobody handled':
    /Left behind: a failure that nobody handled, TimeoutError: nobody looked, made\s+at [^]*forgetsAFailure/,
}

interface Outcome {
  readonly passed: string[]
  /** What each said. */
  readonly failed: Map<string, string>
}

let folder = ''

beforeAll(async () => {
  await build()
  mkdirSync(`${root}/build`, { recursive: true })
  folder = mkdtempSync(`${root}/build/runners-`)
  mkdirSync(`${folder}/node_modules`)
  symlinkSync(root, `${folder}/node_modules/whorl`)
  symlinkSync(`${root}/node_modules/vitest`, `${folder}/node_modules/vitest`)
  writeFileSync(`${folder}/package.json`, '{ "type": "module" }')
  writeFileSync(`${folder}/cases.mjs`, IMPORTS + CASES)
}, 300_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs node on it, and gives what it printed, however it ended. */
function printed(...args: string[]): Promise<{ status: unknown, output: string }> {
  const { NODE_OPTIONS: _options, NODE_TEST_CONTEXT: _context, ...environment } = process.env
  const env = Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('VITEST')))
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder, env, maxBuffer: 1e8 }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : error.code, output: stdout === '' ? stderr : stdout })
    })
  })
}

function check({ passed, failed }: Outcome, said: Record<string, RegExp>): void {
  expect(passed.filter((name) => !name.startsWith('passes: '))).toEqual([])
  expect([...failed.keys()].sort()).toEqual(Object.keys(said).sort())
  for (const [name, pattern] of Object.entries(said)) expect(failed.get(name)).toMatch(pattern)
}

describe('the test kit', () => {
  it('in node:test', async () => {
    writeFileSync(`${folder}/node.test.mjs`, `
      import { strictEqual } from 'node:assert'
      import { afterEach, beforeEach, it } from 'node:test'
      import { cases } from './cases.mjs'
      cases({ it, beforeEach, afterEach }, strictEqual)
    `)
    writeFileSync(`${folder}/reporter.mjs`, `
      export default async function * report(source) {
        for await (const { type, data } of source) {
          if (type !== 'test:pass' && type !== 'test:fail') continue
          const { name, details } = data
          const cause = details?.error?.cause
          const text = [details?.error?.message, cause?.message, cause?.stack].join('\\n')
          yield JSON.stringify({ name, passed: type === 'test:pass', text }) + '\\n'
        }
      }
    `)
    const { status, output } = await printed('--test', '--test-reporter=./reporter.mjs', 'node.test.mjs')
    const results = output.trim().split('\n').map((line) =>
      JSON.parse(line) as { name: string, passed: boolean, text: string }).filter(({ name }) => /^\w+: /.test(name))
    expect(status).toBe(1)
    const passed = results.filter((one) => one.passed).map(({ name }) => name)
    expect(passed).toHaveLength(6)
    check({ passed, failed: new Map(results.filter((one) => !one.passed).map(({ name, text }) => [name, text])) }, SAID)
  })

  it('in vitest, with its matchers', async () => {
    writeFileSync(`${folder}/vitest.test.mjs`, `
      ${IMPORTS}
      import { afterEach, beforeEach, expect, it } from 'vitest'
      import { cases } from './cases.mjs'
      expect.extend(whorlMatchers)
      cases({ it, beforeEach, afterEach }, (one, other) => expect(one).toBe(other))

      it('passes: the matchers', () => {
        expect(new Deferred()).toHaveNoResult()
        expect(succeed(1)).not.toHaveNoResult()
        expect(succeed(1)).toHaveSucceeded()
        expect(succeed({ a: [1] })).toHaveSucceededWith({ a: [1] })
        expect(succeed({ a: [1] })).toHaveSucceededWith({ a: expect.any(Array) })
        expect(succeed(1)).not.toHaveSucceededWith(2)
        expect(fail(new TimeoutError())).toHaveFailedWith(TimeoutError)
        expect(fail(new TimeoutError())).not.toHaveFailedWith(ConnectionLost)
        expect(fail(new TimeoutError())).not.toHaveSucceeded()
      })
      it('fails: toHaveNoResult', () => expect(succeed('early')).toHaveNoResult())
      it('fails: not toHaveNoResult', () => expect(new Deferred()).not.toHaveNoResult())
      it('fails: toHaveSucceeded', () => expect(fail(new TimeoutError('late'))).toHaveSucceeded())
      it('fails: toHaveSucceededWith', () => expect(succeed({ a: 1 })).toHaveSucceededWith({ a: 2 }))
      it('fails: toHaveFailedWith', () => expect(fail(new RangeError('far'))).toHaveFailedWith(TimeoutError))
      it('fails: not toHaveFailedWith', () => expect(fail(new RangeError('far'))).not.toHaveFailedWith())
      it('fails: what is no Deferred', () => expect(7).toHaveSucceeded())
    `)
    writeFileSync(`${folder}/vitest.config.mjs`, `export default { test: { include: ['vitest.test.mjs'] } }`)
    const { status, output } = await printed(
      `${root}/node_modules/vitest/vitest.mjs`, 'run', '--root', folder, '--reporter=json')
    expect(output).toContain('"testResults"')
    const { testResults } = JSON.parse(output.slice(output.indexOf('{'))) as {
      testResults: { assertionResults: { title: string, status: string, failureMessages: string[] }[] }[]
    }
    const results = testResults.flatMap(({ assertionResults }) => assertionResults)
    expect(status).toBe(1)
    const passed = results.filter((one) => one.status === 'passed').map(({ title }) => title)
    expect(passed).toHaveLength(7)
    const failed = new Map(results.filter((one) => one.status === 'failed')
      .map(({ title, failureMessages }) => [title, failureMessages.join('\n')]))
    check({ passed, failed }, {
      ...SAID,
      'fails: toHaveNoResult': /the Deferred has the result "early"/,
      'fails: not toHaveNoResult': /the Deferred has no result yet/,
      'fails: toHaveSucceeded': /the Deferred has the failure TimeoutError: late/,
      'fails: toHaveSucceededWith': /the Deferred has the result \{ a: 1 \}; what is compared with is \{ a: 2 \}/,
      'fails: toHaveFailedWith': /the failure RangeError: far.*; what is asked about is TimeoutError/s,
      'fails: not toHaveFailedWith': /the failure RangeError: far.*; what is asked about is any failure/s,
      'fails: what is no Deferred': /a Deferred is needed, not 7/,
    })
  })
})
