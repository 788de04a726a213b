/**
 * Several Deferreds as one: all of them, all values, or the first.
 *
 * Owns: DeferredList, gatherResults, race. Must not know: the inside of a run; it is a receiver in each child.
 * Source: `twisted.internet.defer.DeferredList`, `gatherResults`, `race`; SEMANTICS D31 to D35.
 */
import { FailureGroup, FirstError } from '../errors/defer.js'
import { cancelParts, CancelRound } from './cancel.js'
import { Deferred } from './deferred.js'
import { addReceiver, fireFrom, isThenable, takeResult } from './run.js'
import { describe } from './describe.js'
import { Failure } from './failure.js'
import { fail } from './make.js'
import type { Receiver, Runnable, Settled, Waiter, Work } from './types.js'

/** When a {@link DeferredList} fires, and what becomes of its children's failures. */
export interface DeferredListOptions {
  /** Fire with `[value, index]` at the first success. */
  fireOnOneCallback?: boolean
  /** Fail with FirstError at the first failure. */
  fireOnOneErrback?: boolean
  /** Take the failures from the children, which go on with undefined; otherwise each is still theirs to handle. */
  consumeErrors?: boolean
}

/** What became of one child. */
export type Outcome<V> = [success: true, value: V] | [success: false, failure: Failure]

/** The outcomes of a list of Deferreds, place by place. */
export type Outcomes<L extends readonly unknown[]> = { -readonly [K in keyof L]: Outcome<Settled<L[K]>> }

/** The values of a list of Deferreds, place by place. */
export type Values<L extends readonly unknown[]> = { -readonly [K in keyof L]: Settled<L[K]> }

/** What a DeferredList with options `O` fires with. */
export type ListResult<L extends readonly unknown[], O extends DeferredListOptions> =
  O['fireOnOneCallback'] extends false | undefined
    ? Outcomes<L>
    : unknown extends O['fireOnOneCallback']
      ? Outcomes<L>
      : Outcomes<L> | [value: Settled<L[number]>, index: number]

/**
 * Fires when all its children have, with `[success, value or Failure]` for each, in the order of the list.
 *
 * Cancelling it cancels every child.
 */
export class DeferredList<L extends readonly unknown[], O extends DeferredListOptions = {}> extends Deferred<
  ListResult<L, O>
> {
  /**
   * @param list Deferreds or promises; changing it later changes nothing
   * @throws TypeError if one is neither
   */
  constructor(list: readonly [...L], options?: O) {
    const children = adopt(list)
    super()
    gather(this, children, options ?? {}, false)
  }
}

/** The values of all, or FirstError at the first failure. Cancelling it cancels every one. */
export function gatherResults<L extends readonly unknown[]>(
  list: readonly [...L],
  options?: { consumeErrors?: boolean },
): Deferred<Values<L>> {
  const children = adopt(list)
  const all = new Deferred<any>()
  gather(all, children, { fireOnOneErrback: true, consumeErrors: options?.consumeErrors }, true)
  return all
}

/**
 * `[index, value]` of the first that succeeds; the others are cancelled, and their results dropped. FailureGroup, in
 * the order of the list, if all fail. Cancelling it cancels every one.
 */
export function race<L extends readonly unknown[]>(
  list: readonly [...L],
): Deferred<[index: number, value: Settled<L[number]>]> {
  const children = adopt(list)
  if (children.length === 0) return fail(new FailureGroup([]))
  const first = new Deferred<any>()
  // One that is there twice has one result: taken in its first place, it would be undefined, a success, in the next.
  const places = new Map<Deferred<any>, number>()
  for (const [index, child] of children.entries()) if (!places.has(child)) places.set(child, index)
  const running = new Race(first, children, places)
  first._canceller = running
  for (const [child, index] of places) addReceiver(child, new RacePlace(running, index))
  return first
}

function gather(
  list: Deferred<any>, children: readonly Deferred<any>[], options: DeferredListOptions, wantsValues: boolean): void {
  const { length } = children
  if (length === 0) return list.callback([])
  const gathering = new Gathering(list, children, options, wantsValues)
  list._canceller = gathering
  for (let index = 0; index < length; index++) addReceiver(children[index], new ListPlace(gathering, index))
}

