/**
 * Our side of the HTTP parsing subject: the core's parser with a handler.
 */
import { nodeCore } from '../../bindings/node/index.js'
import type { Parse, Reading, Take } from '../rivals/driven.js'
import { httpHandler } from './http-handler.js'

export function coreParser(take: Take, reading: Reading): Parse {
  const parser = nodeCore().httpParser({ mode: 'request', handler: httpHandler(take, reading) })
  return (chunk) => parser.receive(chunk)
}
