/** An application of the Fetch Standard, as the guide to HTTP servers shows it. */
import { Site } from 'whorl/http'
import type { FetchEnvironment } from 'whorl/http'

/** What Hono calls `app.fetch`. */
export async function application(request: Request, { request: own }: FetchEnvironment): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (pathname === '/upper') return new Response((await request.text()).toUpperCase())
  if (pathname === '/peer') return Response.json(own.peer)
  return new Response('nothing here\n', { status: 404 })
}

export const site = (): Site => Site.fromFetch(application)
