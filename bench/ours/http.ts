/**
 * Our side of the HTTP parsing subject: the core's parser with a handler.
 */
import { nodeCore } from '../../bindings/node/index.js'
import type { HTTPHandler } from '../../src/core/index.js'
import type { Parse, Reading, Take } from '../rivals/http-parsers.js'

export function coreParser(take: Take, reading: Reading): Parse {
  const handlers: Record<Reading, HTTPHandler> = {
    none: { head: () => take.nothing() },
    three: {
      head: (head) => {
        const { fields } = head
        take.request(head.method, head.target, [
          'host', fields.get('host') ?? '', 'user-agent', fields.get('user-agent') ?? '',
          'accept', fields.get('accept') ?? '',
        ])
      },
    },
    all: {
      head: (head) => {
        const { fields } = head
        const { count } = fields
        const list: string[] = []
        for (let i = 0; i < count; i++) list.push(fields.name(i), fields.value(i))
        take.request(head.method, head.target, list)
      },
    },
  }
  const parser = nodeCore().httpParser({ mode: 'request', handler: handlers[reading] })
  return (chunk) => parser.receive(chunk)
}
