/** Requests, as the guide to the HTTP client shows them. */
import type { Reactor } from 'whorl/node'
import { Agent, HTTPConnectionPool } from 'whorl/http'

/** Asks one question after the other, on one connection. */
export async function askAll(reactor: Reactor, urls: string[]): Promise<unknown[]> {
  const pool = new HTTPConnectionPool(reactor)
  const agent = new Agent(reactor, { pool })
  const answers: unknown[] = []
  for (const url of urls) {
    const response = await agent.request('GET', url, { headers: { Accept: 'application/json' } })
    if (response.ok) {
      answers.push(await response.json())
    } else {
      answers.push(`${response.status} ${response.reason}`)
      response.discard()
    }
  }
  await pool.closeCachedConnections()
  return answers
}
