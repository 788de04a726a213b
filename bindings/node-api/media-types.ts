/**
 * Media types by the ends of names, on Node: those of the library `mime` where it is installed, else a short list.
 *
 * Owns: loading that library when a type is first asked for, and the list. Must not know: what a type is for.
 */

interface Library {
  default: { getType(path: string): string | null }
}

/** Not a literal: no bundler is to take a package with it that its user may not need. */
const LIBRARY: string = 'mime'

/** What a web site consists of as a rule; registered by IANA. */
const COMMON: Readonly<Record<string, string>> = {
  avif: 'image/avif', bin: 'application/octet-stream', bmp: 'image/bmp', css: 'text/css', csv: 'text/csv',
  gif: 'image/gif', gz: 'application/gzip', htm: 'text/html', html: 'text/html', ico: 'image/vnd.microsoft.icon',
  jpeg: 'image/jpeg', jpg: 'image/jpeg', js: 'text/javascript', json: 'application/json', map: 'application/json',
  md: 'text/markdown', mjs: 'text/javascript', mp3: 'audio/mpeg', mp4: 'video/mp4', ogg: 'audio/ogg', otf: 'font/otf',
  pdf: 'application/pdf', png: 'image/png', svg: 'image/svg+xml', tar: 'application/x-tar', ttf: 'font/ttf',
  txt: 'text/plain', wasm: 'application/wasm', wav: 'audio/wav', webm: 'video/webm', webmanifest:
  'application/manifest+json', webp: 'image/webp', woff: 'font/woff', woff2: 'font/woff2', xhtml:
  'application/xhtml+xml', xml: 'text/xml', zip: 'application/zip',
}

type Lookup = (name: string) => string | null

/** The lookup of the short list. */
export const commonMediaType: Lookup = (name) => {
  const ending = /\.([^./\\]+)$/.exec(name)?.[1].toLowerCase()
  return ending !== undefined && Object.hasOwn(COMMON, ending) ? COMMON[ending] : null
}

let lookup: Lookup | null = null
let loading: Promise<Lookup> | null = null

/** @param done told the type, null for one that nobody knows; at once from the second time on */
export function mediaTypeOf(name: string, done: (type: string | null) => void): void {
  if (lookup !== null) done(lookup(name))
  else void (loading ??= load()).then((found) => done((lookup = found)(name)))
}

async function load(): Promise<Lookup> {
  try {
    const { default: mime } = await import(/* @vite-ignore */ LIBRARY) as Library
    // With a path before it: what has no ending is no ending.
    return (name) => mime.getType(`./${name}`)
  } catch {
    return commonMediaType
  }
}
