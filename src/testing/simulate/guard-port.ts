/**
 * What keeps simulated code from reaching for the machine it really runs on.
 *
 * Owns: the shape only. src/ knows no ambient clock, so it cannot take one away either; a binding does that (on Node
 * bindings/node/simulation-guard.ts). Where there is no guard, simulations run without.
 */

import type { AmbientAccessError } from '../../errors/index.js'

/** Takes ambient clocks, timers, entropy and sockets away while a simulation runs. */
export interface GuardPort {
  /**
   * Whether each entry of a list names something that is guarded: one that does not, a slip of the pen, would allow
   * nothing, and nobody would know why.
   *
   * @throws RangeError that names the entry, and what is possible
   */
  check?(allow: readonly string[]): void
  /**
   * From now on, until the matching {@link end}, what is guarded throws an AmbientAccessError. Calls nest, and several
   * simulations may run in turns: each is known by the very function `who`.
   *
   * @param who name of the simulated host whose turn it is now; '' in none. Asked only when something is caught
   * @param allow what may be used all the same: names (`Date.now`, `setTimeout`, `node:crypto`) and groups (`clock`,
   *   `timers`, `entropy`, `sockets`, `processes`)
   * @param caught told of each error just before it is thrown, so that a run fails although a program swallowed it
   * @throws RangeError as `check` does
   */
  begin(who: () => string, allow: readonly string[], caught?: (error: AmbientAccessError) => void): void
  /** Ends what the call of `begin` with this `who` began; the latest one if not given. More calls do nothing. */
  end(who?: () => string): void
  /**
   * Keeps ready what {@link begin} needs, so that many short runs cost less. Nothing is forbidden by it.
   * @returns what ends it
   */
  hold?(): () => void
}
