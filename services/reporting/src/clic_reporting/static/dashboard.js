// Keeps an open dashboard up to date: told of a change, it fetches the page again and replaces the parts that differ.
// No page needs it to be read. Focus, open tables and the place in the page stay as they are.
"use strict";

(() => {
  const GAP_MS = 600; // Between two refreshes at the soonest, so that a busy log does not keep the browser busy.
  const SAY_EVERY_MS = 30_000; // A screen reader is told politely, not with every event.
  const STALE_MS = 60_000; // Without events, too, things fall due and days end.
  const RETRY_MS = [1_000, 2_000, 5_000, 15_000, 30_000];
  const main = document.querySelector("main[data-live]");
  if (!main || !window.EventSource) return;
  const said = document.querySelector("[data-announced]");
  const words = document.querySelector("[data-words]").dataset;
  let shown = Number(main.dataset.position);
  let [wanted, tries, saidAt] = [shown, 0, 0];
  let [busy, lost] = [false, false];

  const mark = (on) => document.querySelectorAll("[data-live-mark]").forEach((each) => (each.hidden = !on));

  function say(text, urgent) {
    if (!text || text === said.textContent || (!urgent && Date.now() - saidAt < SAY_EVERY_MS)) return;
    said.textContent = text;
    saidAt = Date.now();
  }

  // A selector that finds again, in the new part, what has the focus.
  function focusIn(part) {
    const at = document.activeElement;
    if (!at || !part.contains(at)) return null;
    if (at.id) return `#${CSS.escape(at.id)}`;
    if (at.matches("summary")) return `#${CSS.escape(at.parentElement.id)} > summary`;
    if (at.hasAttribute("href")) return `a[href="${CSS.escape(at.getAttribute("href"))}"]`;
    return at.getAttribute("aria-labelledby") ? `[aria-labelledby="${at.getAttribute("aria-labelledby")}"][tabindex]` : null;
  }

  async function replace(old, fresh) {
    fresh.querySelectorAll("details[id]").forEach((each) => (each.open = Boolean(document.getElementById(each.id)?.open)));
    const scrolled = [...old.querySelectorAll(".scroll")].map((each) => each.scrollLeft);
    await Promise.all([...fresh.querySelectorAll("img")].map((each) => each.decode().catch(() => null))); // No flicker.
    const focus = focusIn(old);
    old.replaceWith(fresh);
    fresh.querySelectorAll(".scroll").forEach((each, n) => (each.scrollLeft = scrolled[n] || 0));
    if (focus) fresh.querySelector(focus)?.focus({ preventScroll: true });
  }

  async function refresh() {
    const answer = await fetch(location.href, { headers: { "X-Clic-Live": String(shown) }, cache: "no-store" });
    if (answer.redirected || answer.status === 401 || answer.status === 403) return location.reload(); // The session is over.
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const old of document.querySelectorAll("[data-part]")) {
      const fresh = page.getElementById(old.id);
      if (!fresh) old.remove();
      else if (!fresh.isEqualNode(old)) await replace(old, document.adoptNode(fresh));
    }
    shown = Number(page.querySelector("main[data-position]").dataset.position);
    main.dataset.position = String(shown);
    mark(!lost);
    say(document.querySelector("[data-say]")?.dataset.say);
  }

  async function follow() {
    if (busy) return;
    busy = true;
    try {
      while (wanted > shown && !document.hidden) {
        await refresh();
        await new Promise((done) => setTimeout(done, GAP_MS));
      }
    } catch {
      setTimeout(follow, RETRY_MS[3]);
    } finally {
      busy = false;
    }
  }

  function listen() {
    const source = new EventSource(main.dataset.live);
    source.addEventListener("position", (event) => {
      if (lost) say(words.back, true);
      tries = 0;
      lost = false;
      mark(true);
      wanted = Number(event.data);
      follow();
    });
    source.addEventListener("error", () => {
      source.close(); // Ours to open again: a browser gives up where the server was busy.
      if (!lost && tries > 0) say(words.lost, true);
      lost = lost || tries > 0;
      mark(false);
      setTimeout(listen, RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)]);
    });
  }

  document.addEventListener("visibilitychange", follow);
  setInterval(() => { shown = -1; follow(); }, STALE_MS);
  listen();
})();
