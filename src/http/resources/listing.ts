/**
 * The page that lists a directory.
 *
 * Owns: the order, the markup, and that names stay text. Must not know: files, requests.
 */
import type { DirectoryEntry } from '../../interfaces/reactor-files.js'
import { escapeHTML } from './escape.js'

/**
 * A whole page: directories first, then by name.
 * @param path of the directory as people read it, with a slash at its end
 * @param isTop whether there is nothing above it to go to
 */
export function listingPage(path: string, entries: readonly DirectoryEntry[], isTop: boolean): string {
  const title = escapeHTML(path)
  const items = [...entries].sort(inOrder).map(({ name, kind }) => {
    const text = kind === 'directory' ? `${name}/` : name
    // A name with a colon is not to be read as a scheme.
    const link = `./${encodeURIComponent(wellFormed(name))}${kind === 'directory' ? '/' : ''}`
    return `<li><a href="${escapeHTML(link)}">${escapeHTML(text)}</a></li>\n`
  })
  const up = isTop ? '' : '<p><a href="../" rel="up">Parent directory</a></p>\n'
  const list = items.length === 0 ? '<p>The directory is empty.</p>\n' : `<ul>\n${items.join('')}</ul>\n`
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Index of ${title}</title>
<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; }
ul { list-style: none; padding: 0; }
li a { display: block; padding: .25rem 0; overflow-wrap: anywhere; }
</style>
</head>
<body>
<main>
<h1>Index of ${title}</h1>
${up}<nav aria-label="Files">
${list}</nav>
</main>
</body>
</html>
`
}

function inOrder(one: DirectoryEntry, other: DirectoryEntry): number {
  const rank = (entry: DirectoryEntry): number => entry.kind === 'directory' ? 0 : 1
  if (rank(one) !== rank(other)) return rank(one) - rank(other)
  // By code units: the same everywhere, whatever the language of the machine.
  return one.name < other.name ? -1 : one.name > other.name ? 1 : 0
}

/** A lone surrogate cannot be percent-encoded. */
function wellFormed(text: string): string {
  return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd')
}
