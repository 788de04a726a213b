/** Sections 9, 10, 12 and 13 of the Autobahn list at full size: messages of 16 MiB, and a thousand of each, a hundred of
 * those above 8 KiB. */
import { describe, it } from 'vitest'
import { limits } from '../unit/websocket/autobahn-cases.js'
import { deflateCases, runDeflateCase } from '../unit/websocket/autobahn-deflate.js'
import { runCase } from '../unit/websocket/autobahn-run.js'

describe.each(['server', 'client'] as const)('our %s', (side) => {
  it.each(limits(1).map((one) => [one.id, one.title, one] as const))('%s %s', (_id, _title, one) => {
    runCase(one, side)
  })

  it.each(deflateCases(Infinity, (size) => size > 8192 ? 100 : 1000).map((one) => [one.id, one.title, one] as const))('%s %s', async (_id, _title, one) => {
    await runDeflateCase(one, side)
  })
})
