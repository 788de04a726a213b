/**
 * node:vm contexts of this thread: one that may compile neither strings nor wasm and gets a compiled module, and one
 * that has no WebAssembly at all and runs the core's JavaScript build, both of them with modules instead of scripts.
 */
import { Buffer } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import * as vm from 'node:vm'
import { BASELINE_PATCH, BASELINE_SIZE } from '../../../src/core/generated/baseline.js'
import { applyPatch } from '../../../src/core/patch.js'
import type { DriveOptions, Inside, Outside } from './drive.js'
import type * as inHost from './in-host/main.js'

type InHost = typeof inHost

/** Both builds of the core, which a bare context cannot compile by itself. */
export function compiled(dist: string): Record<'simd' | 'baseline', WebAssembly.Module> {
  const simd = readFileSync(join(dist, 'core.wasm'))
  return {
    simd: new WebAssembly.Module(simd),
    baseline: new WebAssembly.Module(applyPatch(simd, Buffer.from(BASELINE_PATCH, 'base64'), BASELINE_SIZE)),
  }
}

/** Nothing but ECMAScript, and no code from strings or bytes. */
export function bareContext(): vm.Context {
  const nothing = Object.create(null) as object
  return vm.createContext(nothing, { codeGeneration: { strings: false, wasm: false } })
}

export function runFile(file: string, context: vm.Context): void {
  new vm.Script(readFileSync(file, 'utf8'), { filename: file }).runInContext(context)
}

export async function driveScript(outside: Outside, { told, dist, script }: DriveOptions): Promise<void> {
  const context = bareContext()
  runFile(join(dist, 'none.script.js'), context)
  runFile(script, context)
  const inside = vm.runInContext('inHost', context) as InHost
  outside.inside = inside as unknown as Inside
  inside.start(told, outside, { modules: compiled(dist) }, process.versions.node)
}

/** What node:vm has of modules, behind a flag. */
interface Modules {
  SourceTextModule: new (source: string, options: object) => {
    link(linker: (specifier: string) => Promise<unknown>): Promise<void>
    evaluate(): Promise<void>
    namespace: unknown
  }
}

export async function driveModules(outside: Outside, { told, dist, module: file }: DriveOptions): Promise<void> {
  const context = bareContext()
  vm.runInContext('delete globalThis.WebAssembly', context)
  const { SourceTextModule } = vm as unknown as Modules
  const load = async (path: string): Promise<InstanceType<Modules['SourceTextModule']>> => {
    const made = new SourceTextModule(readFileSync(path, 'utf8'), { context, identifier: path })
    await made.link(async () => whorl)
    await made.evaluate()
    return made
  }
  const whorl = await load(join(dist, 'none.js'))
  const plain = await load(join(dist, 'core-plain.js'))
  const inside = (await load(file)).namespace as InHost
  outside.inside = inside as unknown as Inside
  const core = plain.namespace as { instantiatePlain: NonNullable<Parameters<InHost['start']>[2]['instantiate']> }
  inside.start(told, outside, { instantiate: core.instantiatePlain }, process.versions.node)
}