/** What the children of one list have come to so far. */
class Gathering implements Waiter {
  /** Never set: to cancel the list is to cancel its children. */
  readonly waitingFor = undefined
  readonly #list: Deferred<any>
  readonly #children: readonly Deferred<any>[]
  readonly #options: DeferredListOptions
  /** Whether there is a place only for the values. */
  readonly #wantsValues: boolean
  readonly #outcomes: unknown[]
  #missing: number

  constructor(
    list: Deferred<any>, children: readonly Deferred<any>[], options: DeferredListOptions, wantsValues: boolean) {
    this.#list = list
    this.#children = children
    this.#options = options
    this.#wantsValues = wantsValues
    this.#outcomes = new Array(children.length)
    this.#missing = children.length
  }

  cancelAtWork(): Work {
    return cancelParts(this.#list, this.#children)
  }

  /** One child has its result. */
  settle(index: number, child: Deferred<any>, failing: boolean): Deferred<any> | undefined {
    const { fireOnOneCallback, fireOnOneErrback, consumeErrors } = this.#options
    const result = failing && consumeErrors === true ? takeResult(child) : child.result
    this.#outcomes[index] = this.#wantsValues ? result : [!failing, result]
    this.#missing--
    if (this.#list.called) return undefined
    if (!failing && fireOnOneCallback === true) return fireFrom(this.#list, [result, index], child)
    if (failing && fireOnOneErrback === true) {
      return fireFrom(this.#list, new Failure(new FirstError(index, result as Failure)), child)
    }
    return this.#missing === 0 ? fireFrom(this.#list, this.#outcomes, child) : undefined
  }
}

class ListPlace implements Receiver {
  /** See the one of Deferred. */
  static readonly #kept = new ListPlace(new Gathering(new Deferred<any>(), [], {}, false), 0)

  readonly gathering: Gathering
  readonly index: number

  constructor(gathering: Gathering, index: number) {
    this.gathering = gathering
    this.index = index
  }

  receive(source: Deferred<any>, failing: boolean): Deferred<any> | undefined {
    return this.gathering.settle(this.index, source, failing)
  }
}

/** How one race stands. */
class Race implements Waiter {
  /** Never set: to cancel the race is to cancel its children. */
  readonly waitingFor = undefined
  readonly #first: Deferred<any>
  readonly #children: readonly Deferred<any>[]
  /** The first place of each. */
  readonly #places: ReadonlyMap<Deferred<any>, number>
  readonly #failures: Failure[]
  #missing: number
  #isWon = false

  constructor(
    first: Deferred<any>, children: readonly Deferred<any>[], places: ReadonlyMap<Deferred<any>, number>) {
    this.#first = first
    this.#children = children
    this.#places = places
    this.#failures = new Array(children.length)
    this.#missing = places.size
  }

  cancelAtWork(): Work {
    return cancelParts(this.#first, this.#children)
  }

  /** One child has its result. */
  settle(index: number, child: Deferred<any>, failing: boolean): Runnable | undefined {
    const result = takeResult(child)
    if (this.#isWon) return undefined
    if (failing) {
      this.#failures[index] = result as Failure
      if (--this.#missing > 0 || this.#first.called) return undefined
      const failures = this.#children.map((one) => this.#failures[this.#places.get(one)!])
      return fireFrom(this.#first, new Failure(new FailureGroup(failures)), child)
    }
    this.#isWon = true
    return new CancelRound(this.#children, () =>
      this.#first.called ? undefined : fireFrom(this.#first, [index, result], child))
  }
}

class RacePlace implements Receiver {
  readonly race: Race
  readonly index: number

  constructor(running: Race, index: number) {
    this.race = running
    this.index = index
  }

  receive(source: Deferred<any>, failing: boolean): Runnable | undefined {
    return this.race.settle(this.index, source, failing)
  }
}

function adopt(list: Iterable<unknown>): Deferred<any>[] {
  const children: Deferred<any>[] = []
  for (const item of list) {
    if (item instanceof Deferred) children.push(item)
    else if (typeof item === 'object' && item !== null && isThenable(item)) children.push(Deferred.fromPromise(item))
    else throw new TypeError(`The list needs Deferreds or promises; at index ${children.length} is ${describe(item)}.`)
  }
  return children
}
