import { expect, it } from 'vitest'
import { CoreError } from '../../src/core/index.js'
import { BUILDS, coreOf } from '../unit/core/support/builds.js'

// What the rest of a drain that an error had left pushed ran in that same drain; and after free that rest still ran.
it.each(BUILDS)('the rest of a drain that an error left is a drain like any other (%s)', (build) => {
  const queue = coreOf(build).createQueue()
  for (let i = 0; i < 3; i++) queue.push(i)
  const stop = (): never => {
    throw new Error('stop')
  }
  expect(() => queue.drain(9, stop)).toThrow('stop')
  const ids: number[] = []
  queue.drain(9, (id) => {
    ids.push(id)
    queue.push(10 + id)
  })
  expect(ids).toEqual([1, 2])
  expect(() => queue.drain(9, stop)).toThrow('stop')
  queue.free()
  expect(() => queue.drain(9, (id) => void ids.push(id))).toThrow(CoreError)
  expect(ids).toEqual([1, 2])
})
