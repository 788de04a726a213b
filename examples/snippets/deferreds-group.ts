/** A task group, and a lock, as the guide shows them. */
import { DeferredLock, taskGroup } from 'whorl'
import type { Deferred } from 'whorl'

export function copyAll(names: string[], copy: (name: string) => Deferred<number>): Deferred<number> {
  let total = 0
  return taskGroup((group) => {
    for (const name of names) group.start(copy, name).addCallback((size) => void (total += size))
  }).addCallback(() => total)
}

const lock = new DeferredLock()

export function oneAtATime<T>(write: () => Deferred<T>): Deferred<T> {
  return lock.run(write)
}
