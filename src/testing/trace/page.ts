/**
 * A trace as one HTML page that needs nothing else: the sequence diagram, and a list of records that can be filtered.
 *
 * Owns: the page. Must not know: the diagram (diagram.ts), or how the page's script works (page-script.ts). Without the
 * script, everything is there but the filter. All text of the trace is escaped, and the page may load nothing.
 */

import { drawTrace } from './diagram.js'
import type { TraceDrawOptions } from './diagram.js'
import { filterTrace, hostsOf } from './filter.js'
import { escaped } from './markup.js'
import { PAGE_SCRIPT } from './page-script.js'
import { whatOf, whereOf } from './print.js'
import type { TraceReader } from './reader.js'
import type { TraceRecord } from './records.js'
import { coloursOf, PAGE_STYLE } from './style.js'

/** Records in the list, at most: more would be slow to open. */
const LISTED = 20_000
/** Bytes of a payload in the list. */
const PAYLOAD = 200

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"

/** @returns the text of an HTML file */
export function traceToHTML(reader: TraceReader, options: TraceDrawOptions = {}): string {
  const { head } = reader
  const rows: string[] = []
  const hosts = new Set<string>()
  const kinds = new Set<string>()
  let isCut = false
  for (const record of filterTrace(reader, options.filter ?? {})) {
    if (rows.length >= LISTED) {
      isCut = true
      break
    }
    for (const { name } of hostsOf(record)) hosts.add(name)
    kinds.add(record.kind)
    rows.push(rowOf(record))
  }
  const title = options.title ?? `Trace of seed ${head.seed}`
  const dropped = head.dropped > 0 ? `, the first ${head.dropped} dropped` : ''
  const cut = isCut ? `<p class="cut">Only the first ${LISTED} records are listed.</p>` : ''
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>${coloursOf(':root')}${PAGE_STYLE}</style>
</head>
<body>
<a class="skip" href="#records">To the records</a>
<header>
<h1>${escaped(title)}</h1>
<p>digest ${escaped(head.digest)} · ${head.records} records${dropped}</p>
<form id="filter" role="search" aria-label="Filter" hidden>
${selectOf('host', 'Host', [...hosts])}
<label>Connection <input name="connection" inputmode="numeric" size="6"></label>
${selectOf('kind', 'Kind', [...kinds])}
<label>From <input name="from" inputmode="decimal" size="9"> ms</label>
<label>to <input name="to" inputmode="decimal" size="9"> ms</label>
<label>Text <input name="text" type="search" size="20" aria-keyshortcuts="/"></label>
<button type="reset">Show all</button>
<output id="shown" aria-live="polite"></output>
</form>
<p class="keys" hidden>/ begins a search. In the list, arrow keys, Page Up, Page Down, Home and End move, Enter goes
to the record in the diagram, c shows its connection only, Escape shows all.</p>
</header>
<main>
<section class="diagram" tabindex="0" aria-label="Sequence diagram">
${drawTrace(reader, options)}</section>
<section class="list" aria-label="Records">
<table id="records">
<thead><tr>${['#', 'ms', 'where', 'what'].map(headerOf).join('')}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
${cut}</section>
</main>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`
}

function headerOf(name: string): string {
  return `<th scope="col">${name}</th>`
}

function rowOf(record: TraceRecord): string {
  const connection = 'connection' in record ? ` data-c="${record.connection.id}"` : ''
  // A name may have blanks in it; a line feed it is not given.
  const hosts = escaped(hostsOf(record).map(({ name }) => name).join('\n'))
  return `<tr class="${record.kind}" data-r="${record.index}" data-k="${record.kind}" data-t="${record.time}" ` +
    `data-h="${hosts}"${connection}><td>${record.index || ''}</td><td>${record.time.toFixed(3)}</td>` +
    `<td>${escaped(whereOf(record))}</td><td>${escaped(whatOf(record, { payload: PAYLOAD }))}</td></tr>`
}

function selectOf(name: string, label: string, values: readonly string[]): string {
  const options = values.map((value) => `<option>${escaped(value)}</option>`).join('')
  return `<label>${label} <select name="${name}"><option value="">all</option>${options}</select></label>`
}
