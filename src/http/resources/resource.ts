/**
 * Resource: one place in a tree of places that a site answers for.
 *
 *   GET /a/b/c     root ─getChildWithDefault('a')─▶ … ─('b')─▶ … ─('c')─▶ render(request, response)
 *                  request.prepath  grows by what was taken, request.postpath is what is left; a leaf takes all of it
 *
 * Owns: the children, and which method answers which request. Must not know: connections, how the tree is walked.
 * Source: twisted.web.resource; the answers to other methods are those of RFC 9110, 9.1, 9.3.7 and 15.5.6.
 */
import type { Deferred } from '../../defer/index.js'
import type { HandlerResult, IRequestHandler, RequestHandler } from '../server/handler.js'
import type { ServerRequest } from '../server/request.js'
import type { ServerResponse } from '../server/response.js'
import { errorPage } from './pages.js'
import { renderTree } from './walk.js'

/** What `getChild` may return. */
export type ResourceAnswer = Resource | Deferred<Resource> | PromiseLike<Resource>

/** Answers one method: as a handler of a site does. */
export type RenderMethod = RequestHandler

const RENDER = 'render_'

/**
 * A place in the tree. Derive from it, and write `render_GET` and its like; each may do what a handler of a site may.
 *
 * @example
 * class Hello extends Resource {
 *   override isLeaf = true
 *   render_GET(): string {
 *     return 'hello'
 *   }
 * }
 * new Resource().putChild('hello', new Hello())
 */
export class Resource implements IRequestHandler {
  /** Whether the walk ends here, whatever is left of the path. */
  isLeaf = false
  /** Whether it needs no decoded path: others are not asked where that is no percent-encoding of UTF-8, but 400 is. */
  takesRawPath = false
  #children: Map<string, Resource> | null = null

  /** Those of `putChild`, by their segment. */
  get children(): ReadonlyMap<string, Resource> {
    return this.#children ??= new Map()
  }

  /**
   * Puts a resource below this one.
   * @param segment of the path, decoded; `''` is what a slash at the end of this one's path leads to
   * @returns this
   */
  putChild(segment: string, child: Resource): this {
    if (typeof segment !== 'string' || segment.includes('/')) {
      throw new TypeError(`${JSON.stringify(segment)} is no segment of a path`)
    }
    if (typeof child?.getChildWithDefault !== 'function') throw new TypeError('a child is a Resource')
    ;(this.#children ??= new Map()).set(segment, child)
    return this
  }

  /** Takes a child of `putChild` away again. */
  removeChild(segment: string): void {
    this.#children?.delete(segment)
  }

  /** A child that is made when it is asked for; there is none unless this is overridden. */
  getChild(_segment: string, _request: ServerRequest): ResourceAnswer {
    return new NoResource()
  }

  /** What the walk asks: a child of `putChild`, else `getChild`. */
  getChildWithDefault(segment: string, request: ServerRequest): ResourceAnswer {
    return this.#children?.get(segment) ?? this.getChild(segment, request)
  }

  /** Methods that have a `render_`, and what follows from them. */
  get allowedMethods(): string[] {
    const found = new Set<string>()
    for (let link: object = this; link !== Object.prototype && link !== null; link = Object.getPrototypeOf(link)) {
      for (const name of Object.getOwnPropertyNames(link)) {
        if (name.startsWith(RENDER)) found.add(name.slice(RENDER.length))
      }
    }
    if (found.has('GET')) found.add('HEAD')
    return [...found.add('OPTIONS')].sort()
  }

  /** Answers a request with the tree below this: what a site asks. */
  handleRequest(request: ServerRequest, response: ServerResponse): HandlerResult {
    return renderTree(this, request, response)
  }

  /** Answers a request that ends here, by the method of its name. */
  render(request: ServerRequest, response: ServerResponse): HandlerResult {
    const { method } = request
    const found = this.#method(method) ?? (method === 'HEAD' ? this.#method('GET') : null)
    if (found !== null) return found.call(this, request, response)
    response.headers.set('Allow', this.allowedMethods.join(', '))
    if (method !== 'OPTIONS') return errorPage(response, 405)
    response.status = 204
    response.end()
    return undefined
  }

  #method(name: string): RenderMethod | null {
    const found = (this as unknown as Record<string, unknown>)[RENDER + name]
    return typeof found === 'function' ? found as RenderMethod : null
  }
}

/** Answers everything with an error. */
export class ErrorPage extends Resource {
  readonly #status: number
  readonly #brief: string | undefined
  readonly #detail: string | undefined

  /**
   * @param brief the heading; the status' own phrase if not given
   * @param detail a sentence more
   */
  constructor(status: number, brief?: string, detail?: string) {
    super()
    this.#status = status
    this.#brief = brief
    this.#detail = detail
  }

  override getChild(): Resource {
    return this
  }

  override render(_request: ServerRequest, response: ServerResponse): HandlerResult {
    return errorPage(response, this.#status, this.#brief, this.#detail)
  }
}

/** Answers everything with 404. */
export class NoResource extends ErrorPage {
  constructor(detail = 'There is nothing at this address.') {
    super(404, undefined, detail)
  }
}
