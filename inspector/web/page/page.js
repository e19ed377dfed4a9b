// What textual-serve's terminal needs of the page around it. It starts itself when the window has loaded.
"use strict";
(() => {
  // No link in a captured text opens by a click on its row, and no screen opens a window.
  window.open = () => null;

  const fonts = () => Promise.all([400, 700].map((weight) => document.fonts.load(`${weight} 15px "Roboto Mono"`)));
  const start = window.onload;
  window.onload = async (loaded) => {
    const base = document.body.dataset.base;
    const terminal = document.getElementById("terminal");
    const look = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    terminal.dataset.sessionWebsocketUrl = `${scheme}//${location.host}${base}screen/${look}`;
    // The token has done its work; from here on it is the cookie. It need not stand in the address bar.
    history.replaceState(null, "", base);
    document.querySelector("#ended button").addEventListener("click", () => location.reload());

    // Keys go to the screen from the start, without a click.
    new MutationObserver((_, observer) => {
      if (document.body.classList.contains("-first-byte")) {
        observer.disconnect();
        terminal.querySelector("textarea").focus();
      }
    }).observe(document.body, { attributeFilter: ["class"] });

    // The terminal measures its font once.
    await fonts().catch(() => undefined);
    start(loaded);
  };
})();
