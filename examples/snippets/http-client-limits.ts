/** Deadlines, giving up, and what went wrong, as the guide to the HTTP client shows them. */
import { CancelledError, ConnectError } from 'whorl'
import type { Failure } from 'whorl'
import type { Reactor } from 'whorl/node'
import { Agent, RequestTimeoutError, ResponseFailed, ResponseNeverReceived } from 'whorl/http'

/** An agent that does not wait for long, and takes no more than it can use. */
export function hasty(reactor: Reactor): Agent {
  return new Agent(reactor, {
    timeouts: { connect: 2_000, tls: 2_000, send: 5_000, response: 5_000, body: 5_000, total: 20_000 },
    limits: { headerBytes: 8_192, bodyBytes: 100_000 },
  })
}

/** The answer of whichever server is first; the others are told that nobody wants theirs. */
export async function fastest(agent: Agent, urls: string[]): Promise<string> {
  const controller = new AbortController()
  const { signal } = controller
  try {
    return await Promise.any(urls.map((url) =>
      agent.request('GET', url, { signal }).addCallback((response) => response.text()).asPromise()))
  } finally {
    controller.abort()
  }
}

/** What a failure means for whoever asked. */
export function explain(reason: Failure): string {
  const { value } = reason
  if (value instanceof CancelledError) return 'given up'
  if (value instanceof RequestTimeoutError) return `too slow: ${value.phase}`
  if (value instanceof ConnectError) return 'nothing was sent'
  if (value instanceof ResponseNeverReceived) return 'perhaps it was done, perhaps not'
  if (value instanceof ResponseFailed) return 'it began to answer'
  return value.message
}
