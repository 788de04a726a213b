export function makePatch(from: Uint8Array, to: Uint8Array): Uint8Array
