/**
 * The version of the contract between core.wasm and its façade.
 * It changes with any change of an export's signature, a struct's layout or a record's meaning.
 */
export const ABI_VERSION = 3
