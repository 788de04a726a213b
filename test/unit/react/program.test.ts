/**
 * Whole programs, in processes of their own, with the package as it is built: what they leave on standard error when
 * they end, and the contexts that their Deferreds carry.
 */
import { spawn } from 'node:child_process'
import { beforeAll, describe, expect, it } from 'vitest'
import { build } from '../../../scripts/build.mjs'
import { root } from '../../arch/files.js'

beforeAll(() => build(), 300_000)

interface Outcome {
  readonly status: number | null
  readonly output: string
  /** Without times and stacks. */
  readonly errors: string[]
}

function run(program: string, ...flags: string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const args = [...flags, '--input-type=module', '-e', program]
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let [output, errors] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text })
    child.stderr.setEncoding('utf8').on('data', (text: string) => { errors += text })
    child.on('error', reject)
    child.on('close', (status) => {
      const lines = errors.split('\n').filter((line) => line !== '' && !/^ {4}at /.test(line))
      resolve({ status, output, errors: lines.map((line) => line.replace(/^\d{4}-[\d-]+T[\d:.]+Z /, '')) })
    })
  })
}

const REPORT = '[critical] whorl.defer: Unhandled error in a Deferred.'

describe('a failure that is unhandled when the program ends', () => {
  it('of a whole script is reported once, and the status stays 0', async () => {
    const { status, errors } = await run(`import { fail } from 'whorl'; fail(new Error('x'))`)
    expect([status, errors]).toEqual([0, [REPORT, 'Error: x']])
  })

  it('is reported if its Deferred is kept, also with process.exit() in the same turn', async () => {
    const { status, errors } = await run(`
      import { Deferred, fail } from 'whorl'
      globalThis.kept = fail(new TypeError('kept'))
      new Deferred().cancel()
      process.exit(3)`)
    expect([status, errors]).toEqual([
      3, [REPORT, 'TypeError: kept', REPORT, 'CancelledError: The operation was cancelled.'],
    ])
  })

  it('is reported once if it was collected before', async () => {
    const { errors } = await run(`
      import { fail } from 'whorl'
      fail(new Error('x'))
      for (let i = 0; i < 5; i++) { await new Promise((done) => setTimeout(done, 1)); gc() }`, '--expose-gc')
    expect(errors).toEqual([REPORT, 'Error: x'])
  })

  it('is not reported if an errback came before the end', async () => {
    const { status, errors } = await run(`
      import { fail, reactor } from 'whorl'
      const d = fail(new Error('x'))
      reactor.callLater(1, () => d.addErrback(() => undefined))
      await fail(new Error('y')).catch(() => undefined)`)
    expect([status, errors]).toEqual([0, []])
  })

  it('inside of react', async () => {
    const { status, errors } = await run(`
      import { fail, react } from 'whorl'
      react(async (reactor) => { fail(new Error('x')); await reactor.deferLater(1) })`)
    expect([status, errors]).toEqual([0, [REPORT, 'Error: x']])
  })

  it('inside of reactor.run()', async () => {
    const { status, errors } = await run(`
      import { fail, reactor } from 'whorl'
      reactor.callWhenRunning(() => { fail(new Error('x')); reactor.stop() })
      await reactor.run()`)
    expect([status, errors]).toEqual([0, [REPORT, 'Error: x']])
  })

  it('is reported, too, when the program dies of something else', async () => {
    const { status, errors } = await run(`
      import { fail } from 'whorl'
      fail(new Error('x'))
      throw new Error('uncaught')`)
    expect(status).toBe(1)
    expect(errors.slice(0, 2)).not.toEqual([])
    expect(errors).toContain(REPORT)
    expect(errors).toContain('Error: x')
  })

  it('is reported before the exit handlers that there were, and after them what they left', async () => {
    const ends = await run(`
      import { fail } from 'whorl'
      process.on('exit', () => process.exit(5))
      fail(new Error('x'))`)
    expect([ends.status, ends.errors]).toEqual([5, [REPORT, 'Error: x']])
    const leaves = await run(`
      import { fail } from 'whorl'
      process.on('exit', () => { fail(new Error('y')) })
      fail(new Error('x'))`)
    expect([leaves.status, leaves.errors]).toEqual([0, [REPORT, 'Error: x', REPORT, 'Error: y']])
  })

  it('all of them, however many: the pipe takes less at a time', async () => {
    const { errors } = await run(`
      import { fail } from 'whorl'
      for (let i = 0; i < 3000; i++) fail(new Error(String(i).padEnd(100, '.')))`)
    expect(errors).toHaveLength(6000)
    expect(errors.at(-1)).toBe(`Error: ${'2999'.padEnd(100, '.')}`)
  })

  it('goes to observers instead, if there are any; two listeners are added, and none before a failure', async () => {
    const { output, errors } = await run(`
      import { fail, logPublisher, succeed } from 'whorl'
      const count = () => process.listenerCount('exit')
      const counts = [count()]
      succeed(1); counts.push(count())
      for (let i = 0; i < 3; i++) { fail(new Error('x')).addErrback(() => undefined); await null }
      fail(new Error('y'))
      counts.push(count())
      logPublisher.addObserver(({ failure }) =>
        console.log(JSON.stringify([failure.getErrorMessage(), counts.map((n) => n - counts[0])])))`)
    expect([JSON.parse(output), errors]).toEqual([['y', [0, 0, 2]], []])
  })

  it('in a worker', async () => {
    const { errors } = await run(`
      import { Worker } from 'node:worker_threads'
      new Worker(\`import('whorl').then(({ fail }) => void fail(new Error('x')))\`, { eval: true })`)
    expect(errors).toEqual([REPORT, 'Error: x'])
  })
})

describe('contexts', () => {
  const program = (before: string, body: string): string => `
    import { AsyncLocalStorage } from 'node:async_hooks'
    const [run, enterWith] = [AsyncLocalStorage.prototype.run, AsyncLocalStorage.prototype.enterWith]
    const isNodes = () => AsyncLocalStorage.prototype.run === run && AsyncLocalStorage.prototype.enterWith === enterWith
    const { Deferred, reactor } = await import('whorl')
    const imported = isNodes()
    const store = new AsyncLocalStorage()
    const seen = []
    const note = () => void seen.push(store.getStore())
    ${before}
    ${body}
    process.on('exit', () => console.log(JSON.stringify([imported, isNodes(), seen])))`

  const fire = `
    const d = store.run('made', () => new Deferred())
    d.addCallback(note)
    store.run('fired', () => d.callback())
    store.run('timer', () => reactor.callLater(1, note))`

  it.each([
    ['before anything else was used', ''],
    ['after a Deferred was made', 'new Deferred()'],
    ['after the time was asked for', 'reactor.now()'],
    ['after a call was delayed', 'reactor.callLater(0, () => undefined)'],
    ['after the store was used', 'store.run(1, () => 1); new Deferred()'],
  ])('are carried %s; importing changes nothing of Node', async (_when, before) => {
    const { output } = await run(program(before, fire))
    expect(JSON.parse(output)).toEqual([true, true, ['made', 'timer']])
  })

  it('are carried by what is made later in a context that was entered before whorl was used', async () => {
    const { output } = await run(program('', `
      store.run('early', () => setTimeout(() => {
        const d = new Deferred()
        d.addCallback(note)
        store.run('fired', () => d.callback())
      }, 5))
      new Deferred()`))
    expect(JSON.parse(output)).toEqual([true, true, ['early']])
  })
})
