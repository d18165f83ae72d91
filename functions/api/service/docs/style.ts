/** The style of the page. It has no other: what is shown needs no script, no font and no host but this one. */
export const style = `
:root{color-scheme:light dark;--line:light-dark(#d8dee4,#3d444d);--soft:light-dark(#f6f8fa,#151b23);--dim:light-dark(#59636e,#9198a1);--link:light-dark(#0550ae,#6cb0ff)}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;font:16px/1.5 system-ui,sans-serif;display:grid;grid-template-columns:20rem minmax(0,1fr);color:light-dark(#1f2328,#f0f6fc);background:light-dark(#fff,#0d1117)}
nav{position:sticky;top:0;height:100vh;overflow:auto;padding:1rem;border-right:1px solid var(--line);background:var(--soft);font-size:.85rem}
nav ul{list-style:none;margin:0 0 .75rem;padding:0}
nav li{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
main{padding:1rem 2rem 4rem;max-width:64rem}
a{color:var(--link);text-decoration:none}
a:hover,a:focus{text-decoration:underline}
h1,h2,h3,h4{line-height:1.25}
h2{margin-top:3rem;border-bottom:1px solid var(--line)}
h3{margin-top:2.5rem}
h4{margin:1.25rem 0 .25rem}
article{border-bottom:1px solid var(--line);padding-bottom:1rem}
code,pre{font:.85em ui-monospace,monospace}
code{overflow-wrap:anywhere}
pre{background:var(--soft);border:1px solid var(--line);border-radius:6px;padding:.75rem;overflow:auto;max-height:30rem}
.call{background:var(--soft);border:1px solid var(--line);border-radius:6px;padding:.5rem .75rem;overflow-wrap:anywhere}
.method{font-weight:700;display:inline-block;min-width:4.5rem}
.members{list-style:none;padding-left:1rem;border-left:2px solid var(--line)}
.members li{margin:.4rem 0}
.name{font-weight:700}
.type,.pattern{color:var(--dim)}
b{color:light-dark(#9a3412,#f0a35e);font-size:.75rem;font-weight:600}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;border-bottom:1px solid var(--line);padding:.35rem .75rem .35rem 0;overflow-wrap:anywhere}
@media(max-width:60rem){body{display:block}nav{position:static;height:auto;max-height:40vh}main{padding:1rem}}
@media print{nav{display:none}}
`;
