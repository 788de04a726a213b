/**
 * Whatever a server sends behind a response, or instead of one, is never taken for the answer to the next request: the
 * connection is not kept, wherever the bytes are cut.
 */
import { expect, it } from 'vitest'
import { ResponseFailed } from '../../src/errors/index.js'
import type { ClientResponse } from '../../src/http/client/index.js'
import { Lab, outcome } from '../unit/http/client-lab.js'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

it.each<[title: string, method: string, status: number | null, answer: string]>([
  ['204 with a body', 'GET', 204, 'HTTP/1.1 204 None\r\n\r\nevil'],
  ['304 with the body that it announces', 'GET', 304, 'HTTP/1.1 304 Same\r\nContent-Length: 4\r\n\r\nevil'],
  ['an answer to HEAD with a body', 'HEAD', 200, 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'],
  ['an answer to HEAD with chunks', 'HEAD', 200,
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n'],
  ['both lengths', 'GET', null,
    'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'],
  ['two lengths', 'GET', null, 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nevil!'],
  ['a length below zero', 'GET', null, 'HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\nevil'],
  ['chunks of HTTP/1.0', 'GET', null,
    'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['another coding', 'GET', null, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nevil'],
  ['101 that nobody asked for', 'GET', null, `HTTP/1.1 101 Switching\r\n\r\n${OK}`],
  ['an empty line behind it', 'GET', 200, `${OK}\r\n`],
  ['103 behind it', 'GET', 200, `${OK}HTTP/1.1 103 Early Hints\r\n\r\n`],
  ['another response behind it', 'GET', 200, OK + OK],
  ['a status that is none', 'GET', null, 'HTTP/1.1 099 None\r\n\r\n'],
])('%s', (_title, method, status, answer) => {
  for (let cut = 1; cut <= answer.length; cut++) {
    const lab = new Lab()
    const got = outcome<ClientResponse>(lab.agent.request(method, 'http://example.com/'))
    const server = lab.accept()
    server.say(answer.slice(0, cut))
    if (cut < answer.length) server.say(answer.slice(cut))
    const found = got.value?.status ?? (got.error instanceof ResponseFailed ? null : got.error)
    expect([cut, found, server.transport.disconnecting, lab.pool.counts.idle]).toEqual([cut, status, true, 0])
  }
})
