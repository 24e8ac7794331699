/** Of the reference: dark where the browser is, and readable on a phone. */
export const style = `:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); }
body { margin: 0; display: grid; grid-template-columns: 13rem minmax(0, 1fr); font: 15px/1.5 system-ui, sans-serif; }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; box-sizing: border-box; padding: 1rem; border-right: 1px solid var(--line); }
nav ul { list-style: none; margin: 0; padding: 0; }
main { padding: 1rem 2rem 4rem; max-width: 70rem; }
h2, h3, details { scroll-margin-top: 1rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
h4, h5 { margin: 1rem 0 0.25rem; }
a { color: LinkText; }
a:focus-visible, summary:focus-visible { outline: 2px solid LinkText; outline-offset: 2px; }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere; }
summary { padding: 0.35rem 0; cursor: pointer; }
summary b { display: inline-block; min-width: 4rem; }
details[open] { padding-bottom: 1rem; border-bottom: 1px solid var(--line); }
table { border-collapse: collapse; width: 100%; }
td { border-top: 1px solid var(--line); padding: 0.3rem 0.75rem 0.3rem 0; vertical-align: top; text-align: left; }
td i { display: block; opacity: 0.75; font-size: 0.85em; }
@media (max-width: 50rem) { body { display: block; } nav { position: static; height: auto; border: 0; } main { padding: 1rem; } }
`;
