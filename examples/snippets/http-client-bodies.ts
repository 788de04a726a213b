/** Bodies that come and go piece by piece, as the guide to the HTTP client shows them. */
import type { IAgent } from 'whorl/http'

/** Sends the lines as they are made, and gives the answer's lines as they come. */
export async function* translate(agent: IAgent, url: string, lines: AsyncIterable<string>): AsyncGenerator<string> {
  const body = async function* (): AsyncGenerator<string> {
    for await (const line of lines) yield `${line}\n`
  }
  const response = await agent.request('POST', url, { body: body(), headers: { 'Content-Type': 'text/plain' } })
  const decoder = new TextDecoder()
  let rest = ''
  for await (const piece of response) {
    const parts = (rest + decoder.decode(piece, { stream: true })).split('\n')
    rest = parts.pop()!
    yield* parts
  }
}

/** Asks first, and sends the body only if the server wants it. */
export async function upload(agent: IAgent, url: string, body: Uint8Array): Promise<number> {
  const response = await agent.request('PUT', url, { body, expectContinue: true })
  response.discard()
  return response.status
}
