import { expect, it } from 'vitest'
import { BUILDS } from '../unit/core/support/builds.js'
import { withSmallCore } from '../unit/core/support/small-memory.js'

// When the core had no room for the inbox, up to 512 events that push had taken were forgotten.
it.each(BUILDS)('a push that is refused forgets no event that was taken (%s)', (build) => {
  withSmallCore(build, 9, (core) => {
    const queue = core.createQueue()
    let taken = 0
    expect(() => {
      for (;;) {
        queue.push(taken, 2)
        taken++
      }
    }).toThrow('cannot grow')
    expect(queue.size).toBe(taken)
    const ids: number[] = []
    while (queue.size > 0) queue.drain(5000, (id) => void ids.push(id))
    expect(ids).toEqual(Array.from({ length: taken }, (_, i) => i))
  })
})
