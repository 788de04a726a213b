/**
 * Signals, to processes of their own.
 */
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { build } from '../../../scripts/build.mjs'
import { NotSupportedError } from '../../../src/errors/index.js'
import { Reactor } from '../../../src/reactor/index.js'
import { reactors } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'
import { GOOD, killAll, Run } from './programs/run.js'

checkNothingLeft()
const newReactor = reactors(afterEach)

beforeAll(async () => {
  await build()
}, 120_000)

afterEach(killAll)

describe('signals on Node', () => {
  it('handlers are called, taken away, and their errors logged; SIGTERM stops', async () => {
    const run = Run.peer(['signals'])
    await run.says('runs')
    run.child.kill('SIGHUP')
    await run.says('reload at SIGHUP')
    run.child.kill('SIGUSR2')
    await run.says('once')
    run.child.kill('SIGWINCH')
    await run.says(/the handler is broken/)
    run.child.kill('SIGTERM')
    expect(await run.ended).toEqual(GOOD)
    expect(run.said.at(-1)).toBe('stopped')
  })

  it('a handler that was taken away leaves the system its default', async () => {
    const run = Run.peer(['signals'])
    await run.says('runs')
    run.child.kill('SIGUSR2')
    await run.says('once')
    run.child.kill('SIGUSR2')
    expect(await run.ended).toEqual({ status: null, signal: 'SIGUSR2' })
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('a second %s ends a shutdown that takes for ever', async (signal) => {
    const run = Run.peer(['signals', 'slow'])
    await run.says('runs')
    run.child.kill(signal)
    await run.says('stopping for ever')
    expect(run.said).not.toContain('stopped')
    run.child.kill(signal)
    expect(await run.ended).toEqual(GOOD)
    expect(run.said.at(-1)).toBe('stopped')
  })

  it('a handler keeps no program alive', async () => {
    const run = Run.peer(['idle'])
    expect(await run.ended).toEqual(GOOD)
  })

  it('what nobody can handle is refused', () => {
    const reactor = newReactor()
    const nothing = (): void => undefined
    for (const name of ['KILL', 'SIGSTOP', 'SIGNONSENSE', '']) expect(() => reactor.onSignal(name, nothing)).toThrow(TypeError)
    expect(() => reactor.onSignal('HUP', 7 as never)).toThrow(TypeError)
    expect(() => reactor.onSignal(9 as never, nothing)).toThrow(TypeError)
    const { onSignal: _, ...host } = { ...reactor.host, name: 'bare', onSignal: undefined }
    const bare = new Reactor({ core: () => { throw new Error('not asked') }, host: host as never })
    expect(() => bare.onSignal('HUP', nothing)).toThrow(NotSupportedError)
  })
})
