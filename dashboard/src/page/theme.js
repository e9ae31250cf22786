// Light or dark: as the system has it, until somebody chooses.

import { $ } from "./elements.js";

/** Sets the colours and the button that changes them; calls drawn() where what is painted has to be painted again. */
export function themed(drawn = () => {}) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  function theme(chosen) {
    if (chosen) document.documentElement.dataset.theme = chosen;
    const now = chosen || (dark.matches ? "dark" : "light");
    const other = now === "dark" ? "light" : "dark";
    $("theme").textContent = other === "dark" ? "Dark" : "Light";
    $("theme").setAttribute("aria-label", `Use ${other} colours`);
    $("theme").onclick = () => {
      try {
        localStorage.setItem("theme", other);
      } catch {
        // Kept for this page only.
      }
      theme(other);
    };
    // For what the browser draws around the page.
    $("ground").content = getComputedStyle(document.body).backgroundColor;
    drawn();
  }
  let kept = null;
  try {
    kept = localStorage.getItem("theme");
  } catch {
    // There is nothing to keep it in.
  }
  dark.addEventListener("change", () => theme(document.documentElement.dataset.theme));
  theme(new URLSearchParams(location.search).get("theme") || kept);
}
