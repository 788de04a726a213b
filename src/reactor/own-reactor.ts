/**
 * What a host with a reactor of its own offers besides: the same calls, with that reactor where none is given.
 *
 * Owns: the default, and nothing else. Must not know: any host. A host's names are made of these, each by itself, so that
 * a bundle has only those that it uses.
 */
import type { Deferred } from '../defer/index.js'
import type { IReactorTime } from '../interfaces/index.js'
import type { CooperativeTask } from './cooperative-task.js'
import { coiterate, cooperate } from './cooperator.js'
import { react } from './react.js'
import type { Reactor } from './reactor.js'

/**
 * Calls `main`, runs the reactor until what it returned has fired, and ends the program with its status, where a program
 * can be ended.
 *
 * @param argv further arguments for main: those of the command line, if they are passed here
 * @param on what is run; the host's reactor if not given
 * @returns fires with the status: 0, or what a failure stands for
 * @example
 * react((reactor, host) => clientFromString(reactor, `tcp:${host}:80`).connect(factory), process.argv.slice(2))
 */
export type React = (
  main: (reactor: Reactor, ...argv: string[]) => unknown, argv?: readonly string[], on?: Reactor) => Promise<number>

/** Runs an iterator beside others, on the cooperator of the host's reactor, or of a clock that is given. */
export type Cooperate = (iterator: Iterator<unknown> | Iterable<unknown>, clock?: IReactorTime) => CooperativeTask

/** As {@link Cooperate}, and gives the Deferred of the iterator's end. */
export type Coiterate = (
  iterator: Iterator<unknown> | Iterable<unknown>, clock?: IReactorTime) => Deferred<Iterator<unknown>>

/** `react` of a host. @internal */
export function reactWith(reactor: Reactor): React {
  return (main, argv = [], on = reactor) => react(main, argv, on)
}

/** `cooperate` of a host. @internal */
export function cooperateWith(reactor: Reactor): Cooperate {
  return (iterator, clock = reactor) => cooperate(iterator, clock)
}

/** `coiterate` of a host. @internal */
export function coiterateWith(reactor: Reactor): Coiterate {
  return (iterator, clock = reactor) => coiterate(iterator, clock)
}
