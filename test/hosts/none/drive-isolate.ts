/**
 * An isolate of isolated-vm: another heap on another thread; numbers, texts and copies of bytes cross.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import process from 'node:process'
import { compiled } from './drive-vm.js'
import type { DriveOptions, Outside } from './drive.js'
import type { IsolatedVM } from './isolated.js'

export async function driveIsolate(outside: Outside, options: DriveOptions): Promise<void> {
  const { told, dist, script, isolated } = options
  const ivm = createRequire(import.meta.url)(isolated!) as IsolatedVM
  const isolate = new ivm.Isolate({ memoryLimit: 512 })
  const context = await isolate.createContext()
  const pass = (name: string, fn: (...args: never[]) => void, kind: 'ignored' | 'sync' = 'ignored'): Promise<void> =>
    context.global.set(name, new ivm.Callback(fn, { [kind]: true }))
  await pass('wake', (reactor: number, ms: number) => outside.wake(reactor, ms))
  await pass('send', (reactor: number, batch: Uint8Array) => outside.send(reactor, batch))
  await pass('log', (text: string) => outside.log(text))
  await pass('report', (json: string) => outside.report(json))
  for (const [build, module] of Object.entries(compiled(dist))) {
    await context.global.set(build, new ivm.ExternalCopy(module).copyInto())
  }
  for (const file of [join(dist, 'none.script.js'), script]) {
    await (await isolate.compileScript(readFileSync(file, 'utf8'), { filename: `file://${file}` })).run(context)
  }
  const turn = await context.eval('inHost.turn', { reference: true })
  const receive = await context.eval('inHost.receive', { reference: true })
  outside.close = () => {
    outside.inside = null
    isolate.dispose()
  }
  outside.inside = {
    turn: (reactor) => turn.applyIgnored(undefined, [reactor]),
    receive: (reactor, batch) => receive.applyIgnored(undefined, [reactor, batch], { arguments: { copy: true } }),
  }
  // An isolate has Date, which is enough of a clock; the rest is asked for where it is.
  await context.evalClosure(`
    const embedder = {
      now: () => Date.now(), random: () => Math.floor(Math.random() * 256), wake, send, log, report,
    }
    inHost.start($0, embedder, { modules: { simd, baseline } }, $1)`, [told, process.versions.node])
}
