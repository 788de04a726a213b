/**
 * Our handlers of the HTTP parsing subject: the same on Node and in a page.
 */
import type { HTTPHandler } from '../../src/core/index.js'
import type { Reading, Take } from '../rivals/driven.js'

export function httpHandler(take: Take, reading: Reading): HTTPHandler {
  if (reading === 'none') return { head: () => take.nothing() }
  if (reading === 'three') {
    return {
      head: (head) => {
        const { fields } = head
        take.request(head.method, head.target, [
          'host', fields.get('host') ?? '', 'user-agent', fields.get('user-agent') ?? '',
          'accept', fields.get('accept') ?? '',
        ])
      },
    }
  }
  return {
    head: (head) => {
      const { fields } = head
      const { count } = fields
      const list: string[] = []
      for (let i = 0; i < count; i++) list.push(fields.name(i), fields.value(i))
      take.request(head.method, head.target, list)
    },
  }
}
