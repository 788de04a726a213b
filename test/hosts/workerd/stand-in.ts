/**
 * Stands for what only workerd has, so that the modules of its binding can be imported elsewhere: to see that this has
 * no effect.
 */

/** In the place of core.wasm: the package's own copy is used. */
export default undefined

/** Of cloudflare:sockets. */
export function connect(): never {
  throw new Error('this is not workerd')
}

/** Of cloudflare:workers. */
export class DurableObject {}
