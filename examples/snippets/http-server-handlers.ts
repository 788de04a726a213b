/** Handlers, as the guide to HTTP servers shows them. */
import { reactor } from 'whorl'
import type { Deferred, IListeningPort, IReactorTime } from 'whorl'
import { HTTPError, serve } from 'whorl/http'
import type { RequestHandler, ServerRequest, ServerResponse } from 'whorl/http'

/** What is given back is the answer: text, bytes, something that gives them piece by piece, or an object. */
export const hello: RequestHandler = (request) => `Hello, ${request.query.get('name') ?? 'world'}\n`

/** So is what a Deferred or a promise fires with. */
export const upload: RequestHandler = async (request) => {
  if (request.method !== 'POST') throw new HTTPError(405, 'Only POST.')
  const bytes = await request.read(10_000_000)
  return { status: 201, headers: { 'Content-Type': 'text/plain' }, body: `${bytes.length} bytes\n` }
}

/** A handler that gives nothing back writes its answer itself, now or later. */
export function clock(request: ServerRequest, response: ServerResponse): void {
  const timer: IReactorTime = request.reactor
  response.headers.set('Content-Type', 'text/event-stream')
  const tick = (count: number): void => {
    if (response.isEnded) return
    void response.write(`data: ${count}\n\n`)
    if (count === 3) response.end()
    else timer.callLater(10, tick, count + 1)
  }
  tick(1)
}

/** Piece by piece, no faster than the client takes it. */
export const numbers: RequestHandler = () => ({
  headers: { 'Content-Type': 'text/plain' },
  body: (function* () {
    for (let number = 0; number < 100_000; number++) yield `${number}\n`
  })(),
})

export function start(endpoint: string, on = reactor): Deferred<IListeningPort> {
  const pages: Record<string, RequestHandler> = {
    '/hello': hello, '/upload': upload, '/clock': clock, '/numbers': numbers,
  }
  return serve(on, endpoint, (request, response) => {
    const page = Object.hasOwn(pages, request.path) ? pages[request.path]! : null
    if (page === null) throw new HTTPError(404, 'There is nothing here.')
    return page(request, response)
  }, { limits: { bodyBytes: 10_000_000 }, timeouts: { idle: 30_000 } })
}
