/**
 * A plug-in in an isolate of isolated-vm: a heap of its own, with nothing of Node in it, on a thread of its own.
 *
 * This is the wall for code that nobody vouches for: what crosses are numbers, texts and copies of bytes.
 */
import { readFileSync } from 'node:fs'
import { gatewayFor, published } from './plug-in.js'
import type { PlugIn, PlugInOptions } from './plug-in.js'

/** What is used of isolated-vm 7. */
export interface IsolatedVM {
  Isolate: new (options: { memoryLimit: number }) => Isolate
  Callback: new (fn: (...args: never[]) => void, options: { ignored: boolean }) => unknown
  ExternalCopy: new (value: unknown) => { copyInto(): unknown }
}

interface Reference {
  apply(receiver: undefined, args: readonly unknown[], options: object): Promise<unknown>
}

interface Context {
  global: { set(name: string, value: unknown): Promise<void> }
  eval(code: string, options: object): Promise<Reference>
}

interface Isolate {
  createContext(): Promise<Context>
  dispose(): void
}

/** Runs inside of the isolate. */
const INSIDE = `
const reactor = whorl.createReactor({
  module, now: () => Date.now(), wallClock: () => Date.now(), send: (batch) => send_(batch), wake: (ms) => wake_(ms),
  log: (text) => say(text),
})
const say = (text) => say_(String(text))
`

export function startInIsolate(ivm: IsolatedVM, options: PlugInOptions): PlugIn {
  const isolate = new ivm.Isolate({ memoryLimit: 128 })
  const bound = { timeout: options.patience }
  let settle: (why: string) => void = () => undefined
  const ended = new Promise<string>((resolve) => {
    settle = resolve
  })
  let over = false
  let timer: NodeJS.Timeout | undefined
  let receive: Reference | null = null
  let turn: Reference | null = null
  const early: Uint8Array[] = []
  const gateway = gatewayFor(options, (batch) => {
    if (receive === null) early.push(batch)
    else call(receive, batch)
  }, (why) => stop(why))

  function stop(why = 'it was stopped'): void {
    if (over) return
    over = true
    clearTimeout(timer)
    gateway.close()
    isolate.dispose()
    settle(why)
  }
  const failed = (error: unknown): void =>
    stop(/timed out/.test(String(error)) ? 'it did not come back' : String(error))

  function call(reference: Reference | null, ...args: unknown[]): void {
    reference?.apply(undefined, args, { ...bound, arguments: { copy: true } }).catch(failed)
  }

  async function start(): Promise<void> {
    const context = await isolate.createContext()
    const pass = (name: string, fn: (...args: never[]) => void): Promise<void> =>
      context.global.set(name, new ivm.Callback(fn, { ignored: true }))
    await pass('send_', (batch: Uint8Array) => gateway.receive(batch))
    await pass('say_', (text: string) => over || options.said(text.slice(0, 4096)))
    await pass('wake_', (ms: number) => {
      clearTimeout(timer)
      if (!over) timer = setTimeout(() => call(turn), Math.min(Math.max(ms, 0), 2 ** 31 - 1))
    })
    const module = new WebAssembly.Module(readFileSync(published('core.wasm')))
    await context.global.set('module', new ivm.ExternalCopy(module).copyInto())
    await context.eval(readFileSync(published('none.script.js'), 'utf8'), { timeout: 10_000 })
    await context.eval(INSIDE, bound)
    turn = await context.eval('() => { reactor.turn() }', { reference: true })
    receive = await context.eval('(batch) => { reactor.receive(batch) }', { reference: true })
    for (const batch of early.splice(0)) call(receive, batch)
    await context.eval(`${options.source}\n;undefined`, { ...bound, filename: 'file:///plug-in.js' })
  }
  start().catch(failed)
  return { ended, stop }
}
