/**
 * docs/guide/transports.md, the sections on UNIX sockets, stdio, processes, descriptors and signals: their programs are
 * those of examples/snippets/, and do what the page says.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir, type } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { LineReceiver } from 'whorl'
import { listen as listenAdopted } from '../../../examples/snippets/transports-descriptors.js'
import { sort, systemName } from '../../../examples/snippets/transports-process.js'
import { reloadAtHangup } from '../../../examples/snippets/transports-signals.js'
import { connect, serve } from '../../../examples/snippets/transports-unix.js'
import { build } from '../../../scripts/build.mjs'
import { MemoryReactor } from '../../../src/testing/index.js'
import { later, reactors, stopped, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'
import { GOOD, killAll, Run } from './programs/run.js'

checkNothingLeft()
const newReactor = reactors(afterEach)
const root = new URL('../../../', import.meta.url)

beforeAll(async () => {
  await build()
}, 120_000)

afterEach(killAll)

describe('the guide to transports: UNIX sockets, stdio, processes, descriptors, signals', () => {
  it.each(['unix', 'stdio', 'process', 'descriptors', 'signals'])('shows transports-%s.ts', (name) => {
    const page = readFileSync(new URL('docs/guide/transports.md', root), 'utf8')
    const snippet = readFileSync(new URL(`examples/snippets/transports-${name}.ts`, root), 'utf8')
    const shown = [...page.matchAll(/```ts\n([^]*?)```/g)].map((match) => match[1])
    expect(shown.filter((program) => snippet.endsWith(program))).toHaveLength(1)
  })

  it('serve and connect: one server at a path', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'whorl-guide-'))
    const path = join(folder, 'counter.sock')
    try {
      const reactor = newReactor()
      const port = await serve(reactor, path)
      await expect(serve(newReactor(), path).asPromise()).rejects.toThrow(path)
      const answer = later<string>()
      class Asking extends LineReceiver {
        override lineReceived(line: string): void {
          answer.resolve(line)
        }
      }
      const asking = await connect(reactor, path, new Asking())
      asking.sendLine('how long')
      expect(await answer.promise).toBe('8')
      await port.stopListening()
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('sort and systemName', async () => {
    const reactor = newReactor()
    expect(await sort(reactor, ['b', 'c', 'a'])).toBe('a\nb\nc\n')
    expect(await systemName(reactor)).toBe(type())
  })

  it('Numbers numbers lines', async () => {
    const main = new URL('build/js/examples/snippets/transports-stdio.js', root).href
    const run = new Run(process.execPath, ['--input-type=module', '-e', `import('${main}').then(({ main }) => main())`])
    run.child.stdin?.end('one\ntwo\n')
    expect(await run.ended).toEqual(GOOD)
    expect(run.out).toBe('1 one\n2 two\n')
  })

  it('listen takes what it was started with', () => {
    const reactor = new MemoryReactor()
    const factory = new TestFactory()
    listenAdopted(reactor, factory, {})
    expect(reactor.tcpServers).toHaveLength(1)
    listenAdopted(reactor, factory, { LISTEN_FDS: '1' })
    expect(reactor.tcpServers).toHaveLength(1)
  })

  it('reloadAtHangup reloads until the reactor has stopped', async () => {
    const reactor = newReactor()
    void reactor.run()
    const reloaded = later()
    const before = process.listenerCount('SIGHUP')
    reloadAtHangup(reactor, () => reloaded.resolve())
    process.kill(process.pid, 'SIGHUP')
    await reloaded.promise
    await stopped(reactor)
    expect(process.listenerCount('SIGHUP')).toBe(before)
  })
})
