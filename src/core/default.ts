/**
 * The process's own core: one instance serves every reactor and protocol.
 *
 * Owns: when it is made (at first use) and with what. An engine reserves gigabytes of address space for each
 * memory, so a second instance is made only on demand, by `createCore`.
 */
import type { CoreOptions } from './core.js'
import { Core } from './core.js'

let core: Core | undefined
let settings: CoreOptions = {}

/** The shared core, made at first use. */
export function defaultCore(): Core {
  return (core ??= new Core(settings))
}

/** Makes a core the shared one, unless there is one already. For programs that make theirs by other means. */
export function offerDefaultCore(made: Core): void {
  core ??= made
}

/** What a binding knows of its host: how the shared core is made, and, also later, how it makes strings and arrays. */
export function configureDefaultCore(options: CoreOptions): void {
  settings = { ...settings, ...options }
  if (core === undefined) return
  if (options.text !== undefined) core.text = options.text
  if (options.allocate !== undefined) core.allocate = options.allocate
}
