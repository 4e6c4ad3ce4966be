/** Where the pages live: the shell's <base> as it was when it was loaded, whatever prefix a proxy put before it. */
export const root = new URL(document.baseURI);

const base = document.querySelector("base");
// Written out, so that it stays right when the address goes deeper.
if (base) base.href = root.href;
