/**
 * Takes Node's own clocks, timers, entropy, sockets and processes away while a simulation runs.
 *
 * Owns: putting stand-ins in the place of the functions that simulation-ambient.ts lists, and everything back as it
 * was. Must not know: simulations. A stand-in throws when simulated code calls it; Node itself and test runners, which
 * may run in between, and what is allowed, get the original. Not seen is what a program took before the simulation
 * began and kept as a value (`const { now } = Date`); imports from Node's modules are seen, they follow the module.
 */

import { syncBuiltinESMExports } from 'node:module'
import { AmbientAccessError } from '../../src/errors/index.js'
import type { GuardPort } from '../../src/testing/simulate/guard-port.js'
import { checkAllow } from './simulation-allow.js'
import { ambientFunctions, INSTEAD } from './simulation-ambient.js'
import type { Ambient } from './simulation-ambient.js'

/** Where those live that are no simulated code although they run in the same process. */
const RUNNERS = /\/node_modules\/(?:@vitest|vitest|vite|vite-node|tinypool|birpc|@jest|jest(?:-[\w-]+)?|mocha|ava)\//

interface Watch {
  readonly who: () => string
  readonly allow: readonly string[]
  readonly caught: ((error: AmbientAccessError) => void) | undefined
}

interface StandIn {
  readonly ambient: Ambient
  readonly original: PropertyDescriptor
  readonly guarded: PropertyDescriptor
}

/** One for the process, whatever number of guards there are: there is only one `Date`. */
const watches: Watch[] = []
let holds = 0
let standIns: StandIn[] | null = null

/** The guard of Node. All of a process are one. */
export class NodeGuard implements GuardPort {
  check(allow: readonly string[]): void {
    checkAllow(allow)
  }

  begin(who: () => string, allow: readonly string[], caught?: (error: AmbientAccessError) => void): void {
    checkAllow(allow)
    if (watches.length + holds === 0) replace()
    watches.push({ who, allow, caught })
  }

  end(who?: () => string): void {
    const index = who === undefined ? watches.length - 1 : watches.findLastIndex((watch) => watch.who === who)
    if (index < 0) return
    watches.splice(index, 1)
    if (watches.length + holds === 0) restore()
  }

  hold(): () => void {
    if (watches.length + holds === 0) replace()
    holds += 1
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      holds -= 1
      if (watches.length + holds === 0) restore()
    }
  }
}

function replace(): void {
  // Another may stand there by now than at the first time: fake timers, say.
  standIns = standIns === null
    ? ambientFunctions().flatMap((ambient) => standInFor(ambient) ?? [])
    : standIns.flatMap((one) => (isThere(one.ambient, one.original) ? one : standInFor(one.ambient)) ?? [])
  for (const { ambient: { holder, key }, guarded } of standIns) Object.defineProperty(holder, key, guarded)
  syncBuiltinESMExports()
}

function restore(): void {
  for (const { ambient, guarded, original } of standIns ?? []) {
    // What somebody has put there since is theirs.
    if (isThere(ambient, guarded)) Object.defineProperty(ambient.holder, ambient.key, original)
  }
  syncBuiltinESMExports()
}

function isThere({ holder, key }: Ambient, wanted: PropertyDescriptor): boolean {
  const present = Object.getOwnPropertyDescriptor(holder, key)
  return present !== undefined && present.value === wanted.value && present.get === wanted.get
}

function standInFor(ambient: Ambient): StandIn | null {
  const { holder, key } = ambient
  const original = Object.getOwnPropertyDescriptor(holder, key)
  if (original?.configurable !== true) return null
  const { get, value } = original as { get?: (this: unknown) => unknown, value?: unknown }
  if (get === undefined) {
    if (typeof value !== 'function') return null
    return { ambient, original, guarded: { ...original, value: guard(value as Callable, ambient) } }
  }
  // Not asked before somebody wants it: some of Node is loaded when it is first read.
  let stand: unknown
  const guarded = {
    ...original,
    get(this: unknown): unknown {
      stand ??= guard(get.call(this) as Callable, ambient)
      return stand
    },
  }
  return { ambient, original, guarded }
}

type Callable = (...args: unknown[]) => unknown

/** What stands for a class of dates: one for each, or a date would not be of the class that is called `Date`. */
const dates = new WeakMap<Callable, Callable>()

/** The same function or class, in whose place an error is thrown where it must not be used. */
function guard(original: Callable, ambient: Ambient): Callable {
  const isDate = ambient.name === 'Date'
  if (ambient.name === 'Date.prototype.constructor') {
    const date = dates.get(original)
    if (date !== undefined) return date
  }
  const stand: Callable = new Proxy(original, {
    apply: function apply(target, self, args) {
      check(ambient, isDate ? 'Date()' : `${ambient.name}()`, apply)
      return Reflect.apply(target, self, args) as unknown
    },
    construct: function construct(target, args, newTarget) {
      // A date of a given time is like any other value.
      if (!isDate || args.length === 0) check(ambient, `new ${ambient.name}()`, construct)
      return Reflect.construct(target, args, newTarget === stand ? target : newTarget) as object
    },
  })
  if (isDate) dates.set(original, stand)
  return stand
}

function check(ambient: Ambient, call: string, above: Function): void {
  if (watches.length === 0) return
  const inTurn = watches.findLast((watch) => watch.who() !== '')
  const allows = inTurn === undefined ? watches.some((one) => isAllowed(ambient, one)) : isAllowed(ambient, inTurn)
  if (allows || isCalledByRunner(above)) return
  const host = inTurn?.who() ?? ''
  const error = new AmbientAccessError(
    `${host === '' ? 'A simulated program' : `Host '${host}' of a simulation`} called ${call}, which is of the real ` +
    `machine: no two runs would be the same. Use ${INSTEAD[ambient.group]} instead, or allow it with the option ` +
    `allow: ['${ambient.name}'].`, { access: ambient.name, host })
  const watch = inTurn ?? watches.at(-1)!
  watch.caught?.(error)
  throw error
}

function isAllowed({ name, group, module }: Ambient, { allow }: Watch): boolean {
  if (allow.length === 0) return false
  return allow.includes(name) || allow.includes(group) ||
    (module !== '' && (allow.includes(module) || allow.includes(`node:${module}`)))
}

/** Was it called by Node itself or by the program that runs the tests, and not by what is simulated? */
function isCalledByRunner(above: Function): boolean {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 1
  const place: { stack?: unknown } = {}
  Error.captureStackTrace(place, above)
  Error.stackTraceLimit = stackTraceLimit
  const caller = String(place.stack).split('\n')[1] ?? ''
  // Called by nobody but the queue of jobs, to which somebody gave the very function: `promise.then(Date.now)`.
  if (caller.includes('node:internal/process/task_queues')) return false
  return /(?:\(|at )node:/.test(caller) || RUNNERS.test(caller.replaceAll('\\', '/'))
}
