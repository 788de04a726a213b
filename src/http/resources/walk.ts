/**
 * The walk from the root of a tree of resources to the one that answers.
 *
 * Owns: the path's way into segments, and `prepath` and `postpath` of the request. Must not know: what resources do.
 * Source: twisted.web.resource.getChildForRequest.
 */
import { Deferred, ensureDeferred } from '../../defer/index.js'
import type { HandlerResult } from '../server/handler.js'
import type { ServerRequest } from '../server/request.js'
import type { ServerResponse } from '../server/response.js'
import { errorPage } from './pages.js'
import { splitPath } from './paths.js'
import type { Resource, ResourceAnswer } from './resource.js'

/** Whose path is no percent-encoding of UTF-8: only for resources that take it as it was sent. */
const malformed = /* @__PURE__ */ new WeakSet<ServerRequest>()

/** Answers a request with a tree. */
export function renderTree(root: Resource, request: ServerRequest, response: ServerResponse): HandlerResult {
  let segments = splitPath(request.rawPath)
  if (segments === null) {
    malformed.add(request)
    segments = splitPath(request.rawPath, true) as string[]
  }
  request.prepath = []
  request.postpath = segments
  return renderResource(root, request, response)
}

/** Answers with what the rest of a request's path leads to. */
export function renderResource(from: Resource, request: ServerRequest, response: ServerResponse): HandlerResult {
  const found = findResource(from, request)
  if (!isThenable(found)) return renderFound(found, request, response)
  return ensureDeferred(found).addCallback((resource: Resource) => renderFound(resource, request, response) as never)
}

function renderFound(found: Resource, request: ServerRequest, response: ServerResponse): HandlerResult {
  if (malformed.has(request) && !found.takesRawPath) return errorPage(response, 400)
  return found.render(request, response)
}

/** The resource for what is left of a request's path, which it takes from there. */
export function findResource(from: Resource, request: ServerRequest): ResourceAnswer {
  let resource = from
  while (request.postpath.length > 0 && !resource.isLeaf) {
    const [segment, ...rest] = request.postpath as [string, ...string[]]
    // Nobody is asked for a child of a name that is none.
    if (malformed.has(request) && splitPath(segment) === null) return resource
    request.prepath = [...request.prepath, segment]
    request.postpath = rest
    const child = resource.getChildWithDefault(segment, request)
    if (isThenable(child)) {
      return ensureDeferred(child).addCallback((found: Resource) => findResource(found, request) as never) as
        Deferred<Resource>
    }
    resource = child
  }
  return resource
}

function isThenable(value: ResourceAnswer): value is Deferred<Resource> | PromiseLike<Resource> {
  return typeof (value as Partial<PromiseLike<Resource>>).then === 'function'
}
