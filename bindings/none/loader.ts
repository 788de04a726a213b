/**
 * Stands in for @assemblyscript/loader in dist/none.js: that one dies where TextDecoder is missing, and refuses a
 * module of another realm. Owns: the one call that is needed of it. Must not know: what the instance is.
 */

/** An instance of a module that imports nothing. */
export function instantiateSync(module: WebAssembly.Module, imports: WebAssembly.Imports): {
  instance: WebAssembly.Instance
} {
  return { instance: new WebAssembly.Instance(module, imports) }
}
