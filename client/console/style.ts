/** Style of the console, on top of the report's. Nothing in it moves. */
import { PAGE_STYLE } from '../verify/render-html.ts';

/** `--c0` … `--c5` are Okabe and Ito's colours, told apart by the colour-blind, darker in light mode. */
export const STYLE = `${PAGE_STYLE}
:root{--c0:#0b6b3a;--c1:#a4161a;--c2:#0059a6;--c3:#8a5a00;--c4:#8b3a7a;--c5:#4c5661}
@media (prefers-color-scheme:dark){:root{--c0:#5ad197;--c1:#ff8a8a;--c2:#7cc4ff;--c3:#f0b84a;--c4:#e39ad1;--c5:#b4bfc9}}
.skip-link{position:absolute;left:-99rem}.skip-link:focus{position:static}
nav ul{display:flex;flex-wrap:wrap;gap:.4rem 1rem;padding:0;list-style:none}
a{color:inherit}a:focus-visible,button:focus-visible,summary:focus-visible,input:focus-visible,textarea:focus-visible,[tabindex]:focus-visible{outline:3px solid currentColor;outline-offset:2px}
.chain{display:flex;flex-wrap:wrap;gap:.6rem 1.6rem;padding:0;list-style:none;counter-reset:link}
.chain li{position:relative;flex:1 1 9rem;border:1px solid var(--line);border-top:4px solid var(--skip);background:var(--soft);padding:.5rem .7rem}
.chain li.pass{border-top-color:var(--pass)}.chain li.fail{border-top-color:var(--fail)}.chain li{color:inherit}
.chain li+li::before{content:"→";position:absolute;left:-1.35rem;top:40%}
.chain b{display:block}.chain code{display:block;overflow-wrap:anywhere;font-size:.8rem}
code{overflow-wrap:anywhere}td code.long{display:block;min-width:16rem}
button,input[type=file],textarea{font:inherit;color:inherit;background:var(--soft);border:1px solid var(--skip)}
button{padding:.5rem 1rem;border-color:currentColor;cursor:pointer}button:disabled{color:var(--skip);border-style:dashed;cursor:default}
input[type=file]{max-width:100%;padding:.35rem;width:24rem}
.field{display:flex;flex-wrap:wrap;gap:.2rem 1rem;align-items:center;margin:.5rem 0}.field label{flex:0 0 12rem}
.verdict:empty{display:none}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}.facts dt{font-weight:700}.facts dd{margin:0}
label[for=policy-text]{display:block;font-weight:700}
textarea{display:block;width:100%;padding:.6rem;font:.85rem/1.45 ui-monospace,monospace;white-space:pre;overflow:auto;resize:vertical}
textarea[aria-invalid=true]{border-color:var(--fail);border-width:2px}
.diff{border:1px solid var(--line);padding:.6rem;overflow:auto;max-height:24rem;font-size:.85rem}
.diff>*{display:block;text-decoration:none}.diff .added{color:var(--pass);background:var(--soft)}.diff .removed{color:var(--fail);background:var(--soft)}
.effects{padding-left:1.2rem}
.mesh{display:block;margin-bottom:1rem;width:100%;min-width:38rem;max-width:60rem;height:auto}.mesh rect{fill:var(--soft);stroke:var(--line)}.mesh text{fill:var(--ink);font:14px system-ui,sans-serif}
.mesh .mono{font:12px ui-monospace,monospace}.mesh path{fill:none;stroke-width:2.5}.mesh path.pass{stroke:var(--pass)}.mesh path.fail{stroke:var(--fail);stroke-dasharray:7 5}
.mesh text.pass{fill:var(--pass);font-weight:700}.mesh text.fail{fill:var(--fail);font-weight:700}
.chart{margin:1rem 0;min-height:16rem}.chart .u-legend{text-align:left;font-size:.85rem}.chart .u-legend th{background:none;border:0;cursor:default}.chart .u-legend td{border:0;min-width:0}
.bar{fill:var(--skip)}.bar.good{fill:var(--pass)}
summary{cursor:pointer;padding:.3rem 0}
@media (max-width:40rem){.chain{flex-direction:column;gap:1.4rem}.chain li{flex:none}.chain li+li::before{content:"↓";left:1rem;top:-1.6rem}.scroll table{min-width:44rem}.facts{grid-template-columns:1fr}}
@media (forced-colors:active){.chain li,.mesh rect{border:1px solid}.bar{forced-color-adjust:none}}
`;
