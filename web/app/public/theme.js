// Before the first paint: the theme that the reader chose, so that nothing flashes. A file, since the page allows no inline script.
try {
  const chosen = JSON.parse(localStorage.getItem("andiron.preferences") || "{}").theme;
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {}
