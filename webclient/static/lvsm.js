// What the pages do by themselves. Everything works without it; law: it shows only what the server
// rendered, and never touches what somebody is typing in.
"use strict";
(() => {
  const seconds = Number(document.body.dataset.live || 0);
  const age = document.querySelector("[data-age]");
  let heard = Date.now();

  // Make one element like another, keeping every node that can stay, so that focus and scroll stay.
  function become(old, now) {
    if (old.isEqualNode(now)) return;
    if (busy(old)) return;
    for (const { name } of [...old.attributes]) if (!now.hasAttribute(name) && name !== "hidden") old.removeAttribute(name);
    for (const { name, value } of [...now.attributes]) if (old.getAttribute(name) !== value && !(name === "hidden" && old.dataset.twin !== undefined)) old.setAttribute(name, value);
    const here = [...old.childNodes], there = [...now.childNodes];
    there.forEach((wanted, index) => {
      const found = here[index];
      if (!found) old.append(document.importNode(wanted, true));
      else if (found.nodeType !== wanted.nodeType || found.nodeName !== wanted.nodeName || (found.id || "") !== (wanted.id || "")) found.replaceWith(document.importNode(wanted, true));
      else if (found.nodeType === Node.TEXT_NODE) {
        if (found.data !== wanted.data) { found.data = wanted.data; if (wanted.data.trim()) flash(old); }
      } else if (found.nodeType === Node.ELEMENT_NODE) become(found, wanted);
    });
    here.slice(there.length).forEach((left) => left.remove());
    prepare(old);
  }

  // A form in which somebody is, or has typed, stays as it is.
  function busy(element) {
    if (element.nodeName !== "FORM") return false;
    if (element.contains(document.activeElement)) return true;
    return [...element.elements].some((field) => field.defaultValue !== undefined && field.type !== "hidden" && field.type !== "range" && field.nodeName === "INPUT" && (field.value !== field.defaultValue || field.checked !== field.defaultChecked));
  }

  function flash(element) {
    element.classList.remove("changed");
    void element.offsetWidth;
    element.classList.add("changed");
    element.addEventListener("animationend", () => element.classList.remove("changed"), { once: true });
  }

  function take(text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    for (const region of document.querySelectorAll("[data-region]")) {
      const now = region.id && page.getElementById(region.id);
      if (now) become(region, now);
    }
    if (page.title && !document.querySelector("form.editor")) document.title = page.title;
  }

  async function look() {
    const answer = await fetch(location.href, { headers: { "X-Lvsm-Live": "1" }, credentials: "same-origin", redirect: "follow", signal: AbortSignal.timeout(15000) });
    if (new URL(answer.url).pathname !== location.pathname) { location.reload(); return; }
    if (!answer.ok) throw new Error(String(answer.status));
    take(await answer.text());
    heard = Date.now();
  }

  function tell() {
    const old = Math.round((Date.now() - heard) / 1000), stale = old > 3 * seconds + 2;
    document.body.classList.toggle("stale", stale);
    if (!age) return;
    age.classList.toggle("old", stale);
    const text = stale ? `not heard for ${old} s` : "live";
    if (age.textContent !== text) age.textContent = text;
  }

  if (seconds && !document.querySelector("form.editor") && document.querySelector("[data-region]")) {
    let looking = false;
    const turn = async () => {
      if (looking || document.hidden) return;
      looking = true;
      try { await look(); } catch { /* the age says it */ } finally { looking = false; tell(); }
    };
    setInterval(turn, seconds * 1000);
    setInterval(() => { if (!document.hidden) tell(); }, 1000);
    document.addEventListener("visibilitychange", turn);
    tell();
  } else if (age) age.hidden = true;

  // A slider beside the number that it changes.
  function prepare(root) {
    for (const slider of root.querySelectorAll("[data-twin]")) {
      slider.hidden = false;
      if (slider.dataset.ready) continue;
      slider.dataset.ready = "1";
      const number = slider.form.elements.weight;
      slider.addEventListener("input", () => { number.value = slider.value; });
      number.addEventListener("input", () => { slider.value = number.value; });
    }
  }
  prepare(document);

  // The editor: what plvsd says to the form while somebody types.
  const editor = document.querySelector("form[data-check]");
  if (editor) {
    let timer = 0, turn = 0, touched = new Set();
    const check = async () => {
      const mine = ++turn, fields = new FormData(editor);
      fields.set("do", "check");
      try {
        const answer = await fetch(location.href, { method: "POST", body: new URLSearchParams(fields), headers: { "X-Lvsm-Live": "1" }, credentials: "same-origin", redirect: "error" });
        if (mine !== turn || (answer.status !== 200 && answer.status !== 422)) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const region of editor.querySelectorAll(".mistakes")) {
          const field = region.id.slice(2), now = page.getElementById(region.id);
          if (!now || !(touched.has(field) || region.childElementCount)) continue;
          become(region, now);
          const input = document.getElementById(field);
          if (input) now.childElementCount && page.getElementById(field)?.hasAttribute("aria-invalid") ? input.setAttribute("aria-invalid", "true") : input.removeAttribute("aria-invalid");
        }
        const commands = page.getElementById("commands");
        if (commands) become(document.getElementById("commands"), commands);
      } catch { /* the button tells */ }
    };
    editor.addEventListener("input", (event) => {
      touched.add(event.target.id || event.target.name);
      clearTimeout(timer);
      timer = setTimeout(check, 500);
    });
    const first = editor.querySelector("[aria-invalid]");
    if (first) first.focus();
  }
})();
