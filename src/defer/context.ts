/**
 * The host's asynchronous context (on Node: AsyncLocalStorage), carried to where callbacks run.
 *
 * Owns: the port that a binding fills, and the one switch that the making of a Deferred looks at. While no port is
 * set nothing is kept and nothing is asked. Must not know: what a context is.
 */
import { debugging, noteCreation, setSiteKeeping } from './debug.js'
import { CONTEXT } from './state.js'

/** How a host tells, and restores, what surrounds the code that runs. */
export interface ContextPort {
  /** What surrounds the code that runs now; undefined if there is nothing to come back to. */
  capture(): object | undefined
  /** Calls `fn` with `argument`, surrounded by what was captured; gives back what it returns, or throws. */
  run<A, R>(context: object, fn: (argument: A) => R, argument: A): R
}

/** What has a place for a context; the place is only made when there is one. */
interface Holder {
  _state: number
  _context?: object
}

/** Whether the making of a Deferred must be noted, for whatever reason. @internal */
export let noting = false

let port: ContextPort | undefined
let beforeFirst: (() => void) | undefined

/** Fills the port; without an argument contexts are no longer captured. For bindings. */
export function setContextPort(filled?: ContextPort): void {
  port = filled
  updateNoting()
}

/** Has `fn` called once, before the next time that a context could be captured: it may fill the port. For bindings. */
export function setContextStart(fn?: () => void): void {
  beforeFirst = fn
  updateNoting()
}

function startContexts(): void {
  const start = beforeFirst
  beforeFirst = undefined
  start?.()
  updateNoting()
}

function updateNoting(): void {
  noting = debugging || port !== undefined || beforeFirst !== undefined
}

/** Switches the keeping of sites, for Deferreds made or fired from now on. It costs microseconds for each. */
export function setDebugging(on: boolean): void {
  setSiteKeeping(on === true)
  updateNoting()
}

/** A Deferred was made, while {@link noting}. @internal */
export function noteMaking(deferred: Holder): void {
  if (debugging) noteCreation(deferred)
  if (beforeFirst !== undefined) startContexts()
  const context = port?.capture()
  if (context === undefined) return
  deferred._context = context
  deferred._state |= CONTEXT
}

/** Calls `fn` in the context that `holder` was made in; it must have one. @internal */
export function runInContextOf<A, R>(holder: Holder, fn: (argument: A) => R, argument: A): R {
  return port === undefined ? fn(argument) : port.run(holder._context as object, fn, argument)
}

/** The function itself, or one that calls it in the context of now. @internal */
export function bindContext<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
  if (beforeFirst !== undefined) startContexts()
  const context = port?.capture()
  if (context === undefined) return fn
  const spread = (args: A): R => fn(...args)
  return (...args) => (port === undefined ? fn(...args) : port.run(context, spread, args))
}
