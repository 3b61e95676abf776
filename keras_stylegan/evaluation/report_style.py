"""The style sheet of the report: no scripts, no web fonts, one column on a phone."""

CSS = """
:root { color-scheme: light; --ink: #1d2733; --soft: #5b6875; --line: #dde3e9; --good: #1a7f4b; --notice: #b26b00;
  --bad: #b3261e; --blue: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0; background: #f4f6f8; color: var(--ink); line-height: 1.5;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
header, section { background: #fff; border: 1px solid var(--line); border-radius: 10px; padding: 1.1rem 1.3rem;
  margin: 0 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 0 0 .7rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
p { margin: .4rem 0 .8rem; }
.soft, small { color: var(--soft); font-size: .88rem; }
ul.verdict { list-style: none; padding: 0; margin: 0; }
ul.verdict li { border-left: 5px solid var(--good); background: #f2f9f5; padding: .5rem .8rem; margin: 0 0 .5rem;
  border-radius: 0 6px 6px 0; overflow-wrap: anywhere; }
ul.verdict li.notice { border-color: var(--notice); background: #fdf6ea; }
ul.verdict li.bad { border-color: var(--bad); background: #fcefee; }
ul.verdict b { margin-right: .3rem; }
.good b { color: var(--good); } .notice b { color: var(--notice); } .bad b { color: var(--bad); }
.warning { border-left: 5px solid var(--bad); padding: .5rem .8rem; background: #fcefee; border-radius: 0 6px 6px 0; }
table { border-collapse: collapse; width: 100%; font-size: .94rem; }
th, td { text-align: left; vertical-align: top; padding: .5rem .6rem; border-bottom: 1px solid var(--line); }
th { font-size: .82rem; color: var(--soft); font-weight: 600; }
td.number { white-space: nowrap; font-variant-numeric: tabular-nums; }
td b { font-weight: 650; }
td:first-child { width: 48%; }
tr.meaning td { width: auto; background: #f7f9fa; color: var(--soft); font-size: .88rem; padding: .35rem .6rem; }
tr:last-child td { border-bottom: 0; }
.facts td:first-child, .facts th { width: 11rem; color: var(--soft); }
.facts td { overflow-wrap: anywhere; }
figure { margin: 0; }
figcaption { font-size: .85rem; color: var(--soft); padding: .3rem 0 .6rem; overflow-wrap: anywhere; }
img { display: block; max-width: 100%; height: auto; }
img.pixels { image-rendering: pixelated; width: 100%; }
.plots { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
.pairs { display: grid; grid-template-columns: repeat(4, 1fr); gap: .8rem; }
details { margin: .6rem 0; } summary { cursor: pointer; font-weight: 600; }
code, pre { font: .86rem/1.45 ui-monospace, Menlo, Consolas, monospace; background: #f0f3f6; border-radius: 4px; }
code { padding: .05rem .25rem; overflow-wrap: anywhere; }
pre { padding: .7rem; white-space: pre-wrap; overflow-wrap: anywhere; }
@media (max-width: 640px) {
  main { padding: .5rem; } header, section { padding: .9rem; }
  .plots { grid-template-columns: 1fr; } .pairs { grid-template-columns: 1fr 1fr; }
  table.metrics thead { display: none; }
  table.metrics tr { display: block; padding: .6rem 0; border-bottom: 1px solid var(--line); }
  table.metrics td { display: flex; gap: .8rem; justify-content: space-between; border: 0; padding: .12rem 0;
    text-align: right; }
  table.metrics td:first-child { display: block; width: 100%; text-align: left; padding-bottom: .3rem; }
  table.metrics td::before { content: attr(data-label); color: var(--soft); font-size: .85rem; text-align: left; }
  table.metrics td:first-child::before { content: none; }
  table.metrics tr.meaning { padding: 0; }
  table.metrics td.empty { display: none; }
  .facts td:first-child, .facts th { width: 7rem; }
}
@media print { body { background: #fff; } section { break-inside: avoid; } }
"""
