/** Threads in programs of their own, as the package is shipped: what keeps them alive, what they need, the guide. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { build } from '../../../scripts/build.mjs'
import { Program, root } from '../../interop/programs.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()

const folders: string[] = []

beforeAll(async () => {
  await build()
}, 120_000)

afterEach(async () => {
  await Program.killAll()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const tasks = new URL('./tasks/tasks.mjs', import.meta.url).href

/** What a program prints until it ends by itself. */
async function outputOf(...args: string[]): Promise<string> {
  const program = new Program(process.execPath, args)
  expect(await program.ended).toEqual({ status: 0, signal: null })
  expect(program.errorText).toBe('')
  return program.text
}

const run = (program: string): Promise<string> => outputOf('--input-type=module', '-e', program)

describe('programs with threads', () => {
  it('a task keeps its program alive, threads without one do not', async () => {
    const output = await run(`
      import { deferToThread } from 'whorl'
      const task = new URL('${tasks}')
      deferToThread(task, 1, 2).addCallback((sum) => {
        console.log(sum)
        return deferToThread({ module: task, export: 'later' }, 'late')
      }).addCallback((text) => console.log(text))`)
    expect(output).toBe('3\nlate\n')
  })

  it('a task that is given up does not either', async () => {
    const output = await run(`
      import { deferToThread } from 'whorl'
      const shared = new Int32Array(new SharedArrayBuffer(4))
      const task = deferToThread({ module: new URL('${tasks}'), export: 'spins' }, shared)
      task.addErrback((failure) => console.log(failure.value.name))
      const look = setInterval(() => {
        if (shared[0] === 0) return
        clearInterval(look)
        task.cancel()
      }, 1)`)
    expect(output).toBe('CancelledError\n')
  })

  it('run() ends with the pool, in the middle of a task', async () => {
    const output = await run(`
      import { deferToThread, reactor } from 'whorl'
      const shared = new Int32Array(new SharedArrayBuffer(4))
      deferToThread({ module: new URL('${tasks}'), export: 'spins' }, shared)
        .addErrback((failure) => console.log(failure.value.code))
      const look = reactor.loopingCall(() => {
        if (shared[0] === 0) return
        look.stop()
        reactor.stop()
      })
      void look.start(1)
      await reactor.run()
      console.log('ended')`)
    expect(output).toBe('ERR_THREAD_POOL_STOPPED\nended\n')
  })

  it('a thread that cannot begin is ThreadCrashed for the task that waited for it', async () => {
    for (const [ends, says] of [
      ['throw new Error("not here")', 'The thread of this task crashed: not here'],
      ['process.exit(5)', 'The thread of this task exited with status 5.'],
    ]) {
      const folder = mkdtempSync(join(tmpdir(), 'whorl-threads-'))
      folders.push(folder)
      const preload = join(folder, 'preload.cjs')
      writeFileSync(preload, `if (!require('node:worker_threads').isMainThread) ${ends}\n`)
      const main = join(folder, 'main.mjs')
      writeFileSync(main, `
        import { deferToThread, reactor } from '${new URL('dist/whorl.node.js', `file://${root}`).href}'
        reactor.suggestThreadPoolSize(1)
        for (const one of [1, 2, 3].map((n) => deferToThread(new URL('${tasks}'), n, n))) {
          await one.addErrback(({ value }) => console.log(value.message))
        }`)
      expect(await outputOf('--require', preload, main)).toBe(`${says}\n`.repeat(3))
    }
  }, 30_000)

  it('without the pool library: NotSupportedError says which package to install', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'whorl-threads-'))
    folders.push(folder)
    const home = join(folder, 'node_modules', 'whorl')
    mkdirSync(home, { recursive: true })
    cpSync(join(root, 'dist'), join(home, 'dist'), { recursive: true })
    cpSync(join(root, 'package.json'), join(home, 'package.json'))
    // Nothing in it: whatever is installed in a folder above is not looked for.
    mkdirSync(join(folder, 'node_modules', 'tinypool'))
    const output = await run(`
      import { deferToThread } from 'file://${home}/dist/whorl.node.js'
      for (let i = 0; i < 2; i++) {
        await deferToThread(new URL('${tasks}')).addErrback(({ value }) => console.log(value.code, value.message))
      }`)
    const line = 'ERR_HOST_NOT_SUPPORTED The host \'node\' does not support threads without the package \'tinypool\' ' +
      '(npm install tinypool).\n'
    expect(output).toBe(line + line)
  })
})

describe('the guide to transports: threads', () => {
  it.each(['transports-threads.ts', 'transports-threads-task.ts'])('shows %s', (name) => {
    const page = readFileSync(join(root, 'docs/guide/transports.md'), 'utf8')
    const snippet = readFileSync(join(root, 'examples/snippets', name), 'utf8')
    const shown = [...page.matchAll(/```ts\n([^]*?)```/g)].map((match) => match[1])
    expect(shown.filter((program) => snippet.endsWith(program))).toHaveLength(1)
  })

  it('its programs do what it says', async () => {
    const snippet = new URL('build/js/examples/snippets/transports-threads.js', `file://${root}`).href
    const output = await run(`
      import { countPrimes, invert } from '${snippet}'
      const told = []
      console.log(await countPrimes(25_000, (sofar) => told.push(sofar)), told)
      const bytes = Uint8Array.of(0, 1, 255)
      console.log(await invert(bytes), bytes.length)`)
    expect(output).toBe('2762 [ 10000, 20000 ]\nUint8Array(3) [ 255, 254, 0 ] 0\n')
  })
})
