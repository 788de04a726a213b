/**
 * Data, Redirect: resources that always answer the same.
 *
 * Owns: the answer. Must not know: where in a tree they are.
 * Source: twisted.web.static.Data, twisted.web.util.Redirect.
 */
import type { ServerRequest } from '../server/request.js'
import type { ServerResponse } from '../server/response.js'
import { redirectPage } from './pages.js'
import { Resource } from './resource.js'

/** Answers with bytes, or text. */
export class Data extends Resource {
  override isLeaf = true
  readonly #data: Uint8Array | string
  readonly #type: string

  /** @param type the media type, with its parameters; `text/plain; charset=utf-8` for text if not given */
  constructor(data: Uint8Array | string, type?: string) {
    super()
    this.#data = data
    this.#type = type ?? (typeof data === 'string' ? 'text/plain; charset=utf-8' : 'application/octet-stream')
  }

  render_GET(_request: ServerRequest, response: ServerResponse): void {
    response.headers.set('Content-Type', this.#type)
    response.end(this.#data)
  }
}

/** How a redirect is meant: for good (301, 308), for now (302, 307), or to the answer to a POST (303). */
export type RedirectStatus = 301 | 302 | 303 | 307 | 308

const STATUSES: readonly number[] = [301, 302, 303, 307, 308]

/** Says where something else is, whatever is asked for. */
export class Redirect extends Resource {
  override isLeaf = true
  readonly #location: string
  readonly #status: number

  /** @param location a URL, or a reference that is relative to the request's own */
  constructor(location: string, status: RedirectStatus = 302) {
    super()
    if (typeof location !== 'string' || /[\r\n\0]/.test(location)) throw new TypeError('a location is a URL')
    if (!STATUSES.includes(status)) throw new RangeError(`a redirect's status is one of ${STATUSES.join(', ')}`)
    this.#location = location
    this.#status = status
  }

  override render(_request: ServerRequest, response: ServerResponse): void {
    redirectPage(response, this.#status, this.#location)
  }
}
