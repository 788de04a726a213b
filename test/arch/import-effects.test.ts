/**
 * Rule 4 of the design's "Never": importing a module has no effect. Every module of src/ and bindings/ is imported with
 * the ambient ways to cause one under watch; a planted module proves that the watch sees them.
 */
import { afterAll, describe, expect, it } from 'vitest'
import { root, sourcesBelow } from './files.js'

const WATCHED = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'fetch'] as const

/** What happened while `load` ran: ambient calls made from the project's files, globals added, handles opened. */
async function effectsOf(load: () => Promise<unknown>): Promise<string[]> {
  const seen: string[] = []
  const restore: (() => void)[] = []
  const watch = (holder: object, name: string, label: string): void => {
    const original = (holder as Record<string, unknown>)[name] as (...args: unknown[]) => unknown
    const spy = function (this: unknown, ...args: unknown[]): unknown {
      const caller = (new Error().stack ?? '').split('\n')[2] ?? ''
      if (/\/(?:src|bindings|test)\//.test(caller) && !caller.includes('node_modules')) seen.push(label)
      return new.target === undefined ? original.apply(this, args) : Reflect.construct(original, args)
    }
    Object.assign(holder, { [name]: spy })
    restore.push(() => Object.assign(holder, { [name]: original }))
  }
  for (const name of WATCHED) watch(globalThis, name, name)
  watch(WebAssembly, 'Module', 'WebAssembly.Module')
  watch(WebAssembly, 'Instance', 'WebAssembly.Instance')
  const globals = new Set(Reflect.ownKeys(globalThis))
  const listeners = signalListeners()
  const resources = socketsAndServers()
  try {
    await load()
  } finally {
    for (const undo of restore) undo()
  }
  for (const key of Reflect.ownKeys(globalThis)) if (!globals.has(key)) seen.push(`global ${String(key)}`)
  if (signalListeners() !== listeners) seen.push('listener on process')
  if (socketsAndServers() !== resources) seen.push('open handle')
  return seen
}

const signalListeners = (): number =>
  process.eventNames().reduce((sum, name) => sum + process.listenerCount(name as string), 0)
const socketsAndServers = (): number =>
  process.getActiveResourcesInfo().filter((kind) => /TCP|UDP|Signal|FSEvent/.test(kind)).length

describe('importing', () => {
  const timers: NodeJS.Timeout[] = []
  afterAll(() => {
    for (const timer of timers) clearTimeout(timer)
  })

  // Programs are started, not imported.
  const modules = [...sourcesBelow('src', 'bindings').keys()].filter((path) => !path.endsWith('/cli/program.ts'))

  it.each(modules)('%s has no effect', async (path) => {
    expect(await effectsOf(() => import(/* @vite-ignore */ `${root}/${path}`))).toEqual([])
  })

  it('with an effect is found', async () => {
    expect(await effectsOf(async () => { timers.push(setTimeout(() => undefined, 1)) })).toEqual(['setTimeout'])
    expect(await effectsOf(async () => { Object.assign(globalThis, { planted: 1 }) })).toEqual(['global planted'])
    expect(await effectsOf(async () => {
      return new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]))
    })).toEqual(['WebAssembly.Module'])
    const listener = (): void => undefined
    expect(await effectsOf(async () => { process.on('SIGUSR2', listener) })).toContain('listener on process')
    process.off('SIGUSR2', listener)
    Reflect.deleteProperty(globalThis, 'planted')
  })
})
