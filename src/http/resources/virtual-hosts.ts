/**
 * VirtualHosts: a tree for each name by which a site is asked for.
 *
 * Owns: the names. Must not know: the trees. Source: twisted.web.vhost.NameVirtualHost; RFC 9110, 7.2, 7.4 and 15.5.20.
 */
import type { ServerRequest } from '../server/request.js'
import { ErrorPage, Resource } from './resource.js'

/**
 * Chooses by the field Host, or by the authority of an absolute target.
 *
 * @example
 * new VirtualHosts({ 'example.com': new File('/srv/www') }, new ErrorPage(421))
 */
export class VirtualHosts extends Resource {
  /** Who answers for names that nobody has added; 421 (Misdirected Request) if not set. */
  default: Resource
  readonly #hosts = new Map<string, Resource>()

  constructor(hosts: Readonly<Record<string, Resource>> = {}, fallback: Resource = new ErrorPage(421)) {
    super()
    this.default = fallback
    for (const [name, resource] of Object.entries(hosts)) this.addHost(name, resource)
  }

  /** @param name without a port, in any case @throws TypeError for what is no name */
  addHost(name: string, resource: Resource): this {
    if (typeof name !== 'string' || !/^(?:[^\s/?#@:[\]]+|\[[\da-f:.]+\])$/i.test(name)) {
      throw new TypeError(`${JSON.stringify(name)} is no name of a host`)
    }
    this.#hosts.set(plainName(name), resource)
    return this
  }

  removeHost(name: string): void {
    this.#hosts.delete(plainName(name))
  }

  /** The walk goes on in the tree of the host, as if it had begun there. */
  override getChildWithDefault(segment: string, request: ServerRequest): Resource {
    request.prepath = request.prepath.slice(0, -1)
    request.postpath = [segment, ...request.postpath]
    const { host } = request
    return (host === null ? undefined : this.#hosts.get(plainName(host))) ?? this.default
  }
}

/** Without a port, and without the dot of a name that is absolute. */
function plainName(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
}
