/** The style of a report’s page, for screens and paper. */
export const reportStyle = `
:root{color-scheme:light dark;--line:light-dark(#d8dee4,#3d444d);--soft:light-dark(#f6f8fa,#151b23);--link:light-dark(#0550ae,#6cb0ff)}
*{box-sizing:border-box}
body{margin:0;font:15px/1.5 system-ui,sans-serif;color:light-dark(#1f2328,#f0f6fc);background:light-dark(#fff,#0d1117)}
main{max-width:76rem;margin:0 auto;padding:1.5rem 2rem 4rem}
h1{margin:.5rem 0}
h2{margin-top:2.5rem;border-bottom:1px solid var(--line)}
a{color:var(--link)}
code{font:.85em ui-monospace,monospace;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem}
dt{font-weight:600}
dd{margin:0}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;border-bottom:1px solid var(--line);padding:.4rem .75rem .4rem 0}
.checks{table-layout:fixed}
.checks th:nth-child(1){width:11rem}
.checks th:nth-child(3){width:45%}
.checks p{margin:.25rem 0}
td ul{margin:.25rem 0 0;padding-left:1.1rem}
.open li{margin:.4rem 0}
.state{border-left:.4rem solid;padding:.5rem 1rem;background:var(--soft)}
.mark{display:inline-block;min-width:4.5rem;text-align:center;border-radius:1rem;padding:0 .6rem;font-size:.8rem;font-weight:600;border:1px solid}
.pass{color:light-dark(#1a7f37,#3fb950)}
.fail{color:light-dark(#b42318,#ff7b72)}
.manual{color:light-dark(#8a5a00,#d29922)}
.waived{color:light-dark(#6639ba,#a371f7)}
.not_applicable{color:light-dark(#59636e,#9198a1)}
@media(max-width:60rem){main{padding:1rem}.checks th:nth-child(1){width:6rem}}
@media print{a{color:inherit;text-decoration:none}tr{break-inside:avoid}}
`;
