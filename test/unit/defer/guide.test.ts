/**
 * docs/guide/deferreds.md: every program on the page is one of examples/snippets/, and does what the page says.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createReactor } from 'whorl'
import { StringTransport } from 'whorl/testing'
import { askLater, fetchText, parseAll } from '../../../examples/snippets/deferreds-adapt.js'
import { firstTwo, lengthOf, nextTwo } from '../../../examples/snippets/deferreds-await.js'
import { answerWithin, untilAborted } from '../../../examples/snippets/deferreds-cancel.js'
import { readAtOnce, readPort } from '../../../examples/snippets/deferreds-chain.js'
import { copyAll, oneAtATime } from '../../../examples/snippets/deferreds-group.js'
import { waitAndSay } from '../../../examples/snippets/deferreds-react.js'
import { closeAll, Counted, fastest, whatWorked } from '../../../examples/snippets/deferreds-several.js'
import { forgetful, watchFailures } from '../../../examples/snippets/deferreds-unhandled.js'
import { Deferred, DeferredQueue, fail, Failure, succeed } from '../../../src/defer/index.js'
import { ConnectionDone } from '../../../src/errors/index.js'
import { Clock } from '../../../src/reactor/index.js'
import { failureOf, resultOf } from './helpers.js'

const folder = new URL('../../../', import.meta.url)
const page = readFileSync(new URL('docs/guide/deferreds.md', folder), 'utf8')

describe('the guide to Deferreds', () => {
  it('shows programs of examples/snippets, and nothing else', () => {
    const snippets = readdirSync(new URL('examples/snippets', folder))
      .filter((name) => name.startsWith('deferreds-'))
      .map((name) => readFileSync(new URL(`examples/snippets/${name}`, folder), 'utf8'))
    const shown = [...page.matchAll(/```ts\n([^]*?)```/g)].map((match) => match[1])
    expect(shown.length).toBeGreaterThanOrEqual(snippets.length)
    for (const program of shown) expect(snippets.filter((snippet) => snippet.includes(program))).toHaveLength(1)
    for (const snippet of snippets) expect(shown.filter((program) => snippet.includes(program))).not.toHaveLength(0)
  })

  it('askLater adapts what calls back, and can be cancelled', () => {
    let done: ((error: Error | null, answer?: string) => void) | undefined
    let forgotten = 0
    const ask = (_question: string, answer: typeof done): { forget: () => void } => {
      done = answer
      return { forget: () => void forgotten++ }
    }
    const good = askLater(ask, 'why?')
    done?.(null, 'because')
    expect(resultOf(good)).toBe('because')
    const bad = askLater(ask, 'why?')
    done?.(new Error('ask somebody else'))
    expect(failureOf(bad).getErrorMessage()).toBe('ask somebody else')
    const dropped = askLater(ask, 'why?')
    dropped.cancel()
    expect([forgotten, failureOf(dropped).value.name]).toEqual([1, 'CancelledError'])
  })

  it('fetchText takes a signal', async () => {
    expect(await fetchText('data:text/plain,hello')).toBe('hello')
    const given = fetchText('data:text/plain,never')
    given.cancel()
    expect(failureOf(given).value.name).toBe('CancelledError')
  })

  it('parseAll parses one text a turn', () => {
    const clock = new Clock()
    const parsed = parseAll(['1', '{"a":2}'], clock)
    expect(parsed.called).toBe(false)
    clock.advance(0)
    expect(resultOf(parsed)).toEqual([1, { a: 2 }])
    const broken = parseAll(['1', '{'], clock)
    clock.advance(0)
    expect(failureOf(broken).value).toBeInstanceOf(SyntaxError)
    const dropped = parseAll(['1'], clock)
    dropped.cancel()
    expect([failureOf(dropped).value.name, clock.getDelayedCalls()]).toEqual(['CancelledError', []])
  })

  it('readPort goes from one side of the chain to the other and back', () => {
    const log: string[] = []
    expect(resultOf(readPort(succeed('80'), log))).toBe(80)
    expect(resultOf(readPort(succeed('x'), log))).toBe(8007)
    expect(log).toEqual(['port 80', 'no port: NaN', 'port 8007'])
    expect(failureOf(readPort(fail(new Error('no file')), log)).getErrorMessage()).toBe('no file')
  })

  it('readAtOnce shows that everything runs at once', () => {
    const log: string[] = []
    readAtOnce(log)
    expect(log).toEqual(['before', 'port 80', 'after'])
  })

  it('firstTwo and nextTwo wait for two items; only one of them can be cancelled', async () => {
    const queue = new DeferredQueue<string>()
    const log: string[] = []
    const both = [firstTwo(queue), nextTwo(queue, log)] as const
    for (const item of ['a', 'b', 'c', 'd']) {
      queue.put(item)
      await Promise.resolve()
      await Promise.resolve()
    }
    expect((await Promise.all(both)).join(' ').split(' ').sort()).toEqual(['a', 'b', 'c', 'd'])
    const dropped = nextTwo(queue, log)
    dropped.cancel()
    expect(failureOf(dropped).value.name).toBe('CancelledError')
    expect([log, queue.waiting]).toEqual([['done waiting', 'done waiting'], []])
    expect(await lengthOf(succeed('four'))).toBe(4)
  })

  it('closeAll fires after the last connection is closed', () => {
    const connections = [1, 2, 3].map((size) => {
      const each = new Counted()
      each.makeConnection(new StringTransport())
      each.dataReceived(new Uint8Array(size))
      return each
    })
    const all = closeAll(connections)
    for (const each of connections) {
      expect([(each.transport as unknown as StringTransport).disconnecting, all.called]).toEqual([true, false])
      each.connectionLost(new Failure(new ConnectionDone()))
    }
    expect(resultOf(all)).toBe(6)
  })

  it('whatWorked and fastest leave the others out', () => {
    expect(resultOf(whatWorked([succeed('a'), fail(new Error('b')), succeed('c')]))).toEqual(['a', 'c'])
    const mirrors = [new Deferred<string>(), new Deferred<string>()]
    const first = fastest(mirrors)
    mirrors[1].callback('answer')
    expect(resultOf(first)).toBe('answer from mirror 1')
  })

  it('copyAll copies side by side; a failure stops the others', () => {
    const copies: Deferred<number>[] = []
    const copy = (): Deferred<number> => {
      const each = new Deferred<number>()
      copies.push(each)
      return each
    }
    const good = copyAll(['a', 'b'], copy)
    for (const each of copies.splice(0)) each.callback(21)
    expect(resultOf(good)).toBe(42)
    const bad = copyAll(['a', 'b'], copy)
    copies[0].errback(new Error('disk full'))
    expect(failureOf(copies[1]).value.name).toBe('CancelledError')
    expect(failureOf(bad).getErrorMessage()).toMatch(/disk full/)
  })

  it('oneAtATime lets nobody in before the other is done', () => {
    const first = new Deferred<string>()
    let isCalled = false
    oneAtATime(() => first)
    oneAtATime(() => {
      isCalled = true
      return succeed('')
    })
    expect(isCalled).toBe(false)
    first.callback('')
    expect(isCalled).toBe(true)
  })

  it('answerWithin gives up by the clock, untilAborted by the signal', () => {
    const clock = new Clock()
    const answer = answerWithin(new Deferred<string>(), clock)
    clock.advance(2000)
    expect(resultOf(answer)).toBe('no answer')
    const controller = new AbortController()
    const work = untilAborted(new Deferred<string>(), controller.signal)
    controller.abort()
    expect(resultOf(work)).toBe('given up')
  })

  it('watchFailures sees what forgetful leaves, and where it was made', async () => {
    const log: string[] = []
    const stop = watchFailures(log)
    forgetful()
    await new Promise((resolve) => setImmediate(resolve))
    stop()
    expect(log).toHaveLength(1)
    expect(log[0]).toMatch(/nobody looks[^]*The Deferred was created:[^]*forgetful/)
  })

  it('waitAndSay is a program', async () => {
    const said: string[] = []
    const statuses: unknown[] = []
    const { exit } = process
    process.exit = ((status: number) => void statuses.push(status)) as never
    try {
      await waitAndSay((text) => said.push(text), ['world'])
      await waitAndSay((text) => said.push(text), [])
    } finally {
      process.exit = exit
    }
    expect([said, statuses]).toEqual([['hello world'], [0, 2]])
    expect(createReactor().running).toBe(false)
  })
})
