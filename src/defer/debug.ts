/**
 * Where Deferreds were made and fired, and other things made, kept while debugging is on.
 *
 * Owns: the switch, and the sites, outside of the Deferreds so that they need no room when it is off.
 * Must not know: how a Deferred runs. Source: `twisted.internet.defer.setDebugging`, `DebugInfo`.
 */

interface Sites {
  created: string | undefined
  fired: string | undefined
}

/** Read by the hot paths; a live binding costs less than a call. @internal */
export let debugging = false

let sites: WeakMap<object, Sites> | undefined

/** Does the work of `setDebugging`. @internal */
export function setSiteKeeping(on: boolean): void {
  debugging = on
}

/** Whether sites are being kept. */
export function getDebugging(): boolean {
  return debugging
}

/** @internal */
export function noteCreation(deferred: object): void {
  sitesOf(deferred).created = callSite(noteCreation)
}

/** Where something else was made that a test may ask about: a call that was put off, a port. @internal */
export function noteSite(thing: object): void {
  sitesOf(thing).created ??= callSite(noteSite)
}

/** Where something was made, as far as that was kept. @internal */
export function siteOf(thing: object): string | undefined {
  return sites?.get(thing)?.created
}

/** @internal */
export function noteFiring(deferred: object): void {
  sitesOf(deferred).fired ??= callSite(noteFiring)
}

/** What is known of a Deferred's story, as lines of text; undefined if nothing. @internal */
export function storyOf(deferred: object): string | undefined {
  const known = sites?.get(deferred)
  if (known === undefined) return undefined
  const parts: string[] = []
  if (known.created !== undefined) parts.push(`The Deferred was created:\n${known.created}`)
  if (known.fired !== undefined) parts.push(`It was first fired:\n${known.fired}`)
  return parts.length === 0 ? undefined : parts.join('\n')
}

function sitesOf(deferred: object): Sites {
  sites ??= new WeakMap()
  let known = sites.get(deferred)
  if (known === undefined) sites.set(deferred, (known = { created: undefined, fired: undefined }))
  return known
}

/** The stack of the caller of `above`; engines without `captureStackTrace` show some of our own frames too. */
function callSite(above: Function): string {
  const holder: { stack?: string } = new Error('site')
  const capture = (Error as { captureStackTrace?: (target: object, above: Function) => void }).captureStackTrace
  if (capture !== undefined) capture.call(Error, holder, above)
  const lines = (holder.stack ?? '').split('\n')
  if (/^Error\b/.test(lines[0])) lines.shift()
  return lines.join('\n')
}
