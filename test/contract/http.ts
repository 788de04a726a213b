/**
 * HTTP: the client against the lab's node:http server, and client and server over each way that listens.
 *
 * Source: RFC 9110, RFC 9112; test/unit/http and test/interop have the cases of the protocol itself.
 */
import { CancelledError } from 'whorl'
import { Agent, HTTPConnectionPool, RedirectAgent, RequestTimeoutError, serve } from 'whorl/http'
import type { RequestHandler } from 'whorl/http'
import { equal, equalBytes, ok, pattern, rejects, until } from './checks.js'
import type { CaseContext, ContractSuite } from './contract.js'
import { logOf } from './recorder.js'
import { portOf } from './peers.js'

const MIB = 1_048_576

/** An agent whose connections go to the lab, however this host reaches it. */
function agentFor(context: CaseContext, pool?: HTTPConnectionPool): Agent {
  const { reactor, host } = context
  return new Agent(reactor, {
    endpointFor: () => host.reach!(reactor, host.lab.httpPort), ...pool === undefined ? {} : { pool },
  })
}

function url(context: CaseContext, path: string): string {
  return `http://${context.host.lab.host}:${context.host.lab.httpPort}${path}`
}

export const http: ContractSuite = {
  name: 'http',
  cases: [
    {
      name: 'GET and HEAD',
      reaches: true,
      async run(context) {
        const agent = agentFor(context)
        const response = await agent.request('GET', url(context, '/hello'))
        equal([response.status, response.headers.get('content-type')], [200, 'text/plain'])
        equal(await response.text(), 'hello from the lab\n')
        const head = await agent.request('HEAD', url(context, '/hello'))
        equal([head.headers.get('content-length'), await head.text()], ['19', ''])
      },
    },
    {
      name: 'POST: a body there and back, of known length and in chunks',
      reaches: true,
      async run(context) {
        const agent = agentFor(context)
        const known = await agent.request('POST', url(context, '/echo'), { body: pattern(200_000) })
        equalBytes(await known.read(), pattern(200_000))
        async function* pieces(): AsyncGenerator<Uint8Array> {
          for (let i = 0; i < 20; i++) {
            await context.reactor.deferLater(0)
            yield pattern(1000, i * 1000)
          }
        }
        const chunked = await agent.request('POST', url(context, '/echo'), { body: pieces() })
        equalBytes(await chunked.read(), pattern(20_000))
      },
    },
    {
      name: '1 MiB in chunks',
      reaches: true,
      async run(context) {
        const response = await agentFor(context).request('GET', url(context, '/large'))
        equalBytes(await response.read(), pattern(MIB))
      },
    },
    {
      name: 'fields that are sent arrive; a status that is none of 2xx is told as it is',
      reaches: true,
      async run(context) {
        const agent = agentFor(context)
        const response = await agent.request('GET', url(context, '/headers'), { headers: { 'X-Mine': 'one' } })
        equal((JSON.parse(await response.text()) as Record<string, string>)['x-mine'], 'one')
        const missing = await agent.request('GET', url(context, '/nowhere'))
        equal([missing.status, await missing.text()], [404, ''])
      },
    },
    {
      name: 'a pool uses one connection again and again',
      reaches: true,
      async run(context) {
        const pool = new HTTPConnectionPool(context.reactor)
        context.cleanup(() => pool.closeCachedConnections())
        const agent = agentFor(context, pool)
        for (let i = 0; i < 5; i++) await (await agent.request('GET', url(context, '/hello'))).text()
        equal(context.reactor.openTransports().length, 1, 'open connections')
      },
    },
    {
      name: 'follows a redirect',
      reaches: true,
      async run(context) {
        const response = await new RedirectAgent(agentFor(context)).request('GET', url(context, '/redirect'))
        equal(await response.text(), 'hello from the lab\n')
      },
    },
    {
      name: 'a body that does not end: cancelled, or over its time',
      reaches: true,
      async run(context) {
        const agent = agentFor(context)
        const slow = await agent.request('GET', url(context, '/slow'))
        const reading = slow.read()
        context.reactor.callLater(20, () => reading.cancel())
        await rejects(reading, CancelledError)
        await rejects(agent.request('GET', url(context, '/slow'), { timeout: 100 })
          .addCallback((response) => response.read()), Error)
        await until(context.reactor, () => context.reactor.openTransports().length === 0)
      },
    },
  ],
}

/** A server of whorl on the case's way, and how it is asked. */
async function site(context: CaseContext, handler: RequestHandler): Promise<(path: string, body?: Uint8Array) => ReturnType<Agent['request']>> {
  const server = context.way.server!(context.reactor)
  const port = await serve(context.reactor, server.endpoint, handler)
  context.cleanup(() => port.stopListening())
  const pool = new HTTPConnectionPool(context.reactor)
  context.cleanup(() => pool.closeCachedConnections())
  const agent = new Agent(context.reactor, { pool, endpointFor: () => server.client(portOf(port)) })
  return (path, body) => agent.request(body === undefined ? 'GET' : 'POST', `http://localhost${path}`,
    body === undefined ? {} : { body })
}

export const httpServer: ContractSuite = {
  name: 'http-server',
  perWay: true,
  cases: [
    {
      name: 'answers 100 requests, ten at a time',
      listens: true,
      async run(context) {
        const ask = await site(context, (request) => ({ body: `you asked for ${request.path}` }))
        for (let round = 0; round < 10; round++) {
          const texts = await Promise.all(Array.from({ length: 10 }, async (_, i) =>
            (await ask(`/${round}/${i}`)).text()))
          equal(texts, Array.from({ length: 10 }, (_, i) => `you asked for /${round}/${i}`))
        }
      },
    },
    {
      name: 'takes and gives 1 MiB',
      listens: true,
      async run(context) {
        const ask = await site(context, async (request) => ({ body: await request.read(2 * MIB) }))
        equalBytes(await (await ask('/', pattern(MIB))).read(), pattern(MIB))
      },
    },
    {
      name: 'a response in pieces, with pauses between',
      listens: true,
      async run(context) {
        const ask = await site(context, async (_request, response) => {
          for (let i = 0; i < 5; i++) {
            await response.write(`piece ${i} `)
            await context.reactor.deferLater(1)
          }
          response.end('end')
        })
        equal(await (await ask('/')).text(), 'piece 0 piece 1 piece 2 piece 3 piece 4 end')
      },
    },
    {
      name: 'a handler that throws is a 500, and is logged',
      listens: true,
      async run(context) {
        const log = logOf(context)
        const planted = new Error('planted')
        const ask = await site(context, () => {
          throw planted
        })
        const response = await ask('/')
        equal(response.status, 500)
        await response.read()
        ok(log.some((event) => event.failure?.value === planted), 'it was logged')
      },
    },
    {
      name: 'a request that nobody answers in time: RequestTimeoutError',
      listens: true,
      async run(context) {
        const server = context.way.server!(context.reactor)
        const port = await serve(context.reactor, server.endpoint, () => context.reactor.deferLater(10_000))
        context.cleanup(() => port.drain(1))
        const agent = new Agent(context.reactor, { endpointFor: () => server.client(portOf(port)) })
        await rejects(agent.request('GET', 'http://localhost/', { timeout: 100 }), RequestTimeoutError)
      },
    },
  ],
}
