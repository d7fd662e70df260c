/** The page's style, light and dark. Colours are Okabe and Ito's, which readers with any colour vision can tell apart. */
export const STYLE = `
:root {
  --page: #fbfbfa; --card: #fff; --ink: #1c1d1f; --soft: #62666d; --rule: #dfe1e4; --grid: #eceef0; --link: #0a5ea8;
  --blue: #0072b2; --orange: #d98500; --green: #00835f; --red: #c64a00; --purple: #a8558a; --sky: #2e93cf;
  --amber: #8a5200; --violet: #8a3f70; --rust: #a33c00; --code: #eef5fb; --output: #fbf4e6; --answer: #f8eef5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15171a; --card: #1d2024; --ink: #e8eaed; --soft: #a2a8b0; --rule: #353a41; --grid: #2a2e34; --link: #7cc0ff;
    --blue: #56b4e9; --orange: #e6a53c; --green: #3cc29a; --red: #ff8a4c; --purple: #d99bc2; --sky: #9ad4f5;
    --amber: #e6a53c; --violet: #d99bc2; --rust: #ff8a4c; --code: #1a2733; --output: #2b2517; --answer: #2b1f28;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { scroll-padding-top: 3.5rem; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
.top, main { max-width: 1180px; margin: 0 auto; padding: 0 24px; }
h1 { margin: 28px 0 12px; font-size: 28px; overflow-wrap: anywhere; }
h2 { margin: 40px 0 12px; padding-bottom: 6px; border-bottom: 1px solid var(--rule); font-size: 21px; }
h3 { margin: 24px 0 10px; font-size: 16px; }
h3 small, .track small { color: var(--soft); font-weight: normal; }
a { color: var(--link); }
nav { display: flex; flex-wrap: wrap; gap: 4px 20px; margin-top: 16px; }
.facts { display: flex; flex-wrap: wrap; gap: 8px 28px; margin: 0; }
.facts + .facts { margin-top: 12px; padding-top: 10px; border-top: 1px solid var(--rule); }
.facts dt { color: var(--soft); font-size: 12px; }
.facts dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
.verdict { max-width: 75ch; margin: 0 0 6px; font-size: 16px; }
.verdict:first-of-type { font-size: 18px; font-weight: 600; }
.notice { padding: 12px 16px; border: 1px solid var(--rule); border-left: 4px solid var(--orange); background: var(--card); }
.why, .empty { max-width: 90ch; color: var(--soft); font-size: 13px; }
.scroll { margin-top: 16px; overflow-x: auto; }
table { width: 100%; border-collapse: collapse; background: var(--card); font-variant-numeric: tabular-nums; }
th, td { padding: 8px 12px; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; }
thead th { color: var(--soft); font-size: 13px; font-weight: normal; }
th:first-child { text-align: left; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); gap: 16px; }
.bars { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 16px; align-items: start; }
.chart { margin: 0; padding: 14px 16px 10px; border: 1px solid var(--rule); border-radius: 8px; background: var(--card); }
.chart .why { margin: 6px 0 0; }
.axis { fill: var(--ink); font-size: 11px; } p.axis { margin: 8px 0 0; color: var(--soft); font-size: 13px; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.values { margin-top: 6px; font-size: 13px; } .values summary { color: var(--link); } .values .scroll { margin-top: 6px; max-height: 260px; overflow-y: auto; }
.values th, .values td { padding: 3px 8px; white-space: normal; }
.settings td, .settings thead th { text-align: left; } .settings td { white-space: normal; } .settings th { width: 18em; overflow-wrap: anywhere; white-space: normal; } .settings .value { white-space: pre-wrap; overflow-wrap: anywhere; }
.config, .around pre { overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; font: 13px/1.45 ui-monospace, Menlo, Consolas, monospace; }
.around { margin-top: 6px; } .around summary { color: var(--link); font-size: 13px; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
figcaption { display: flex; justify-content: space-between; gap: 12px; }
figcaption output { color: var(--soft); font-size: 13px; font-variant-numeric: tabular-nums; text-align: right; }
svg[data-series] { touch-action: pan-y; }
.plot { margin-top: 6px; min-height: 210px; touch-action: pan-y; } .plot .axis { margin: 0; color: var(--ink); font-size: 11px; } .plot .u-select { background: var(--soft); opacity: 0.2; } .plot .u-cursor-x { border-right: 1px solid var(--soft); }
svg.probe { position: absolute; width: 0; height: 0; margin: 0; }
svg { display: block; width: 100%; height: auto; margin-top: 6px; }
.tick { fill: var(--soft); font-size: 11px; }
.grid { stroke: var(--grid); }
.mark { stroke: var(--soft); stroke-dasharray: 2 3; }
.cursor { stroke: var(--soft); visibility: hidden; }
.hover .cursor { visibility: visible; }
.line { fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linejoin: round; }
.faint { stroke-width: 1; opacity: 0.35; }
.dot { fill: currentColor; }
.interval { fill: none; stroke: currentColor; stroke-width: 1.2; opacity: 0.6; }
.s0 { color: var(--blue); } .s1 { color: var(--red); } .s2 { color: var(--green); } .s3 { color: var(--purple); } .s4 { color: var(--orange); } .s5 { color: var(--sky); }
.line.s1 { stroke-dasharray: 6 3; } .line.s2 { stroke-dasharray: 2 2.5; } .line.s3 { stroke-dasharray: 9 3 2 3; } .line.s4 { stroke-dasharray: 12 3; } .line.s5 { stroke-dasharray: 4 4; }
.line.faint { stroke-dasharray: none; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 4px 0 0; font-size: 13px; }
.key { display: inline-block; width: 20px; margin-right: 6px; border-top: 2px solid currentColor; vertical-align: middle; }
.key.s1, .key.s5 { border-top-style: dashed; } .key.s2 { border-top-style: dotted; } .key.s3 { border-top-style: double; border-top-width: 4px; } .key.s4 { border-top-style: dashed; border-top-width: 3px; }
.row { display: grid; grid-template-columns: minmax(90px, 150px) 1fr; gap: 12px; align-items: center; padding: 5px 0; border-top: 1px solid var(--grid); }
.name { font-size: 13px; overflow-wrap: anywhere; }
.track { position: relative; height: 17px; margin: 2px 0; padding-right: 92px; }
.track i { display: block; height: 100%; min-width: 2px; border-radius: 2px; }
.track span { position: absolute; top: -2px; right: 0; width: 86px; font-size: 12.5px; font-variant-numeric: tabular-nums; white-space: nowrap; }
.swatch { display: inline-block; width: 20px; height: 11px; margin-right: 6px; border-radius: 2px; vertical-align: -1px; }
.b0 { background: var(--blue); }
.b1 { border: 1px solid var(--orange); background: repeating-linear-gradient(45deg, var(--orange) 0 3px, transparent 3px 6px); }
.b2 { border: 1px solid var(--green); } .b3 { border: 1px dashed var(--purple); }
.filters { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: 8px 20px; align-items: center; margin: 0 0 12px; padding: 10px 0; border-bottom: 1px solid var(--rule); background: var(--page); }
select { padding: 4px 6px; border: 1px solid var(--rule); border-radius: 4px; background: var(--card); color: inherit; font: inherit; }
.filters output { color: var(--soft); font-size: 13px; }
.rollouts { columns: 2 min(100%, 440px); column-gap: 16px; }
.rollout, .pair { break-inside: avoid; margin: 0 0 16px; padding: 12px 14px; border: 1px solid var(--rule); border-radius: 8px; background: var(--card); }
.rollout > header { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: baseline; color: var(--soft); font-size: 13px; overflow-wrap: anywhere; }
.rollout > footer { display: flex; flex-wrap: wrap; gap: 2px 14px; margin-top: 8px; color: var(--soft); font-size: 13px; }
.rollout > footer b { color: var(--ink); overflow-wrap: anywhere; }
.badge { padding: 1px 9px; border: 1.5px solid currentColor; border-radius: 99px; white-space: nowrap; }
.badge.right { color: var(--green); } .badge.wrong { border-style: dashed; color: var(--red); }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr)); gap: 12px; margin-top: 10px; }
.sides .rollout, .strip .rollout { margin: 0; }
.strip { display: grid; grid-auto-flow: column; grid-auto-columns: minmax(min(85%, 300px), 1fr); gap: 12px; margin-top: 10px; padding-bottom: 8px; overflow-x: auto; }
.measures { max-width: 980px; } .measures th[scope] { white-space: normal; font-weight: 600; } .measures small { margin-left: 6px; color: var(--soft); font-weight: normal; }
.scroll + .why + .chart { max-width: 780px; margin-top: 16px; }
.pair > .why { margin: 0; }
.block { margin-top: 8px; padding: 5px 10px 7px; border-left: 4px solid var(--rule); border-radius: 0 4px 4px 0; }
.block .label { margin: 0; font-weight: 700; color: var(--soft); font-size: 11px; letter-spacing: 0.06em; text-transform: uppercase; }
.block pre { margin: 2px 0 0; font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext; }
.block.code pre, .block.output pre { font: 13px/1.45 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; tab-size: 4; }
.block.prompt { border-left-style: dotted; }
.block.code { border-left-color: var(--blue); background: var(--code); } .block.code .label { color: var(--blue); }
.block.output { border-left: 4px double var(--orange); background: var(--output); } .block.output .label { color: var(--amber); }
.block.output.failed { border-left: 4px dashed var(--red); } .block.output.failed .label { color: var(--rust); }
.block.answer { border-left: 8px solid var(--purple); background: var(--answer); font-weight: 600; } .block.answer .label { color: var(--violet); }
.ctl { padding: 0 2px; border-radius: 3px; background: var(--red); color: var(--card); font-weight: normal; font-size: 0.85em; }
summary { cursor: pointer; }
.block summary { list-style: none; } .block summary::-webkit-details-marker { display: none; }
.block details[open] > summary > pre { display: none; }
.all { color: var(--link); font-size: 13px; }
.block details[open] .all { display: none; }
@media (max-width: 920px) {
  table:not(.narrow), table:not(.narrow) tbody, table:not(.narrow) tr, table:not(.narrow) th, table:not(.narrow) td { display: block; width: auto; }
  table:not(.narrow) thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table:not(.narrow) tr { padding: 8px 0; border-bottom: 1px solid var(--rule); }
  table:not(.narrow) th[scope="row"], table:not(.narrow) td { padding: 2px 10px; border: 0; text-align: left; white-space: normal; overflow-wrap: anywhere; }
  table:not(.narrow) td { display: flex; justify-content: space-between; gap: 16px; }
  table:not(.narrow) td::before { flex: none; max-width: 60%; color: var(--soft); content: attr(data-label); }
  table.settings td::before { content: none; }
}
@media (max-width: 640px) {
  .top, main { padding: 0 14px; }
  .filters { position: static; }
  figcaption { flex-wrap: wrap; }
}
@media print { .filters, nav { display: none; } .rollouts { columns: 1; } }
`;
