/**
 * How diagrams and pages look. Owns: colours for light and dark, and what they are used for. Must not know: contents.
 */

const LIGHT = '--paper:#fff;--ink:#1c1c1c;--dim:#6a6a6a;--line:#b9b9b9;--bad:#b3261e;--warn:#8a5300;' +
  '--good:#1b6e33;--mark:#fff3b0;' +
  '--c0:#0b57d0;--c1:#8430ce;--c2:#00696b;--c3:#a50e5b;--c4:#3b6400;--c5:#9a4600;--c6:#4a4fb8;--c7:#5c5f00'
const DARK = '--paper:#14161a;--ink:#e8e8e8;--dim:#a0a0a0;--line:#50545c;--bad:#ff8a80;--warn:#ffb95c;' +
  '--good:#7fd69a;--mark:#4a4100;' +
  '--c0:#8ab4f8;--c1:#d7aefb;--c2:#6fd6d8;--c3:#ff8bcb;--c4:#a8d672;--c5:#ffb27a;--c6:#b3b6ff;--c7:#d3d562'

/** Variables, for `:root`, or an element. @internal */
export function coloursOf(selector: string): string {
  return `${selector}{${LIGHT}}@media (prefers-color-scheme:dark){${selector}{${DARK}}}`
}

/** @internal */
export const DIAGRAM_STYLE = [
  coloursOf('.trace'),
  '.trace{color-scheme:light dark;background:var(--paper)}',
  '.trace text{font:11px ui-monospace,Menlo,Consolas,monospace;fill:var(--ink);white-space:pre;paint-order:stroke;' +
    'stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}',
  '.trace .paper{fill:var(--paper)}.trace .title{fill:var(--dim)}',
  '.trace .host{font-size:13px;font-weight:bold;text-anchor:middle}',
  '.trace .time{fill:var(--dim);text-anchor:end}.trace .cut{fill:var(--warn)}',
  '.trace .life{stroke:var(--line);stroke-width:2}.trace .down{stroke-dasharray:1 6}',
  '.trace .arrow line,.trace .arrow path{stroke:currentColor;stroke-width:1.3;fill:none}',
  '.trace .arrow polygon{fill:currentColor}.trace .arrow text{fill:currentColor}',
  '.trace .connect line{stroke-width:2}.trace .fin line{stroke-dasharray:6 3}',
  '.trace .datagram line{stroke-dasharray:2 2}',
  '.trace .rst,.trace .lost{color:var(--bad)}.trace .d{color:var(--ink)}',
  ...Array.from({ length: 8 }, (_, i) => `.trace .c${i}:not(.rst){color:var(--c${i})}`),
  '.trace .ring{fill:var(--paper);stroke:currentColor;stroke-width:1.3}',
  '.trace .cross{stroke:var(--bad)!important;stroke-width:2!important;fill:none}',
  '.trace .mark circle{fill:var(--dim)}.trace .up circle{fill:var(--good)}.trace .log circle{fill:var(--ink)}',
  '.trace .unhandled circle,.trace .ended circle{fill:var(--bad)}',
  '.trace .unhandled text,.trace .crash text,.trace .ended text{fill:var(--bad)}',
  '.trace .all line{stroke:var(--line);stroke-dasharray:4 4}.trace .note text{fill:var(--dim);font-style:italic}',
  '.trace .fault line{stroke:var(--warn)}.trace .fault text{fill:var(--warn)}',
].join('')

/** @internal */
export const PAGE_STYLE = [
  'body{margin:0;font:14px/1.4 system-ui,sans-serif;background:var(--paper);color:var(--ink);display:flex;',
  'flex-direction:column;height:100vh}',
  'header{padding:.5rem 1rem;border-bottom:1px solid var(--line)}h1{font-size:1.1rem;margin:0}p{margin:.2rem 0}',
  '.keys,header p{color:var(--dim);font-size:.85rem}',
  'form{display:flex;flex-wrap:wrap;gap:.4rem 1rem;align-items:baseline;margin:.4rem 0}form[hidden]{display:none}',
  'label,select{max-width:100%}select{width:9rem}input[aria-invalid]{outline:2px solid var(--bad)}input,select,button{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--dim);',
  'border-radius:3px;padding:.1rem .3rem}',
  ':focus-visible{outline:2px solid var(--c0);outline-offset:-2px}',
  'main{flex:1;display:grid;grid-template-columns:1fr 1fr;min-height:0}main section{overflow:auto;min-width:0}',
  '@media (max-width:70rem){main{grid-template-columns:1fr;grid-template-rows:1fr 1fr}}',
  '.list{border-left:1px solid var(--line)}',
  'table{border-collapse:collapse;font:12px ui-monospace,Menlo,Consolas,monospace;width:100%}',
  'th{position:sticky;top:0;background:var(--paper);text-align:left}td,th{padding:.1rem .5rem;vertical-align:top}',
  'td:nth-child(-n+2){text-align:right;color:var(--dim);white-space:nowrap}',
  'td:nth-child(3){white-space:nowrap}',
  'td:last-child{overflow-wrap:anywhere;white-space:pre-wrap}tbody tr[aria-current]{background:var(--mark)}',
  'tr.lost,tr.rst,tr.refused,tr.crash,tr.unhandled,tr.datagram-lost{color:var(--bad)}tr.fault{color:var(--warn)}',
  // Names of hosts may be long.
  'td:last-child{min-width:12rem}@media (max-width:40rem){td:nth-child(3){white-space:normal}}',
  '.off{opacity:.08}.on line,.on path{stroke-width:4!important}.on circle{stroke:var(--c5);stroke-width:4}',
  'svg [data-r]{cursor:pointer}.cut{color:var(--warn);padding:0 1rem}',
  '.skip{position:absolute;left:-99rem}.skip:focus{left:0;background:var(--paper)}',
].join('')
