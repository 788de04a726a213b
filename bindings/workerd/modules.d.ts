/**
 * Modules that are no files of the project: what workerd gives, and the core, which lies beside the bundle.
 *
 * Owns: the types of just what is used.
 */
declare module 'cloudflare:sockets' {
  export const connect: import('./api.js').ConnectSocket
}

declare module 'cloudflare:workers' {
  type DurableObjectState = import('./api.js').DurableObjectState
  export class DurableObject<Env = unknown> {
    protected readonly ctx: DurableObjectState
    protected readonly env: Env
    constructor(ctx: DurableObjectState, env: Env)
  }
}

declare module '*/core.wasm' {
  const module: WebAssembly.Module
  export { module as default }
}
