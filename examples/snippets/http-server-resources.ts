/** A tree of resources, as the guide to HTTP servers shows it. */
import { Compressed, Data, File, Redirect, Resource, ReverseProxy, VirtualHosts } from 'whorl/http'
import type { ServerRequest } from 'whorl/http'

/** One page for each person, made when it is asked for. */
class People extends Resource {
  override getChild(name: string): Resource {
    return new Person(name)
  }
}

class Person extends Resource {
  override isLeaf = true
  readonly #name: string

  constructor(name: string) {
    super()
    this.#name = name
  }

  render_GET(request: ServerRequest): string {
    return `${this.#name} at ${request.postpath.join(', ')}\n`
  }

  render_POST(request: ServerRequest): unknown {
    return request.text().addCallback((text: string) => `${this.#name} says ${text}\n`)
  }
}

/** @param folder of the files @param application the URL of a server that answers for a part */
export function tree(folder: string, application: string): Resource {
  const files = new File(folder, { listing: true, precompressed: true, cacheControl: 'max-age=60' })
  const site = new Resource()
    .putChild('', new Redirect('/static/', 307))
    .putChild('static', files)
    .putChild('people', new People())
    .putChild('app', new ReverseProxy(application))
    .putChild('robots.txt', new Data('User-agent: *\nDisallow: /people/\n'))
  return new Compressed(new VirtualHosts({
    'www.example.test': site, 'example.test': new Redirect('http://www.example.test/', 301),
  }))
}
