"""How the reference looks: readable on a telephone and in the dark, nothing loaded from elsewhere."""

STYLE = """
:root { --ink: #1b1f24; --soft: #4d5560; --paper: #fff; --shade: #f3f5f7; --line: #d3d8de; --link: #0b5394;
  --warn: #8a1c1c; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --soft: #aab2bd; --paper: #16191d; --shade: #20252b;
  --line: #3b434d; --link: #8cc2ff; --warn: #ffb3ab; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; color: var(--ink); background: var(--paper); font: 1rem/1.55 system-ui, sans-serif; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible, pre:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--paper); padding: .5rem 1rem; }
.page { max-width: 76rem; margin: 0 auto; padding: 1rem; }
@media (min-width: 60rem) { .page { display: grid; grid-template-columns: 17rem minmax(0, 1fr); gap: 0 3rem; }
  header { grid-column: 1 / -1; } nav { position: sticky; top: 1rem; max-height: calc(100vh - 2rem); overflow: auto; } }
nav ul { columns: 10rem; list-style: none; margin: 0 0 1rem; padding: 0; font-size: .9rem; }
nav li { padding: .2rem 0; }
nav p { margin: .5rem 0 .2rem; font-weight: 600; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: .5rem 0; }
h2 { font-size: 1.5rem; margin: 2.5rem 0 .5rem; border-bottom: 2px solid var(--line); }
h3 { font-size: 1.15rem; margin: 2rem 0 .25rem; }
h4 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
code, pre { font-family: ui-monospace, "Liberation Mono", monospace; font-size: .9em; }
code { overflow-wrap: anywhere; }
pre { background: var(--shade); border: 1px solid var(--line); border-radius: .4rem; padding: .75rem;
  overflow-x: auto; }
.lead { margin: .1rem 0; }
.soft { color: var(--soft); }
dl.fields { margin: .5rem 0; }
dl.fields > div { padding: .5rem 0; border-top: 1px solid var(--line); }
dl.fields dt { font-weight: 600; }
dl.fields dd { margin: 0 0 0 1rem; }
.must { font-weight: 400; font-size: .85rem; border: 1px solid var(--line); border-radius: 1rem; padding: 0 .5rem; }
details { margin: .5rem 0; }
summary { cursor: pointer; color: var(--link); }
.broken { border-left: 4px solid var(--warn); padding-left: .75rem; margin: 1rem 0; }
.gone { color: var(--warn); font-weight: 600; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); }
"""
